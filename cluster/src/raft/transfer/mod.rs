//! Step ⑥: a snapshot on its way to another node, with the archive that belongs to it. Owns what the two sides say.
//!
//! ```text
//! sending: offer, then the file in chunks ─► receiving: an unfinished file, synced, checked
//!          archived facts, as stored       ◄─ which facts its archive has not
//!                                          ─► written through, then installed
//! done                                     ◄─ installed
//! ```
//!
//! Each side waits for the other at most [`PATIENCE`]. Hazard: openraft purges the log that an installed snapshot covers.
//! So nothing is installed before every fact it covers is archived here, durably.

pub(crate) mod receiving;
pub(crate) mod sending;
pub(crate) mod throttle;

use std::io;
use std::time::Duration;

use domain::ids::EventId;
use serde::{Deserialize, Serialize};

use super::types::Vote;
use super::wire::Message;
use crate::journal::format::v1::VoteRecord;
use crate::journal::format::{self, damaged};

/// So long may the other side be silent. A large state takes its time to be read back and installed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// So long may the connection be without a sign of life.
pub(crate) const ALIVE: Duration = Duration::from_secs(10);
/// What is sent at once, about: a little less than a piece.
pub(crate) const CHUNK_BYTES: usize = 255 * 1024;

/// What follows an offer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    /// The next bytes of the file.
    Chunk(Vec<u8>),
    /// Facts as they are stored in the archive, without gaps.
    Facts {
        /// Whose they are.
        event: EventId,
        /// The number of the first.
        first: u64,
        /// Each of them.
        items: Vec<Vec<u8>>,
    },
}

#[derive(Serialize, Deserialize)]
enum SentRecord {
    /// The bytes follow.
    Chunk,
    /// The facts follow, one behind the other.
    Facts { event: EventId, first: u64, lengths: Vec<u32> },
}

impl Message for Sent {
    fn encode(&self) -> io::Result<Vec<u8>> {
        match self {
            Self::Chunk(bytes) => format::encode(&SentRecord::Chunk, &[bytes]),
            Self::Facts { event, first, items } => {
                let length = |item: &Vec<u8>| u32::try_from(item.len()).map_err(io::Error::other);
                let lengths = items.iter().map(length).collect::<io::Result<_>>()?;
                let tail: Vec<&[u8]> = items.iter().map(Vec::as_slice).collect();
                format::encode(&SentRecord::Facts { event: *event, first: *first, lengths }, &tail)
            }
        }
    }

    fn decode(bytes: &[u8]) -> io::Result<Self> {
        let what = "a part of a snapshot";
        let (record, mut tail) = format::decode_with_tail(&what, bytes)?;
        match record {
            SentRecord::Chunk => Ok(Self::Chunk(tail.to_vec())),
            SentRecord::Facts { event, first, lengths } => {
                let mut items = Vec::new();
                for length in lengths {
                    let (item, rest) = tail
                        .split_at_checked(length as usize)
                        .ok_or_else(|| damaged(&what, "a fact is cut short"))?;
                    items.push(item.to_vec());
                    tail = rest;
                }
                if !tail.is_empty() {
                    return Err(damaged(&what, "it has bytes behind its end"));
                }
                Ok(Self::Facts { event, first, items })
            }
        }
    }
}

/// Facts of an event that an archive has not: those from `from` up to before `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Gap {
    pub(crate) event: EventId,
    pub(crate) from: u64,
    pub(crate) to: u64,
}

/// What the receiver says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// The file is whole; these facts are missing, and are to be sent in this order.
    Facts(Vec<Gap>),
    /// All is installed, or is not needed: the vote that the receiver has.
    Installed(Vote),
}

#[derive(Serialize, Deserialize)]
enum AskedRecord {
    Facts(Vec<Gap>),
    Installed(VoteRecord),
}

impl Message for Asked {
    fn encode(&self) -> io::Result<Vec<u8>> {
        match self {
            Self::Facts(gaps) => format::encode(&AskedRecord::Facts(gaps.clone()), &[]),
            Self::Installed(vote) => format::encode(&AskedRecord::Installed(vote.into()), &[]),
        }
    }

    fn decode(bytes: &[u8]) -> io::Result<Self> {
        Ok(match format::decode(&"the answer to a snapshot", bytes)? {
            AskedRecord::Facts(gaps) => Self::Facts(gaps),
            AskedRecord::Installed(vote) => Self::Installed(vote.into()),
        })
    }
}

#[cfg(test)]
#[path = "transfer_test.rs"]
mod test;
