//! Step ⑥: what a committed entry means, per kind of group, and how its state is kept. Pure as to what entries mean: the
//! same ones give the same state on every replica.
//!
//! Most groups have theirs in memory, written to a file now and then; the accounts are on disk.
//!
//! Fencing ends here: a batch of sales carries the number of facts that its owner had seen, and is skipped where that
//! is not the number applied. So facts of an owner that was replaced never mix with those of its successor.

use std::collections::{BTreeMap, btree_map};
use std::fmt::Display;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use domain::event::{Closing, Sale, apply};
use domain::ids::EventId;
use domain::planted::{self, Bug};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::network::Snapshot;
use super::snapshots::{Loaded, SnapshotFile, Snapshots};
use super::types::{Applied, Entry, SaleBatch, SnapshotMeta};
use crate::journal::{GroupId, LogDisk, format};
use crate::thread::Blocking;

/// Where the state of a group is kept.
#[derive(Clone)]
pub(crate) struct Keeping<D> {
    pub(crate) group: GroupId,
    pub(crate) disk: D,
    pub(crate) snapshots: Snapshots,
    pub(crate) blocking: Blocking,
}

/// The state that a group replicates, and how it is kept.
pub(crate) trait Machine: Clone + Send + Sync + 'static {
    /// Whether it holds in memory what is not kept yet, and may ask for a snapshot before its time.
    const GROWS: bool = false;

    /// The state as it is kept, of which `newest` is the newest whole snapshot file, and what it covers.
    fn open<D: LogDisk>(
        keeping: &Keeping<D>,
        newest: Option<Loaded>,
    ) -> impl Future<Output = io::Result<(Self, Option<SnapshotMeta>)>> + Send;

    /// Folds `entry` into the state and shows `seen` each batch of sales with the sale right after it. Total: what does
    /// not fit changes nothing.
    ///
    /// # Errors
    /// When what is on the disk cannot be read; the state is not to be used any more then.
    fn apply(&mut self, entry: &Entry, seen: &mut dyn FnMut(&SaleBatch, &Sale)) -> io::Result<Applied>;

    /// Whether so much has changed that it is time for a snapshot.
    fn is_heavy(&self) -> bool {
        false
    }

    /// Keeps `machine`, which `meta` covers, durably. For whoever has the turn.
    fn save<D: LogDisk>(
        machine: Arc<Self>,
        meta: &SnapshotMeta,
        keeping: &Keeping<D>,
    ) -> impl Future<Output = io::Result<SnapshotFile>> + Send;

    /// `saved` is kept, from which this one may have changed since.
    fn saved(&mut self, _saved: &Self) {}

    /// Checks a file from a peer, which is to cover `meta`; gives how many facts of each event it comes from, where they
    /// are archived.
    fn check(snapshots: &Snapshots, path: &Path, meta: &SnapshotMeta) -> io::Result<Vec<(EventId, u64)>>;

    /// Keeps the state in `file`, which came from a peer and is to cover `meta`, instead of any other.
    fn install<D: LogDisk>(
        meta: &SnapshotMeta,
        file: SnapshotFile,
        keeping: &Keeping<D>,
    ) -> impl Future<Output = io::Result<Self>> + Send;

    /// A file for a peer, which covers as much as `snapshot` or more: what it covers, the file, and its size.
    fn outgoing<D: LogDisk>(
        snapshot: Snapshot,
        keeping: &Keeping<D>,
    ) -> impl Future<Output = io::Result<(SnapshotMeta, File, u64)>> + Send;

    /// The CRC-32C of the state: the same on every replica that has applied the same.
    fn digest(&self) -> io::Result<u32>;
}

/// A state in memory, whose snapshots are all of it in a file.
pub(crate) trait InMemory:
    Clone + Default + Serialize + DeserializeOwned + Send + Sync + 'static
{
    /// Folds `entry` into the state and shows `seen` each batch of sales with the sale right after it. Total: what does
    /// not fit changes nothing.
    fn fold(&mut self, entry: &Entry, seen: &mut dyn FnMut(&SaleBatch, &Sale)) -> Applied;

    /// Reads the state from a snapshot, of this version or an older one.
    fn decode(what: &dyn Display, bytes: &[u8]) -> io::Result<Self> {
        format::decode_bare(what, bytes)
    }

    /// How many facts of each event the state comes from, where they are archived.
    fn archived_facts(&self) -> Vec<(EventId, u64)> {
        Vec::new()
    }
}

impl<M: InMemory> Machine for M {
    async fn open<D: LogDisk>(
        keeping: &Keeping<D>,
        newest: Option<Loaded>,
    ) -> io::Result<(Self, Option<SnapshotMeta>)> {
        let Some(loaded) = newest else { return Ok((Self::default(), None)) };
        let what = format!("the state in the snapshot of {}", keeping.group);
        Ok((Self::decode(&what, &loaded.state)?, Some(loaded.meta)))
    }

    fn apply(&mut self, entry: &Entry, seen: &mut dyn FnMut(&SaleBatch, &Sale)) -> io::Result<Applied> {
        Ok(self.fold(entry, seen))
    }

    async fn save<D: LogDisk>(
        machine: Arc<Self>,
        meta: &SnapshotMeta,
        keeping: &Keeping<D>,
    ) -> io::Result<SnapshotFile> {
        let state = keeping.blocking.run(move || format::encode_bare(&*machine)).await?;
        if let Some(space) = keeping.disk.space() {
            space.wait_for(state.len() as u64).await;
        }
        let (snapshots, meta) = (keeping.snapshots.clone(), meta.clone());
        keeping.blocking.run(move || snapshots.save(&meta, &state)).await
    }

    fn check(snapshots: &Snapshots, path: &Path, meta: &SnapshotMeta) -> io::Result<Vec<(EventId, u64)>> {
        let loaded = snapshots.load_expected(path, meta)?;
        Ok(Self::decode(&"a snapshot from a peer", &loaded.state)?.archived_facts())
    }

    async fn install<D: LogDisk>(
        meta: &SnapshotMeta,
        file: SnapshotFile,
        keeping: &Keeping<D>,
    ) -> io::Result<Self> {
        let (snapshots, expected) = (keeping.snapshots.clone(), meta.clone());
        let loaded = keeping.blocking.run(move || {
            let loaded = snapshots.load_expected(&file.path, &expected)?;
            snapshots.adopt(&loaded.meta, &file)?;
            Ok(loaded)
        });
        let state = loaded.await?.state;
        Self::decode(&format_args!("the state in an installed snapshot of {}", keeping.group), &state)
    }

    async fn outgoing<D: LogDisk>(
        snapshot: Snapshot,
        keeping: &Keeping<D>,
    ) -> io::Result<(SnapshotMeta, File, u64)> {
        let open = move || {
            let file = File::open(snapshot.snapshot.path)?;
            let bytes = file.metadata()?.len();
            Ok((snapshot.meta, file, bytes))
        };
        keeping.blocking.run(open).await
    }

    fn digest(&self) -> io::Result<u32> {
        Ok(crc32c::crc32c(&format::encode_bare(self)?))
    }
}

/// The sales of a shard. Each is shared with a snapshot being written, and copied when it changes meanwhile.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Shard {
    pub(crate) sales: BTreeMap<EventId, Arc<Sale>>,
}

impl Shard {
    /// How many facts of `event` were applied: the base of its next batch.
    pub(crate) fn facts(&self, event: EventId) -> u64 {
        self.sales.get(&event).map_or(0, |sale| sale.facts())
    }

    /// Whether `batch` was decided on the state that is here.
    fn fits(&self, batch: &SaleBatch) -> bool {
        self.facts(batch.event) == batch.base || planted::is(Bug::ProposeUnderLaterTerm)
    }

    /// The sale after `batch`, or `None` where the base is wrong or nothing is on sale yet.
    fn apply_batch(&mut self, batch: &SaleBatch) -> Option<&Sale> {
        if !self.fits(batch) {
            return None;
        }
        match self.sales.entry(batch.event) {
            btree_map::Entry::Occupied(known) => {
                let sale = Arc::make_mut(known.into_mut());
                let times = if planted::is(Bug::ApplyTwice) { 2 } else { 1 };
                (0..times).for_each(|_| batch.facts.iter().for_each(|fact| sale.apply(fact)));
                Some(sale)
            }
            btree_map::Entry::Vacant(unknown) => {
                let (first, rest) = batch.facts.split_first()?;
                let mut opened = None;
                apply(&mut opened, batch.event, first);
                let mut sale = opened?;
                rest.iter().for_each(|fact| sale.apply(fact));
                Some(unknown.insert(Arc::new(sale)))
            }
        }
    }

    fn apply_or_check(&mut self, batch: &SaleBatch, seen: &mut dyn FnMut(&SaleBatch, &Sale)) -> bool {
        if batch.facts.is_empty() {
            return self.fits(batch);
        }
        match self.apply_batch(batch) {
            Some(sale) => {
                seen(batch, sale);
                if sale.closing() == Some(Closing::Purged) {
                    self.sales.remove(&batch.event);
                }
                true
            }
            None => false,
        }
    }
}

impl InMemory for Shard {
    fn fold(&mut self, entry: &Entry, seen: &mut dyn FnMut(&SaleBatch, &Sale)) -> Applied {
        let Entry::Sales(batches) = entry else { return Applied::Foreign };
        Applied::Sales(batches.iter().map(|batch| self.apply_or_check(batch, seen)).collect())
    }

    fn archived_facts(&self) -> Vec<(EventId, u64)> {
        self.sales.iter().map(|(event, sale)| (*event, sale.facts())).collect()
    }
}

#[cfg(test)]
#[path = "machines_test.rs"]
mod test;
