//! What the organizer decided about a sale: prices and rules, without seats.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::charges::Charges;
use crate::ids::UserId;
use crate::money::Currency;
use crate::time::UnixMillis;

/// Prices and rules of a sale, as the directory had them when the sale opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaleTerms {
    /// Who made the event: may block seats and see who holds what.
    pub organizer: UserId,
    /// The currency of every amount of the sale.
    pub currency: Currency,
    /// Minor units by category, in the order of the seat map's categories.
    pub prices_minor: Vec<i64>,
    /// Nothing is sold before.
    pub opens_at: Option<UnixMillis>,
    /// The show begins: nothing is sold from here on.
    pub starts_at: UnixMillis,
    /// How long a hold lasts unless it asks for less.
    pub hold_ms: u64,
    /// Tickets that one customer may hold and have booked, together.
    pub per_customer: Option<u32>,
    /// Who cancels, gets what back.
    pub cancellation: Cancellation,
    /// Price types, fees and taxes, where there are any; shared with the holds that were made under them.
    pub charges: Option<Arc<Charges>>,
    /// The show is put off: nobody can hold seats until it has a date again.
    pub paused: bool,
}

/// The cancellation rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancellation {
    /// No cancellation from here on.
    pub until: UnixMillis,
    /// What is kept of each ticket's price, 0 to 100.
    pub fee_percent: u8,
}

impl Cancellation {
    /// What a buyer gets back for a ticket of this price; the fee is rounded down.
    #[must_use]
    pub fn refund_minor(self, price_minor: i64) -> i64 {
        price_minor
            - price_minor / 100 * i64::from(self.fee_percent)
            - price_minor % 100 * i64::from(self.fee_percent) / 100
    }
}
