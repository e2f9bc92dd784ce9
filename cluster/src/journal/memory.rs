//! Step ⑤: a disk in memory, for simulation. It loses on a crash what was not synced, as a disk does.
//!
//! It needs no thread: writes take effect at once and, unless held back, are durable at once. A disk that is held back
//! is as slow as whoever calls `sync`, which [`MemoryDisk::wanted`] tells when it is time to. Hazard: not for production,
//! nothing outlives the process.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::disk::{GroupId, LogDisk, Op, Synced, Write, stopped};

#[derive(Debug, Clone, Default)]
struct Content {
    values: BTreeMap<Vec<u8>, Vec<u8>>,
    ends: BTreeMap<GroupId, u64>,
}

impl Content {
    fn change(&mut self, ops: &[Op]) {
        for op in ops {
            match op {
                Op::Put(key, value) => self.values.insert(key.clone(), value.clone()),
                Op::Remove(key) => self.values.remove(key),
            };
        }
    }

    fn take(&mut self, write: &Write) {
        self.change(&write.ops);
        if let Some(mark) = write.mark {
            self.ends.insert(mark.group, mark.next);
        }
    }
}

#[derive(Default)]
struct State {
    seen: Content,
    durable: Content,
    unsynced: Vec<Write>,
    held: bool,
    crashed: bool,
}

impl State {
    fn sync(&mut self) -> Vec<Synced> {
        let mut waiting = Vec::new();
        for mut write in self.unsynced.drain(..) {
            self.durable.take(&write);
            waiting.extend(write.synced.take());
        }
        waiting
    }
}

/// A disk in memory; its clones are the same disk.
#[derive(Clone, Default)]
pub struct MemoryDisk {
    state: Arc<Mutex<State>>,
    /// Keeps one call, for whoever begins to wait only after it.
    wanted: Arc<Notify>,
}

impl MemoryDisk {
    /// An empty disk that syncs every write that somebody waits for.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on nothing becomes durable before [`Self::sync`].
    pub fn hold(&self) {
        self.state().held = true;
    }

    /// Completes once somebody waits for a write of a disk that is held back, since the last call: there should be a
    /// [`Self::sync`] then, after the time that the disk takes.
    pub async fn wanted(&self) {
        self.wanted.notified().await;
    }

    /// How many operations a crash would lose.
    #[must_use]
    pub fn unsynced(&self) -> usize {
        self.state().unsynced.iter().map(|write| write.ops.len()).sum()
    }

    /// Makes everything written durable and tells those who wait.
    pub fn sync(&self) {
        let waiting = self.state().sync();
        for synced in waiting {
            synced(Ok(()));
        }
    }

    /// Cuts the power: this disk takes and acknowledges nothing any more. Gives the disk that a restart finds, without
    /// anything that was not synced.
    #[must_use]
    pub fn crash(&self) -> Self {
        self.crash_after(0)
    }

    /// As [`Self::crash`], but the first `operations` of those not synced happened to reach the disk.
    #[must_use]
    pub fn crash_after(&self, operations: usize) -> Self {
        let mut state = self.state();
        state.crashed = true;
        let lost = std::mem::take(&mut state.unsynced);
        let mut content = state.durable.clone();
        drop(state);
        let mut left = operations;
        for write in &lost {
            // A log is announced to become shorter before it does, and is known to be longer only once it is.
            if let Some(mark) = write.mark
                && let Some(end) = content.ends.get_mut(&mark.group)
            {
                *end = mark.next.min(*end);
            }
            let reached = left.min(write.ops.len());
            content.change(&write.ops[..reached]);
            left -= reached;
        }
        for synced in lost.into_iter().filter_map(|write| write.synced) {
            synced(Err(stopped()));
        }
        let found = State { seen: content.clone(), durable: content, ..State::default() };
        Self { state: Arc::new(Mutex::new(found)), wanted: Arc::default() }
    }

    /// Changes stored bytes behind everyone's back, to simulate damage: `change` gets the durable value of `key`, if
    /// there is one.
    pub fn tamper(&self, key: &[u8], change: impl FnOnce(&mut Vec<u8>)) {
        let mut state = self.state();
        if let Some(value) = state.durable.values.get_mut(key) {
            change(value);
            let changed = value.clone();
            state.seen.values.insert(key.to_vec(), changed);
        }
    }

    /// Makes a stored value disappear, to simulate a store that lost a part of itself.
    pub fn lose(&self, key: &[u8]) {
        let mut state = self.state();
        state.durable.values.remove(key);
        state.seen.values.remove(key);
    }
}

impl LogDisk for MemoryDisk {
    async fn submit(&self, write: Write) -> io::Result<()> {
        let waiting = {
            let mut state = self.state();
            if state.crashed {
                return Err(stopped());
            }
            let awaited = write.synced.is_some();
            state.seen.take(&write);
            state.unsynced.push(write);
            if awaited && state.held {
                self.wanted.notify_one();
            }
            if awaited && !state.held { state.sync() } else { Vec::new() }
        };
        for synced in waiting {
            synced(Ok(()));
        }
        Ok(())
    }

    fn scan(&self, prefix: &[u8]) -> io::Result<Vec<(Vec<u8>, Vec<u8>)>> {
        self.scan_from(prefix, prefix, usize::MAX)
    }

    fn scan_from(&self, prefix: &[u8], from: &[u8], limit: usize) -> io::Result<Vec<(Vec<u8>, Vec<u8>)>> {
        let state = self.state();
        let from = state.seen.values.range(from.max(prefix).to_vec()..);
        let matching = from.take_while(|(key, _)| key.starts_with(prefix)).take(limit);
        Ok(matching.map(|(key, value)| (key.clone(), value.clone())).collect())
    }

    fn watermark(&self, group: GroupId) -> Option<u64> {
        self.state().durable.ends.get(&group).copied()
    }

    async fn close(&self) {
        self.sync();
    }
}
