//! All raft groups of a node, and what the node does with them: step ② (which shard), ⑤ (propose) and ⑥ (read what is
//! committed).
//!
//! Owns the data directory and the life of everything in it, from [`Cluster::open`] to [`Cluster::shutdown`]. On an
//! empty directory it forms a cluster of one.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};

use domain::account::{AccountFact, Accounts};
use domain::catalogue::{Catalogue, CatalogueFact};
use domain::event::{Sale, Stamped};
use domain::ids::EventId;
use domain::ports::{BoxFuture, Journal, JournalFault, Opened, Term};
use domain::time::{ShardTime, SharedTime};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::error::ClusterError;
use crate::identity::DataDir;
use crate::journal::format::v1::IdentityRecord;
use crate::journal::{GroupId, LogDisk, SledStore, Space, Store, Writer, archive};
use crate::placement::ShardRing;
use crate::proposer::Proposer;
use crate::raft::group::{Group, GroupStatus};
use crate::raft::machines::Shard;
use crate::raft::types::Entry;
use crate::start::{ClusterConfig, Groups, once};
use crate::thread::{GroupsThread, Place};
use crate::updater::Updater;

struct ShardGroup<D: LogDisk> {
    group: Group<Shard, D>,
    time: SharedTime,
    /// Gone when the shutdown has begun.
    proposer: RwLock<Option<Proposer>>,
}

impl<D: LogDisk> ShardGroup<D> {
    fn proposer(&self) -> RwLockReadGuard<'_, Option<Proposer>> {
        self.proposer.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A node's part of the cluster, over the journal of its machine or, in a simulation, another.
pub struct Cluster<D: LogDisk = Writer> {
    ring: ShardRing,
    shards: Vec<ShardGroup<D>>,
    directory: Updater<Catalogue, D>,
    accounts: Updater<Accounts, D>,
    journal: D,
    tasks: Mutex<Vec<JoinHandle<()>>>,
    _place: Place,
    _data: DataDir,
}

impl Cluster {
    /// Opens the data directory and starts every group; returns when this node leads those in which it is alone, and
    /// has applied everything that was ever committed in them.
    ///
    /// # Errors
    /// [`ClusterError`] says what is wrong with the directory, the settings or the data, and what to do about it.
    pub async fn open(config: ClusterConfig) -> Result<Self, ClusterError> {
        Self::open_over(config, |dir| Ok(Box::new(SledStore::open(dir)?))).await
    }

    /// As [`Self::open`], over any store: the seam where tests inject a disk that fails.
    async fn open_over(
        mut config: ClusterConfig,
        store: impl FnOnce(&Path) -> io::Result<Box<dyn Store>>,
    ) -> Result<Self, ClusterError> {
        let (data, identity) = identified(&config)?;
        config.on_fatal = once(config.on_fatal);
        let space = Space::of(&config.data_dir, config.reserve_bytes);
        space.require(&config.data_dir)?;
        let store = store(&data.join("journal/store"))?;
        let (marks, capacity) = (data.join("journal/watermarks"), config.journal_capacity);
        let journal =
            Writer::start(store, &marks, space, capacity, config.flushes.clone(), config.on_fatal.clone())?;
        Self::start(config, (data, identity), journal, Place::Thread(GroupsThread::start()?)).await
    }
}

impl<D: LogDisk> Cluster<D> {
    /// As [`Cluster::open`], over `journal` and on the caller's thread alone: for simulations.
    ///
    /// # Errors
    /// As there.
    pub async fn open_here(mut config: ClusterConfig, journal: D) -> Result<Self, ClusterError> {
        config.on_fatal = once(config.on_fatal);
        let data = identified(&config)?;
        Self::start(config, data, journal, Place::Here(Handle::current())).await
    }

    async fn start(
        config: ClusterConfig,
        (data, identity): (DataDir, IdentityRecord),
        journal: D,
        place: Place,
    ) -> Result<Self, ClusterError> {
        let context = config.context(data.join("snapshots"), journal.clone(), place.blocking())?;
        let groups = match place.run(Groups::start(config.shards, context, identity.formed)).await? {
            Ok(groups) => groups,
            Err(error) => {
                journal.close().await;
                return Err(error);
            }
        };
        if !identity.formed {
            data.save(IdentityRecord { formed: true, ..identity })?;
        }
        let there = place.enter();
        groups.watch(&config.on_fatal);
        let mut tasks = Vec::new();
        let reading = config.clock.read();
        let shards = groups.shards.into_iter().map(|group| {
            let time = Arc::new(Mutex::new(ShardTime::resume(reading.wall, reading)));
            let (proposer, task) = Proposer::start(group.clone(), time.clone(), config.queue_capacity);
            tasks.push(task);
            ShardGroup { group, time, proposer: RwLock::new(Some(proposer)) }
        });
        let shards = shards.collect();
        drop(there);
        keep_reserve(&journal, true);
        Ok(Self {
            ring: ShardRing::new(config.shards),
            shards,
            directory: Updater::new(groups.directory),
            accounts: Updater::new(groups.accounts),
            journal,
            tasks: Mutex::new(tasks),
            _place: place,
            _data: data,
        })
    }

    /// The shard that `event` belongs to.
    #[must_use]
    pub fn shard_of(&self, event: EventId) -> u16 {
        self.ring.shard_of(event)
    }

    /// The time of the shard of `event`.
    #[must_use]
    pub fn time(&self, event: EventId) -> SharedTime {
        self.home(event).time.clone()
    }

    fn home(&self, event: EventId) -> &ShardGroup<D> {
        &self.shards[usize::from(self.ring.shard_of(event))]
    }

    /// Reads the committed sale of `event`, while its shard is locked: `read` must be quick.
    pub fn with_sale<T>(&self, event: EventId, read: impl FnOnce(Option<&Sale>) -> T) -> T {
        self.home(event).group.read(|state| read(state.machine.sales.get(&event).map(AsRef::as_ref)))
    }

    /// Shows every committed sale on this node, one shard after the other.
    pub fn for_each_sale(&self, mut see: impl FnMut(EventId, &Sale)) {
        for shard in &self.shards {
            shard.group.read(|state| state.machine.sales.iter().for_each(|(event, sale)| see(*event, sale)));
        }
    }

    /// Every fact of `event` that is committed here, with its number, in order. Reads the disk: not for a busy thread.
    ///
    /// # Errors
    /// When the archive cannot be read or is damaged.
    pub fn history(&self, event: EventId) -> Result<Vec<(u64, Stamped)>, ClusterError> {
        // First what is not archived: what moves meanwhile is then found twice, and not never.
        let recent = self.home(event).group.read(|state| state.unarchived(event));
        Ok(archive::history(&self.journal, event, &recent)?)
    }

    /// Reads the committed catalogue, while it is locked: `read` must be quick.
    pub fn with_catalogue<T>(&self, read: impl FnOnce(&Catalogue) -> T) -> T {
        self.directory.group.read(|state| read(&state.machine))
    }

    /// Reads the committed accounts, while they are locked: `read` must be quick.
    pub fn with_accounts<T>(&self, read: impl FnOnce(&Accounts) -> T) -> T {
        self.accounts.group.read(|state| read(&state.machine))
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
        let decide = |catalogue: &Catalogue| {
            decide(catalogue)
                .map(|(facts, answer)| ((!facts.is_empty()).then_some(Entry::Catalogue(facts)), answer))
        };
        self.directory.update(decide).await
    }

    /// Changes the accounts, as [`Self::update_catalogue`] changes the catalogue.
    ///
    /// # Errors
    /// As there.
    pub async fn update_accounts<T, R>(
        &self,
        decide: impl FnOnce(&Accounts) -> Result<(Vec<AccountFact>, T), R>,
    ) -> Result<Result<T, R>, JournalFault> {
        self.require_space()?;
        let decide = |accounts: &Accounts| {
            decide(accounts)
                .map(|(facts, answer)| ((!facts.is_empty()).then_some(Entry::Accounts(facts)), answer))
        };
        self.accounts.update(decide).await
    }

    /// Whether the disk has no space: until it has, nothing is acknowledged and every change is refused.
    #[must_use]
    pub fn waits_for_space(&self) -> bool {
        self.journal.space().is_some_and(Space::is_full)
    }

    /// Whoever waited would wait for the operator.
    fn require_space(&self) -> Result<(), JournalFault> {
        if self.waits_for_space() { Err(JournalFault::Full) } else { Ok(()) }
    }

    /// Where every group stands: the shards in order, the directory, the accounts.
    #[must_use]
    pub fn status(&self) -> Vec<GroupStatus> {
        let shards = self.shards.iter().map(|shard| shard.group.status());
        shards.chain([self.directory.group.status(), self.accounts.group.status()]).collect()
    }

    /// Settles what is queued, stops the groups, flushes and closes the journal. Every later call is refused.
    pub async fn shutdown(&self) {
        keep_reserve(&self.journal, false);
        for shard in &self.shards {
            shard.proposer.write().unwrap_or_else(PoisonError::into_inner).take();
        }
        let tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        for task in tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a proposer ended badly");
            }
        }
        for shard in &self.shards {
            shard.group.shutdown().await;
        }
        self.directory.group.shutdown().await;
        self.accounts.group.shutdown().await;
        self.journal.close().await;
    }
}

fn keep_reserve<D: LogDisk>(journal: &D, whole: bool) {
    if let Some(space) = journal.space() {
        space.guard(whole);
    }
}

/// The data directory, and what it was formed as. Before anything else is written into it.
fn identified(config: &ClusterConfig) -> Result<(DataDir, IdentityRecord), ClusterError> {
    if config.shards == 0 || config.shards > GroupId::MAX_SHARDS {
        let message = format!("{} shards cannot be; choose 1 to {}", config.shards, GroupId::MAX_SHARDS);
        return Err(ClusterError::Setting(message));
    }
    let data = DataDir::open(&config.data_dir)?;
    let wanted = IdentityRecord { node: config.node, shards: config.shards, formed: false };
    let identity = data.identify(wanted)?;
    Ok((data, identity))
}

impl<D: LogDisk> Journal for Cluster<D> {
    fn reserve(&self, event: EventId) -> Result<domain::ports::Place, JournalFault> {
        self.require_space()?;
        self.home(event).proposer().as_ref().ok_or(JournalFault::Closed)?.reserve()
    }

    fn open(&self, event: EventId) -> BoxFuture<Result<Opened, JournalFault>> {
        let asked = self.require_space().and_then(|()| match &*self.home(event).proposer() {
            Some(proposer) => proposer.open(event),
            None => Err(JournalFault::Closed),
        });
        Box::pin(async move { asked?.await.map_err(|_| JournalFault::Closed)? })
    }

    fn term(&self, event: EventId) -> Option<Term> {
        self.home(event).group.leased_term().map(Term)
    }

    fn busy(&self) -> Vec<EventId> {
        let owned = self.shards.iter().filter(|shard| shard.group.term().is_some());
        let busy = owned.flat_map(|shard| {
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
