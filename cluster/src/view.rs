//! The cluster as one node sees it, for operators.

use std::collections::BTreeSet;

use crate::beats::Lead;
use crate::groups::Cluster;
use crate::journal::{GroupId, LogDisk};
use crate::raft::types::NodeId;
use crate::routes::now;

/// Who is alive, and how each group is made up: as heard within the last seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterView {
    /// The living nodes, this one among them.
    pub alive: BTreeSet<NodeId>,
    /// Every shard in order, then the directory and the accounts.
    pub groups: Vec<GroupView>,
}

/// A group, as its leader sees it; without a leader nothing of it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupView {
    /// Which.
    pub group: GroupId,
    /// Who leads it.
    pub leader: Option<NodeId>,
    /// In which term.
    pub term: u64,
    /// Who votes.
    pub voters: Vec<NodeId>,
    /// Who follows without a vote.
    pub learners: Vec<NodeId>,
    /// How many sales it has.
    pub events: u32,
    /// Index of the last entry that is committed.
    pub committed: u64,
}

impl<D: LogDisk> Cluster<D> {
    /// The cluster as this node sees it now.
    #[must_use]
    pub fn view(&self) -> ClusterView {
        let mut alive = self.routes.table().alive(now());
        alive.insert(self.here.me);
        let leads = self.routes.leads();
        let seen = |group: GroupId| {
            let led = leads.iter().find(|(_, lead)| lead.group == group.number());
            GroupView::of(group, led)
        };
        ClusterView { alive, groups: self.here.groups().map(seen).collect() }
    }
}

impl GroupView {
    fn of(group: GroupId, led: Option<&(NodeId, Lead)>) -> Self {
        match led {
            Some((leader, lead)) => Self {
                group,
                leader: Some(*leader),
                term: lead.term,
                voters: lead.voters.clone(),
                learners: lead.learners.clone(),
                events: lead.events,
                committed: lead.committed,
            },
            None => Self {
                group,
                leader: None,
                term: 0,
                voters: Vec::new(),
                learners: Vec::new(),
                events: 0,
                committed: 0,
            },
        }
    }
}
