//! Step ⑤: the stopwatch of the journal thread. Measures flushes for the metrics; no decision rests on it.

use std::time::Duration;

/// Measures from its start.
pub(crate) struct Stopwatch(std::time::Instant);

impl Stopwatch {
    #[allow(
        clippy::disallowed_methods,
        reason = "a flush time in a histogram is no fact and needs no injected clock"
    )]
    pub(crate) fn start() -> Self {
        Self(std::time::Instant::now())
    }

    #[allow(clippy::disallowed_methods, reason = "as above")]
    pub(crate) fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}
