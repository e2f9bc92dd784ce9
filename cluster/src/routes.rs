//! Step ②: where an event's owner is, as far as this node knows: by its own replica, or by what the others say.
//!
//! Owns what was heard of them, and what this node says of itself. Hazard: a route is a guess that is right most of the
//! time. Whoever is asked judges for itself whether it owns the event, and says who does if it is not the one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use domain::ids::EventId;
use domain::ports::Clock;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::beats::{Beat, Lead, Table};
use crate::here::Here;
use crate::journal::{GroupId, LogDisk};
use crate::placement::ShardRing;
use crate::raft::group::Group;
use crate::raft::machines::{Machine, Shard};
use crate::raft::types::NodeId;
use crate::timekeeping::Told;

/// Who leads a group, and so owns what is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// This node, within its lease.
    Here,
    /// Another node, as far as this one knows.
    There(NodeId),
    /// Nobody that this node knows of.
    Nobody,
}

/// What a node knows of who leads what.
pub(crate) struct Routes<D: LogDisk> {
    here: Arc<Here<D>>,
    clock: Arc<dyn Clock>,
    ring: ShardRing,
    table: RwLock<Table>,
    /// Told by nodes that were asked in vain; holds until somebody says that it leads in person.
    told: Mutex<BTreeMap<GroupId, NodeId>>,
    /// When each group was led last, as this node has heard or knows itself.
    led: Mutex<BTreeMap<u16, Instant>>,
    started: Instant,
    changed: watch::Sender<u64>,
    leaving: watch::Sender<bool>,
}

impl<D: LogDisk> Routes<D> {
    pub(crate) fn new(here: Arc<Here<D>>, ring: ShardRing, clock: Arc<dyn Clock>) -> Self {
        let changed = here.changed();
        let (leaving, _) = watch::channel(false);
        let (table, told, led) = (RwLock::default(), Mutex::default(), Mutex::default());
        Self { here, clock, ring, table, told, led, started: now(), changed, leaving }
    }

    /// The group of the shard that `event` belongs to.
    pub(crate) fn group_of(&self, event: EventId) -> GroupId {
        GroupId::shard(self.ring.shard_of(event))
    }

    pub(crate) fn table(&self) -> RwLockReadGuard<'_, Table> {
        self.table.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn told(&self) -> MutexGuard<'_, BTreeMap<GroupId, NodeId>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who leads `group`.
    pub(crate) fn owner(&self, group: GroupId) -> Owner {
        let (leads, believed) = match group {
            GroupId::DIRECTORY => standing(&self.here.directory.group),
            GroupId::ACCOUNTS => self.here.accounts.as_ref().map_or((false, None), |it| standing(&it.group)),
            shard => self.here.shard(shard.number()).map_or((false, None), |it| standing(&it.group)),
        };
        if leads {
            return Owner::Here;
        }
        let others = |node: &NodeId| *node != self.here.me;
        let heard = || self.table().leader(group, now()).map(|(node, _)| node);
        let told = || self.told().get(&group).copied();
        believed.filter(others).or_else(heard).or_else(told).map_or(Owner::Nobody, Owner::There)
    }

    /// How long ago `group` was led last, as far as is known here.
    pub(crate) fn unled(&self, group: GroupId) -> Duration {
        if self.owner(group) == Owner::Here {
            return Duration::ZERO;
        }
        now().duration_since(self.led().get(&group.number()).copied().unwrap_or(self.started))
    }

    fn led(&self) -> MutexGuard<'_, BTreeMap<u16, Instant>> {
        self.led.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn are_led(&self, leads: &[Lead]) {
        let now = now();
        self.led().extend(leads.iter().map(|lead| (lead.group, now)));
    }

    /// Takes the word of a node that does not lead `group`, for who does.
    pub(crate) fn learn(&self, group: GroupId, leader: NodeId) {
        if leader != self.here.me && self.told().insert(group, leader) != Some(leader) {
            self.bump();
        }
    }

    /// Changes with every route that does.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    fn bump(&self) {
        self.changed.send_modify(|count| *count += 1);
    }

    /// Takes the beat of `node`: its routes, and the time of the shards that have a replica here.
    pub(crate) fn hear(&self, node: NodeId, beat: Beat) {
        self.are_led(&beat.leads);
        for lead in &beat.leads {
            self.told().remove(&GroupId::shard(lead.group));
        }
        self.hear_time(node, &beat);
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        if table.hear(node, beat, now()) {
            drop(table);
            self.bump();
        }
    }

    fn hear_time(&self, node: NodeId, beat: &Beat) {
        let leads: BTreeMap<u16, u64> = beat.leads.iter().map(|lead| (lead.group, lead.term)).collect();
        let times: BTreeMap<u16, &Told> = beat.times.iter().map(|told| (told.group, told)).collect();
        let reading = self.clock.read();
        for (shard, replica) in self.here.shards() {
            let said = (times.get(&shard).copied(), beat.wall, leads.get(&shard).copied());
            replica.timekeeper.hear(node, said, replica.group.term(), reading);
        }
    }

    pub(crate) fn keep(&self, members: &BTreeSet<NodeId>) {
        self.table.write().unwrap_or_else(PoisonError::into_inner).keep(members);
    }

    /// The living nodes where `group` runs, its leader first; without this one.
    pub(crate) fn replicas(&self, group: GroupId) -> Vec<NodeId> {
        let owner = self.owner(group);
        let mut replicas = self.table().runs(group, now());
        replicas.sort_by_key(|node| owner != Owner::There(*node));
        replicas
    }

    /// Whether every shard runs on one of `nodes`.
    pub(crate) fn covers(&self, nodes: &[NodeId]) -> bool {
        let (table, now) = (self.table(), now());
        let runs_here = |shard| nodes.contains(&self.here.me) && self.here.shard(shard).is_some();
        let runs = |shard| table.runs(GroupId::shard(shard), now).iter().any(|node| nodes.contains(node));
        (0..self.here.shard_count()).all(|shard| runs_here(shard) || runs(shard))
    }

    /// Every group that has a leader, as that one sees it.
    pub(crate) fn leads(&self) -> Vec<(NodeId, Lead)> {
        let groups = self.here.groups();
        let (own, now) = (self.beat().leads, now());
        let table = self.table();
        let heard = groups.filter_map(|group| {
            let own = own.iter().find(|lead| lead.group == group.number()).map(|lead| (self.here.me, lead));
            own.or_else(|| table.leader(group, now)).map(|(node, lead)| (node, lead.clone()))
        });
        heard.collect()
    }

    /// The other nodes that are there and could lead what this one does.
    pub(crate) fn able_to_lead(&self) -> BTreeSet<NodeId> {
        let mut able = self.table().settled(Duration::ZERO, now());
        able.remove(&self.here.me);
        able
    }

    /// From now on says that this node is about to stop.
    pub(crate) fn leave(&self) {
        self.leaving.send_replace(true);
    }

    /// What this node says of itself.
    pub(crate) fn beat(&self) -> Beat {
        let reading = self.clock.read();
        let shards = self.here.shards();
        let (mut leads, mut times) = (Vec::new(), Vec::new());
        for (shard, replica) in &shards {
            let events = |group: &Group<Shard, D>| group.read(|state| state.machine.sales.len());
            leads.extend(lead(&replica.group, events));
            times.push(replica.timekeeper.tell(*shard, replica.group.latest_term(), reading));
        }
        leads.extend(lead(&self.here.directory.group, |_| 0));
        leads.extend(self.here.accounts.iter().filter_map(|it| lead(&it.group, |_| 0)));
        self.are_led(&leads);
        let others = self.here.accounts.iter().map(|_| GroupId::ACCOUNTS.number());
        let runs = shards.iter().map(|(shard, _)| *shard).chain([GroupId::DIRECTORY.number()]).chain(others);
        let (leaving, full) = (*self.leaving.borrow(), self.here.is_full());
        Beat { leads, runs: runs.collect(), times, wall: reading.wall, leaving, full }
    }
}

/// Whether `group` is led here, and else by whom, as the replica here believes.
fn standing<M: Machine, D: LogDisk>(group: &Group<M, D>) -> (bool, Option<NodeId>) {
    (group.leased_term().is_some(), group.believed_leader())
}

fn lead<M: Machine, D: LogDisk>(
    group: &Group<M, D>,
    events: impl FnOnce(&Group<M, D>) -> usize,
) -> Option<Lead> {
    let term = group.leased_term()?;
    let replicas = group.replicas()?;
    Some(Lead {
        group: group.id.number(),
        term,
        voters: replicas.voters.into_iter().collect(),
        learners: replicas.learners.into_iter().collect(),
        committed: group.status().committed.unwrap_or_default(),
        events: u32::try_from(events(group)).unwrap_or(u32::MAX),
    })
}

#[allow(
    clippy::disallowed_methods,
    reason = "how long ago somebody was heard of is no fact; a simulation has this clock too"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}
