//! Brings the raft groups of a node up, all at once: reads them back, forms them where the cluster is new, and leads
//! those in which this node is alone.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use domain::account::Accounts;
use domain::catalogue::Catalogue;
use domain::ports::Clock;
use futures_util::future::try_join_all;

use crate::error::ClusterError;
use crate::journal::{GroupId, JournalObserver, LogDisk, OnFatal};
use crate::peer::Calls;
use crate::raft::group::{Group, GroupContext};
use crate::raft::machines::{Machine, Shard};
use crate::raft::settings::{SnapshotSettings, settings};
use crate::raft::state_machine::CommitObserver;
use crate::raft::transfer::throttle::Throttle;
use crate::raft::types::NodeId;
use crate::thread::Blocking;

/// How a node takes part in the cluster.
pub struct ClusterConfig {
    /// Where its data lies; made if missing.
    pub data_dir: PathBuf,
    /// Its id; stays with the data directory.
    pub node: NodeId,
    /// How many shards the events are spread over; stays with the data directory.
    pub shards: u16,
    /// When logs are cut.
    pub snapshots: SnapshotSettings,
    /// How many proposals may wait for each shard; more are refused.
    pub queue_capacity: usize,
    /// How many writes of raft groups may wait for the journal thread; more slow the groups down.
    pub journal_capacity: usize,
    /// The way to other nodes; [`NoPeers`](crate::NoPeers) for a cluster of one.
    pub peers: Arc<dyn Calls>,
    /// What time it is; the owners of events are to have the same one.
    pub clock: Arc<dyn Clock>,
    /// Sees what is committed.
    pub commits: Arc<dyn CommitObserver>,
    /// Sees every flush.
    pub flushes: Arc<dyn JournalObserver>,
    /// Called at most once, when nothing more will be acknowledged: the process is to print the message and end.
    pub on_fatal: OnFatal,
}

/// Every group of a node, running.
pub(crate) struct Groups<D: LogDisk> {
    pub(crate) shards: Vec<Group<Shard, D>>,
    pub(crate) directory: Group<Catalogue, D>,
    pub(crate) accounts: Group<Accounts, D>,
}

impl<D: LogDisk> Groups<D> {
    pub(crate) async fn start(
        shards: u16,
        context: GroupContext<D>,
        formed: bool,
    ) -> Result<Self, ClusterError> {
        let start_shard = |shard| started::<Shard, D>(GroupId::shard(shard), &context, formed);
        let (shards, directory, accounts) = tokio::try_join!(
            try_join_all((0..shards).map(start_shard)),
            started::<Catalogue, D>(GroupId::DIRECTORY, &context, formed),
            started::<Accounts, D>(GroupId::ACCOUNTS, &context, formed),
        )?;
        Ok(Self { shards, directory, accounts })
    }

    /// From now on a group that stops without being asked to is the end of this node.
    pub(crate) fn watch(&self, on_fatal: &OnFatal) {
        self.shards.iter().for_each(|group| watch(group, on_fatal));
        watch(&self.directory, on_fatal);
        watch(&self.accounts, on_fatal);
    }
}

impl ClusterConfig {
    /// What every group is to share.
    pub(crate) fn context<D>(
        &self,
        snapshots: PathBuf,
        disk: D,
        blocking: Blocking,
    ) -> Result<GroupContext<D>, ClusterError> {
        Ok(GroupContext {
            node: self.node,
            disk,
            snapshots,
            config: settings(self.snapshots).map_err(|error| ClusterError::Setting(error.to_string()))?,
            peers: self.peers.clone(),
            throttle: Arc::new(Throttle::new(self.snapshots.send_bytes_per_second)),
            observer: self.commits.clone(),
            blocking,
        })
    }
}

/// Starts a group in a task of its own.
async fn started<M: Machine, D: LogDisk>(
    id: GroupId,
    context: &GroupContext<D>,
    formed: bool,
) -> Result<Group<M, D>, ClusterError> {
    let context = context.clone();
    tokio::spawn(async move { start(id, &context, formed).await }).await.map_err(io::Error::other)?
}

async fn start<M: Machine, D: LogDisk>(
    id: GroupId,
    context: &GroupContext<D>,
    formed: bool,
) -> Result<Group<M, D>, ClusterError> {
    let group = Group::open(id, context).await?;
    match (group.is_formed().await?, formed) {
        (true, _) => {}
        (false, false) => group.form().await?,
        (false, true) => return Err(ClusterError::LostGroup { group: id.to_string() }),
    }
    group.lead_alone().await?;
    Ok(group)
}

fn watch<M: Machine, D: LogDisk>(group: &Group<M, D>, on_fatal: &OnFatal) {
    let (group, on_fatal) = (group.clone(), on_fatal.clone());
    tokio::spawn(async move {
        if let Some(why) = group.stopped().await {
            on_fatal(why);
        }
    });
}

/// The first of many failures is the one to report.
pub(crate) fn once(on_fatal: OnFatal) -> OnFatal {
    let called = AtomicBool::new(false);
    Arc::new(move |message| {
        if !called.swap(true, Ordering::SeqCst) {
            on_fatal(message);
        }
    })
}
