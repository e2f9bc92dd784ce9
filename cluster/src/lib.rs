//! Where onsale's events live and how their facts survive: placement, raft groups, the journal.
//!
//! A node opens one [`Cluster`] and gives it to the actors as their journal. Steps ② (event → shard), ⑤ (group commit)
//! and ⑥ (commit and apply) of a request's way are here; only this crate knows openraft and sled.

mod address_book;
mod answering;
mod background;
mod beating;
mod beats;
mod caretaker;
mod comparing;
#[cfg(test)]
mod damage_test;
mod error;
mod following;
mod groups;
mod here;
mod identity;
mod introduction;
mod joining;
pub mod journal;
mod ordering;
pub mod peer;
pub mod placement;
mod proposer;
pub mod raft;
mod routes;
mod start;
#[cfg(test)]
mod testing;
mod thread;
mod updater;
mod view;
pub mod wire;

pub use caretaker::Care;
pub use error::ClusterError;
pub use groups::Cluster;
pub use journal::{Flush, GroupId, JournalObserver, OnFatal};
pub use ordering::{LayoutOrder, OrderFault, Ordered};
pub use peer::NoPeers;
pub use raft::group::GroupStatus;
pub use raft::settings::SnapshotSettings;
pub use raft::state_machine::CommitObserver;
pub use routes::Owner;
pub use start::ClusterConfig;
pub use view::{ClusterView, GroupView};
