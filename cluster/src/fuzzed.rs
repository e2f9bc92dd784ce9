//! What fuzzers feed: the decoders of this crate whose bytes come from outside. Each takes any bytes, as a whole frame and
//! as the body of a sound one, and must neither panic nor allocate what the bytes do not hold.

use futures_util::FutureExt as _;

use crate::journal::format::v1::{ChunkHead, EntryRecord};
use crate::journal::{chunks, format};
use crate::ordering::LayoutOrder;
use crate::peer::frame;
use crate::peer::hello::{self, Hello, Reply};
use crate::raft::types::Entry;
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
        let _chunk = format::decode_with_tail::<ChunkHead>(&what, &frame).is_ok();
        let rows = [(b"prefix-00000000".to_vec(), frame.clone()), (b"prefix".to_vec(), frame)];
        let _read = chunks::unpack(&what, b"prefix", &rows).len();
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
    fn first_words() {
        corpus::feed("hello", hello);
    }

    #[test]
    fn records_of_the_journal() {
        corpus::feed("journal", journal);
    }
}
