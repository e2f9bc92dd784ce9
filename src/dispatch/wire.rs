//! ③ The words in which one node asks another to have commands decided, and is answered. A message
//! is a frame of [`cluster::wire`].
//!
//! Owns format 1 of both ways. Hazard: bincode writes fields and variants by position, those of the types of `domain`
//! that are named here too. Reordering, adding or removing one is another version; golden bytes in the tests say so.

use cluster::raft::types::NodeId;
use cluster::wire::{Counted, WireError, decode, encode};
use domain::event::{Caller, Command, Key, Refusal, Reply, SeatStatus};
use domain::ids::{EventId, SeatIndex};
use domain::invalid::Invalid;
use domain::time::UnixMillis;
use serde::{Deserialize, Serialize};

use super::NoReply;

/// The most commands of one request, and of one message.
pub(super) const MAX_COMMANDS: usize = 512;
/// A request's id has no more bytes.
const MAX_ID_BYTES: usize = 128;
/// The most outcomes of one message.
pub(super) const MAX_OUTCOMES: usize = 512;

/// A command with its key.
pub(super) type Keyed = (Command, Option<Key>);

/// What waits to be decided, of any number of requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Batch {
    /// The number of the first command; those behind it count on. No number comes twice in a conversation.
    pub(super) first: u64,
    /// In the order in which they came.
    pub(super) requests: Counted<Forwarded, 1, MAX_COMMANDS>,
}

/// The commands of one request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Forwarded {
    /// The event that all of them are about.
    pub(super) event: EventId,
    /// Who asks; verified by the node that took the request.
    pub(super) caller: Caller,
    /// Nothing is decided from this instant of the receiver's monotonic clock on, in its milliseconds.
    pub(super) deadline_ms: u64,
    /// The request's id.
    pub(super) id: RequestId,
    /// To be decided in this order, each for itself.
    pub(super) commands: Counted<Keyed, 1, MAX_COMMANDS>,
}

/// The id of a request: what can be seen of ASCII, or nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RequestId(Counted<u8, 0, MAX_ID_BYTES>);

impl RequestId {
    /// The id with these bytes; none where they are not one.
    pub(super) fn new(bytes: &[u8]) -> Self {
        let bytes = if bytes.iter().all(u8::is_ascii_graphic) { bytes } else { &[] };
        let kept = Counted::new(bytes.to_vec()).or_else(|| Counted::new(Vec::new()));
        Self(kept.expect("an empty list is within the bounds"))
    }

    /// As a log may show it, whoever sent it.
    pub(super) fn shown(&self) -> impl std::fmt::Display + '_ {
        self.0.as_slice().escape_ascii()
    }
}

/// What came of commands, in any order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Outcomes {
    /// So many batches more have been taken since the last message.
    pub(super) taken: u32,
    /// By the numbers of the commands.
    pub(super) each: Counted<(u64, Outcome), 0, MAX_OUTCOMES>,
}

/// What came of one command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Outcome {
    /// It was answered.
    Reply {
        /// With this.
        reply: Reply,
        /// The facts of the event that the owner had applied by then: whoever has as many shows the reply in its reads.
        facts: u64,
    },
    /// A business "no".
    Refused(Refused),
    /// The first request with its key is still running.
    InFlight,
    /// A queue is full; it had no effect.
    Overloaded,
    /// Whether it had an effect is not known.
    Unknown,
    /// It had no effect: the event is owned elsewhere.
    Moved {
        /// There, as far as is known.
        owner: Option<NodeId>,
    },
    /// It had no effect: its deadline had passed.
    Late,
}

/// A [`Refusal`] as it is written and read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Refused {
    NotFound,
    Forbidden,
    SeatUnavailable(Vec<(SeatIndex, SeatStatus)>),
    SoldOut,
    NotOnSale { opens_at: Option<UnixMillis> },
    HoldEnded,
    LimitExceeded { limit: u32 },
    KeyReused,
    AlreadyCancelled,
    NotCancellable,
    AlreadyPaid,
    Invalid { pointer: String, message: String },
    Exhausted,
    EventCancelled,
    InUse,
}

impl Batch {
    pub(super) fn encode(&self) -> Vec<u8> {
        encode(self)
    }

    /// A settlement is no request's: only the workers of the owner say how a payment went.
    pub(super) fn decode(frame: &[u8]) -> Result<Self, WireError> {
        let batch: Self = decode(frame)?;
        let settles = |(command, _): &Keyed| matches!(command, Command::SettlePayment { .. });
        let commands = || batch.requests.as_slice().iter().flat_map(|request| request.commands.as_slice());
        if commands().any(settles) {
            return Err(WireError::Body("a payment is not settled from elsewhere".to_owned()));
        }
        if commands().count() > MAX_COMMANDS {
            return Err(WireError::Body(format!("more than {MAX_COMMANDS} commands")));
        }
        if batch.first.checked_add(MAX_COMMANDS as u64).is_none() {
            return Err(WireError::Body("its commands have no numbers".to_owned()));
        }
        Ok(batch)
    }
}

impl Outcomes {
    pub(super) fn encode(&self) -> Vec<u8> {
        encode(self)
    }

    pub(super) fn decode(frame: &[u8]) -> Result<Self, WireError> {
        decode(frame)
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotFound => Self::NotFound,
            Refusal::Forbidden => Self::Forbidden,
            Refusal::SeatUnavailable(seats) => Self::SeatUnavailable(seats),
            Refusal::SoldOut => Self::SoldOut,
            Refusal::NotOnSale { opens_at } => Self::NotOnSale { opens_at },
            Refusal::HoldEnded => Self::HoldEnded,
            Refusal::LimitExceeded { limit } => Self::LimitExceeded { limit },
            Refusal::KeyReused => Self::KeyReused,
            Refusal::AlreadyCancelled => Self::AlreadyCancelled,
            Refusal::NotCancellable => Self::NotCancellable,
            Refusal::AlreadyPaid => Self::AlreadyPaid,
            Refusal::Invalid { pointer, message } => {
                Self::Invalid { pointer: pointer.to_owned(), message: message.to_owned() }
            }
            Refusal::Exhausted => Self::Exhausted,
            Refusal::EventCancelled => Self::EventCancelled,
            Refusal::InUse => Self::InUse,
        }
    }
}

impl From<Refused> for NoReply {
    fn from(refused: Refused) -> Self {
        Self::Refused(match refused {
            Refused::NotFound => Refusal::NotFound,
            Refused::Forbidden => Refusal::Forbidden,
            Refused::SeatUnavailable(seats) => Refusal::SeatUnavailable(seats),
            Refused::SoldOut => Refusal::SoldOut,
            Refused::NotOnSale { opens_at } => Refusal::NotOnSale { opens_at },
            Refused::HoldEnded => Refusal::HoldEnded,
            Refused::LimitExceeded { limit } => Refusal::LimitExceeded { limit },
            Refused::KeyReused => Refusal::KeyReused,
            Refused::AlreadyCancelled => Refusal::AlreadyCancelled,
            Refused::NotCancellable => Refusal::NotCancellable,
            Refused::AlreadyPaid => Refusal::AlreadyPaid,
            Refused::Invalid { pointer, message } => return Self::Invalid(Invalid { pointer, message }),
            Refused::Exhausted => Refusal::Exhausted,
            Refused::EventCancelled => Refusal::EventCancelled,
            Refused::InUse => Refusal::InUse,
        })
    }
}

#[cfg(test)]
#[path = "wire_test.rs"]
mod test;
