//! Step ⑥: what raft says to other nodes, format 1. Owns the bytes of every message and their translation to openraft's
//! types, so that an upgrade of openraft changes no bytes.
//!
//! A message is a frame of the journal's codec: version, CRC32C, body. Its parts are the journal's records. Hazard: the
//! bytes come from outside. A frame is read within its own length, and what was read is checked here wherever openraft
//! would take it on trust.

use std::io;

use openraft::raft::{
    AppendEntriesRequest, StreamAppendError, TransferLeaderError, TransferLeaderRequest,
    TransferLeaderResponse, VoteRequest, VoteResponse,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::types::{LogId, NodeId, RaftEntry, SnapshotMeta, StoredMembership, Types, Vote};
use crate::journal::GroupId;
use crate::journal::format::v1::{EntryRecord, IdRecord, MembershipRecord, VoteRecord};
use crate::journal::format::{self, damaged};

/// Entries for a follower, or none: a heartbeat.
pub type Append = AppendEntriesRequest<Types>;
/// What a follower says to an [`Append`]: up to where its log matches, or why it does not take it.
pub type Appended = openraft::raft::StreamAppendResult<Types>;
/// A candidate's question.
pub type Ballot = VoteRequest<Types>;
/// Its answer.
pub type Voted = VoteResponse<Types>;
/// The offer of leadership.
pub type Transfer = TransferLeaderRequest<Types>;
/// Whether it was taken.
pub type Transferred = TransferLeaderResponse<Types>;

/// A message of raft.
pub(crate) trait Message: Sized {
    /// Its bytes.
    fn encode(&self) -> io::Result<Vec<u8>>;
    /// Reads bytes from outside.
    fn decode(bytes: &[u8]) -> io::Result<Self>;
}

fn read<T: DeserializeOwned>(what: &str, bytes: &[u8]) -> io::Result<T> {
    format::decode(&what, bytes)
}

#[derive(Serialize, Deserialize)]
struct AppendRecord<E> {
    group: u16,
    vote: VoteRecord,
    previous: Option<IdRecord>,
    committed: Option<IdRecord>,
    entries: Vec<E>,
}

impl Message for (GroupId, Append) {
    fn encode(&self) -> io::Result<Vec<u8>> {
        let (group, append) = self;
        let record = AppendRecord {
            group: group.number(),
            vote: (&append.vote).into(),
            previous: append.prev_log_id.map(Into::into),
            committed: append.leader_commit.map(Into::into),
            entries: append.entries.iter().map(EntryRecord::from).collect(),
        };
        format::encode(&record, &[])
    }

    fn decode(bytes: &[u8]) -> io::Result<Self> {
        let what = "a message with entries";
        let record: AppendRecord<EntryRecord> = read(what, bytes)?;
        let entries = record.entries.into_iter().map(|entry| entry.read(&what));
        let append = Append {
            vote: record.vote.into(),
            prev_log_id: record.previous.map(Into::into),
            leader_commit: record.committed.map(Into::into),
            entries: entries.collect::<io::Result<Vec<_>>>()?,
        };
        let after = |index: u64| index.checked_add(1).ok_or_else(|| damaged(&what, "its indexes overflow"));
        let mut next = append.prev_log_id.map_or(Ok(0), |id| after(id.index))?;
        for RaftEntry { log_id, .. } in &append.entries {
            if log_id.index != next {
                return Err(damaged(&what, &format!("entry {} is where {next} belongs", log_id.index)));
            }
            next = after(next)?;
        }
        Ok((GroupId::shard(record.group), append))
    }
}

/// The last log id that `append` speaks of.
pub(crate) fn last_of(append: &Append) -> Option<LogId> {
    append.entries.last().map(|entry| entry.log_id).or(append.prev_log_id)
}

#[derive(Serialize, Deserialize)]
enum AppendedRecord {
    Matching(Option<IdRecord>),
    Conflict(IdRecord),
    HigherVote(VoteRecord),
}

impl Message for Appended {
    fn encode(&self) -> io::Result<Vec<u8>> {
        let record = match self {
            Ok(matching) => AppendedRecord::Matching(matching.map(Into::into)),
            Err(StreamAppendError::Conflict(at)) => AppendedRecord::Conflict((*at).into()),
            Err(StreamAppendError::HigherVote(vote)) => AppendedRecord::HigherVote(vote.into()),
        };
        format::encode(&record, &[])
    }

    fn decode(bytes: &[u8]) -> io::Result<Self> {
        Ok(match read("the answer to entries", bytes)? {
            AppendedRecord::Matching(matching) => Ok(matching.map(Into::into)),
            AppendedRecord::Conflict(at) => Err(StreamAppendError::Conflict(at.into())),
            AppendedRecord::HigherVote(vote) => Err(StreamAppendError::HigherVote(vote.into())),
        })
    }
}

#[derive(Serialize, Deserialize)]
struct BallotRecord {
    group: u16,
    vote: VoteRecord,
    last: Option<IdRecord>,
    leadership_transfer: bool,
}

impl Message for (GroupId, Ballot) {
    fn encode(&self) -> io::Result<Vec<u8>> {
        let (group, ballot) = self;
        let record = BallotRecord {
            group: group.number(),
            vote: (&ballot.vote).into(),
            last: ballot.last_log_id.map(Into::into),
            leadership_transfer: ballot.leadership_transfer,
        };
        format::encode(&record, &[])
    }

    fn decode(bytes: &[u8]) -> io::Result<Self> {
        let record: BallotRecord = read("the request for a vote", bytes)?;
        let mut ballot = Ballot::new(record.vote.into(), record.last.map(Into::into));
        ballot.leadership_transfer = record.leadership_transfer;
        Ok((GroupId::shard(record.group), ballot))
    }
}

#[derive(Serialize, Deserialize)]
struct VotedRecord {
    vote: VoteRecord,
    granted: bool,
    last: Option<IdRecord>,
}

impl Message for Voted {
    fn encode(&self) -> io::Result<Vec<u8>> {
        let record = VotedRecord {
            vote: (&self.vote).into(),
            granted: self.vote_granted,
            last: self.last_log_id.map(Into::into),
        };
        format::encode(&record, &[])
    }

    fn decode(bytes: &[u8]) -> io::Result<Self> {
        let record: VotedRecord = read("a vote", bytes)?;
        Ok(Self::new(Vote::from(record.vote), record.last.map(Into::into), record.granted))
    }
}

#[derive(Serialize, Deserialize)]
struct TransferRecord {
    group: u16,
    from: VoteRecord,
    to: NodeId,
    last: Option<IdRecord>,
}

impl Message for (GroupId, Transfer) {
    fn encode(&self) -> io::Result<Vec<u8>> {
        let (group, transfer) = self;
        let record = TransferRecord {
            group: group.number(),
            from: transfer.from_leader().into(),
            to: *transfer.to_node_id(),
            last: transfer.last_log_id().map(|id| (*id).into()),
        };
        format::encode(&record, &[])
    }

    fn decode(bytes: &[u8]) -> io::Result<Self> {
        let record: TransferRecord = read("an offer of leadership", bytes)?;
        let transfer = Transfer::new(record.from.into(), record.to, record.last.map(Into::into));
        Ok((GroupId::shard(record.group), transfer))
    }
}

#[derive(Serialize, Deserialize)]
enum TransferredRecord {
    Taken,
    VoteChanged { expected: VoteRecord, actual: VoteRecord },
    LogNotFlushed { expected: Option<IdRecord>, actual: Option<IdRecord> },
}

impl Message for Transferred {
    fn encode(&self) -> io::Result<Vec<u8>> {
        let record = match self {
            Ok(()) => TransferredRecord::Taken,
            Err(TransferLeaderError::VoteChanged { expected, actual }) => {
                TransferredRecord::VoteChanged { expected: expected.into(), actual: actual.into() }
            }
            Err(TransferLeaderError::LogNotFlushed { expected, actual }) => {
                let [expected, actual] = [expected, actual].map(|id| id.map(Into::into));
                TransferredRecord::LogNotFlushed { expected, actual }
            }
        };
        format::encode(&record, &[])
    }

    fn decode(bytes: &[u8]) -> io::Result<Self> {
        Ok(match read("the answer to an offer of leadership", bytes)? {
            TransferredRecord::Taken => Ok(()),
            TransferredRecord::VoteChanged { expected, actual } => {
                Err(TransferLeaderError::VoteChanged { expected: expected.into(), actual: actual.into() })
            }
            TransferredRecord::LogNotFlushed { expected, actual } => {
                let [expected, actual] = [expected, actual].map(|id| id.map(Into::into));
                Err(TransferLeaderError::LogNotFlushed { expected, actual })
            }
        })
    }
}

/// Begins the transfer of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Whose state it is.
    pub group: GroupId,
    /// The leader in whose name it is sent.
    pub vote: Vote,
    /// What it covers.
    pub meta: SnapshotMeta,
    /// The size of its file.
    pub bytes: u64,
}

#[derive(Serialize, Deserialize)]
struct OfferRecord {
    group: u16,
    vote: VoteRecord,
    last: Option<IdRecord>,
    membership_at: Option<IdRecord>,
    membership: MembershipRecord,
    bytes: u64,
}

impl Message for Offer {
    fn encode(&self) -> io::Result<Vec<u8>> {
        let membership = &self.meta.last_membership;
        let record = OfferRecord {
            group: self.group.number(),
            vote: (&self.vote).into(),
            last: self.meta.last_log_id.map(Into::into),
            membership_at: membership.log_id().map(Into::into),
            membership: membership.membership().into(),
            bytes: self.bytes,
        };
        format::encode(&record, &[])
    }

    fn decode(bytes: &[u8]) -> io::Result<Self> {
        let what = "the offer of a snapshot";
        let record: OfferRecord = read(what, bytes)?;
        let membership = record.membership.read(&what)?;
        let last_membership = StoredMembership::new(record.membership_at.map(Into::into), membership);
        Ok(Self {
            group: GroupId::shard(record.group),
            vote: record.vote.into(),
            meta: SnapshotMeta { last_log_id: record.last.map(Into::into), last_membership },
            bytes: record.bytes,
        })
    }
}

#[cfg(test)]
#[path = "wire_test.rs"]
mod test;
