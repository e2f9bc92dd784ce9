//! Step ⑤: the journal of a node. Turns the writes of all raft groups into few, large, truly durable ones.
//!
//! ```text
//! raft groups ─► disk (the seam) ─► writer (one thread: N operations, one flush, all callbacks) ─► sled_store
//!                    └► memory (for simulation)      │              └► watermarks (how far each log was durable)
//!                                                    └ space: whether there is room
//! chunks: items ⇄ values of at most 7 KiB · format: values ⇄ checked bytes · keys · archive: the facts of purged logs
//! ```

pub(crate) mod archive;
pub(crate) mod chunks;
mod clock;
pub(crate) mod disk;
pub(crate) mod format;
pub(crate) mod keys;
pub(crate) mod memory;
pub(crate) mod sled_store;
pub(crate) mod space;
mod sync;
mod watermarks;
pub(crate) mod writer;

pub use disk::{GroupId, LogDisk, Mark, Op, Synced, Write};
pub use memory::MemoryDisk;
pub use sled_store::{SledStore, Store};
pub use space::Space;
pub use writer::{Flush, JournalObserver, OnFatal, Writer};
