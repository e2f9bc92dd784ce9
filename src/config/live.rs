//! `[live]`: seats as they change.

use std::time::Duration;

use super::ConfigError;
use super::settings::Settings;

/// Streams and long polls.
#[derive(Debug, Clone)]
pub struct LiveConfig {
    /// Streams at a time.
    pub streams: usize,
    /// After so long without a change a stream says that it is alive.
    pub heartbeat: Duration,
    /// A client that takes nothing of a stream for so long is let go of.
    pub stalled: Duration,
    /// A long poll waits for so long.
    pub poll: Duration,
}

impl LiveConfig {
    pub(super) fn read(settings: &Settings) -> Result<Self, ConfigError> {
        let ms = |key, most| settings.number(key, 100..=most).map(Duration::from_millis);
        Ok(Self {
            streams: settings.number("live.streams", 0..=1_000_000)?,
            heartbeat: ms("live.heartbeat_ms", 600_000)?,
            stalled: ms("live.stalled_ms", 600_000)?,
            poll: ms("live.poll_ms", 600_000)?,
        })
    }
}
