//! Step ⑥: the one set of raft types of all groups. Owns what an entry may carry and what applying it answers.

use std::fmt;
use std::sync::Arc;

use domain::account::AccountFact;
use domain::catalogue::CatalogueFact;
use domain::event::Stamped;
use domain::ids::EventId;
use openraft::type_config::alias;
use serde::{Deserialize, Serialize};

use crate::placement::layout::LayoutFact;

/// A node of the cluster, in one of its lives: the node's number in the lower half, and in the upper half how often it
/// has come back without its data. Raft takes the lives for different nodes, so that none votes from a memory that it
/// no longer has.
pub type NodeId = u64;

/// Life `life` of node `number`; the first is life 0.
#[must_use]
pub const fn node_id(number: u32, life: u32) -> NodeId {
    (life as u64) << 32 | number as u64
}

/// The number of the node, as people know it.
#[must_use]
pub const fn node_number(id: NodeId) -> u32 {
    (id & 0xffff_ffff) as u32
}

openraft::declare_raft_types!(
    /// The types of all raft groups. A leader id is a term alone (at most one leader a term), which makes the term a
    /// fencing token.
    pub Types:
        D = Entry,
        R = Applied,
        NodeId = NodeId,
        Node = Peer,
        LeaderId = openraft::impls::leader_id_std::LeaderId<Self::Term, Self::NodeId>,
        AsyncRuntime = openraft::TokioRuntime,
);

/// Where a node can be reached.
pub type Peer = openraft::BasicNode;
/// A place in a group's log.
pub type LogId = alias::LogIdOf<Types>;
/// Who leads, or is to lead.
pub type LeaderId = alias::LeaderIdOf<Types>;
/// A node's vote.
pub type Vote = alias::VoteOf<Types>;
/// An entry of a group's log.
pub type RaftEntry = alias::EntryOf<Types>;
/// The membership and where in the log it was set.
pub type StoredMembership = alias::StoredMembershipOf<Types>;
/// What a snapshot covers.
pub type SnapshotMeta = alias::SnapshotMetaOf<Types>;

/// The log id of `index` in `term`.
#[must_use]
pub fn log_id(term: u64, index: u64) -> LogId {
    use openraft::vote::RaftLeaderId;
    // A committed leader id has no node, so any does.
    LogId::new(LeaderId::new(term, 0).to_committed(), index)
}

/// Facts of one event, in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaleBatch {
    /// Whose facts they are.
    pub event: EventId,
    /// How many facts of the event came before; where that is not so, the batch is skipped.
    pub base: u64,
    /// What happened. Shared by the log in memory, the state machine and the archive. Empty: only the base is checked.
    pub facts: Arc<[Stamped]>,
}

/// What one raft entry carries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Entry {
    /// For a shard.
    Sales(Arc<[SaleBatch]>),
    /// For the directory.
    Catalogue(Vec<CatalogueFact>),
    /// For the accounts.
    Accounts(Vec<AccountFact>),
    /// For the directory too.
    Layout(Vec<LayoutFact>),
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sales(batches) => write!(f, "{} batches of sales", batches.len()),
            Self::Catalogue(facts) => write!(f, "{} facts of the catalogue", facts.len()),
            Self::Accounts(facts) => write!(f, "{} facts of accounts", facts.len()),
            Self::Layout(facts) => write!(f, "{} facts of the layout", facts.len()),
        }
    }
}

/// What applying an entry did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Applied {
    /// All of it; or it was an entry of raft itself.
    Whole,
    /// For each batch of sales: whether its base was right and it was applied.
    Sales(Vec<bool>),
    /// Nothing: the entry is not for this kind of group.
    Foreign,
}
