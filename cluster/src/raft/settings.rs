//! Step ⑥: openraft's settings, the same for every group, with the reasons for each that is not the default.

use std::sync::Arc;
use std::time::Duration;

use openraft::{Config, ConfigError, SnapshotPolicy};

/// When logs are cut, and how fast others are helped out with what was cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SnapshotSettings {
    /// A group writes a snapshot after so many entries.
    pub every_entries: u64,
    /// Entries that stay in the log behind a snapshot, for peers that are a little behind.
    pub keep_entries: u64,
    /// Snapshots leave this node with so many bytes a second, all together; 0: as fast as it goes. Less than 1 MiB makes
    /// several at a time so slow that their receivers give them up.
    pub send_bytes_per_second: u64,
}

impl Default for SnapshotSettings {
    fn default() -> Self {
        Self { every_entries: 20_000, keep_entries: 2_000, send_bytes_per_second: 0 }
    }
}

/// Entries leave a leader together as long as they have so many bytes; a larger one goes alone. So one message holds the
/// others of its lane up for a few milliseconds at most.
pub(crate) const MAX_APPEND_BYTES: u64 = 1024 * 1024;

const HEARTBEAT_MS: u64 = 150;
const ELECTION_MIN_MS: u64 = 400;
/// So long after a majority has heard of a leader it has chosen no other one: by then nobody stands for election.
pub(crate) const LEASE: Duration = Duration::from_millis(ELECTION_MIN_MS);
const ELECTION_MAX_MS: u64 = 800;
/// A snapshot of a large shard takes its time over a network.
const INSTALL_SNAPSHOT_MS: u64 = 60_000;

/// The settings of every group.
pub(crate) fn settings(snapshots: SnapshotSettings) -> Result<Arc<Config>, ConfigError> {
    let config = Config {
        cluster_name: "onsale".to_owned(),
        heartbeat_interval: HEARTBEAT_MS,
        election_timeout_min: ELECTION_MIN_MS,
        election_timeout_max: ELECTION_MAX_MS,
        install_snapshot_timeout: INSTALL_SNAPSHOT_MS,
        snapshot_policy: SnapshotPolicy::LogsSinceLast(snapshots.every_entries),
        max_in_snapshot_log_to_keep: snapshots.keep_entries,
        replication_lag_threshold: snapshots.every_entries.saturating_add(snapshots.keep_entries),
        // Far more than an entry's turn-around lets pile up for a follower that keeps up, and bounded in bytes beside.
        max_payload_entries: 256,
        // A node that cannot win must not disturb a leader by raising the term.
        enable_pre_vote: Some(true),
        // The state is in memory: a leader that resumed its old term after a restart would decide on stale state.
        enable_leader_restore: Some(false),
        ..Config::default()
    };
    config.validate().map(Arc::new)
}
