//! Step ⑤: the seam between the raft log stores and whatever keeps their bytes. Owns the words of a write.
//!
//! A [`LogDisk`] takes writes in order and says when they are durable; the groups share one. Hazard: everything about
//! crash safety rests on the promise that what survives a crash is a prefix of the operations in the order given.

use std::fmt;
use std::future::Future;
use std::io;

use super::space::Space;

/// One raft group of this cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupId(u16);

impl GroupId {
    /// The group that every node follows: catalogue and layout.
    pub const DIRECTORY: Self = Self(0xfff0);
    /// The group of the accounts.
    pub const ACCOUNTS: Self = Self(0xfff1);
    /// Not a group but the store as a whole: what the end is of a log is here the number of the last flush.
    pub(crate) const STORE: Self = Self(0xffff);
    /// How many shards there may be at most.
    pub const MAX_SHARDS: u16 = 0x1000;

    /// The group of shard `number`.
    #[must_use]
    pub const fn shard(number: u16) -> Self {
        Self(number)
    }

    /// The group that is stored under `number`.
    #[must_use]
    pub const fn numbered(number: u16) -> Self {
        Self(number)
    }

    /// The number under which the group is stored.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }
}

impl fmt::Display for GroupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::DIRECTORY => f.write_str("directory"),
            Self::ACCOUNTS => f.write_str("accounts"),
            Self::STORE => f.write_str("store"),
            Self(number) => write!(f, "shard-{number}"),
        }
    }
}

/// One change of the key-value store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    /// Sets the key, of whatever value before.
    Put(Vec<u8>, Vec<u8>),
    /// Removes the key, if it is there.
    Remove(Vec<u8>),
}

/// Where a group's log ends after a write: the index that the next entry will have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// Whose log.
    pub group: GroupId,
    /// One beyond its last index.
    pub next: u64,
}

/// Called once with the fate of a write, on a thread of the journal: it must not block.
pub type Synced = Box<dyn FnOnce(io::Result<()>) + Send>;

/// Operations that belong together.
#[derive(Default)]
pub struct Write {
    /// In the order in which they take effect.
    pub ops: Vec<Op>,
    /// The end of the group's log once they have, where they change it.
    pub mark: Option<Mark>,
    /// Who waits for the write to be durable. `None`: it becomes so with the next write that somebody waits for.
    pub synced: Option<Synced>,
}

/// An ordered store that the logs of all groups share.
pub trait LogDisk: Clone + Send + Sync + 'static {
    /// Queues `write` behind all writes queued before it. Waits only while the queue is full.
    ///
    /// # Errors
    /// When the disk has stopped; the write is lost then and its `synced` is not called.
    fn submit(&self, write: Write) -> impl Future<Output = io::Result<()>> + Send;

    /// All keys that begin with `prefix`, in order, with their values, as of the writes that have taken effect.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn scan(&self, prefix: &[u8]) -> io::Result<Vec<(Vec<u8>, Vec<u8>)>>;

    /// As [`Self::scan`], but from the key `from` on, and `limit` of them at most.
    ///
    /// # Errors
    /// As there.
    fn scan_from(&self, prefix: &[u8], from: &[u8], limit: usize) -> io::Result<Vec<(Vec<u8>, Vec<u8>)>>;

    /// The value of `key`, as of the writes that have taken effect.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn get(&self, key: &[u8]) -> io::Result<Option<Vec<u8>>> {
        let found = self.scan_from(key, key, 1)?.pop();
        Ok(found.filter(|(found, _)| found == key).map(|(_, value)| value))
    }

    /// The last [`Mark`] of `group` that is known to be durable; `None` where none was ever kept.
    fn watermark(&self, group: GroupId) -> Option<u64>;

    /// The space it writes to, where that can end.
    fn space(&self) -> Option<&Space> {
        None
    }

    /// Writes what is queued and takes nothing more.
    fn close(&self) -> impl Future<Output = ()> + Send;

    /// Queues `ops` and waits until they, and everything queued before, are durable.
    ///
    /// # Errors
    /// When they are not and never will be.
    fn write_through(&self, ops: Vec<Op>) -> impl Future<Output = io::Result<()>> + Send {
        async move {
            let (sender, receiver) = tokio::sync::oneshot::channel();
            let synced: Synced = Box::new(move |outcome| {
                // Nobody waits any more when the future was dropped; the write stands all the same.
                let _ = sender.send(outcome);
            });
            self.submit(Write { ops, mark: None, synced: Some(synced) }).await?;
            receiver.await.map_err(|_| stopped())?
        }
    }
}

/// The error of a disk that takes nothing any more.
pub(crate) fn stopped() -> io::Error {
    io::Error::new(io::ErrorKind::BrokenPipe, "the journal has stopped")
}
