//! Which facts of a sale are about one seat. Many facts name only a hold or a booking, so the fold remembers which of
//! those have the seat.

use std::collections::BTreeSet;

use crate::event::Fact;
use crate::ids::{BookingNumber, HoldNumber, SeatIndex};

/// Tells the facts about one seat from the others; to be shown every fact of the sale, in order.
#[derive(Debug, Clone)]
pub struct SeatHistory {
    seat: SeatIndex,
    holds: BTreeSet<HoldNumber>,
    bookings: BTreeSet<BookingNumber>,
}

impl SeatHistory {
    /// The history of `seat`.
    #[must_use]
    pub fn of(seat: SeatIndex) -> Self {
        Self { seat, holds: BTreeSet::new(), bookings: BTreeSet::new() }
    }

    /// Whether `fact`, the next of the sale, is about the seat.
    pub fn concerns(&mut self, fact: &Fact) -> bool {
        match fact {
            Fact::SaleOpened { .. } | Fact::SaleClosed { .. } | Fact::SalePurged => true,
            Fact::Held { hold, tickets, .. } => self.held(*hold, tickets.iter().map(|ticket| ticket.seat)),
            Fact::HoldChanged { hold, added, removed } => {
                let gone = removed.contains(&self.seat) && self.holds.remove(hold);
                self.held(*hold, added.iter().map(|ticket| ticket.seat)) || gone
            }
            Fact::HoldExtended { hold, .. } => self.holds.contains(hold),
            Fact::HoldReleased { hold } | Fact::HoldExpired { hold } => self.holds.remove(hold),
            Fact::PaymentStarted { booking, hold, .. } => {
                self.holds.contains(hold) && self.bookings.insert(*booking)
            }
            Fact::BookingMade { booking, holds, .. } => {
                holds.iter().any(|hold| self.holds.contains(hold)) && self.bookings.insert(*booking)
            }
            Fact::PaymentDeclined { booking }
            | Fact::PaymentTimedOut { booking }
            | Fact::Booked { booking, .. }
            | Fact::PaymentCaptured { booking }
            | Fact::PaymentVoided { booking }
            | Fact::RefundPaid { booking, .. }
            | Fact::PaymentAttempted { booking, .. }
            | Fact::BookingLapsed { booking }
            | Fact::PaymentActionRequired { booking, .. }
            | Fact::ChargeNamed { booking, .. }
            | Fact::PaymentLost { booking }
            | Fact::PaymentDisputed { booking, .. }
            | Fact::ContactNamed { booking, .. }
            | Fact::MetadataKept { booking, .. } => self.bookings.contains(booking),
            Fact::TicketsCancelled { seats, .. }
            | Fact::SeatsBlocked { seats }
            | Fact::SeatsUnblocked { seats }
            | Fact::SeatsKilled { seats }
            | Fact::SeatsRestored { seats } => seats.contains(&self.seat),
            Fact::TicketMoved { booking, from, to, .. } => {
                *from == self.seat && self.bookings.remove(booking)
                    || *to == self.seat && self.bookings.insert(*booking)
            }
            Fact::Answered { .. }
            | Fact::HoldAnswered { .. }
            | Fact::SaleAmended { .. }
            | Fact::DeliveriesDue { .. }
            | Fact::DeliveryEnded { .. } => false,
        }
    }

    fn held(&mut self, hold: HoldNumber, mut seats: impl Iterator<Item = SeatIndex>) -> bool {
        seats.any(|seat| seat == self.seat) && self.holds.insert(hold)
    }
}

#[cfg(test)]
mod test {
    use super::*;
    use crate::event::PricedSeat;
    use crate::ids::UserId;
    use crate::time::UnixMillis;

    fn held(hold: u32, seat: u32) -> Fact {
        Fact::Held {
            hold: HoldNumber::new(hold),
            buyer: UserId::new(1),
            tickets: [PricedSeat { seat: SeatIndex::new(seat), price_minor: 1, price_type: 0 }].into(),
            expires_at: UnixMillis::new(9),
        }
    }

    #[test]
    fn facts_that_name_only_the_hold_are_found() {
        let mut history = SeatHistory::of(SeatIndex::new(7));
        let facts = [
            held(0, 6),
            held(1, 7),
            Fact::HoldReleased { hold: HoldNumber::new(0) },
            Fact::HoldExpired { hold: HoldNumber::new(1) },
            Fact::HoldExpired { hold: HoldNumber::new(1) },
        ];
        let concerns: Vec<bool> = facts.iter().map(|fact| history.concerns(fact)).collect();
        assert_eq!(concerns, [false, true, false, true, false]);
    }
}
