//! Step ⑥: one group's committed state as openraft wants it: applies entries, builds and installs snapshots.
//!
//! The state is behind a lock that readers share; how it is kept is up to the [`Machine`], and the log brings it up to date.
//! Hazard, the order around a snapshot: first the facts it covers are archived durably, then it becomes valid, then (by
//! openraft) the log it covers is purged. A snapshot that comes from a peer covers facts that this node never archived;
//! `transfer` brings the archive along, before.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use domain::event::{Sale, Stamped};
use domain::ids::EventId;
use futures_util::{Stream, TryStreamExt};
use openraft::storage::{EntryResponder, RaftStateMachine};
use openraft::{EntryPayload, OptionalSend, RaftSnapshotBuilder};
use tokio::sync::{Notify, watch};

use super::machines::{Keeping, Machine};
use super::snapshots::{Loaded, SnapshotFile, Snapshots};
use super::types::{Applied, LogId, RaftEntry, SaleBatch, SnapshotMeta, StoredMembership, Types};
use crate::journal::{LogDisk, archive};

type Snapshot = openraft::type_config::alias::SnapshotOf<Types, SnapshotFile>;

/// Sees every committed batch of facts, on every node that follows the event's shard.
///
/// Called in the order of the log, with the sale right after the batch, while the shard is locked: it must be quick and
/// must not read the cluster. After a restart it sees the facts behind the last snapshot again; the state of the
/// snapshot itself is to be read from the cluster once that is open.
pub trait CommitObserver: Send + Sync {
    /// `facts` of `event` have been committed; `sale` is the state after them.
    fn committed(&self, event: EventId, facts: &[Stamped], sale: &Sale);
}

/// For those who do not look.
impl CommitObserver for () {
    fn committed(&self, _event: EventId, _facts: &[Stamped], _sale: &Sale) {}
}

/// What a group has applied.
pub(crate) struct State<M> {
    pub(crate) machine: Arc<M>,
    pub(crate) applied: Option<LogId>,
    membership: StoredMembership,
    /// Applied facts that only the log has yet, with the index of their entry.
    unarchived: VecDeque<(u64, SaleBatch)>,
}

/// The state of a group, shared with its readers.
pub(crate) type SharedState<M> = Arc<RwLock<State<M>>>;

pub(crate) fn read<M>(state: &SharedState<M>) -> RwLockReadGuard<'_, State<M>> {
    state.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<M>(state: &SharedState<M>) -> RwLockWriteGuard<'_, State<M>> {
    state.write().unwrap_or_else(PoisonError::into_inner)
}

impl<M: Machine> State<M> {
    /// The facts that are not archived yet, of `event`.
    pub(crate) fn unarchived(&self, event: EventId) -> Vec<SaleBatch> {
        self.unarchived
            .iter()
            .filter(|(_, batch)| batch.event == event)
            .map(|(_, batch)| batch.clone())
            .collect()
    }

    fn apply(&mut self, entry: &RaftEntry, observer: &dyn CommitObserver) -> io::Result<Applied> {
        self.applied = Some(entry.log_id);
        match &entry.payload {
            EntryPayload::Blank => Ok(Applied::Whole),
            EntryPayload::Membership(membership) => {
                self.membership = StoredMembership::new(Some(entry.log_id), membership.clone());
                Ok(Applied::Whole)
            }
            EntryPayload::Normal(facts) => {
                let unarchived = &mut self.unarchived;
                Arc::make_mut(&mut self.machine).apply(facts, &mut |batch, sale| {
                    unarchived.push_back((entry.log_id.index, batch.clone()));
                    observer.committed(batch.event, &batch.facts, sale);
                })
            }
        }
    }

    fn install(&mut self, machine: M, meta: &SnapshotMeta) {
        self.machine = Arc::new(machine);
        self.applied = meta.last_log_id;
        self.membership = meta.last_membership.clone();
        self.unarchived.clear();
    }

    fn archived(&mut self, upto: Option<LogId>) {
        while self.unarchived.front().is_some_and(|(index, _)| Some(*index) <= upto.map(|id| id.index)) {
            self.unarchived.pop_front();
        }
    }
}

/// The state machine of one group.
pub(crate) struct StateMachine<M, D> {
    keeping: Keeping<D>,
    state: SharedState<M>,
    /// What it covers that was kept when it was opened.
    covered: Option<LogId>,
    observer: Arc<dyn CommitObserver>,
    progress: watch::Sender<u64>,
    heavy: Arc<Notify>,
}

impl<M: Machine, D: LogDisk> StateMachine<M, D> {
    /// Starts from what is kept, of which `newest` is the newest whole snapshot file, or from nothing.
    pub(crate) async fn open(
        keeping: Keeping<D>,
        newest: Option<Loaded>,
        (observer, progress): (Arc<dyn CommitObserver>, watch::Sender<u64>),
    ) -> io::Result<Self> {
        let (machine, meta) = M::open(&keeping, newest).await?;
        let meta = meta.unwrap_or_default();
        let state = State {
            machine: Arc::new(machine),
            applied: meta.last_log_id,
            membership: meta.last_membership,
            unarchived: VecDeque::new(),
        };
        let (state, heavy) = (Arc::new(RwLock::new(state)), Arc::default());
        Ok(Self { keeping, state, covered: meta.last_log_id, observer, progress, heavy })
    }

    /// Its snapshots.
    pub(crate) fn snapshots(&self) -> Snapshots {
        self.keeping.snapshots.clone()
    }

    /// What the snapshot covers that it started from.
    pub(crate) fn covered(&self) -> Option<LogId> {
        self.covered
    }

    /// Told when it is time for a snapshot.
    pub(crate) fn heavy(&self) -> Arc<Notify> {
        self.heavy.clone()
    }

    /// The state, for readers.
    pub(crate) fn state(&self) -> SharedState<M> {
        self.state.clone()
    }
}

impl<M: Machine, D: LogDisk> RaftStateMachine<Types> for StateMachine<M, D> {
    type SnapshotData = SnapshotFile;
    type SnapshotBuilder = SnapshotBuilder<M, D>;

    async fn applied_state(&mut self) -> io::Result<(Option<LogId>, StoredMembership)> {
        let state = read(&self.state);
        Ok((state.applied, state.membership.clone()))
    }

    async fn apply<Strm>(&mut self, mut entries: Strm) -> io::Result<()>
    where
        Strm: Stream<Item = io::Result<EntryResponder<Types>>> + Unpin + OptionalSend,
    {
        while let Some((entry, responder)) = entries.try_next().await? {
            let applied = write(&self.state).apply(&entry, &*self.observer)?;
            if applied == Applied::Foreign {
                tracing::error!(group = %self.keeping.group, entry = %entry.log_id, "an entry of another kind of group is ignored");
            }
            if let Some(responder) = responder {
                responder.send(applied);
            }
        }
        self.progress.send_modify(|count| *count += 1);
        if read(&self.state).machine.is_heavy() {
            self.heavy.notify_one();
        }
        Ok(())
    }

    async fn get_snapshot_builder(&mut self) -> SnapshotBuilder<M, D> {
        let state = read(&self.state);
        SnapshotBuilder {
            keeping: self.keeping.clone(),
            meta: SnapshotMeta { last_log_id: state.applied, last_membership: state.membership.clone() },
            machine: state.machine.clone(),
            unarchived: state.unarchived.iter().map(|(_, batch)| batch.clone()).collect(),
            state: self.state.clone(),
        }
    }

    async fn install_snapshot(&mut self, meta: &SnapshotMeta, snapshot: SnapshotFile) -> io::Result<()> {
        let machine = M::install(meta, snapshot, &self.keeping).await?;
        write(&self.state).install(machine, meta);
        self.progress.send_modify(|count| *count += 1);
        Ok(())
    }

    async fn get_current_snapshot(&mut self) -> io::Result<Option<Snapshot>> {
        Ok(self.keeping.snapshots.current().map(|(meta, snapshot)| Snapshot { meta, snapshot }))
    }
}

/// Builds one snapshot from a frozen view, while the state goes on.
pub(crate) struct SnapshotBuilder<M, D> {
    keeping: Keeping<D>,
    meta: SnapshotMeta,
    machine: Arc<M>,
    unarchived: Vec<SaleBatch>,
    state: SharedState<M>,
}

impl<M: Machine, D: LogDisk> RaftSnapshotBuilder<Types> for SnapshotBuilder<M, D> {
    type SnapshotData = SnapshotFile;

    async fn build_snapshot(&mut self) -> io::Result<Snapshot> {
        let _turn = self.keeping.snapshots.turn().await;
        // Meanwhile one may have come from a peer; what this one would archive came along with it.
        let newer =
            self.keeping.snapshots.current().filter(|(meta, _)| meta.last_log_id >= self.meta.last_log_id);
        if let Some((meta, snapshot)) = newer {
            return Ok(Snapshot { meta, snapshot });
        }
        let (disk, unarchived) = (self.keeping.disk.clone(), std::mem::take(&mut self.unarchived));
        self.keeping.blocking.finish(async move { archive::keep(&disk, &unarchived).await }).await?;
        let snapshot = M::save(self.machine.clone(), &self.meta, &self.keeping).await?;
        let mut state = write(&self.state);
        state.archived(self.meta.last_log_id);
        if M::GROWS {
            Arc::make_mut(&mut state.machine).saved(&self.machine);
        }
        drop(state);
        Ok(Snapshot { meta: self.meta.clone(), snapshot })
    }
}

#[cfg(test)]
#[path = "state_machine_test.rs"]
mod test;
