//! Step ②: an operation on the layout, and how far the cluster has come with it. Reads actual memberships, changes none.

use std::collections::{BTreeMap, BTreeSet};

use domain::time::UnixMillis;
use serde::{Deserialize, Serialize};

use super::Targets;
use crate::raft::types::{NodeId, node_number};

/// What an operation is to bring about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum OperationKind {
    /// Even loads.
    Rebalance,
    /// A node without replicas.
    Drain(u32),
    /// The replicas of a dead node elsewhere, and the node out of the cluster.
    Remove(u32),
    /// One replica elsewhere.
    Move {
        /// Of this shard.
        shard: u16,
        /// The node that has it.
        from: u32,
        /// The node that gets it.
        to: u32,
    },
    /// The replicas of a node that is dead for long elsewhere, until it comes back.
    Replace(u32),
}

impl OperationKind {
    /// The kind in a word, as in the audit log and in answers.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Rebalance => "rebalance",
            Self::Drain(_) => "drain",
            Self::Remove(_) => "remove",
            Self::Move { .. } => "move",
            Self::Replace(_) => "replace",
        }
    }
}

/// Where an operation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum OperationState {
    /// Memberships are being changed.
    Running,
    /// All memberships are as wanted.
    Done {
        /// Since when.
        at: UnixMillis,
    },
    /// Its targets were set back.
    Aborted {
        /// When.
        at: UnixMillis,
    },
}

/// An operation on the layout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// Counts from 1 and never goes back.
    pub id: u64,
    /// What it is to bring about.
    pub kind: OperationKind,
    /// Who ordered it.
    pub by: String,
    /// When it was ordered.
    pub started_at: UnixMillis,
    /// The targets it changed, as they were: what aborting it sets back. A shard whose target was changed by others since
    /// is not in here any more.
    pub before: Targets,
    /// The targets to wait for: those it set, or what others have set for the same shards since.
    pub wanted: Targets,
    /// Where it stands.
    pub state: OperationState,
}

impl Operation {
    /// Whether it is under way.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.state == OperationState::Running
    }
}

/// The membership that a shard's group has now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Membership {
    /// Who votes; in the midst of a change, who votes before or after it.
    pub voters: BTreeSet<NodeId>,
    /// Who leads, if anyone is known to.
    pub leader: Option<NodeId>,
}

/// How far the cluster has come with an operation.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// How many shards are as wanted.
    pub done: usize,
    /// How many shards it is about.
    pub total: usize,
    /// The others, and what is missing there.
    pub waiting_for: Vec<Waiting>,
}

impl Progress {
    /// Whether nothing is missing.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.waiting_for.is_empty()
    }
}

/// What a shard lacks to be as wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Waiting {
    /// The shard.
    pub shard: u16,
    /// The nodes that are to vote and do not yet.
    pub joining: Vec<u32>,
    /// The nodes that vote and are not to.
    pub leaving: Vec<u32>,
    /// The node that is to lead: none when the right one does, or when any of the wanted will do and does.
    pub to_lead: Option<u32>,
}

/// How far the shards of `operation` are, given their memberships. A shard that nothing is known of is waited for.
#[must_use]
pub fn progress(operation: &Operation, actual: &BTreeMap<u16, Membership>) -> Progress {
    let unknown = Membership::default();
    let lacks = |(shard, wanted): (&u16, &Vec<u32>)| {
        lacking(operation, *shard, wanted, actual.get(shard).unwrap_or(&unknown))
    };
    let waiting_for: Vec<Waiting> = operation.wanted.iter().filter_map(lacks).collect();
    let total = operation.wanted.len();
    Progress { done: total - waiting_for.len(), total, waiting_for }
}

fn lacking(operation: &Operation, shard: u16, wanted: &[u32], actual: &Membership) -> Option<Waiting> {
    let voting: Vec<u32> = actual.voters.iter().map(|id| node_number(*id)).collect();
    let joining: Vec<u32> = wanted.iter().copied().filter(|number| !voting.contains(number)).collect();
    let mut leaving: Vec<u32> = voting.iter().copied().filter(|number| !wanted.contains(number)).collect();
    // Two lives of one node vote: the older is leaving.
    leaving.extend(voting.iter().enumerate().filter(|(at, n)| voting[..*at].contains(n)).map(|(_, n)| *n));
    let leads = actual.leader.map(node_number);
    let led_well = match operation.kind {
        OperationKind::Rebalance => leads.is_some() && leads == wanted.first().copied(),
        // One between two that have a replica moves nothing but the leadership.
        OperationKind::Move { to, .. } if wanted.first() == Some(&to) => leads == Some(to),
        _ => leads.is_some_and(|leader| wanted.contains(&leader)),
    };
    let to_lead = if led_well { None } else { wanted.first().copied() };
    let complete = joining.is_empty() && leaving.is_empty() && to_lead.is_none();
    (!complete).then_some(Waiting { shard, joining, leaving, to_lead })
}

#[cfg(test)]
#[path = "operation_test.rs"]
mod test;
