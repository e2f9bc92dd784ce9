//! Where onsale's events live and how their facts survive: placement, raft groups, the journal.
//!
//! A node opens one [`Cluster`] and gives it to the actors as their journal. Steps ② (event → shard), ⑤ (group commit)
//! and ⑥ (commit and apply) of a request's way are here; only this crate knows openraft and sled.

mod error;
mod groups;
mod identity;
pub mod journal;
pub mod peer;
pub mod placement;
mod proposer;
pub mod raft;
mod start;
#[cfg(test)]
mod testing;
mod thread;
mod updater;
pub mod wire;

pub use error::ClusterError;
pub use groups::Cluster;
pub use journal::{Flush, GroupId, JournalObserver, OnFatal};
pub use peer::NoPeers;
pub use raft::group::GroupStatus;
pub use raft::settings::SnapshotSettings;
pub use raft::state_machine::CommitObserver;
pub use start::ClusterConfig;
