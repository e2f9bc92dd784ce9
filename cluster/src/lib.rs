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
mod changing;
mod comparing;
mod config;
#[cfg(test)]
mod damage_test;
mod error;
mod following;
#[cfg(any(test, fuzzing))]
pub mod fuzzed;
mod groups;
mod handing_over;
mod here;
mod identity;
mod introduction;
mod joining;
pub mod journal;
mod ordering;
mod owners_time;
mod owning;
pub mod peer;
pub mod placement;
mod proposer;
pub mod raft;
mod reading;
mod registrar;
mod routes;
mod shard_here;
mod standing;
mod start;
#[cfg(test)]
mod testing;
mod thread;
mod timekeeping;
mod updater;
mod view;
pub mod wire;

pub use caretaker::Care;
pub use config::ClusterConfig;
pub use error::ClusterError;
pub use groups::Cluster;
pub use journal::{Flush, GroupId, JournalObserver, OnFatal};
pub use ordering::{LayoutOrder, OrderFault, Ordered};
pub use peer::NoPeers;
pub use raft::settings::SnapshotSettings;
pub use raft::state_machine::CommitObserver;
pub use raft::status::GroupStatus;
pub use raft::touched::{Mark, Touched};
pub use routes::Owner;
pub use view::{ClusterView, GroupView};
