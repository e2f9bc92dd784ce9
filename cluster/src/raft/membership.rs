//! Step ⑥: who has a replica of a group, as its leader sees and changes it.
//!
//! Owns the single steps and nothing of why they are taken: that is the caretaker's. Each is given up after a while, and
//! may then have happened all the same; whoever takes steps looks at what is, not at what was asked for.

use std::collections::BTreeSet;
use std::io;
use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::planted::{self, Bug};
use openraft::async_runtime::WatchReceiver;
use openraft::vote::RaftLeaderId;
use openraft::{ChangeMembers, LogIdOptionExt};

use super::group::Group;
use super::machines::Machine;
use super::types::{NodeId, Peer, node_number};
use crate::journal::LogDisk;

/// A replica that lacks at most so many entries has caught up: the rest takes less time than an election.
const CAUGHT_UP_WITHIN: u64 = 256;

/// A change of members needs two commits; a group that cannot commit must not keep the others waiting.
const STEP_WITHIN: Duration = Duration::from_secs(5);

/// What is under way when a leadership is given away has so long to be committed.
const SETTLED_WITHIN: Duration = Duration::from_millis(500);

/// Whoever is asked to lead needs one round of votes.
const TAKEN_WITHIN: Duration = Duration::from_millis(750);

/// The replicas of a group that this node leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Replicas {
    /// Who votes; while a change is under way, before and after it.
    pub(crate) voters: BTreeSet<NodeId>,
    /// Whether such a change is under way.
    pub(crate) changing: bool,
    /// Who follows without a vote.
    pub(crate) learners: BTreeSet<NodeId>,
    /// Who has all of the log but the last few entries.
    pub(crate) caught_up: BTreeSet<NodeId>,
}

impl<M: Machine, D: LogDisk> Group<M, D> {
    /// The replicas; `None` unless this node leads.
    pub(crate) fn replicas(&self) -> Option<Replicas> {
        let metrics = self.raft.metrics();
        let metrics = metrics.borrow_watched();
        let replication = metrics.replication.as_ref()?;
        let membership = metrics.membership_config.membership();
        let voters: BTreeSet<NodeId> = membership.voter_ids().collect();
        let committed = metrics.cluster_committed.next_index();
        let near = |matched: u64| matched.saturating_add(CAUGHT_UP_WITHIN) >= committed;
        let caught_up = replication.iter().filter(|(_, matched)| near(matched.next_index()));
        Some(Replicas {
            changing: membership.get_joint_config().len() > 1
                || metrics.membership_config != metrics.committed_membership_config,
            learners: membership.nodes().map(|(id, _)| *id).filter(|id| !voters.contains(id)).collect(),
            caught_up: caught_up.map(|(id, _)| *id).chain([self.node]).collect(),
            voters,
        })
    }

    /// Lets `node` follow without a vote.
    pub(crate) async fn add_learner(&self, node: NodeId) -> io::Result<()> {
        within(self.raft.add_learner(node, Peer::default(), false)).await
    }

    /// Gives the votes to `voters`, all of which follow already, in one step; who had one before and has none now is no
    /// member any more.
    pub(crate) async fn set_voters(&self, voters: BTreeSet<NodeId>) -> io::Result<()> {
        within(self.raft.change_membership(ChangeMembers::ReplaceAllVoters(voters), false)).await
    }

    /// Lets go of `node`, which has no vote.
    pub(crate) async fn remove_learner(&self, node: NodeId) -> io::Result<()> {
        let change = ChangeMembers::RemoveNodes(BTreeSet::from([node]));
        within(self.raft.change_membership(change, false)).await
    }

    /// Asks `to` to lead from now on, once `settled` says that nothing is under way any more. Until somebody leads in a
    /// later term this node says of itself that it does not lead: what comes meanwhile waits for whoever will, instead of
    /// failing here.
    pub(crate) async fn hand_over(&self, to: NodeId, settled: impl Future<Output = ()>) -> io::Result<()> {
        let Some(term) = self.term() else { return Ok(()) };
        if !planted::is(Bug::ServeWhileYielding) {
            self.yielded.store(term, Ordering::Release);
        }
        if tokio::time::timeout(SETTLED_WITHIN, settled).await.is_err() {
            self.yielded.store(0, Ordering::Release);
            return Err(io::Error::new(io::ErrorKind::TimedOut, "what is under way does not come to an end"));
        }
        self.raft.trigger().transfer_leader(to).await.map_err(io::Error::other)?;
        if tokio::time::timeout(TAKEN_WITHIN, self.led_later_than(term)).await.is_ok() {
            return Ok(());
        }
        // Whoever was asked has died, say. A leader that has begun to give its leadership away cannot take it back, and
        // the others would take their time over an election: so another one is asked.
        let able = self
            .replicas()
            .into_iter()
            .flat_map(|them| them.caught_up.intersection(&them.voters).copied().collect::<Vec<_>>());
        if let Some(other) = able.into_iter().find(|other| *other != to && *other != self.node) {
            self.raft.trigger().transfer_leader(other).await.map_err(io::Error::other)?;
        }
        Err(io::Error::new(io::ErrorKind::TimedOut, format!("node {} did not take over", node_number(to))))
    }

    /// Returns when this replica knows of a later term.
    async fn led_later_than(&self, term: u64) {
        let mut changes = self.raft.server_metrics();
        while changes.borrow_watched().vote.leader_id().term() <= term {
            if changes.changed().await.is_err() {
                return;
            }
        }
    }
}

async fn within<T, E: std::fmt::Display>(step: impl Future<Output = Result<T, E>>) -> io::Result<()> {
    match tokio::time::timeout(STEP_WITHIN, step).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(io::Error::other(error.to_string())),
        Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "the group did not commit it in time")),
    }
}
