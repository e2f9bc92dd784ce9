//! Step ⑥, behind it all: brings the groups that this node leads to what the layout wants of them, one small step at a
//! time.
//!
//! The layout says what is wanted, raft says what is; every leader looks at both and takes the next step. So work goes on
//! when any node dies, whoever asked for it, and ends when the layout is set back. Owns when a step is taken; which one is
//! `placement::reconcile`'s to say.

use std::collections::{BTreeMap, BTreeSet};
use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use domain::ports::Clock;
use tokio::time::Instant;

use crate::beats::{EVERY, Lead};
use crate::here::Here;
use crate::journal::{GroupId, LogDisk};
use crate::placement::layout::decide;
use crate::placement::layout::operation::{Membership, progress};
use crate::placement::layout::target::Target;
use crate::placement::layout::{Layout, LayoutFact};
use crate::placement::reconcile::{Actual, Step, next_step};
use crate::raft::group::Group;
use crate::raft::machines::Machine;
use crate::raft::types::{Entry, NodeId, node_number};
use crate::routes::{Routes, now};

/// A node that has come back leads again when it has been there for so long: it may be about to die once more.
const LONG_ENOUGH: Duration = Duration::from_secs(5);
/// Leaderships go home one by one, so that the clients of one shard at a time notice.
const BETWEEN_HANDOVERS: Duration = Duration::from_millis(500);
/// A replica that the layout does not want is dropped when nobody has wanted it for so long.
const UNWANTED: Duration = Duration::from_secs(3);

/// How a caretaker works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Care {
    /// A node that is dead for longer has its replicas placed anew.
    pub replace_after: Duration,
    /// Replicas that may be on their way from this node at one time.
    pub moves_at_once: usize,
}

impl Default for Care {
    fn default() -> Self {
        Self { replace_after: Duration::from_secs(30 * 60), moves_at_once: 2 }
    }
}

/// Looks after the groups of a node until it is dropped.
pub(crate) struct Caretaker<D: LogDisk> {
    here: Arc<Here<D>>,
    routes: Arc<Routes<D>>,
    clock: Arc<dyn Clock>,
    care: Care,
    last_handover: Option<Instant>,
    /// Since when a replica here is wanted by nobody.
    unwanted: BTreeMap<u16, Instant>,
    /// Since when this node, leading the directory, has known of a node and not heard of it.
    missing: BTreeMap<NodeId, Instant>,
}

impl<D: LogDisk> Caretaker<D> {
    pub(crate) fn new(here: Arc<Here<D>>, routes: Arc<Routes<D>>, clock: Arc<dyn Clock>, care: Care) -> Self {
        let (unwanted, missing) = (BTreeMap::new(), BTreeMap::new());
        Self { here, routes, clock, care, last_handover: None, unwanted, missing }
    }

    /// Takes steps for as long as there are any; ends when it is dropped.
    pub(crate) async fn run(mut self) {
        let mut pause = EVERY;
        loop {
            tokio::time::sleep(pause).await;
            let layout = self.here.directory.group.read(|state| state.machine.layout.clone());
            if !layout.is_formed() {
                continue;
            }
            self.routes.keep(&self.here.members());
            if self.here.is_full() {
                self.make_way().await;
                continue;
            }
            let directory = self.here.directory.group.clone();
            self.attend(&directory, &layout.directory_target(), ready(())).await;
            if let Some(accounts) = &self.here.accounts {
                let accounts = accounts.group.clone();
                self.attend(&accounts, &layout.accounts_target(), ready(())).await;
            }
            let mut on_the_way = 0;
            for (shard, replica) in self.here.shards() {
                let target = layout.shard_target(shard);
                if replica.group.leased_term().is_some() {
                    if on_the_way < self.care.moves_at_once {
                        let settled = replica.settled();
                        on_the_way += usize::from(self.attend(&replica.group, &target, settled).await);
                    }
                } else {
                    self.forget_unwanted(shard, &target).await;
                }
            }
            // Replicas that are small catch up in no time.
            pause = if on_the_way > 0 { EVERY / 5 } else { EVERY };
            if directory.leased_term().is_some() {
                self.finish_operations(&layout).await;
                self.replace_the_dead(&layout).await;
            }
        }
    }

    /// Lets others lead what nothing can be written into here. No step can be taken meanwhile: each would have to be written.
    async fn make_way(&mut self) {
        let (able, now) = (self.routes.able_to_lead(), now());
        let later = |id, term| {
            self.routes.table().leader(id, now).is_some_and(|(_, lead): (NodeId, &Lead)| lead.term > term)
        };
        self.here.make_way(&able, later).await;
    }

    /// Takes the next step of `group`, if this node leads it; says whether a replica is on its way.
    async fn attend<M: Machine>(
        &mut self,
        group: &Group<M, D>,
        target: &Target,
        settled: impl Future<Output = ()>,
    ) -> bool {
        let (Some(_), Some(replicas)) = (group.leased_term(), group.replicas()) else { return false };
        let now = now();
        let (mut alive, staying) = {
            let table = self.routes.table();
            (table.alive(now), table.settled(LONG_ENOUGH, now))
        };
        alive.insert(self.here.me);
        let actual = Actual {
            me: self.here.me,
            voters: replicas.voters,
            joint: replicas.changing,
            learners: replicas.learners,
            caught_up: replicas.caught_up,
            alive,
        };
        let step = next_step(&actual, target);
        let taken = match step.clone() {
            Step::Nothing => return false,
            Step::Wait(_) => return true,
            Step::AddLearner(node) => group.add_learner(node).await,
            Step::SetVoters(voters) => group.set_voters(voters).await,
            Step::RemoveLearner(node) => group.remove_learner(node).await,
            Step::HandOver(to) => {
                let wanted = target.voters.contains(&self.here.me);
                let lately = self.last_handover.is_some_and(|at| now.duration_since(at) < BETWEEN_HANDOVERS);
                if wanted && (lately || !staying.contains(&to)) {
                    return false;
                }
                self.last_handover = Some(now);
                group.hand_over(to, settled).await
            }
        };
        match taken {
            Ok(()) => tracing::info!(group = %group.id, ?step, "a step towards the layout"),
            Err(error) => {
                tracing::warn!(group = %group.id, ?step, %error, "a step towards the layout failed");
            }
        }
        true
    }

    /// Drops the replica of `shard` here once neither the layout nor the shard's leader counts on it.
    async fn forget_unwanted(&mut self, shard: u16, target: &Target) {
        let (me, now) = (self.here.me, now());
        let listed = target.voters.contains(&me) || target.learners.contains(&me);
        let counted_on = match self.routes.table().leader(GroupId::shard(shard), now) {
            Some((_, lead)) => lead.voters.contains(&me) || lead.learners.contains(&me),
            None => true,
        };
        if listed || counted_on {
            self.unwanted.remove(&shard);
            return;
        }
        if now.duration_since(*self.unwanted.entry(shard).or_insert(now)) < UNWANTED {
            return;
        }
        self.unwanted.remove(&shard);
        match self.here.forget(shard).await {
            Ok(()) => tracing::info!(shard, "a replica that is no longer wanted is dropped"),
            Err(error) => {
                tracing::warn!(shard, %error, "a replica that is no longer wanted could not be dropped");
            }
        }
    }

    /// Notes down which operations have reached what they wanted.
    async fn finish_operations(&self, layout: &Layout) {
        let actual = self.routes.memberships();
        let running = layout.operations().values().filter(|operation| operation.is_running());
        for operation in running.filter(|operation| progress(operation, &actual).is_complete()) {
            let at = self.clock.read().wall;
            self.decide(|layout| decide::finish(layout, operation.id, at)).await;
        }
    }

    /// Places the replicas of nodes anew that have been dead for too long.
    async fn replace_the_dead(&mut self, layout: &Layout) {
        let now = now();
        let alive = self.routes.table().alive(now);
        let staying = layout.members().iter().filter(|(_, member)| member.takes_part() && !member.gateway);
        let members = staying.filter_map(|(number, _)| layout.id_of(*number));
        let absent: BTreeSet<NodeId> =
            members.filter(|id| *id != self.here.me && !alive.contains(id)).collect();
        self.missing.retain(|node, _| absent.contains(node));
        for node in absent {
            let since = *self.missing.entry(node).or_insert(now);
            if now.duration_since(since) >= self.care.replace_after {
                let at = self.clock.read().wall;
                self.decide(|layout| decide::replace_dead(layout, node_number(node), at)).await;
            }
        }
    }

    async fn decide<T, E: std::fmt::Debug>(
        &self,
        decide: impl FnOnce(&Layout) -> Result<(Vec<LayoutFact>, T), E>,
    ) {
        let decided = self.here.directory.update(|directory| {
            let (facts, _) = decide(&directory.layout)?;
            Ok::<_, E>(((!facts.is_empty()).then_some(Entry::Layout(facts)), ()))
        });
        match decided.await {
            Ok(Ok(())) => {}
            Ok(Err(refused)) => tracing::debug!(?refused, "the layout stays as it is"),
            Err(fault) => tracing::debug!(%fault, "the layout could not be changed now"),
        }
    }
}

impl<D: LogDisk> Routes<D> {
    /// How the shards are made up: as led here, or as heard.
    pub(crate) fn memberships(&self) -> BTreeMap<u16, Membership> {
        let known = |(leader, lead): (NodeId, Lead)| {
            (lead.group, Membership { voters: lead.voters.into_iter().collect(), leader: Some(leader) })
        };
        self.leads().into_iter().map(known).collect()
    }
}
