//! The clocks and the randomness of this machine: the one place of the node that reads them.

// The ports of the core are implemented here; everything else asks the ports.
#![allow(clippy::disallowed_methods)]

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use domain::ports::{Clock, Random};
use domain::time::{Reading, UnixMillis};

/// The machine's wall clock and its monotonic clock.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    started: Instant,
}

impl SystemClock {
    /// Its monotonic time counts from now.
    #[must_use]
    pub fn new() -> Self {
        Self { started: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn read(&self) -> Reading {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Reading {
            wall: UnixMillis::new(u64::try_from(wall.as_millis()).unwrap_or(u64::MAX)),
            monotonic_ms: u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX),
        }
    }
}

/// The operating system's source of secrets.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the operating system gives randomness; nothing is safe without it");
    }
}

/// An instant by which something is to be done, in the runtime's time, which a simulation moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(tokio::time::Instant);

impl Deadline {
    /// So long from now.
    #[must_use]
    pub fn within(patience: Duration) -> Self {
        Self(tokio::time::Instant::now() + patience)
    }

    /// What is left until then.
    #[must_use]
    pub fn left(self) -> Duration {
        self.0.saturating_duration_since(tokio::time::Instant::now())
    }

    /// For the runtime's timers.
    #[must_use]
    pub fn instant(self) -> tokio::time::Instant {
        self.0
    }
}

/// An instant that has passed, in the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(tokio::time::Instant);

impl Moment {
    /// This one.
    #[must_use]
    pub fn now() -> Self {
        Self(tokio::time::Instant::now())
    }

    /// So long ago; `None` where the clock does not go back so far.
    #[must_use]
    pub fn ago(age: Duration) -> Option<Self> {
        tokio::time::Instant::now().checked_sub(age).map(Self)
    }

    /// How long ago it was.
    #[must_use]
    pub fn age(self) -> Duration {
        tokio::time::Instant::now().saturating_duration_since(self.0)
    }

    /// How long after `earlier` it was.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_duration_since(earlier.0)
    }
}

/// Times how long something takes.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// From now on.
    #[must_use]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Until now.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}
