//! Operations on the layout as JSON: what an order came to, and how far an operation is.

use std::collections::BTreeMap;

use cluster::placement::layout::operation::{
    Membership, Operation, OperationKind, OperationState, Waiting, progress,
};
use cluster::placement::layout::plan::{LeaderChange, Move};
use cluster::{ClusterView, Ordered};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::wire::Timestamp;

/// What an order came to, or would come to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderedBody {
    /// Nothing was done.
    pub dry_run: bool,
    /// The operation to wait for; null where there is nothing to wait for.
    pub operation_id: Option<u64>,
    /// Replicas that move.
    #[schema(value_type = Vec<Object>)]
    pub moves: Vec<Move>,
    /// Shards that get another preferred leader.
    #[schema(value_type = Vec<Object>)]
    pub leaders: Vec<LeaderChange>,
    /// Whatever else there is to say; mostly nothing.
    pub note: String,
}

impl OrderedBody {
    /// The plan alone with `dry_run`: an operation that was not begun has no number.
    #[must_use]
    pub fn of(ordered: Ordered, dry_run: bool) -> Self {
        let Ordered { operation, plan, note } = ordered;
        let operation_id = operation.filter(|_| !dry_run);
        Self { dry_run, operation_id, moves: plan.moves, leaders: plan.leaders, note }
    }

    /// Whether nothing changes.
    #[must_use]
    pub fn changes_nothing(&self) -> bool {
        self.moves.is_empty() && self.leaders.is_empty()
    }
}

/// An operation, and how far it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OperationBody {
    /// Counts from 1.
    pub id: u64,
    /// `rebalance`, `drain`, `remove`, `move` or `replace`.
    pub kind: String,
    /// The node that is drained, removed or replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<u32>,
    /// The shard that is moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<u16>,
    /// The node that it moves away from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<u32>,
    /// The node that it moves to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<u32>,
    /// Who ordered it.
    pub by: String,
    /// When.
    pub started_at: Timestamp,
    /// Where it stands.
    pub state: OperationStateBody,
    /// When it was done or aborted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// How many shards are as wanted.
    pub done: usize,
    /// How many shards it is about.
    pub total: usize,
    /// The others, and what is missing there.
    pub waiting_for: Vec<WaitingBody>,
}

/// Where an operation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OperationStateBody {
    /// Memberships are being changed.
    Running,
    /// All memberships are as wanted.
    Done,
    /// It was set back.
    Aborted,
}

/// What a shard lacks to be as wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WaitingBody {
    /// The shard.
    pub shard: u16,
    /// The nodes that are to vote and do not yet.
    pub joining: Vec<u32>,
    /// The nodes that vote and are not to.
    pub leaving: Vec<u32>,
    /// The node that is to lead, where another one does.
    pub to_lead: Option<u32>,
}

/// The membership of every shard, as it is now.
#[derive(Debug, Clone)]
pub struct Memberships(BTreeMap<u16, Membership>);

impl Memberships {
    /// As one node sees them. The groups beside the shards do no harm: operations are about shards.
    #[must_use]
    pub fn of(view: &ClusterView) -> Self {
        let membership = |group: &cluster::GroupView| {
            let membership =
                Membership { voters: group.voters.iter().copied().collect(), leader: group.leader };
            (group.group.number(), membership)
        };
        Self(view.groups.iter().map(membership).collect())
    }

    /// `operation`, and how far it is. What is over waits for nothing, whatever others have changed since.
    #[must_use]
    pub fn body(&self, operation: &Operation) -> OperationBody {
        let (node, shard, from, to) = match operation.kind {
            OperationKind::Rebalance => (None, None, None, None),
            OperationKind::Drain(node) | OperationKind::Remove(node) | OperationKind::Replace(node) => {
                (Some(node), None, None, None)
            }
            OperationKind::Move { shard, from, to } => (None, Some(shard), Some(from), Some(to)),
        };
        let total = operation.wanted.len();
        let (state, ended_at, done, waiting_for) = match operation.state {
            OperationState::Running => {
                let progress = progress(operation, &self.0);
                (OperationStateBody::Running, None, progress.done, progress.waiting_for)
            }
            OperationState::Done { at } => (OperationStateBody::Done, Some(at), total, Vec::new()),
            OperationState::Aborted { at } => (OperationStateBody::Aborted, Some(at), 0, Vec::new()),
        };
        OperationBody {
            id: operation.id,
            kind: operation.kind.name().to_owned(),
            node,
            shard,
            from,
            to,
            by: operation.by.clone(),
            started_at: Timestamp(operation.started_at),
            state,
            ended_at: ended_at.map(Timestamp),
            done,
            total,
            waiting_for: waiting_for.into_iter().map(WaitingBody::from).collect(),
        }
    }
}

impl From<Waiting> for WaitingBody {
    fn from(waiting: Waiting) -> Self {
        let Waiting { shard, joining, leaving, to_lead } = waiting;
        Self { shard, joining, leaving, to_lead }
    }
}
