//! How much of what: the bounds of connections, calls and streams, for each lane.

use std::time::Duration;

use super::Lane;

/// No message of a stream is larger.
pub const MAX_MESSAGE_BYTES: usize = 8 << 20;
/// No name of a service is longer.
pub(crate) const MAX_NAME_BYTES: usize = 64;
/// What a peer may send ahead of the reader of one stream or call.
pub(crate) const STREAM_WINDOW: u32 = 1 << 20;
/// The same of all streams of a connection: so much that sixty readers may stand still and the rest goes on.
pub(crate) const CONNECTION_WINDOW: u32 = 64 << 20;
/// One h2 frame: larger than the default, which would cut an entry of raft into hundreds.
pub(crate) const H2_FRAME: u32 = 64 << 10;
/// All headers of a call. Ours have a path and one header of some fifty characters.
pub(crate) const HEADERS: u32 = 4 << 10;

/// A peer that says nothing for so long is asked for a sign of life.
pub(crate) const PING_EVERY: Duration = Duration::from_millis(500);
/// The same of who has called: it asks more often itself, and only what it holds here must not stay for ever.
pub(crate) const CALLER_PING_EVERY: Duration = Duration::from_secs(5);
/// The connection ends when the sign does not come within this.
pub(crate) const PING_WITHIN: Duration = Duration::from_secs(2);
/// A connection that was asked for signs of life may be silent for so long and be sound.
pub(crate) const SILENCE: Duration = Duration::from_secs(1);
/// From dialling to the end of the handshake.
pub(crate) const CONNECT_WITHIN: Duration = Duration::from_secs(2);
/// A connection that has not said by then who it is, is closed.
pub(crate) const AUTHENTICATE_WITHIN: Duration = Duration::from_secs(5);
/// After the first failure to connect, and then twice as long each time.
pub(crate) const FIRST_BACKOFF: Duration = Duration::from_millis(50);
/// And no longer: a peer that is back is soon noticed.
pub(crate) const LAST_BACKOFF: Duration = Duration::from_secs(1);

/// The bounds of a lane.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Bytes of a call's body, and of its answer's.
    pub(crate) body: usize,
    /// Calls and streams that a connection carries at a time.
    pub(crate) in_flight: usize,
}

impl Lane {
    /// Raft may send what is one entry, and an entry is as large as the largest thing that an operator can import, a
    /// venue: were there a smaller bound here, the entry would be in the log and could never be replicated. Commands are
    /// small, and many. What is large in bulk comes in chunks.
    pub(crate) fn limits(self) -> Limits {
        match self {
            Self::Raft => Limits { body: 64 << 20, in_flight: 512 },
            Self::Commands => Limits { body: 4 << 20, in_flight: 1024 },
            Self::Bulk => Limits { body: 16 << 20, in_flight: 64 },
        }
    }

    pub(crate) fn to_wire(self) -> u8 {
        match self {
            Self::Raft => 0,
            Self::Commands => 1,
            Self::Bulk => 2,
        }
    }

    pub(crate) fn from_wire(byte: u8) -> Option<Self> {
        [Self::Raft, Self::Commands, Self::Bulk].into_iter().find(|lane| lane.to_wire() == byte)
    }
}
