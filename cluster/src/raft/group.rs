//! Step ⑥: one running raft group: its log and its state. What the rest of the crate knows of openraft, with `leading`,
//! `membership` and `status`.

use std::collections::BTreeMap;
use std::io;
use std::marker::PhantomData;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use domain::ports::JournalFault;
use openraft::async_runtime::WatchReceiver;
use openraft::errors::Fatal;
use openraft::impls::ProgressResponder;
use openraft::{Config, LogIdOptionExt, Raft};
use tokio::sync::{Notify, watch};

use super::log_store::LogStore;
use super::machines::{Keeping, Machine};
use super::network::Peers;
use super::snapshots::Snapshots;
use super::state_machine::{self, CommitObserver, SharedState, State, StateMachine};
use super::transfer::throttle::Throttle;
use super::types::{Applied, Entry, LogId, NodeId, Peer, Types, log_id};
use crate::journal::disk::{Mark, Op, Write};
use crate::journal::{GroupId, LogDisk, keys};
use crate::peer::Calls;
use crate::thread::Blocking;

/// To so many parts of chunks, about 14 MiB, a log is cut when its state has become heavy, as far as a snapshot covers it.
const KEPT_PARTS: u64 = 2_048;

/// What every group of a node shares.
#[derive(Clone)]
pub(crate) struct GroupContext<D> {
    pub(crate) node: NodeId,
    pub(crate) disk: D,
    pub(crate) snapshots: PathBuf,
    pub(crate) config: Arc<Config>,
    pub(crate) peers: Arc<dyn Calls>,
    pub(crate) throttle: Arc<Throttle>,
    pub(crate) observer: Arc<dyn CommitObserver>,
    /// Changes whenever any of them has applied something.
    pub(crate) progress: watch::Sender<u64>,
    pub(crate) blocking: Blocking,
}

impl<D: LogDisk> GroupContext<D> {
    /// Drops what `id` has stored, but for its vote; the group must not run.
    pub(crate) async fn erase(&self, id: GroupId) -> io::Result<()> {
        let mut ops = Vec::new();
        for prefix in [keys::committed(id), keys::purged(id), keys::log(id)] {
            ops.extend(self.disk.scan(&prefix)?.into_iter().rev().map(|(key, _)| Op::Remove(key)));
        }
        let mark = Some(Mark { group: id, next: 0 });
        self.disk.submit(Write { ops, mark, synced: None }).await?;
        self.disk.write_through(Vec::new()).await?;
        let dir = self.snapshots.clone();
        self.blocking.run(move || Snapshots::remove(&dir, id)).await
    }
}

/// A running raft group; clones are the same one.
pub(crate) struct Group<M: Machine, D: LogDisk> {
    pub(crate) id: GroupId,
    pub(super) node: NodeId,
    pub(super) raft: Raft<Types, StateMachine<M, D>>,
    log: LogStore<D>,
    state: SharedState<M>,
    pub(super) disk: D,
    pub(super) snapshots: Snapshots,
    pub(super) blocking: Blocking,
    /// The term whose leadership this node is giving away; 0 for none.
    pub(super) yielded: Arc<AtomicU64>,
    /// Whether what is here is a replica's state and not the beginning of one.
    whole: Arc<AtomicBool>,
    /// Told when it is time for a snapshot.
    heavy: Arc<Notify>,
}

impl<M: Machine, D: LogDisk> Clone for Group<M, D> {
    fn clone(&self) -> Self {
        Self {
            id: self.id,
            node: self.node,
            raft: self.raft.clone(),
            log: self.log.clone(),
            state: self.state.clone(),
            disk: self.disk.clone(),
            snapshots: self.snapshots.clone(),
            blocking: self.blocking,
            yielded: self.yielded.clone(),
            whole: self.whole.clone(),
            heavy: self.heavy.clone(),
        }
    }
}

/// The log and the state of `id` as they are on the disk. To read them is work that the groups share all cores for.
async fn read_back<M: Machine, D: LogDisk>(
    id: GroupId,
    context: &GroupContext<D>,
) -> io::Result<(LogStore<D>, StateMachine<M, D>)> {
    let (context, blocking) = (context.clone(), context.blocking);
    let reading = async move {
        let log = LogStore::open(id, context.disk.clone()).await?;
        let (snapshots, newest) = Snapshots::open(&context.snapshots, id)?;
        let keeping = Keeping { group: id, disk: context.disk, snapshots, blocking };
        let machine = StateMachine::open(keeping, newest, (context.observer, context.progress)).await?;
        require_snapshot(id, log.purged(), &machine)?;
        Ok((log, machine))
    };
    blocking.finish(reading).await
}

/// The snapshot that was found must cover what is purged from the log.
fn require_snapshot<M: Machine, D: LogDisk>(
    id: GroupId,
    purged: Option<LogId>,
    machine: &StateMachine<M, D>,
) -> io::Result<()> {
    let covered = machine.covered();
    if purged.next_index() <= covered.next_index() {
        return Ok(());
    }
    let what = format!(
        "the log of {id} begins at index {}, but the snapshot of what came before is missing or damaged ({})",
        purged.next_index(),
        machine.snapshots().unusable()
    );
    Err(io::Error::new(io::ErrorKind::InvalidData, what))
}

impl<M: Machine, D: LogDisk> Group<M, D> {
    /// Reads the group back from the disk and starts it.
    pub(crate) async fn open(id: GroupId, context: &GroupContext<D>) -> io::Result<Self> {
        let (log, machine) = read_back::<M, D>(id, context).await?;
        let (state, snapshots, heavy) = (machine.state(), machine.snapshots(), machine.heavy());
        let (disk, blocking) = (context.disk.clone(), context.blocking);
        let keeping = Keeping { group: id, disk: disk.clone(), snapshots: snapshots.clone(), blocking };
        let (calls, throttle) = (context.peers.clone(), context.throttle.clone());
        let peers = Peers::<M, D> { calls, keeping, throttle, machine: PhantomData };
        let raft = Raft::new(context.node, context.config.clone(), peers, log.clone(), machine);
        let raft =
            Box::pin(raft).await.map_err(|fatal| io::Error::other(format!("{id} cannot start: {fatal}")))?;
        // A replica that was stopped is behind at worst, which reads are told; a blank one has nothing to read yet.
        let whole = Arc::new(AtomicBool::new(raft.is_initialized().await.map_err(io::Error::other)?));
        let yielded = Arc::default();
        Ok(Self {
            id,
            node: context.node,
            raft,
            log,
            state,
            disk,
            snapshots,
            blocking,
            yielded,
            whole,
            heavy,
        })
    }

    /// Whether there is something to read: a replica that has just begun has nothing, until it has once caught up.
    pub(crate) fn is_whole(&self) -> bool {
        if self.whole.load(Ordering::Acquire) {
            return true;
        }
        let metrics = self.raft.metrics();
        let metrics = metrics.borrow_watched();
        let committed = metrics.cluster_committed.next_index();
        let whole = metrics.current_leader.is_some()
            && committed > 0
            && metrics.last_applied.next_index() >= committed;
        self.whole.fetch_or(whole, Ordering::AcqRel);
        whole
    }

    /// Whether the group has ever had members.
    pub(crate) async fn is_formed(&self) -> io::Result<bool> {
        self.raft.is_initialized().await.map_err(io::Error::other)
    }

    /// Makes this node the only member.
    pub(crate) async fn form(&self) -> io::Result<()> {
        let members = BTreeMap::from([(self.node, Peer::default())]);
        self.raft.initialize(members).await.map_err(io::Error::other)
    }

    /// Writes `entry` if this node still leads in `term`; returns when it is applied.
    pub(crate) async fn write(&self, term: u64, entry: Entry) -> Result<Applied, JournalFault> {
        let (responder, answer) = ProgressResponder::complete_only();
        let leader = *log_id(term, 0).committed_leader_id();
        let write = self.raft.write(entry).with_leader(leader).responder(responder);
        write.await.map_err(|_fatal| JournalFault::Closed)?;
        let answered = answer.await.map_err(|_| JournalFault::Closed)?;
        // Refused before it was appended, or overwritten by the next leader: this owner's time is over.
        answered.map(|response| response.data).map_err(|_| JournalFault::NotOwner)
    }

    /// Reads the committed state.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&State<M>) -> T) -> T {
        read(&state_machine::read(&self.state))
    }

    /// Waits until the group has stopped; says why, unless it was asked to. Until then tells of every change of leader,
    /// term or members, and has a snapshot made whenever it is time for one.
    pub(crate) async fn stopped(&self, changed: impl Fn()) -> Option<String> {
        let mut changes = self.raft.server_metrics();
        loop {
            tokio::select! {
                going_on = changes.changed() => match going_on {
                    Ok(()) => changed(),
                    Err(_stopped) => break,
                },
                () = self.heavy.notified() => {
                    self.trim_log(KEPT_PARTS).await;
                    self.trigger_snapshot().await;
                }
            }
        }
        let metrics = self.raft.metrics();
        let state = metrics.borrow_watched().running_state.clone();
        match state {
            Err(Fatal::Stopped) => None,
            Err(fatal) => Some(format!("{} has stopped: {fatal}", self.id)),
            Ok(()) => Some(format!("{} has stopped without a word", self.id)),
        }
    }

    /// Writes a snapshot soon.
    pub(crate) async fn trigger_snapshot(&self) {
        if let Err(fatal) = self.raft.trigger().snapshot().await {
            tracing::warn!(group = %self.id, %fatal, "a snapshot could not be asked for");
        }
    }

    /// Drops what the log has before its newest `parts`, as far as a snapshot covers it: entries that many have shared take
    /// more memory than their number says.
    async fn trim_log(&self, parts: u64) {
        let Some(upto) = self.log.last_before(parts) else { return };
        if let Err(fatal) = self.raft.trigger().purge_log(upto).await {
            tracing::warn!(group = %self.id, %fatal, "the log could not be trimmed");
        }
    }

    /// Stops the group's tasks.
    pub(crate) async fn shutdown(&self) {
        if let Err(error) = self.raft.shutdown().await {
            tracing::warn!(group = %self.id, %error, "a raft group did not stop cleanly");
        }
    }
}

#[cfg(test)]
#[path = "group_test.rs"]
mod test;
