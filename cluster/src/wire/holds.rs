//! Many holds in one message, and what each of them came to. docs/batch.md has every byte of it.
//!
//! Hazard: bincode writes fields and variants by position. Reordering, adding or removing one here, or in a type of
//! `domain` that is named here, is another version of the format; golden bytes in the tests say so.

use std::borrow::Cow;
use std::sync::Arc;

use domain::event::{BestWish, MAX_HOLD_TICKETS, PricedSeat, SeatStatus};
use domain::ids::{HoldNumber, SeatIndex};
use domain::time::UnixMillis;
use serde::{Deserialize, Serialize};

use super::{Counted, WireError};

/// The most holds that one message may ask for.
pub const MAX_BATCH: usize = 512;

/// The holds that a message asks for.
pub type Holds = Counted<HoldItem, 1, MAX_BATCH>;

/// What they came to, in the same order.
pub type HoldResults = Counted<HoldOutcome, 1, MAX_BATCH>;

/// Either way of the conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum HoldMessage {
    /// Set these aside, each for itself.
    Holds(Holds),
    /// What each came to.
    Results(HoldResults),
}

/// One hold that is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldItem {
    /// The first half of the SHA-256 of its Idempotency-Key, where it has one.
    pub key: Option<[u8; 16]>,
    /// Which seats.
    pub wanted: Wanted,
    /// Shorter than the sale's default.
    pub ttl_seconds: Option<u32>,
}

/// The seats that a hold is to have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Wanted {
    /// Exactly these.
    Seats(Counted<SeatIndex, 0, MAX_HOLD_TICKETS>),
    /// The best that are free.
    Best(BestWish),
}

/// What one hold came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum HoldOutcome {
    /// Held, and on disk.
    Held {
        /// Its number.
        hold: HoldNumber,
        /// Its seats and prices.
        tickets: Arc<[PricedSeat]>,
        /// When it was made.
        created_at: UnixMillis,
        /// When it ends.
        expires_at: UnixMillis,
    },
    /// Some of its seats are not to be had.
    SeatUnavailable {
        /// Which, and why.
        seats: Vec<(SeatIndex, SeatStatus)>,
    },
    /// Nothing free fits the wish.
    SoldOut,
    /// The sale has not opened, or is over.
    NotOnSale {
        /// When it opens, while that is to come.
        opens_at: Option<UnixMillis>,
    },
    /// More tickets than one customer may have.
    LimitExceeded {
        /// How many that is.
        limit: u32,
    },
    /// The key came with another request before.
    KeyReused,
    /// There is no such seat.
    NotFound,
    /// A field is outside what is allowed.
    Invalid {
        /// JSON pointer to it in the same hold written as JSON.
        pointer: Cow<'static, str>,
        /// What is allowed.
        message: Cow<'static, str>,
    },
    /// A queue is full; nothing was done, and a retry with the same key is safe.
    Overloaded,
    /// The event has no owner at the moment; a retry with the same key is safe.
    OwnerUnavailable,
}

impl HoldMessage {
    /// Its frame.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        super::encode(self)
    }

    /// The message in `frame`, all of it.
    ///
    /// # Errors
    /// [`WireError`] where a byte is wrong, missing or too many, or a list is out of bounds.
    pub fn decode(frame: &[u8]) -> Result<Self, WireError> {
        super::decode(frame)
    }
}

#[cfg(test)]
#[path = "holds_test.rs"]
mod test;
