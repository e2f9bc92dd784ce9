//! The only file of this crate that reads a clock or draws true randomness.
//!
//! Owns: the monotonic clock of a run, the wall clock, and the prefix that makes a run's names unique. Everything else is given
//! instants in microseconds of that clock, or a seeded [`crate::rng::Rng`].
//! Hazard: microseconds of two [`Clock`]s must never be compared; one run makes one clock.
#![allow(clippy::disallowed_methods)] // This file is the port: no other one of the crate may call these.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The monotonic clock of one run; its zero is the instant it was made.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    origin: Instant,
}

impl Clock {
    /// Starts a clock at zero.
    pub fn start() -> Self {
        Self { origin: Instant::now() }
    }

    /// Microseconds since the clock was started.
    pub fn now_us(&self) -> u64 {
        u64::try_from(self.origin.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// The instant at `us`, in the form that tokio sleeps until.
    pub fn at(&self, us: u64) -> tokio::time::Instant {
        tokio::time::Instant::from_std(self.origin + Duration::from_micros(us))
    }
}

/// Microseconds since 1970 by the wall clock: only to compare with instants that a node on this machine has told.
pub fn wall_us() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

/// Eight hexadecimal digits that no other run shares.
///
/// # Errors
/// When the operating system has no randomness to give.
pub fn unique_prefix() -> anyhow::Result<String> {
    let mut bytes = [0_u8; 4];
    getrandom::fill(&mut bytes)
        .map_err(|fault| anyhow::anyhow!("the system gave no random bytes: {fault}"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
