//! What the admin listener answers, written by the node and read by `onsale cluster`.
//!
//! Nodes have numbers here, whatever their lives; `replicas` are all copies of a group, with a vote or without. Of a group
//! that nobody is heard to lead nothing is known: it is shown as the layout wants it, with `leader: null`.

mod operation;
mod payments;

use std::collections::BTreeSet;

use cluster::placement::layout::target::Target;
use cluster::placement::layout::{AuditRecord, Layout, Member, MemberState};
use cluster::raft::types::{NodeId, node_id, node_number};
use cluster::{ClusterView, GroupId, GroupView};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use self::operation::{Memberships, OperationBody, OperationStateBody, OrderedBody, WaitingBody};
pub use self::payments::{
    PaidEventBody, PaidEventsBody, PaymentRecordBody, PaymentRow, PaymentsBody, RecordsBody,
};
use crate::http::wire::Timestamp;

/// The cluster as one node sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterBody {
    /// 32 hexadecimal digits.
    pub cluster_id: String,
    /// The node that says all this.
    pub answered_by: u32,
    /// One more with every change of nodes or of who is to have what.
    pub epoch: u64,
    /// How many voting replicas a shard gets where there are nodes enough.
    pub replication: u16,
    /// Every node that takes part or has a replica.
    pub nodes: Vec<NodeBody>,
    /// Every shard.
    pub shards: Vec<ShardBody>,
    /// Who knows the catalogue and the layout.
    pub directory: GroupBody,
    /// Who knows the accounts.
    pub accounts: GroupBody,
    /// The operations under way.
    pub operations: Vec<OperationBody>,
}

/// A node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NodeBody {
    /// Its number.
    pub id: u32,
    /// How often it has come back without its data.
    pub life: u32,
    /// Where clients reach it.
    pub http_addr: String,
    /// Where operators reach it.
    pub admin_addr: String,
    /// Where other nodes reach it.
    pub peer_addr: String,
    /// What it is to the cluster.
    pub state: NodeStateBody,
    /// Whether it was heard of within the last seconds.
    pub alive: bool,
    /// Whether it only serves HTTP.
    pub gateway: bool,
    /// Its share of the replicas, relative to the others.
    pub weight: u32,
    /// When this life of it joined.
    pub joined_at: Timestamp,
    /// The shards that it leads.
    pub leader_of: Vec<u16>,
    /// The shards that it has a copy of.
    pub replica_of: Vec<u16>,
}

/// What a node is to the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NodeStateBody {
    /// Takes part.
    Active,
    /// Takes part, but is losing its replicas or has lost them.
    Draining,
    /// Was dead for so long that its replicas were placed anew.
    Gone,
    /// Was taken out, and still has replicas to lose.
    Removed,
}

/// A shard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ShardBody {
    /// Its number.
    pub id: u16,
    /// How its group is made up.
    #[serde(flatten)]
    pub group: GroupBody,
    /// How many sales it has.
    pub events: u32,
    /// Who is to vote, the preferred leader first.
    pub wanted: Vec<u32>,
}

/// A raft group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GroupBody {
    /// Who leads it, if anyone is heard to.
    pub leader: Option<u32>,
    /// Who has a copy.
    pub replicas: Vec<u32>,
    /// Who votes.
    pub voters: Vec<u32>,
    /// Who follows without a vote.
    pub learners: Vec<u32>,
    /// The leader's term.
    pub term: u64,
    /// Index of the last entry that is committed.
    pub committed: u64,
}

/// A record of the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditBody {
    number: u64,
    at: Timestamp,
    who: String,
    what: String,
    detail: String,
}

impl ClusterBody {
    /// Cluster `id` with this layout, as node `me` sees it.
    #[must_use]
    pub fn of(id: u128, me: NodeId, layout: &Layout, view: &ClusterView) -> Self {
        let group = |group: GroupId, wanted: &Target| {
            let seen = view.groups.iter().find(|seen| seen.group == group);
            GroupBody::of(seen, wanted)
        };
        let shards = layout.targets().iter().map(|(&shard, wanted)| ShardBody {
            id: shard,
            group: group(GroupId::shard(shard), &layout.shard_target(shard)),
            events: view
                .groups
                .iter()
                .find(|seen| seen.group == GroupId::shard(shard))
                .map_or(0, |seen| seen.events),
            wanted: wanted.clone(),
        });
        let shards: Vec<ShardBody> = shards.collect();
        let directory = group(GroupId::DIRECTORY, &layout.directory_target());
        let accounts = group(GroupId::ACCOUNTS, &layout.accounts_target());
        let nodes =
            layout.members().iter().map(|(&number, member)| NodeBody::of(number, member, view, &shards));
        let has_any = |node: &NodeBody| {
            !node.replica_of.is_empty()
                || [&directory, &accounts].iter().any(|group| group.replicas.contains(&node.id))
        };
        let nodes = nodes.filter(|node| node.state != NodeStateBody::Removed || has_any(node)).collect();
        let actual = Memberships::of(view);
        let running = layout.operations().values().filter(|operation| operation.is_running());
        Self {
            cluster_id: format!("{id:032x}"),
            answered_by: node_number(me),
            epoch: layout.epoch(),
            replication: layout.replication(),
            nodes,
            operations: running.map(|operation| actual.body(operation)).collect(),
            shards,
            directory,
            accounts,
        }
    }
}

impl NodeBody {
    fn of(number: u32, member: &Member, view: &ClusterView, shards: &[ShardBody]) -> Self {
        let those = |is_so: fn(&GroupBody, u32) -> bool| {
            shards.iter().filter(|shard| is_so(&shard.group, number)).map(|shard| shard.id).collect()
        };
        let addresses = member.addresses.clone();
        Self {
            id: number,
            life: member.life,
            http_addr: addresses.http,
            admin_addr: addresses.admin,
            peer_addr: addresses.peer,
            state: member.state.into(),
            alive: view.alive.contains(&node_id(number, member.life)),
            gateway: member.gateway,
            weight: member.weight,
            joined_at: Timestamp(member.joined_at),
            leader_of: those(|group, number| group.leader == Some(number)),
            replica_of: those(|group, number| group.replicas.contains(&number)),
        }
    }
}

impl From<MemberState> for NodeStateBody {
    fn from(state: MemberState) -> Self {
        match state {
            MemberState::Active => Self::Active,
            MemberState::Draining => Self::Draining,
            MemberState::Gone => Self::Gone,
            MemberState::Removed => Self::Removed,
        }
    }
}

impl GroupBody {
    fn of(seen: Option<&GroupView>, wanted: &Target) -> Self {
        let led = seen.and_then(|seen| Some((seen, seen.leader?)));
        let (voters, learners) =
            led.map_or((&wanted.voters, &wanted.learners), |(seen, _)| (&seen.voters, &seen.learners));
        Self {
            leader: led.map(|(_, leader)| node_number(leader)),
            replicas: numbers(voters.iter().chain(learners)),
            voters: numbers(voters),
            learners: numbers(learners),
            term: seen.map_or(0, |seen| seen.term),
            committed: seen.map_or(0, |seen| seen.committed),
        }
    }
}

/// In order, and once each: two lives of a node are one node to people.
fn numbers<'a>(ids: impl IntoIterator<Item = &'a NodeId>) -> Vec<u32> {
    let numbers: BTreeSet<u32> = ids.into_iter().map(|id| node_number(*id)).collect();
    numbers.into_iter().collect()
}

impl AuditBody {
    /// Of this record.
    #[must_use]
    pub fn of(record: &AuditRecord) -> Self {
        let AuditRecord { number, at, ref who, ref what, ref detail } = *record;
        Self { number, at: Timestamp(at), who: who.clone(), what: what.clone(), detail: detail.clone() }
    }
}

#[cfg(test)]
mod test;
