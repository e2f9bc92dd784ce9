//! A node's part of the cluster, from [`Cluster::open`] to [`Cluster::shutdown`].
//!
//! Owns the data directory and the life of everything in it. What the rest of the node does with it is in `owning` (step ②),
//! `changing` (⑤) and `reading` (⑥).

use std::io;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use domain::account::Accounts;
use domain::ports::Clock;

use crate::background::Background;
use crate::config::ClusterConfig;
use crate::error::ClusterError;
use crate::here::Here;
use crate::identity::DataDir;
use crate::joining::Admitting;
use crate::journal::{LogDisk, SledStore, Store, Writer};
use crate::peer::Channel;
use crate::peer::Connection;
use crate::peer::Me;
use crate::peer::{Answers, Calls, serve};
use crate::raft::status::GroupStatus;
use crate::raft::types::NodeId;
use crate::routes::Routes;

/// Shards have a leader by then, unless a majority of their nodes is dead.
const SHARDS_CATCH_UP_WITHIN: Duration = Duration::from_secs(5);

/// A node's part of the cluster, over the journal of its machine or, in a simulation, another.
pub struct Cluster<D: LogDisk = Writer> {
    pub(crate) here: Arc<Here<D>>,
    pub(crate) routes: Arc<Routes<D>>,
    pub(crate) journal: D,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) me: Arc<Me>,
    pub(crate) channel: Arc<Channel>,
    pub(crate) answers: Arc<dyn Answers>,
    pub(crate) others: Arc<OnceLock<Arc<dyn Answers>>>,
    pub(crate) admitting: Arc<Admitting<D>>,
    pub(crate) background: Background,
    pub(crate) cluster: u128,
    pub(crate) gateway: bool,
    /// What a gateway knows of accounts.
    pub(crate) no_accounts: Accounts,
    pub(crate) data: Arc<DataDir>,
}

impl Cluster {
    /// Opens the data directory, or joins a cluster with an empty one, and starts every group that is on it. What only
    /// this node has is led and applied when this returns; for the rest see [`Self::ready`].
    ///
    /// # Errors
    /// [`ClusterError`] says what is wrong with the directory, the settings or the data, and what to do about it.
    pub async fn open(config: ClusterConfig) -> Result<Self, ClusterError> {
        Self::open_over(config, |dir| Ok(Box::new(SledStore::open(dir)?))).await
    }

    /// As [`Self::open`], over any store: the seam where tests inject a disk that fails.
    pub(crate) async fn open_over(
        config: ClusterConfig,
        store: impl FnMut(&Path) -> io::Result<Box<dyn Store>>,
    ) -> Result<Self, ClusterError> {
        crate::start::on_this_machine(config, store).await
    }
}

impl<D: LogDisk> Cluster<D> {
    /// As [`Cluster::open`], over `journal` and on the caller's thread alone: for simulations.
    ///
    /// # Errors
    /// As there.
    pub async fn open_here(config: ClusterConfig, journal: D) -> Result<Self, ClusterError> {
        crate::start::on_this_thread(config, journal).await
    }

    /// Which cluster this is.
    #[must_use]
    pub fn cluster_id(&self) -> u128 {
        self.cluster
    }

    /// This node, in this life.
    #[must_use]
    pub fn me(&self) -> NodeId {
        self.here.me
    }

    /// Whether this node has no replicas.
    #[must_use]
    pub fn is_gateway(&self) -> bool {
        self.gateway
    }

    /// The way to the other nodes.
    #[must_use]
    pub fn calls(&self) -> Arc<dyn Calls> {
        self.channel.clone()
    }

    /// From now on `answers` answers what peers ask beside the cluster's own affairs. To be called once.
    pub fn answer_with(&self, answers: Arc<dyn Answers>) {
        // A second one would be a mistake of whoever wires the node, and changes nothing.
        let _ = self.others.set(answers);
    }

    /// Serves a peer that has connected, until it goes; to be run on any thread.
    pub fn serve_peer(
        &self,
        connection: Connection,
        remote: String,
    ) -> impl Future<Output = ()> + Send + 'static {
        serve(connection, remote, self.me.clone(), self.answers.clone(), self.clock.clone())
    }

    /// Waits until this node knows its cluster as it is now: the directory, and the accounts where it has them, have a
    /// leader and are applied here as far as they were committed when this was called. So are the shards, unless one has
    /// no leader for long: what was sold before a restart is not to be shown as free after it.
    pub async fn ready(&self) {
        self.here.directory.group.caught_up().await;
        if let Some(accounts) = &self.here.accounts {
            accounts.group.caught_up().await;
        }
        let shards = async {
            for (_, replica) in self.here.shards() {
                replica.group.caught_up().await;
            }
        };
        if tokio::time::timeout(SHARDS_CATCH_UP_WITHIN, shards).await.is_err() {
            tracing::warn!("some shards have no leader yet; what this node shows of them may be old");
        }
    }

    /// Where every group that runs here stands: the shards in order, the directory, the accounts.
    #[must_use]
    pub fn status(&self) -> Vec<GroupStatus> {
        let shards = self.here.shards();
        let shards = shards.iter().map(|(_, shard)| shard.group.status());
        let accounts = self.here.accounts.iter().map(|accounts| accounts.group.status());
        shards.chain([self.here.directory.group.status()]).chain(accounts).collect()
    }

    /// Gives the leadership of every group to another node that is alive and has caught up, where there is one; returns
    /// when they have it, or after `within`.
    pub async fn hand_over(&self, within: Duration) {
        self.routes.leave();
        let handing = self.here.hand_over(|| self.routes.able_to_lead());
        if tokio::time::timeout(within, handing).await.is_err() {
            tracing::warn!("some groups had nobody to hand their leadership to");
        }
    }

    /// Settles what is queued, stops the groups, flushes and closes the journal. Every later call is refused.
    pub async fn shutdown(&self) {
        self.keep_reserve(false);
        self.background.stop();
        self.here.shutdown().await;
        self.journal.close().await;
    }
}

#[cfg(test)]
#[path = "groups_test.rs"]
mod test;
