//! Step ⑤: format 1 of the stored records. Owns what is on disk and its translation to openraft's types, so that an
//! upgrade of openraft cannot change stored bytes.
//!
//! Hazard: bincode stores fields by position. Reordering, adding or removing a field here, or in a type of `domain` that
//! is stored, makes old bytes unreadable: that is format 2.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::io;

use openraft::vote::{RaftLeaderId, RaftVote};
use openraft::{EntryPayload, Membership};
use serde::{Deserialize, Serialize};

use super::damaged;
use crate::raft::types::{
    self, LeaderId, LogId, NodeId, Peer, RaftEntry, SnapshotMeta, StoredMembership, Vote,
};

/// Begins a chunk of a log or of an archive.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ChunkHead {
    /// The number of the chunk's first item.
    pub(crate) first: u64,
    /// Which of its parts this is.
    pub(crate) part: u32,
    /// How many there are; 1: whole items, each behind its length. More: slices of one item.
    pub(crate) parts: u32,
}

impl ChunkHead {
    /// Its size in the store.
    pub(crate) const BYTES: usize = 16;
}

/// A log id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct IdRecord {
    term: u64,
    index: u64,
}

impl From<LogId> for IdRecord {
    fn from(id: LogId) -> Self {
        Self { term: **id.committed_leader_id(), index: id.index }
    }
}

impl From<IdRecord> for LogId {
    fn from(record: IdRecord) -> Self {
        types::log_id(record.term, record.index)
    }
}

/// A vote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct VoteRecord {
    term: u64,
    node: NodeId,
    committed: bool,
}

impl From<&Vote> for VoteRecord {
    fn from(vote: &Vote) -> Self {
        let leader = vote.leader_id();
        Self { term: leader.term(), node: *leader.node_id(), committed: vote.is_committed() }
    }
}

impl From<VoteRecord> for Vote {
    fn from(record: VoteRecord) -> Self {
        Self::from_leader_id(LeaderId::new(record.term, record.node), record.committed)
    }
}

/// Who votes and who follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MembershipRecord {
    voters: Vec<BTreeSet<NodeId>>,
    addresses: BTreeMap<NodeId, String>,
}

impl From<&Membership<NodeId, Peer>> for MembershipRecord {
    fn from(membership: &Membership<NodeId, Peer>) -> Self {
        Self {
            voters: membership.get_joint_config().clone(),
            addresses: membership.nodes().map(|(id, peer)| (*id, peer.addr.clone())).collect(),
        }
    }
}

impl MembershipRecord {
    pub(crate) fn read(self, what: &dyn Display) -> io::Result<Membership<NodeId, Peer>> {
        let peers: BTreeMap<_, _> =
            self.addresses.into_iter().map(|(id, addr)| (id, Peer { addr })).collect();
        Membership::new(self.voters, peers).map_err(|error| damaged(what, &error.to_string()))
    }
}

/// An entry of a raft log. `Facts` is what a state machine applies: owned when read, borrowed when written.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct EntryRecord<F = types::Entry> {
    id: IdRecord,
    payload: PayloadRecord<F>,
}

#[derive(Debug, Serialize, Deserialize)]
enum PayloadRecord<F> {
    Blank,
    Facts(F),
    Membership(MembershipRecord),
}

impl<'a> From<&'a RaftEntry> for EntryRecord<&'a types::Entry> {
    fn from(entry: &'a RaftEntry) -> Self {
        let payload = match &entry.payload {
            EntryPayload::Blank => PayloadRecord::Blank,
            EntryPayload::Normal(facts) => PayloadRecord::Facts(facts),
            EntryPayload::Membership(membership) => PayloadRecord::Membership(membership.into()),
        };
        Self { id: entry.log_id.into(), payload }
    }
}

impl EntryRecord {
    pub(crate) fn read(self, what: &dyn Display) -> io::Result<RaftEntry> {
        let payload = match self.payload {
            PayloadRecord::Blank => EntryPayload::Blank,
            PayloadRecord::Facts(facts) => EntryPayload::Normal(facts),
            PayloadRecord::Membership(membership) => EntryPayload::Membership(membership.read(what)?),
        };
        Ok(RaftEntry { log_id: self.id.into(), payload })
    }
}

/// Begins a snapshot file; the state follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SnapshotHead {
    /// The number of the group whose state it is.
    pub(crate) group: u16,
    last: Option<IdRecord>,
    membership_at: Option<IdRecord>,
    membership: MembershipRecord,
    /// The size of the state.
    pub(crate) state_bytes: u64,
    /// The CRC32C of the state.
    pub(crate) state_crc: u32,
}

impl SnapshotHead {
    /// `state` is the size and the CRC32C of the state.
    pub(crate) fn new(group: u16, meta: &SnapshotMeta, state: (u64, u32)) -> Self {
        Self {
            group,
            last: meta.last_log_id.map(Into::into),
            membership_at: meta.last_membership.log_id().map(Into::into),
            membership: meta.last_membership.membership().into(),
            state_bytes: state.0,
            state_crc: state.1,
        }
    }

    pub(crate) fn meta(&self, what: &dyn Display) -> io::Result<SnapshotMeta> {
        let membership = self.membership.clone().read(what)?;
        Ok(SnapshotMeta {
            last_log_id: self.last.map(Into::into),
            last_membership: StoredMembership::new(self.membership_at.map(Into::into), membership),
        })
    }
}

/// What a data directory is; written when it is formed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct IdentityRecord {
    /// Which node lives here.
    pub(crate) node: NodeId,
    /// How many shards the events are spread over.
    pub(crate) shards: u16,
    /// Every group has been formed: from now on an empty log is a lost one.
    pub(crate) formed: bool,
}

/// Which cluster a data directory belongs to, and how to find it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MemberRecord {
    /// Drawn when the cluster was formed.
    pub(crate) cluster: u128,
    /// Whether the node is one without replicas.
    pub(crate) gateway: bool,
    /// Where the other nodes listen for their peers, as far as known.
    pub(crate) peers: Vec<String>,
}

/// The ends of all logs as of one flush.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WatermarksRecord {
    /// Counts the writes of the file; the higher of its two slots holds.
    pub(crate) generation: u64,
    /// By group: one beyond the last index.
    pub(crate) ends: BTreeMap<u16, u64>,
}

#[cfg(test)]
#[path = "v1_test.rs"]
mod test;

#[cfg(test)]
#[path = "sale_test.rs"]
mod sale_test;
