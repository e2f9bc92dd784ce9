//! Simulated time: one that all share, and the two clocks of each machine, of which the wall clock may be wrong.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use domain::ports::Clock;
use domain::time::{Reading, UnixMillis};

/// When every simulation begins.
const EPOCH_MS: u64 = 1_700_000_000_000;

/// Time since the simulation began; only within a host.
pub(crate) fn elapsed() -> Duration {
    turmoil::sim_elapsed().unwrap_or_default()
}

/// As the history counts it.
pub(crate) fn now_us() -> u64 {
    elapsed().as_micros() as u64
}

/// The right time of day, so long after the beginning.
pub(crate) fn unix_at(elapsed: Duration) -> UnixMillis {
    UnixMillis::new(EPOCH_MS + elapsed.as_millis() as u64)
}

/// How wrong a machine's wall clock is; its clones are the same clock's.
#[derive(Clone, Default)]
pub(crate) struct WallError(Arc<AtomicI64>);

impl WallError {
    /// From now on the clock is off by so much.
    pub(crate) fn set_ms(&self, ms: i64) {
        self.0.store(ms, Ordering::Relaxed);
    }
}

/// The clocks as one process sees them.
pub(crate) struct SimClock {
    started: Duration,
    error: WallError,
}

impl SimClock {
    /// Its monotonic time counts from now.
    pub(crate) fn start(error: WallError) -> Self {
        Self { started: elapsed(), error }
    }
}

impl Clock for SimClock {
    fn read(&self) -> Reading {
        let now = elapsed();
        let wall = unix_at(now).millis().saturating_add_signed(self.error.0.load(Ordering::Relaxed));
        let monotonic_ms = now.saturating_sub(self.started).as_millis() as u64;
        Reading { wall: UnixMillis::new(wall), monotonic_ms }
    }
}
