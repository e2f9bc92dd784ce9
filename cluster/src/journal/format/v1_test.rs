//! Golden bytes: what was written once is read for ever. When one of these fails, the format has changed: keep the old
//! module and its bytes, and add a new version.

use std::fmt::Write as _;
use std::sync::Arc;

use domain::event::{Fact, Stamped};
use domain::ids::{EventId, HoldNumber};
use domain::time::UnixMillis;
use openraft::vote::RaftVote;

use super::super::{decode, encode, encode_bare};
use super::*;
use crate::journal::chunks;
use crate::journal::disk::{GroupId, Op};
use crate::journal::keys;
use crate::raft::types::{Entry, SaleBatch};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn stored(prefix: &[u8], first: u64, items: &[Vec<u8>]) -> String {
    let (ops, _) = chunks::pack(prefix, first, items).unwrap();
    let [Op::Put(key, value)] = &ops[..] else { panic!("one chunk was expected") };
    format!("{}={}", hex(key), hex(value))
}

fn fact() -> Stamped {
    Stamped { at: UnixMillis::new(1_700_000_000_000), fact: Fact::HoldReleased { hold: HoldNumber::new(7) } }
}

fn entries() -> Vec<RaftEntry> {
    let voters = Membership::new_with_defaults(vec![BTreeSet::from([1, 2])], [3]);
    let batch = SaleBatch { event: EventId::new(0x0102_0304), base: 5, facts: Arc::from([fact()]) };
    vec![
        RaftEntry { log_id: types::log_id(1, 40), payload: EntryPayload::Blank },
        RaftEntry { log_id: types::log_id(1, 41), payload: EntryPayload::Membership(voters) },
        RaftEntry {
            log_id: types::log_id(2, 42),
            payload: EntryPayload::Normal(Entry::Sales([batch].into())),
        },
    ]
}

#[test]
fn a_log_chunk() {
    let items: Vec<_> =
        entries().iter().map(|entry| encode_bare(&EntryRecord::from(entry)).unwrap()).collect();
    assert_eq!(stored(&keys::log(GroupId::shard(3)), 40, &items), LOG_CHUNK);
    for (item, entry) in items.iter().zip(entries()) {
        let record: EntryRecord = super::super::decode_bare(&"an entry", item).unwrap();
        assert_eq!(record.read(&"an entry").unwrap(), entry);
    }
}

const LOG_CHUNK: &str = "6c0003000000000000002800000000=0112edf4b62800000000000000000000000100000014000000010000000000000028000000000000000000000087000000010000000000000029000000000000000200000001000000000000000200000000000000010000000000000002000000000000000300000000000000010000000000000009000000000000006c6f63616c686f7374020000000000000009000000000000006c6f63616c686f7374030000000000000009000000000000006c6f63616c686f73744800000002000000000000002a00000000000000010000000000000001000000000000000403020100000000050000000000000001000000000000000068e5cf8b0100000400000007000000";

#[test]
fn an_archive_record() {
    let items = [encode_bare(&fact()).unwrap()];
    assert_eq!(stored(&keys::archive(EventId::new(0x0102_0304)), 5, &items), ARCHIVE_RECORD);
}

const ARCHIVE_RECORD: &str = "610000000001020304000000000000000500000000=0115a60b0305000000000000000000000001000000100000000068e5cf8b0100000400000007000000";

#[test]
fn a_vote() {
    let vote = Vote::from_leader_id(LeaderId::new(9, 2), true);
    let frame = encode(&VoteRecord::from(&vote), &[]).unwrap();
    assert_eq!(hex(&frame), VOTE);
    assert_eq!(Vote::from(decode::<VoteRecord>(&"a vote", &frame).unwrap()), vote);
}

const VOTE: &str = "012845ac720900000000000000020000000000000001";

#[test]
fn a_log_id() {
    let frame = encode(&IdRecord::from(types::log_id(9, 1000)), &[]).unwrap();
    assert_eq!(hex(&frame), LOG_ID);
    assert_eq!(LogId::from(decode::<IdRecord>(&"a log id", &frame).unwrap()), types::log_id(9, 1000));
}

const LOG_ID: &str = "012214df270900000000000000e803000000000000";

#[test]
fn a_snapshot_head() {
    let voters = Membership::new_with_defaults(vec![BTreeSet::from([1])], []);
    let meta = SnapshotMeta {
        last_log_id: Some(types::log_id(2, 42)),
        last_membership: StoredMembership::new(Some(types::log_id(1, 41)), voters),
    };
    let head = SnapshotHead::new(3, &meta, (5, crc32c::crc32c(b"state")));
    let frame = encode(&head, &[]).unwrap();
    assert_eq!(hex(&frame), SNAPSHOT_HEAD);
    assert_eq!(decode::<SnapshotHead>(&"a head", &frame).unwrap().meta(&"a head").unwrap(), meta);
}

const SNAPSHOT_HEAD: &str = "01c31354a103000102000000000000002a0000000000000001010000000000000029000000000000000100000000000000010000000000000001000000000000000100000000000000010000000000000009000000000000006c6f63616c686f73740500000000000000df68db66";

#[test]
fn an_identity_and_watermarks() {
    let identity = IdentityRecord { node: 1, shards: 16, formed: true };
    assert_eq!(hex(&encode(&identity, &[]).unwrap()), IDENTITY);
    let marks = WatermarksRecord { generation: 77, ends: BTreeMap::from([(3, 43)]) };
    assert_eq!(hex(&encode(&marks, &[]).unwrap()), WATERMARKS);
}

const IDENTITY: &str = "012568a90f0100000000000000100001";
const WATERMARKS: &str = "0129bfe0c24d00000000000000010000000000000003002b00000000000000";

#[test]
fn every_flipped_byte_is_found_and_named() {
    let whole = encode(&IdRecord::from(types::log_id(9, 1000)), &[]).unwrap();
    for byte in 0..whole.len() {
        for bit in 0..8 {
            let mut frame = whole.clone();
            frame[byte] ^= 1 << bit;
            let error = decode::<IdRecord>(&"the purge mark of shard-3", &frame).unwrap_err();
            assert!(error.to_string().starts_with("the purge mark of shard-3 is damaged"), "{error}");
        }
    }
    for length in 0..whole.len() {
        decode::<IdRecord>(&"a log id", &whole[..length]).unwrap_err();
    }
}
