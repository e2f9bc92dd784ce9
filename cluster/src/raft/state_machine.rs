//! Step ⑥: one group's committed state as openraft wants it: applies entries, builds and installs snapshots.
//!
//! The state lives in memory behind a lock that readers share; it is rebuilt from the newest snapshot and the log.
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
use tokio::sync::watch;

use super::machines::Machine;
use super::snapshots::{Loaded, SnapshotFile, Snapshots};
use super::types::{Applied, LogId, RaftEntry, SaleBatch, SnapshotMeta, StoredMembership, Types};
use crate::journal::format;
use crate::journal::{GroupId, LogDisk, archive};
use crate::thread::Blocking;

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

    fn apply(&mut self, entry: &RaftEntry, observer: &dyn CommitObserver) -> Applied {
        self.applied = Some(entry.log_id);
        match &entry.payload {
            EntryPayload::Blank => Applied::Whole,
            EntryPayload::Membership(membership) => {
                self.membership = StoredMembership::new(Some(entry.log_id), membership.clone());
                Applied::Whole
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

    fn install(&mut self, loaded: &Loaded, what: &str) -> io::Result<()> {
        self.machine = Arc::new(M::decode(&what, &loaded.state)?);
        self.applied = loaded.meta.last_log_id;
        self.membership = loaded.meta.last_membership.clone();
        self.unarchived.clear();
        Ok(())
    }

    fn archived(&mut self, upto: Option<LogId>) {
        while self.unarchived.front().is_some_and(|(index, _)| Some(*index) <= upto.map(|id| id.index)) {
            self.unarchived.pop_front();
        }
    }
}

/// The state machine of one group.
pub(crate) struct StateMachine<M, D> {
    group: GroupId,
    disk: D,
    state: SharedState<M>,
    snapshots: Snapshots,
    observer: Arc<dyn CommitObserver>,
    progress: watch::Sender<u64>,
    blocking: Blocking,
}

impl<M: Machine, D: LogDisk> StateMachine<M, D> {
    /// Starts from the newest whole snapshot among `snapshots`, or from nothing.
    pub(crate) fn open(
        group: GroupId,
        disk: D,
        (snapshots, newest): (Snapshots, Option<Loaded>),
        (observer, progress): (Arc<dyn CommitObserver>, watch::Sender<u64>),
        blocking: Blocking,
    ) -> io::Result<Self> {
        let mut state = State {
            machine: Arc::default(),
            applied: None,
            membership: StoredMembership::default(),
            unarchived: VecDeque::new(),
        };
        if let Some(loaded) = newest {
            state.install(&loaded, &format!("the state in the snapshot of {group}"))?;
        }
        Ok(Self { group, disk, state: Arc::new(RwLock::new(state)), snapshots, observer, progress, blocking })
    }

    /// Its snapshots.
    pub(crate) fn snapshots(&self) -> Snapshots {
        self.snapshots.clone()
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
            let applied = write(&self.state).apply(&entry, &*self.observer);
            if applied == Applied::Foreign {
                tracing::error!(group = %self.group, entry = %entry.log_id, "an entry of another kind of group is ignored");
            }
            if let Some(responder) = responder {
                responder.send(applied);
            }
        }
        self.progress.send_modify(|count| *count += 1);
        Ok(())
    }

    async fn get_snapshot_builder(&mut self) -> SnapshotBuilder<M, D> {
        let state = read(&self.state);
        SnapshotBuilder {
            disk: self.disk.clone(),
            snapshots: self.snapshots.clone(),
            meta: SnapshotMeta { last_log_id: state.applied, last_membership: state.membership.clone() },
            machine: state.machine.clone(),
            unarchived: state.unarchived.iter().map(|(_, batch)| batch.clone()).collect(),
            state: self.state.clone(),
            blocking: self.blocking,
        }
    }

    async fn install_snapshot(&mut self, meta: &SnapshotMeta, snapshot: SnapshotFile) -> io::Result<()> {
        let (snapshots, expected) = (self.snapshots.clone(), meta.clone());
        let loaded = self.blocking.run(move || {
            let loaded = snapshots.load(&snapshot.path)?;
            if loaded.meta != expected {
                return Err(format::damaged(
                    &"an installed snapshot",
                    "it covers something else than announced",
                ));
            }
            snapshots.adopt(&loaded.meta, &snapshot)?;
            Ok(loaded)
        });
        let loaded = loaded.await?;
        let what = format!("the state in an installed snapshot of {}", self.group);
        write(&self.state).install(&loaded, &what)?;
        self.progress.send_modify(|count| *count += 1);
        Ok(())
    }

    async fn get_current_snapshot(&mut self) -> io::Result<Option<Snapshot>> {
        Ok(self.snapshots.current().map(|(meta, snapshot)| Snapshot { meta, snapshot }))
    }
}

/// Builds one snapshot from a frozen view, while the state goes on.
pub(crate) struct SnapshotBuilder<M, D> {
    disk: D,
    snapshots: Snapshots,
    meta: SnapshotMeta,
    machine: Arc<M>,
    unarchived: Vec<SaleBatch>,
    state: SharedState<M>,
    blocking: Blocking,
}

impl<M: Machine, D: LogDisk> RaftSnapshotBuilder<Types> for SnapshotBuilder<M, D> {
    type SnapshotData = SnapshotFile;

    async fn build_snapshot(&mut self) -> io::Result<Snapshot> {
        let _turn = self.snapshots.turn().await;
        // Meanwhile one may have come from a peer; what this one would archive came along with it.
        let newer = self.snapshots.current().filter(|(meta, _)| meta.last_log_id >= self.meta.last_log_id);
        if let Some((meta, snapshot)) = newer {
            return Ok(Snapshot { meta, snapshot });
        }
        let (disk, unarchived) = (self.disk.clone(), std::mem::take(&mut self.unarchived));
        self.blocking.finish(async move { archive::keep(&disk, &unarchived).await }).await?;
        let (snapshots, meta, machine) = (self.snapshots.clone(), self.meta.clone(), self.machine.clone());
        let state = self.blocking.run(move || format::encode_bare(&*machine)).await?;
        if let Some(space) = self.disk.space() {
            space.wait_for(state.len() as u64).await;
        }
        let save = move || snapshots.save(&meta, &state);
        let snapshot = self.blocking.run(save).await?;
        write(&self.state).archived(self.meta.last_log_id);
        Ok(Snapshot { meta: self.meta.clone(), snapshot })
    }
}

#[cfg(test)]
#[path = "state_machine_test.rs"]
mod test;
