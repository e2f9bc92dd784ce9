//! Step ②: the layout of the cluster: its nodes, which of them are to have which replicas, the operations that change
//! that, and who ordered them. Part of the directory's state beside the catalogue.
//!
//! [`Layout`] changes by [`LayoutFact`]s alone; [`decide`] makes them, [`target`] reads what each group should look like.
//! Hazard: all of this is what is *wanted*. Memberships are raft's, and get there step by step.

pub mod decide;
mod fact;
pub mod operation;
pub mod plan;
pub mod target;

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::time::UnixMillis;
use serde::{Deserialize, Serialize};

pub use self::fact::LayoutFact;
use self::operation::Operation;

/// For each shard the numbers of the nodes that are to have a replica, the preferred leader first.
pub type Targets = BTreeMap<u16, Vec<u32>>;

/// How many operations are kept.
const OPERATIONS_KEPT: usize = 200;
/// How many records the audit log keeps.
const AUDIT_KEPT: usize = 10_000;

/// Where a node listens, as others reach it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Addresses {
    /// For clients.
    pub http: String,
    /// For operators.
    pub admin: String,
    /// For other nodes.
    pub peer: String,
}

/// What a node is to the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum MemberState {
    /// Takes part, and gets replicas unless it is a gateway.
    Active,
    /// Takes part, but is to lose its replicas.
    Draining,
    /// Was dead for so long that its replicas were placed anew. It is active again when it comes back.
    Gone,
    /// Was taken out. Its number may join anew, as a new life.
    Removed,
}

/// A node of the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// How often it has come back without its data.
    pub life: u32,
    /// Where it listens.
    pub addresses: Addresses,
    /// Whether it only serves HTTP: no replicas, no accounts.
    pub gateway: bool,
    /// Its share of the replicas, relative to the others.
    pub weight: u32,
    /// Whether it takes part.
    pub state: MemberState,
    /// When this life of it joined.
    pub joined_at: UnixMillis,
}

impl Member {
    /// Whether it may be given replicas.
    #[must_use]
    pub fn takes_replicas(&self) -> bool {
        !self.gateway && self.state == MemberState::Active
    }

    /// Whether it follows the directory: it takes part, gateway or not.
    #[must_use]
    pub fn takes_part(&self) -> bool {
        matches!(self.state, MemberState::Active | MemberState::Draining)
    }
}

/// What was done to the cluster, by whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRecord {
    /// Counts from 1 and never goes back.
    pub number: u64,
    /// When it was ordered.
    pub at: UnixMillis,
    /// The user's name; for the cluster's own acts [`decide::CLUSTER`].
    pub who: String,
    /// The act in a word.
    pub what: String,
    /// On what, and what came of it.
    pub detail: String,
}

/// The layout of a cluster. Before the cluster is formed it is empty.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Layout {
    shards: u16,
    replication: u16,
    epoch: u64,
    members: BTreeMap<u32, Member>,
    targets: Targets,
    /// The numbers of the nodes that vote on directory and accounts, the preferred leader first.
    directory: Vec<u32>,
    operations: BTreeMap<u64, Operation>,
    last_operation: u64,
    /// Shared, so that a copy of the layout costs little.
    audit: BTreeMap<u64, Arc<AuditRecord>>,
    last_audit: u64,
}

impl Layout {
    /// Whether there is a cluster.
    #[must_use]
    pub fn is_formed(&self) -> bool {
        self.shards > 0
    }

    /// How many shards the cluster was formed with.
    #[must_use]
    pub fn shards(&self) -> u16 {
        self.shards
    }

    /// How many replicas a shard gets where there are nodes enough.
    #[must_use]
    pub fn replication(&self) -> u16 {
        self.replication
    }

    /// One more with every fact that changes nodes or targets.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Every node ever known, by its number; also those removed.
    #[must_use]
    pub fn members(&self) -> &BTreeMap<u32, Member> {
        &self.members
    }

    /// What every shard should look like.
    #[must_use]
    pub fn targets(&self) -> &Targets {
        &self.targets
    }

    /// The latest operations, by their ids.
    #[must_use]
    pub fn operations(&self) -> &BTreeMap<u64, Operation> {
        &self.operations
    }

    /// The latest records of the audit log, oldest first.
    pub fn audit(&self) -> impl DoubleEndedIterator<Item = &AuditRecord> {
        self.audit.values().map(|record| &**record)
    }

    /// The nodes that may be given replicas, with their weights.
    fn eligible(&self) -> BTreeMap<u32, u32> {
        let those = self.members.iter().filter(|(_, member)| member.takes_replicas());
        those.map(|(number, member)| (*number, member.weight)).collect()
    }
}

#[cfg(test)]
mod testing;
