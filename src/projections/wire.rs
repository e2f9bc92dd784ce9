//! ⑧ The words in which a node without a replica asks another for the seats of events, and is told how they change. A
//! message is a frame of [`cluster::wire`].
//!
//! Owns format 1 of both ways. Hazard: bincode writes fields and variants by position, those of the types of `domain`
//! that are named here too. Reordering, adding or removing one is another version; golden bytes in the tests say so.

use cluster::peer::{Lane, Service};
use cluster::wire::{Counted, WireError, decode, encode};
use domain::event::SeatStatus;
use domain::ids::{EventId, SeatIndex};
use serde::{Deserialize, Serialize};

/// The name of the service.
pub const SEATS_SERVICE: &str = "seats";
/// What the conversation is opened as.
pub(super) const SEATS: Service = Service { name: SEATS_SERVICE, lane: Lane::Commands };
/// Events that a node follows, at most, and that one message is about.
pub(super) const MAX_FOLLOWED: usize = 2_048;
/// A seat map has no more than 200,000 seats.
const MAX_PACKED_BYTES: usize = 50_000;
/// More changes than this take more bytes than all seats of the largest event.
pub(super) const MAX_CHANGES: usize = MAX_PACKED_BYTES / CHANGE_BYTES;
/// What a change takes on the wire.
pub(super) const CHANGE_BYTES: usize = 8;

/// Some events.
pub(super) type Events = Counted<EventId, 0, MAX_FOLLOWED>;

/// What the follower wants from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Wishes {
    /// No longer these.
    pub(super) leave: Events,
    /// These, each from its whole state on; also one that is followed already.
    pub(super) follow: Events,
}

/// What the source has to say, of any number of events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct News {
    /// An instant of the source's monotonic clock, in its milliseconds: all that it has said of every event so far, this
    /// message included, is how the seats were then, or later.
    pub(super) at_ms: u64,
    /// What has changed, by event.
    pub(super) each: Counted<(EventId, Said), 0, MAX_FOLLOWED>,
}

/// What is said of one event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Said {
    /// How all its seats are.
    Whole {
        /// Whether the source owns the event, until it says otherwise.
        owned: bool,
        /// The number of facts behind it.
        facts: u64,
        /// What clients see as the version.
        version: u64,
        /// How many seats; none before the sale has begun.
        seats: u32,
        /// Two bits a seat.
        packed: Counted<u8, 0, MAX_PACKED_BYTES>,
    },
    /// What is different.
    Changed {
        /// As above.
        owned: bool,
        /// From what was said last, which had so many facts.
        before: u64,
        /// As above.
        facts: u64,
        /// As above.
        version: u64,
        /// The seats with another status than before, and that status.
        seats: Counted<(SeatIndex, SeatStatus), 0, MAX_CHANGES>,
    },
    /// The source has no replica of it, and says no more.
    Gone,
}

impl Wishes {
    pub(super) fn encode(&self) -> Vec<u8> {
        encode(self)
    }

    pub(super) fn decode(frame: &[u8]) -> Result<Self, WireError> {
        decode(frame)
    }
}

impl News {
    pub(super) fn encode(&self) -> Vec<u8> {
        encode(self)
    }

    pub(super) fn decode(frame: &[u8]) -> Result<Self, WireError> {
        decode(frame)
    }
}

#[cfg(test)]
#[path = "wire_test.rs"]
mod test;
