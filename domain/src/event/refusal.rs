//! The business "no": a value, with a stable code. What broke is a fault and lives elsewhere.

use super::seats::SeatStatus;
use crate::ids::SeatIndex;
use crate::time::UnixMillis;

/// Why a command changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such thing, or the caller may not see it.
    NotFound,
    /// The caller may see but not do this.
    Forbidden,
    /// Some of the seats asked for are not to be had.
    SeatUnavailable(Vec<(SeatIndex, SeatStatus)>),
    /// Nothing free fits the wish.
    SoldOut,
    /// The sale has not opened, or is over.
    NotOnSale {
        /// When it opens, while that is to come.
        opens_at: Option<UnixMillis>,
    },
    /// The hold has expired, was released or was booked.
    HoldEnded,
    /// More tickets than one customer may have.
    LimitExceeded {
        /// How many that is.
        limit: u32,
    },
    /// The key came with another request before.
    KeyReused,
    /// It is cancelled already.
    AlreadyCancelled,
    /// The cancellation rule says no, or its payment is under way.
    NotCancellable,
    /// The hold is being paid.
    AlreadyPaid,
    /// A field is outside what is allowed.
    Invalid {
        /// JSON pointer into the request.
        pointer: &'static str,
        /// What is allowed.
        message: &'static str,
    },
    /// The event has used up its two thousand million numbers of holds or bookings.
    Exhausted,
    /// The event will not take place.
    EventCancelled,
    /// Bookings refer to it.
    InUse,
}

impl Refusal {
    /// The stable code that clients see.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "not-found",
            Self::Forbidden => "forbidden",
            Self::SeatUnavailable(_) => "seat-unavailable",
            Self::SoldOut => "sold-out",
            Self::NotOnSale { .. } => "not-on-sale",
            Self::HoldEnded => "hold-expired",
            Self::LimitExceeded { .. } => "limit-exceeded",
            Self::KeyReused => "idempotency-key-reused",
            Self::AlreadyCancelled => "already-cancelled",
            Self::NotCancellable => "not-cancellable",
            Self::AlreadyPaid => "already-paid",
            Self::Invalid { .. } => "validation-failed",
            Self::Exhausted => "overloaded",
            Self::EventCancelled => "event-cancelled",
            Self::InUse => "in-use",
        }
    }

    /// Whether it may rest on a fact that is not committed yet and so leaves at once; every other answer waits for
    /// the last fact decided before it.
    #[must_use]
    pub const fn may_be_spurious(&self) -> bool {
        matches!(self, Self::SeatUnavailable(_) | Self::SoldOut)
    }
}
