//! Golden bytes: nodes of two versions talk to each other during an upgrade. When one of these fails, the protocol has
//! changed: keep the old module and its bytes, and add a new version.

use std::collections::BTreeSet;
use std::fmt::{Debug, Write as _};
use std::sync::Arc;

use domain::event::{Fact, Stamped};
use domain::ids::{EventId, HoldNumber};
use domain::time::UnixMillis;
use openraft::{EntryPayload, Membership};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::journal::format::FRAME_BYTES;
use crate::raft::transfer::{Asked, Gap, Sent};
use crate::raft::types::{Entry, LeaderId, Peer, SaleBatch, log_id};

const GROUP: GroupId = GroupId::shard(3);

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn vote(term: u64, committed: bool) -> Vote {
    Vote { leader_id: LeaderId { term, voted_for: 1 << 32 | 2 }, committed }
}

fn fact() -> Stamped {
    Stamped { at: UnixMillis::new(1_700_000_000_000), fact: Fact::HoldReleased { hold: HoldNumber::new(7) } }
}

fn membership() -> Membership<NodeId, Peer> {
    Membership::new_with_defaults(vec![BTreeSet::from([1, 2]), BTreeSet::from([1])], [3])
}

fn append() -> (GroupId, Append) {
    let batch = SaleBatch { event: EventId::new(0x0102_0304), base: 5, facts: Arc::from([fact()]) };
    let entry = |index, payload| RaftEntry { log_id: log_id(2, index), payload };
    let entries = vec![
        entry(40, EntryPayload::Blank),
        entry(41, EntryPayload::Membership(membership())),
        entry(42, EntryPayload::Normal(Entry::Sales([batch].into()))),
    ];
    let prev_log_id = Some(log_id(1, 39));
    (GROUP, Append { vote: vote(2, true), prev_log_id, entries, leader_commit: Some(log_id(1, 38)) })
}

fn ballot() -> (GroupId, Ballot) {
    let mut ballot = Ballot::new(vote(7, false), Some(log_id(6, 99)));
    ballot.leadership_transfer = true;
    (GROUP, ballot)
}

fn offer() -> Offer {
    let last_membership = StoredMembership::new(Some(log_id(1, 4)), membership());
    let meta = SnapshotMeta { last_log_id: Some(log_id(2, 90)), last_membership };
    Offer { group: GROUP, vote: vote(3, true), meta, bytes: 0x1234 }
}

fn appended() -> [Appended; 4] {
    [
        Ok(None),
        Ok(Some(log_id(2, 42))),
        Err(StreamAppendError::Conflict(log_id(1, 39))),
        Err(StreamAppendError::HigherVote(vote(8, false))),
    ]
}

fn transferred() -> [Transferred; 3] {
    [
        Ok(()),
        Err(TransferLeaderError::VoteChanged { expected: vote(1, true), actual: vote(2, false) }),
        Err(TransferLeaderError::LogNotFlushed { expected: Some(log_id(1, 3)), actual: None }),
    ]
}

fn sent() -> [Sent; 2] {
    let items = vec![b"first".to_vec(), Vec::new(), b"third".to_vec()];
    [Sent::Chunk(b"bytes of a file".to_vec()), Sent::Facts { event: EventId::new(9), first: 5, items }]
}

fn asked() -> [Asked; 2] {
    let gap = Gap { event: EventId::new(9), from: 5, to: 8 };
    [Asked::Facts(vec![gap]), Asked::Installed(vote(3, true))]
}

fn voted() -> Voted {
    Voted::new(vote(7, false), Some(log_id(6, 90)), true)
}

fn transfer() -> (GroupId, Transfer) {
    (GROUP, Transfer::new(vote(3, true), 5, Some(log_id(3, 17))))
}

fn is_golden<T: Message + Debug>(message: &T, golden: &str) {
    let bytes = message.encode().unwrap();
    assert_eq!(hex(&bytes), golden, "{message:?}");
    // openraft's requests do not compare; their bytes and their text do.
    let again = T::decode(&bytes).unwrap();
    assert_eq!(again.encode().unwrap(), bytes);
    assert_eq!(format!("{again:?}"), format!("{message:?}"));
}

#[test]
fn messages_of_version_1() {
    is_golden(&append(), APPEND);
    is_golden(&ballot(), BALLOT);
    is_golden(&voted(), VOTED);
    is_golden(&transfer(), TRANSFER);
    is_golden(&offer(), OFFER);
    appended().iter().zip(APPENDED).for_each(|(message, golden)| is_golden(message, golden));
    transferred().iter().zip(TRANSFERRED).for_each(|(message, golden)| is_golden(message, golden));
    sent().iter().zip(SENT).for_each(|(message, golden)| is_golden(message, golden));
    asked().iter().zip(ASKED).for_each(|(message, golden)| is_golden(message, golden));
}

#[test]
fn entries_behind_the_last_index_there_is_are_refused() {
    let (group, mut append) = append();
    append.prev_log_id = Some(log_id(1, u64::MAX));
    for entries in [append.entries.clone(), Vec::new()] {
        let bytes = (group, Append { entries, ..append.clone() }).encode().unwrap();
        let refused = <(GroupId, Append)>::decode(&bytes).unwrap_err();
        assert!(refused.to_string().contains("overflow"), "{refused}");
    }
}

const APPEND: &str = "011156a5cf03000200000000000000020000000100000001010100000000000000270000000000000001010000000000000026000000000000000300000000000000020000000000000028000000000000000000000002000000000000002900000000000000020000000200000000000000020000000000000001000000000000000200000000000000010000000000000001000000000000000300000000000000010000000000000009000000000000006c6f63616c686f7374020000000000000009000000000000006c6f63616c686f7374030000000000000009000000000000006c6f63616c686f737402000000000000002a00000000000000010000000000000001000000000000000403020100000000050000000000000001000000000000000068e5cf8b0100000400000007000000";
const BALLOT: &str = "01f746d49a03000700000000000000020000000100000000010600000000000000630000000000000001";
const VOTED: &str = "017f895ddc0700000000000000020000000100000000010106000000000000005a00000000000000";
const TRANSFER: &str =
    "01ac27c9430300030000000000000002000000010000000105000000000000000103000000000000001100000000000000";
const OFFER: &str = "01a0d1fe3c030003000000000000000200000001000000010102000000000000005a0000000000000001010000000000000004000000000000000200000000000000020000000000000001000000000000000200000000000000010000000000000001000000000000000300000000000000010000000000000009000000000000006c6f63616c686f7374020000000000000009000000000000006c6f63616c686f7374030000000000000009000000000000006c6f63616c686f73743412000000000000";
const APPENDED: [&str; 4] = [
    "0193171ab80000000000",
    "01ceb2360d000000000102000000000000002a00000000000000",
    "01a28746f10100000001000000000000002700000000000000",
    "019cd90f55020000000800000000000000020000000100000000",
];
const TRANSFERRED: [&str; 3] = [
    "019919637d00000000",
    "01e6635e7c0100000001000000000000000200000001000000010200000000000000020000000100000000",
    "01e846d9c302000000010100000000000000030000000000000000",
];
const SENT: [&str; 2] = [
    "018f8e69a7000000006279746573206f6620612066696c65",
    "0134c7e82c0100000009000000000000000500000000000000030000000000000005000000000000000500000066697273747468697264",
];
const ASKED: [&str; 2] = [
    "01469bf3ae000000000100000000000000090000000000000005000000000000000800000000000000",
    "0153b7a9a4010000000300000000000000020000000100000001",
];

/// One valid message of each kind.
fn messages() -> Vec<Vec<u8>> {
    let mut messages = vec![append().encode(), ballot().encode(), voted().encode(), transfer().encode()];
    messages.push(offer().encode());
    messages.extend(appended().iter().map(Message::encode));
    messages.extend(transferred().iter().map(Message::encode));
    messages.extend(sent().iter().map(Message::encode));
    messages.extend(asked().iter().map(Message::encode));
    messages.into_iter().map(Result::unwrap).collect()
}

/// Reads `bytes` as each kind of message; none may panic.
fn read_all(bytes: &[u8]) -> Vec<bool> {
    vec![
        <(GroupId, Append)>::decode(bytes).is_ok(),
        <(GroupId, Ballot)>::decode(bytes).is_ok(),
        Voted::decode(bytes).is_ok(),
        <(GroupId, Transfer)>::decode(bytes).is_ok(),
        Offer::decode(bytes).is_ok(),
        Appended::decode(bytes).is_ok(),
        Transferred::decode(bytes).is_ok(),
        Sent::decode(bytes).is_ok(),
        Asked::decode(bytes).is_ok(),
    ]
}

/// As an attacker would frame it.
fn framed(body: &[u8]) -> Vec<u8> {
    format::encode(&(), &[body]).unwrap()
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in vec(any::<u8>(), 0..400)) {
        prop_assert!(read_all(&bytes).iter().all(|read| !read), "a checksum was guessed");
        read_all(&framed(&bytes));
    }

    #[test]
    fn a_changed_message_is_read_as_another_or_refused(
        which in any::<Index>(),
        changes in vec((any::<Index>(), any::<u8>()), 1..6),
        length in any::<Index>(),
    ) {
        let messages = messages();
        let mut body = which.get(&messages)[FRAME_BYTES..].to_vec();
        if body.is_empty() {
            return Ok(());
        }
        for (place, value) in changes {
            let place = place.index(body.len());
            body[place] = value;
        }
        read_all(&framed(&body));
        body.truncate(length.index(body.len()));
        read_all(&framed(&body));
    }
}

#[test]
fn a_length_that_lies_allocates_nothing() {
    for message in messages() {
        let body = &message[FRAME_BYTES..];
        for at in 0..body.len().saturating_sub(8) {
            let mut body = body.to_vec();
            body[at..at + 8].copy_from_slice(&(1_u64 << 35).to_le_bytes());
            read_all(&framed(&body));
        }
    }
}

#[test]
fn a_changed_bit_or_another_version_is_refused() {
    for message in messages() {
        for at in 0..message.len() * 8 {
            let mut changed = message.clone();
            changed[at / 8] ^= 1 << (at % 8);
            assert!(read_all(&changed).iter().all(|read| !read));
        }
    }
}

#[test]
fn entries_out_of_their_place_are_refused() {
    let (group, mut message) = append();
    message.entries.remove(1);
    let bytes = (group, message).encode().unwrap();
    let error = <(GroupId, Append)>::decode(&bytes).unwrap_err().to_string();
    assert!(error.contains("entry 42 is where 41 belongs"), "{error}");
}
