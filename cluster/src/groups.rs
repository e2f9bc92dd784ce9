//! A node's part of the cluster, and what the rest of the node does with it: step ② (who owns an event), ⑤ (propose) and ⑥
//! (read what is committed).
//!
//! Owns the data directory and the life of everything in it, from [`Cluster::open`] to [`Cluster::shutdown`].

use std::io;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use domain::account::{AccountFact, Accounts};
use domain::catalogue::{Catalogue, CatalogueFact};
use domain::event::{Sale, Stamped};
use domain::ids::EventId;
use domain::ports::{BoxFuture, Clock, Journal, JournalFault, Opened, Place, Term};
use domain::time::SharedTime;
use openraft::LogIdOptionExt;
use tokio::sync::watch;

use crate::background::Background;
use crate::error::ClusterError;
use crate::here::{Here, ShardHere};
use crate::identity::DataDir;
use crate::joining::Admitting;
use crate::journal::{GroupId, LogDisk, SledStore, Space, Store, Writer, archive};
use crate::peer::Channel;
use crate::peer::Connection;
use crate::peer::Me;
use crate::peer::{Answers, Calls, serve};
use crate::placement::layout::{Layout, LayoutFact};
use crate::raft::group::GroupStatus;
use crate::raft::types::{Entry, NodeId};
use crate::routes::{Owner, Routes};
use crate::start::ClusterConfig;

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
    pub(crate) _data: Arc<DataDir>,
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

    /// The shard that `event` belongs to.
    #[must_use]
    pub fn shard_of(&self, event: EventId) -> u16 {
        self.routes.group_of(event).number()
    }

    fn home(&self, event: EventId) -> Option<Arc<ShardHere<D>>> {
        self.here.shard(self.shard_of(event))
    }

    /// Whether there is a replica of the shard of `event` here.
    #[must_use]
    pub fn has_replica(&self, event: EventId) -> bool {
        self.home(event).is_some_and(|home| home.group.is_whole())
    }

    /// Whether there is a replica of every shard here.
    #[must_use]
    pub fn has_every_shard(&self) -> bool {
        self.here.has_every_shard()
    }

    /// Who owns `event`.
    #[must_use]
    pub fn owner(&self, event: EventId) -> Owner {
        self.routes.owner(self.routes.group_of(event))
    }

    /// Takes the word of a node that was asked in vain for who owns `event`.
    pub fn learn_owner(&self, event: EventId, owner: NodeId) {
        self.routes.learn(self.routes.group_of(event), owner);
    }

    /// Who leads the directory, and so changes the catalogue.
    #[must_use]
    pub fn directory_owner(&self) -> Owner {
        self.routes.owner(GroupId::DIRECTORY)
    }

    /// Who leads the accounts, and so changes them.
    #[must_use]
    pub fn accounts_owner(&self) -> Owner {
        self.routes.owner(GroupId::ACCOUNTS)
    }

    /// Changes whenever somebody may own something else than before.
    #[must_use]
    pub fn route_changes(&self) -> watch::Receiver<u64> {
        self.routes.changes()
    }

    /// The living nodes that have a replica of the shard of `event`, its owner first; without this one.
    #[must_use]
    pub fn replicas(&self, event: EventId) -> Vec<NodeId> {
        self.routes.replicas(self.routes.group_of(event))
    }

    /// The living nodes that have the accounts, their leader first; without this one.
    #[must_use]
    pub fn members(&self) -> Vec<NodeId> {
        self.routes.replicas(GroupId::ACCOUNTS)
    }

    /// Whether every shard has a replica on one of `nodes`, which may be this one.
    #[must_use]
    pub fn covers(&self, nodes: &[NodeId]) -> bool {
        self.routes.covers(nodes)
    }

    /// How many entries of the directory are applied here.
    #[must_use]
    pub fn directory_applied(&self) -> u64 {
        self.here.directory.group.read(|state| state.applied.next_index())
    }

    /// How many entries of the accounts are applied here; a gateway has none.
    #[must_use]
    pub fn accounts_applied(&self) -> Option<u64> {
        Some(self.here.accounts.as_ref()?.group.read(|state| state.applied.next_index()))
    }

    /// Changes whenever something is applied here.
    #[must_use]
    pub fn progress(&self) -> watch::Receiver<u64> {
        self.here.progress()
    }

    /// The time of the shard of `event`; `None` where there is no replica of it.
    #[must_use]
    pub fn time(&self, event: EventId) -> Option<SharedTime> {
        Some(self.home(event)?.time.clone())
    }

    /// Reads the committed sale of `event`, while its shard is locked: `read` must be quick. Without a replica of the shard
    /// there is none.
    pub fn with_sale<T>(&self, event: EventId, read: impl FnOnce(Option<&Sale>) -> T) -> T {
        match self.home(event) {
            Some(home) => home.group.read(|state| read(state.machine.sales.get(&event).map(AsRef::as_ref))),
            None => read(None),
        }
    }

    /// How many facts of `event` are committed here.
    #[must_use]
    pub fn facts(&self, event: EventId) -> u64 {
        self.with_sale(event, |sale| sale.map_or(0, Sale::facts))
    }

    /// Shows every committed sale on this node, one shard after the other.
    pub fn for_each_sale(&self, mut see: impl FnMut(EventId, &Sale)) {
        for (_, shard) in self.here.shards() {
            shard.group.read(|state| state.machine.sales.iter().for_each(|(event, sale)| see(*event, sale)));
        }
    }

    /// Shows every committed sale of which this node is the owner.
    pub fn for_each_sale_owned(&self, mut see: impl FnMut(EventId, &Sale)) {
        for (_, shard) in self.here.shards() {
            if shard.group.leased_term().is_some() {
                shard
                    .group
                    .read(|state| state.machine.sales.iter().for_each(|(event, sale)| see(*event, sale)));
            }
        }
    }

    /// Every fact of `event` that is committed here, with its number, in order. Reads the disk: not for a busy thread.
    ///
    /// # Errors
    /// When the archive cannot be read or is damaged.
    pub fn history(&self, event: EventId) -> Result<Vec<(u64, Stamped)>, ClusterError> {
        // First what is not archived: what moves meanwhile is then found twice, and not never.
        let recent = self.home(event).map(|home| home.group.read(|state| state.unarchived(event)));
        Ok(archive::history(&self.journal, event, &recent.unwrap_or_default())?)
    }

    /// Reads the committed catalogue, while it is locked: `read` must be quick.
    pub fn with_catalogue<T>(&self, read: impl FnOnce(&Catalogue) -> T) -> T {
        self.here.directory.group.read(|state| read(&state.machine.catalogue))
    }

    /// Reads the layout of the cluster, while it is locked: `read` must be quick.
    pub fn with_layout<T>(&self, read: impl FnOnce(&Layout) -> T) -> T {
        self.here.directory.group.read(|state| read(&state.machine.layout))
    }

    /// Reads the committed accounts, while they are locked: `read` must be quick. A gateway has none.
    pub fn with_accounts<T>(&self, read: impl FnOnce(&Accounts) -> T) -> T {
        match &self.here.accounts {
            Some(accounts) => accounts.group.read(|state| read(&state.machine)),
            None => read(&self.no_accounts),
        }
    }

    /// Changes the catalogue: `decide` sees it as all changes before left it, and gives facts and an answer, or refuses.
    /// Returns the answer when the facts are committed and applied here, or the refusal.
    ///
    /// # Errors
    /// A [`JournalFault`] when this node cannot change the catalogue now; the change may yet have happened when it is
    /// [`JournalFault::Closed`] or [`JournalFault::NotOwner`].
    pub async fn update_catalogue<T, R>(
        &self,
        decide: impl FnOnce(&Catalogue) -> Result<(Vec<CatalogueFact>, T), R>,
    ) -> Result<Result<T, R>, JournalFault> {
        self.require_space()?;
        let change = self.here.directory.update(|directory| {
            let (facts, answer) = decide(&directory.catalogue)?;
            Ok(((!facts.is_empty()).then_some(Entry::Catalogue(facts)), answer))
        });
        change.await
    }

    /// Changes the layout, as [`Self::update_catalogue`] changes the catalogue.
    ///
    /// # Errors
    /// As there.
    pub async fn update_layout<T, R>(
        &self,
        decide: impl FnOnce(&Layout) -> Result<(Vec<LayoutFact>, T), R>,
    ) -> Result<Result<T, R>, JournalFault> {
        self.require_space()?;
        let change = self.here.directory.update(|directory| {
            let (facts, answer) = decide(&directory.layout)?;
            Ok(((!facts.is_empty()).then_some(Entry::Layout(facts)), answer))
        });
        change.await
    }

    /// Changes the accounts, as [`Self::update_catalogue`] changes the catalogue.
    ///
    /// # Errors
    /// As there; and a gateway can change none.
    pub async fn update_accounts<T, R>(
        &self,
        decide: impl FnOnce(&Accounts) -> Result<(Vec<AccountFact>, T), R>,
    ) -> Result<Result<T, R>, JournalFault> {
        self.require_space()?;
        let accounts = self.here.accounts.as_ref().ok_or(JournalFault::NotOwner)?;
        let change = accounts.update(|accounts| {
            let (facts, answer) = decide(accounts)?;
            Ok(((!facts.is_empty()).then_some(Entry::Accounts(facts)), answer))
        });
        change.await
    }

    /// Whether the disk has no space: until it has, nothing is acknowledged and every change is refused.
    #[must_use]
    pub fn waits_for_space(&self) -> bool {
        self.journal.space().is_some_and(Space::is_full)
    }

    /// From now on the reserve is checked also where nobody writes, or no longer.
    pub(crate) fn keep_reserve(&self, whole: bool) {
        if let Some(space) = self.journal.space() {
            space.guard(whole);
        }
    }

    /// Whoever waited would wait for the operator.
    fn require_space(&self) -> Result<(), JournalFault> {
        if self.waits_for_space() { Err(JournalFault::Full) } else { Ok(()) }
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
        let handing = self.here.hand_over(|| {
            let mut alive = self.routes.table().settled(Duration::ZERO, crate::routes::now());
            alive.remove(&self.here.me);
            alive
        });
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

impl<D: LogDisk> Journal for Cluster<D> {
    fn reserve(&self, event: EventId) -> Result<Place, JournalFault> {
        self.require_space()?;
        let home = self.home(event).ok_or(JournalFault::NotOwner)?;
        home.proposer().as_ref().ok_or(JournalFault::Closed)?.reserve()
    }

    fn open(&self, event: EventId) -> BoxFuture<Result<Opened, JournalFault>> {
        let asked = match self.home(event) {
            Some(home) => self.require_space().and_then(|()| match &*home.proposer() {
                Some(proposer) => proposer.open(event),
                None => Err(JournalFault::Closed),
            }),
            None => Err(JournalFault::NotOwner),
        };
        Box::pin(async move { asked?.await.map_err(|_| JournalFault::Closed)? })
    }

    fn term(&self, event: EventId) -> Option<Term> {
        self.home(event)?.group.leased_term().map(Term)
    }

    fn busy(&self) -> Vec<EventId> {
        let shards = self.here.shards();
        let owned = shards.iter().filter(|(_, shard)| shard.group.leased_term().is_some());
        let busy = owned.flat_map(|(_, shard)| {
            shard.group.read(|state| {
                let busy = state.machine.sales.iter().filter(|(_, sale)| sale.is_busy());
                busy.map(|(event, _)| *event).collect::<Vec<_>>()
            })
        });
        busy.collect()
    }
}

#[cfg(test)]
#[path = "groups_test.rs"]
mod test;
