//! A hold: seats set aside for a buyer until a deadline.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::charges::{self, Charges};
use crate::ids::{BookingNumber, SeatIndex, UserId};
use crate::time::UnixMillis;

/// A seat with the price it had when it was held; later changes of the price list don't touch it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PricedSeat {
    /// The seat.
    pub seat: SeatIndex,
    /// Minor units of the sale's currency.
    pub price_minor: i64,
    /// Which of the sale's price types: 0, that of adults, unless another was asked for.
    pub price_type: u8,
}

/// A live hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Whose it is.
    pub buyer: UserId,
    /// Its seats, in the order they were asked for; never empty.
    pub tickets: Arc<[PricedSeat]>,
    /// When it was made.
    pub created_at: UnixMillis,
    /// When it ends, unless a payment is under way.
    pub expires_at: UnixMillis,
    /// The booking that is being paid.
    pub paying: Option<BookingNumber>,
    /// How far a payment stretched the hold beyond its deadline; later ones stretch it no further.
    pub stretched_to: Option<UnixMillis>,
    /// The price types, fees and taxes when it was made; later changes don't touch it.
    pub charges: Option<Arc<Charges>>,
}

impl Hold {
    /// What its tickets cost with fees and taxes, minor units.
    #[must_use]
    pub fn total_minor(&self) -> i64 {
        charges::total_minor(self.charges.as_deref(), self.tickets.iter().map(|ticket| ticket.price_minor))
    }

    /// Its seats once `added` have come and `removed` are gone.
    pub(super) fn changed(&self, added: &[PricedSeat], removed: &[SeatIndex]) -> Arc<[PricedSeat]> {
        let kept = self.tickets.iter().filter(|ticket| !removed.contains(&ticket.seat));
        kept.chain(added).copied().collect()
    }

    /// Whether `seat` is among its seats.
    #[must_use]
    pub fn has(&self, seat: SeatIndex) -> bool {
        self.tickets.iter().any(|ticket| ticket.seat == seat)
    }
}
