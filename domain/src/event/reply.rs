//! The answers of a sale, complete enough to be rendered again, word for word, a day later.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::booking::Booking;
use super::charges::{self, Charges, Priced};
use super::hold::PricedSeat;
use crate::ids::{BookingNumber, HoldNumber, UserId};
use crate::time::UnixMillis;

/// A hold at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldView {
    /// Its number.
    pub hold: HoldNumber,
    /// Whose it is.
    pub buyer: UserId,
    /// Its seats and prices.
    pub tickets: Arc<[PricedSeat]>,
    /// When it was made.
    pub created_at: UnixMillis,
    /// When it ends.
    pub expires_at: UnixMillis,
    /// The moment of this view, in the shard's time.
    pub as_of: UnixMillis,
    /// The price types, fees and taxes when it was made.
    pub charges: Option<Arc<Charges>>,
}

impl HoldView {
    /// What its tickets cost with fees and taxes, minor units.
    #[must_use]
    pub fn total_minor(&self) -> i64 {
        charges::total_minor(self.charges.as_deref(), self.tickets.iter().map(|ticket| ticket.price_minor))
    }

    /// Price type and price of each of its tickets.
    #[must_use]
    pub fn priced(&self) -> Vec<Priced> {
        charges::priced(&self.tickets)
    }
}

/// A booking at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookingView {
    /// Its number.
    pub number: BookingNumber,
    /// Everything about it.
    pub booking: Box<Booking>,
}

/// What a command is answered with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// The hold, as the command left it.
    Hold(HoldView),
    /// The hold is gone.
    Released,
    /// The booking; all outside work for it is done.
    Booking(BookingView),
    /// The booking; its payment is still under way.
    Pending(BookingView),
    /// The means of payment was refused.
    Declined,
    /// The house's seats are as asked.
    SeatsChanged,
    /// Heard, and done what follows from it.
    Heard,
    /// Nothing is sold any more.
    Closed,
}
