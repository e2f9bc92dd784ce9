//! Step ⑥: the raft groups. openraft decides what is committed; this folder gives it a log, state machines, snapshots
//! and a way to peers, and gives the rest of the crate one handle per group.
//!
//! ```text
//! types · log_store (+ recovery) over journal::LogDisk · machines: what entries mean · state_machine (+ snapshots)
//! accounts (+ account_rows, dump): the state that is on disk
//! to peers: network, pipeline: entries, transfer: snapshots · from peers: answering · wire, pieces: their bytes
//! settings · group: one running group · leading, membership, status: what it says and is told
//! ```

pub(crate) mod account_rows;
pub(crate) mod accounts;
pub mod answering;
pub(crate) mod directory;
pub(crate) mod dump;
pub(crate) mod group;
pub(crate) mod leading;
pub(crate) mod log;
pub(crate) mod log_store;
pub(crate) mod machines;
pub(crate) mod membership;
pub mod network;
pub(crate) mod pieces;
pub(crate) mod pipeline;
pub(crate) mod recovery;
pub(crate) mod settings;
pub(crate) mod snapshots;
pub(crate) mod state_machine;
pub(crate) mod status;
pub(crate) mod touched;
pub(crate) mod transfer;
pub mod types;
pub mod wire;
#[cfg(test)]
pub(crate) mod world;
