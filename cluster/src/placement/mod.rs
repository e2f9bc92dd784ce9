//! Step ②: which shard an event belongs to, and which nodes are to have a shard's replicas. All of it pure.
//!
//! Rings propose ([`ShardRing`] for events, [`NodeRing`] for replicas), the directory's [`layout`] holds what was decided,
//! and [`reconcile`] says how a group's leader gets from the memberships there are to those. Hazard: a layout is what is
//! wanted. Who owns an event is raft's to say.

mod balance;
pub mod layout;
mod level;
mod nodes;
pub mod reconcile;
mod ring;

pub use nodes::NodeRing;
pub use ring::ShardRing;
