//! The clock of deadlines between nodes: the runtime's own, which a simulation sets, and which every timer here runs by.

use tokio::time::Instant;

/// Now, by the clock of the runtime.
#[allow(
    clippy::disallowed_methods,
    reason = "silence and backing off are measured by the clock that the timers run by, and no fact comes of it"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}
