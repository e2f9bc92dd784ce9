//! Step ⑥: one group's log as openraft wants it, over the journal that all groups share.
//!
//! Owns the translation of appends, truncations and purges into ordered writes; what they mean in memory is in `log`.
//! An append returns when the entries can be read and calls back when they are durable. Hazard: the order of the
//! operations within a write is what makes a crash in its middle harmless; each method says why its order is right.

use std::fmt::Debug;
use std::io;
use std::ops::RangeBounds;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use domain::planted::{self, Bug};
use openraft::storage::{IOFlushed, LogState, RaftLogStorage};
use openraft::{LogIdOptionExt, OptionalSend, RaftLogReader};

use super::log::Log;
use super::recovery;
use super::settings::MAX_APPEND_BYTES;
use super::types::{LogId, RaftEntry, Types, Vote};
use crate::journal::chunks;
use crate::journal::disk::{GroupId, LogDisk, Mark, Op, Write};
use crate::journal::format::{self, v1};
use crate::journal::keys;

/// The log of one group; its clones are the same log, which makes it its own reader.
#[derive(Clone)]
pub(crate) struct LogStore<D> {
    group: GroupId,
    disk: D,
    log: Arc<RwLock<Log>>,
}

impl<D: LogDisk> LogStore<D> {
    /// Reads back the log of `group`.
    ///
    /// # Errors
    /// When acknowledged entries are missing or damaged; the message names the group and the index.
    pub(crate) async fn open(group: GroupId, disk: D) -> io::Result<Self> {
        let mut log = recovery::recover(group, &disk).await?;
        if planted::is(Bug::LoseTail) {
            log.truncate(log.next().saturating_sub(2));
        }
        Ok(Self { group, disk, log: Arc::new(RwLock::new(log)) })
    }

    /// The last entry that is purged.
    pub(crate) fn purged(&self) -> Option<LogId> {
        self.log().purged
    }

    /// The last entry that has as many `parts` of chunks behind it, or more.
    pub(crate) fn last_before(&self, parts: u64) -> Option<u64> {
        self.log().last_before(parts)
    }

    fn log(&self) -> RwLockReadGuard<'_, Log> {
        self.log.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn log_mut(&self) -> RwLockWriteGuard<'_, Log> {
        self.log.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn mark(&self, next: u64) -> Option<Mark> {
        Some(Mark { group: self.group, next })
    }

    /// What keeps the committed log id, where the disk does not have it yet.
    fn committed_op(&self, log: &mut Log) -> io::Result<Option<Op>> {
        if !std::mem::take(&mut log.committed_unsaved) {
            return Ok(None);
        }
        let key = keys::committed(self.group);
        Ok(Some(match log.committed {
            Some(id) => Op::Put(key, format::encode(&v1::IdRecord::from(id), &[])?),
            None => Op::Remove(key),
        }))
    }

    fn encode(entries: &[RaftEntry]) -> io::Result<Vec<Vec<u8>>> {
        entries.iter().map(|entry| format::encode_bare(&v1::EntryRecord::from(entry))).collect()
    }
}

impl<D: LogDisk> RaftLogReader<Types> for LogStore<D> {
    async fn try_get_log_entries<RB: RangeBounds<u64> + Clone + Debug + OptionalSend>(
        &mut self,
        range: RB,
    ) -> io::Result<Vec<RaftEntry>> {
        Ok(self.log().read(&range))
    }

    /// For a follower: as many as go in one message.
    async fn limited_get_log_entries(&mut self, start: u64, end: u64) -> io::Result<Vec<RaftEntry>> {
        let mut entries = self.log().read(&(start..end));
        let mut bytes = 0;
        for (place, entry) in entries.iter().enumerate() {
            bytes += format::bare_len(&v1::EntryRecord::from(entry))?;
            if bytes > MAX_APPEND_BYTES {
                entries.truncate(place.max(1));
                break;
            }
        }
        Ok(entries)
    }

    async fn read_vote(&mut self) -> io::Result<Option<Vote>> {
        Ok(self.log().vote)
    }
}

impl<D: LogDisk> RaftLogStorage<Types> for LogStore<D> {
    type LogReader = Self;

    async fn get_log_state(&mut self) -> io::Result<LogState<Types>> {
        let log = self.log();
        Ok(LogState { last_purged_log_id: log.purged, last_log_id: log.last() })
    }

    async fn get_log_reader(&mut self) -> Self {
        self.clone()
    }

    async fn save_vote(&mut self, vote: &Vote) -> io::Result<()> {
        let record = format::encode(&v1::VoteRecord::from(vote), &[])?;
        if planted::is(Bug::ForgetVote) {
            self.log_mut().vote = Some(*vote);
            return Ok(());
        }
        self.disk.write_through(vec![Op::Put(keys::vote(self.group), record)]).await?;
        self.log_mut().vote = Some(*vote);
        Ok(())
    }

    /// Goes to the disk with the next append or purge, which spares the journal thread a wake-up an entry: a restart
    /// that finds an older one only applies the last entries later, once the group has a leader.
    async fn save_committed(&mut self, committed: Option<LogId>) -> io::Result<()> {
        let mut log = self.log_mut();
        log.committed = committed;
        log.committed_unsaved = true;
        Ok(())
    }

    async fn read_committed(&mut self) -> io::Result<Option<LogId>> {
        Ok(self.log().committed)
    }

    /// The chunks are written in the order of their entries, so a crash leaves a shorter log.
    async fn append<I>(&mut self, entries: I, callback: IOFlushed<Types>) -> io::Result<()>
    where
        I: IntoIterator<Item = RaftEntry> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        let entries: Vec<RaftEntry> = entries.into_iter().collect();
        let first = entries.first().map_or(0, |entry| entry.log_id.index);
        let (mut ops, chunks) = chunks::pack(&keys::log(self.group), first, &Self::encode(&entries)?)?;
        let next = {
            let mut log = self.log_mut();
            log.append(entries, chunks)?;
            ops.extend(self.committed_op(&mut log)?);
            log.next()
        };
        if planted::is(Bug::CountUnsynced) {
            callback.io_completed(Ok(()));
            return self.disk.submit(Write { ops, mark: self.mark(next), synced: None }).await;
        }
        let synced = Box::new(move |outcome| callback.io_completed(outcome));
        self.disk.submit(Write { ops, mark: self.mark(next), synced: Some(synced) }).await
    }

    /// Chunks are removed from the end, so a crash leaves a longer log, without a hole. A chunk that is cut in its
    /// middle is written anew, where its old form lies or else before that is removed, so the entries that stay are
    /// always there.
    async fn truncate_after(&mut self, last_log_id: Option<LogId>) -> io::Result<()> {
        let next = last_log_id.next_index();
        let prefix = keys::log(self.group);
        let mut ops = Vec::new();
        {
            let mut log = self.log_mut();
            for chunk in log.truncate(next) {
                let kept = log.read(&(chunk.first..next));
                let old_key = keys::chunk(&prefix, chunk.first, 0);
                let Some(first) = kept.first().map(|entry| entry.log_id.index) else {
                    ops.extend(chunk.remove(&prefix));
                    continue;
                };
                let (mut rewritten, chunks) = chunks::pack(&prefix, first, &Self::encode(&kept)?)?;
                ops.append(&mut rewritten);
                if first != chunk.first {
                    ops.push(Op::Remove(old_key));
                }
                log.chunks.extend(chunks.into_iter().map(|chunk| (chunk.first, chunk)));
            }
        }
        let next = self.log().next();
        self.disk.submit(Write { ops, mark: self.mark(next), synced: None }).await
    }

    /// The purge mark goes first: a crash leaves chunks that the mark makes meaningless, never a hole behind it.
    async fn purge(&mut self, log_id: LogId) -> io::Result<()> {
        let prefix = keys::log(self.group);
        let (gone, next, purged, committed) = {
            let mut log = self.log_mut();
            (log.purge(log_id), log.next(), log.purged, self.committed_op(&mut log)?)
        };
        let Some(purged) = purged else { return Ok(()) };
        let mut ops = Vec::from_iter(committed);
        ops.push(Op::Put(keys::purged(self.group), format::encode(&v1::IdRecord::from(purged), &[])?));
        ops.extend(gone.iter().flat_map(|chunk| chunk.remove(&prefix)));
        self.disk.submit(Write { ops, mark: self.mark(next), synced: None }).await
    }
}

#[cfg(test)]
#[path = "log_store_test.rs"]
mod test;
