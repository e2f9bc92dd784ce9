//! What fuzzers feed: the decoders of this crate whose bytes come from outside. Each takes any bytes, as a whole frame and
//! as the body of a sound one, and must neither panic nor allocate what the bytes do not hold.

use futures_util::FutureExt as _;

use crate::journal::format::v1::{ChunkHead, EntryRecord};
use crate::journal::{GroupId, chunks, format, keys};
use crate::ordering::LayoutOrder;
use crate::peer::frame;
use crate::peer::hello::{self, Hello, Reply};
use crate::raft::transfer::{Asked, Sent};
use crate::raft::types::Entry;
use crate::raft::wire::{Append, Appended, Ballot, Message, Offer, Transfer, Transferred, Voted};
use crate::wire::{HoldMessage, decode};

/// The version of frames.
const VERSION: u8 = 1;

/// A sound frame around `body`; frames of all kinds begin alike.
#[must_use]
pub fn sealed(body: &[u8]) -> Vec<u8> {
    let crc = crc32c::crc32c_append(crc32c::crc32c(&[VERSION]), body);
    [&[VERSION][..], &crc.to_le_bytes(), body].concat()
}

/// Messages of partners and of nodes: batches of holds.
pub fn wire(bytes: &[u8]) {
    for frame in [bytes.to_vec(), sealed(bytes)] {
        if let Ok(message) = HoldMessage::decode(&frame) {
            assert_eq!(HoldMessage::decode(&message.encode()).as_ref(), Ok(&message));
        }
        let _read = decode::<Vec<(u64, String)>>(&frame).is_ok();
    }
}

/// What services say to each other.
pub fn peer(bytes: &[u8]) {
    for frame in [bytes.to_vec(), sealed(bytes)] {
        let _read = frame::decode::<LayoutOrder>("an order", VERSION, &frame.into()).is_ok();
    }
}

/// What the replicas of a group say to each other.
pub fn raft(bytes: &[u8]) {
    for frame in [bytes.to_vec(), sealed(bytes)] {
        read::<(GroupId, Append)>(&frame);
        read::<Appended>(&frame);
        read::<(GroupId, Ballot)>(&frame);
        read::<Voted>(&frame);
        read::<(GroupId, Transfer)>(&frame);
        read::<Transferred>(&frame);
        read::<Offer>(&frame);
        read::<Sent>(&frame);
        read::<Asked>(&frame);
    }
}

fn read<T: Message>(frame: &[u8]) {
    if let Ok(message) = T::decode(frame) {
        let again = message.encode().expect("what was read can be written");
        assert!(T::decode(&again).is_ok(), "what was written can be read");
    }
}

/// The first words on a connection.
pub fn hello(bytes: &[u8]) {
    let received =
        hello::receive(&mut &*bytes).now_or_never().expect("bytes that are there are not waited for");
    if let Ok(Some(record)) = received {
        let _read = (record.read::<Hello>(), record.read::<Reply>());
    }
}

/// What is read back from disk, or out of another node's log.
pub fn journal(bytes: &[u8]) {
    let what = "a record";
    for frame in [bytes.to_vec(), sealed(bytes)] {
        let _entry =
            format::decode::<EntryRecord<Entry>>(&what, &frame).map(|record| record.read(&what).is_ok());
        // Each lies where it says that it does, or else nothing behind its head would be read.
        let head = format::decode_with_tail::<ChunkHead>(&what, &frame).map(|(head, _)| head);
        let (first, part) = head.map_or((0, 0), |head| (head.first, head.part));
        let (here, odd) = (keys::chunk(b"prefix", first, part), b"prefix".to_vec());
        for rows in [vec![(here.clone(), frame.clone())], vec![(odd, frame.clone()), (here, frame)]] {
            let _read = chunks::unpack(&what, b"prefix", &rows).len();
        }
    }
}

#[cfg(test)]
#[path = "../../fuzz/corpus.rs"]
mod corpus;

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn frames_of_holds() {
        corpus::feed("wire", wire);
    }

    #[test]
    fn frames_of_services() {
        corpus::feed("peer", peer);
    }

    #[test]
    fn frames_of_replicas() {
        corpus::feed("raft", raft);
    }

    #[test]
    fn first_words() {
        corpus::feed("hello", hello);
    }

    #[test]
    fn records_of_the_journal() {
        corpus::feed("journal", journal);
    }
}
