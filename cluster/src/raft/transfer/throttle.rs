//! Step ⑥: how fast snapshots leave this node, all groups together.

use std::time::Duration;

use tokio::sync::Mutex;

/// Lets so many bytes a second pass.
pub(crate) struct Throttle {
    bytes_per_second: u64,
    turn: Mutex<()>,
}

impl Throttle {
    /// 0: as fast as it goes.
    pub(crate) fn new(bytes_per_second: u64) -> Self {
        Self { bytes_per_second, turn: Mutex::new(()) }
    }

    /// Waits until `bytes` more may be sent: one waits at a time, the others behind it.
    pub(crate) async fn pass(&self, bytes: usize) {
        if self.bytes_per_second == 0 {
            return;
        }
        let _turn = self.turn.lock().await;
        let micros = (bytes as u64).saturating_mul(1_000_000) / self.bytes_per_second;
        tokio::time::sleep(Duration::from_micros(micros)).await;
    }
}
