//! The raft groups that run on this node: the directory on every node, the accounts on those that store anything, and
//! the shards of which there is a replica here.
//!
//! Owns their lives, and nothing of who should have which: a shard begins to run when its leader first sends something,
//! and ends when the caretaker has seen that it is no longer wanted. Hazard: a group that is started is taken for a blank
//! replica if its log is empty. That is safe because it has no vote in the group before the leader has brought its log up
//! to date, and because a node that lost its log comes back as another one.

use std::collections::BTreeSet;
use std::io;
use std::sync::{Arc, PoisonError, RwLock};

use domain::ports::Clock;
use futures_util::future::try_join_all;
use tokio::sync::watch;

use crate::error::ClusterError;
use crate::journal::{GroupId, LogDisk, OnFatal, Space};
use crate::raft::accounts::Registers;
use crate::raft::directory::Directory;
use crate::raft::group::{Group, GroupContext};
use crate::raft::machines::{Machine, Shard};
use crate::raft::types::{NodeId, node_number};
use crate::registrar::Registrar;
use crate::shard_here::ShardHere;
use crate::thread::Place;
use crate::updater::Updater;

/// What the groups need to begin.
pub(crate) struct Beginning<D> {
    pub(crate) context: GroupContext<D>,
    pub(crate) place: Place,
    pub(crate) shards: u16,
    pub(crate) queue_capacity: usize,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) on_fatal: OnFatal,
    /// No shards, no accounts.
    pub(crate) gateway: bool,
    /// The cluster begins with this node: it is to be the only member of every group.
    pub(crate) forming: bool,
    /// The directory was here once: an empty one has lost it.
    pub(crate) formed: bool,
}

/// The running groups of a node.
pub(crate) struct Here<D: LogDisk> {
    pub(crate) me: NodeId,
    pub(crate) directory: Updater<Directory, D>,
    pub(crate) accounts: Option<Registrar<D>>,
    shards: Vec<RwLock<Option<Arc<ShardHere<D>>>>>,
    /// One shard is started or stopped at a time.
    turn: tokio::sync::Mutex<()>,
    beginning: Beginning<D>,
    changed: watch::Sender<u64>,
}

impl<D: LogDisk> Here<D> {
    /// Starts the groups that are on the disk, or all of them where the cluster begins here; leads those in which this
    /// node is alone, and returns when everything that was ever committed in them is applied.
    pub(crate) async fn begin(beginning: Beginning<D>) -> Result<Self, ClusterError> {
        let (changed, _) = watch::channel(0);
        let (context, forming) = (&beginning.context, beginning.forming);
        let wanted = (0..beginning.shards).filter(|shard| {
            !beginning.gateway && (forming || context.disk.watermark(GroupId::shard(*shard)).is_some())
        });
        let start_shard =
            |shard| started::<Shard, D>(GroupId::shard(shard), context, forming, &beginning.place);
        let accounts = async {
            if beginning.gateway {
                return Ok(None);
            }
            started::<Registers, D>(GroupId::ACCOUNTS, context, forming, &beginning.place).await.map(Some)
        };
        let (shards, directory, accounts) = tokio::try_join!(
            try_join_all(wanted.map(start_shard)),
            started::<Directory, D>(GroupId::DIRECTORY, context, forming, &beginning.place),
            accounts,
        )?;
        if beginning.formed && !directory.is_formed().await? {
            let what = format!("the log of {} is empty although the cluster was formed", directory.id);
            return Err(ClusterError::Damaged { what });
        }
        let accounts = {
            let _there = beginning.place.enter();
            accounts.map(|group| Registrar::start(group, beginning.queue_capacity))
        };
        let here = Self {
            me: context.node,
            directory: Updater::new(directory),
            accounts,
            shards: (0..beginning.shards).map(|_| RwLock::default()).collect(),
            turn: tokio::sync::Mutex::default(),
            changed,
            beginning,
        };
        here.watch(&here.directory.group);
        here.accounts.iter().for_each(|accounts| here.watch(&accounts.group));
        shards.into_iter().for_each(|group| drop(here.take_in(group)));
        Ok(here)
    }

    /// Changes whenever a group has another leader, as far as this node knows.
    pub(crate) fn changed(&self) -> watch::Sender<u64> {
        self.changed.clone()
    }

    /// Changes whenever something is applied here.
    pub(crate) fn progress(&self) -> watch::Receiver<u64> {
        self.beginning.context.progress.subscribe()
    }

    /// Every group of the cluster, running here or not.
    pub(crate) fn groups(&self) -> impl Iterator<Item = GroupId> {
        let shards = (0..self.beginning.shards).map(GroupId::shard);
        shards.chain([GroupId::DIRECTORY, GroupId::ACCOUNTS])
    }

    /// How many shards the cluster has.
    pub(crate) fn shard_count(&self) -> u16 {
        self.beginning.shards
    }

    /// Where `node` listens for its peers, as the layout says.
    pub(crate) fn address_of(&self, node: NodeId) -> Option<String> {
        self.directory.group.read(|state| {
            let (layout, number) = (&state.machine.layout, node_number(node));
            let member = layout.members().get(&number).filter(|_| layout.id_of(number) == Some(node))?;
            Some(member.addresses.peer.clone())
        })
    }

    /// The ids of all nodes of the cluster, as the layout says.
    pub(crate) fn members(&self) -> BTreeSet<NodeId> {
        self.directory.group.read(|state| {
            let layout = &state.machine.layout;
            layout.members().keys().filter_map(|number| layout.id_of(*number)).collect()
        })
    }

    /// The replica of `shard`, where there is one.
    pub(crate) fn shard(&self, shard: u16) -> Option<Arc<ShardHere<D>>> {
        let slot = self.shards.get(usize::from(shard))?;
        slot.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Every replica of a shard, in order.
    pub(crate) fn shards(&self) -> Vec<(u16, Arc<ShardHere<D>>)> {
        let slots = (0..).zip(&self.shards);
        slots.filter_map(|(shard, _)| Some((shard, self.shard(shard)?))).collect()
    }

    /// Whether there is no space on the disk of this node.
    pub(crate) fn is_full(&self) -> bool {
        self.beginning.context.disk.space().is_some_and(Space::is_full)
    }

    /// Whether every shard has a replica here.
    pub(crate) fn has_every_shard(&self) -> bool {
        (0..self.beginning.shards).all(|shard| self.shard(shard).is_some_and(|it| it.group.is_whole()))
    }

    /// Whether the layout wants a replica of `shard` here.
    pub(crate) fn wants(&self, shard: u16) -> bool {
        let target = self.directory.group.read(|state| state.machine.layout.shard_target(shard));
        target.voters.contains(&self.me) || target.learners.contains(&self.me)
    }

    /// The replica of `shard`, which begins to run if it does not yet.
    pub(crate) async fn start(&self, shard: u16) -> io::Result<Arc<ShardHere<D>>> {
        if self.beginning.gateway || usize::from(shard) >= self.shards.len() {
            return Err(io::Error::other(format!("shard {shard} has no place on this node")));
        }
        let _turn = self.turn.lock().await;
        if let Some(running) = self.shard(shard) {
            return Ok(running);
        }
        let (id, context) = (GroupId::shard(shard), self.beginning.context.clone());
        let group = self.beginning.place.run(async move { Group::open(id, &context).await }).await??;
        Ok(self.take_in(group))
    }

    /// Stops the replica of `shard` and drops what it stored but for its vote, which it must not forget.
    pub(crate) async fn forget(&self, shard: u16) -> io::Result<()> {
        let _turn = self.turn.lock().await;
        let slot = &self.shards[usize::from(shard)];
        let Some(replica) = slot.write().unwrap_or_else(PoisonError::into_inner).take() else {
            return Ok(());
        };
        // The group first: what is under way here may never be settled by those who have gone on without this replica.
        replica.group.shutdown().await;
        replica.close().await;
        self.beginning.context.erase(GroupId::shard(shard)).await
    }

    /// Settles what is queued and stops every group.
    pub(crate) async fn shutdown(&self) {
        let shards = self.shards();
        for (_, replica) in &shards {
            replica.close().await;
        }
        for (_, replica) in &shards {
            replica.group.shutdown().await;
        }
        self.directory.group.shutdown().await;
        if let Some(accounts) = &self.accounts {
            accounts.close().await;
            accounts.group.shutdown().await;
        }
    }

    /// While the guard lives, what the caller spawns runs beside the groups.
    pub(crate) fn enter(&self) -> tokio::runtime::EnterGuard<'_> {
        self.beginning.place.enter()
    }

    fn take_in(&self, group: Group<Shard, D>) -> Arc<ShardHere<D>> {
        self.watch(&group);
        let _there = self.enter();
        let number = usize::from(group.id.number());
        let Beginning { clock, queue_capacity, .. } = &self.beginning;
        let replica = Arc::new(ShardHere::begin(self.me, group, clock, *queue_capacity));
        *self.shards[number].write().unwrap_or_else(PoisonError::into_inner) = Some(replica.clone());
        replica
    }

    /// From now on a group that stops without being asked to is the end of this node.
    fn watch<M: Machine>(&self, group: &Group<M, D>) {
        let _there = self.enter();
        let (group, on_fatal, changed) =
            (group.clone(), self.beginning.on_fatal.clone(), self.changed.clone());
        tokio::spawn(async move {
            let stopped = group.stopped(|| changed.send_modify(|count| *count += 1)).await;
            if let Some(why) = stopped {
                on_fatal(why);
            }
        });
    }
}

/// Starts a group in a task of its own.
async fn started<M: Machine, D: LogDisk>(
    id: GroupId,
    context: &GroupContext<D>,
    forming: bool,
    place: &Place,
) -> Result<Group<M, D>, ClusterError> {
    let context = context.clone();
    let start = async move {
        let group = Group::open(id, &context).await?;
        if forming && !group.is_formed().await? {
            group.form().await?;
        }
        group.lead_alone().await?;
        Ok::<_, ClusterError>(group)
    };
    place.run(start).await?
}
