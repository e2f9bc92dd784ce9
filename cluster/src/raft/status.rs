//! Where a group stands, for operators.

use openraft::async_runtime::WatchReceiver;

use super::group::Group;
use super::machines::Machine;
use super::types::{LogId, NodeId};
use crate::journal::{GroupId, LogDisk};

/// Where a group stands, for operators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupStatus {
    /// Which group.
    pub id: GroupId,
    /// The node that leads it, as far as this one knows.
    pub leader: Option<NodeId>,
    /// The current term.
    pub term: u64,
    /// The nodes that have a replica.
    pub replicas: Vec<NodeId>,
    /// Index of the last entry known to be committed.
    pub committed: Option<u64>,
    /// Index of the last entry applied here.
    pub applied: Option<u64>,
    /// The term of that entry. A leader that has applied one of its own term knows everything that was committed before.
    pub applied_term: Option<u64>,
    /// Index of the last entry that the newest snapshot covers.
    pub snapshot: Option<u64>,
    /// Index of the last entry purged from the log.
    pub purged: Option<u64>,
}

impl<M: Machine, D: LogDisk> Group<M, D> {
    /// Where the group stands.
    pub(crate) fn status(&self) -> GroupStatus {
        let metrics = self.raft.metrics();
        let metrics = metrics.borrow_watched();
        let index = |id: &Option<LogId>| id.map(|id| id.index);
        GroupStatus {
            id: self.id,
            leader: metrics.current_leader,
            term: metrics.current_term,
            replicas: metrics.membership_config.nodes().map(|(id, _)| *id).collect(),
            committed: index(&metrics.cluster_committed),
            applied: index(&metrics.last_applied),
            applied_term: metrics.last_applied.map(|id| id.leader_id.term),
            snapshot: index(&metrics.snapshot),
            purged: index(&metrics.purged),
        }
    }
}
