//! Step ⑥: one group's log as it is in memory: everything not yet purged. Owns the rules of what may follow what; the
//! disk is told by `log_store`.
//!
//! Readable as soon as appended, whether durable or not: that is what openraft asks for. Hazard: all entries since the
//! last purge are held, so snapshots must come often enough.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::ops::{Bound, RangeBounds};

use openraft::LogIdOptionExt;

use super::types::{LogId, RaftEntry, Vote};
use crate::journal::chunks::Chunk;

/// A group's log and vote in memory.
#[derive(Default)]
pub(crate) struct Log {
    pub(crate) vote: Option<Vote>,
    pub(crate) committed: Option<LogId>,
    /// Whether the disk has yet to be told of `committed`.
    pub(crate) committed_unsaved: bool,
    pub(crate) purged: Option<LogId>,
    /// Without gaps.
    pub(crate) entries: VecDeque<RaftEntry>,
    /// What lies where in the store, by first index.
    pub(crate) chunks: BTreeMap<u64, Chunk>,
}

impl Log {
    pub(crate) fn last(&self) -> Option<LogId> {
        self.entries.back().map(|entry| entry.log_id).or(self.purged)
    }

    /// The index that the next entry will have.
    pub(crate) fn next(&self) -> u64 {
        self.last().next_index()
    }

    /// Adds `entries` at the end.
    pub(crate) fn append(&mut self, entries: Vec<RaftEntry>, chunks: Vec<Chunk>) -> io::Result<()> {
        let Some(first) = entries.first() else { return Ok(()) };
        let holes = entries.windows(2).any(|pair| pair[1].log_id.index != pair[0].log_id.index + 1);
        let follows = self.last().is_none() || first.log_id.index == self.next();
        if holes || !follows {
            let message = format!("entry {} cannot follow {:?} in a log", first.log_id, self.last());
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        self.entries.extend(entries);
        self.chunks.extend(chunks.into_iter().map(|chunk| (chunk.first, chunk)));
        Ok(())
    }

    /// Drops every entry from index `next` on. Gives the chunks that lose entries, last first.
    pub(crate) fn truncate(&mut self, next: u64) -> Vec<Chunk> {
        while self.entries.back().is_some_and(|entry| entry.log_id.index >= next) {
            self.entries.pop_back();
        }
        let beyond = |chunk: &Chunk| chunk.last >= next;
        let cut: Vec<Chunk> = self.chunks.values().rev().take_while(|chunk| beyond(chunk)).copied().collect();
        for chunk in &cut {
            self.chunks.remove(&chunk.first);
        }
        cut
    }

    /// Drops every entry up to `upto`. Gives the chunks that are no longer needed, first first.
    pub(crate) fn purge(&mut self, upto: LogId) -> Vec<Chunk> {
        while self.entries.front().is_some_and(|entry| entry.log_id.index <= upto.index) {
            self.entries.pop_front();
        }
        self.purged = self.purged.max(Some(upto));
        let mut gone = Vec::new();
        while let Some(first) = self.chunks.first_entry().filter(|chunk| chunk.get().last <= upto.index) {
            gone.push(first.remove());
        }
        gone
    }

    /// The last entry that has as many `parts` of chunks behind it, or more.
    pub(crate) fn last_before(&self, parts: u64) -> Option<u64> {
        let mut behind = 0;
        let mut newest_first = self.chunks.values().rev();
        let far = newest_first.find(|chunk| {
            let behind_it = behind;
            behind += u64::from(chunk.parts);
            behind_it >= parts
        });
        far.map(|chunk| chunk.last)
    }

    /// The entries in `range` that are there.
    pub(crate) fn read(&self, range: &impl RangeBounds<u64>) -> Vec<RaftEntry> {
        let Some(offset) = self.entries.front().map(|entry| entry.log_id.index) else { return Vec::new() };
        let from = match range.start_bound() {
            Bound::Included(index) => *index,
            Bound::Excluded(index) => index.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let to = match range.end_bound() {
            Bound::Included(index) => index.saturating_add(1),
            Bound::Excluded(index) => *index,
            Bound::Unbounded => u64::MAX,
        };
        let length = self.entries.len() as u64;
        let from = from.saturating_sub(offset).min(length) as usize;
        let to = to.saturating_sub(offset).min(length) as usize;
        if from < to { self.entries.range(from..to).cloned().collect() } else { Vec::new() }
    }
}
