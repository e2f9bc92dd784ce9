//! ⑥ What facts do to bookings, and to the holds that they are made of.
//!
//! As total and pure as the rest of [`apply`](super::apply()). Hazard: while a hold is being paid, its deadline is that
//! of its booking, so whatever moves the one has to file the other again.

use super::booking::{Booking, TicketCode};
use super::command::Key;
use super::hold::Hold;
use super::payment::{NextAction, Payment, PaymentMethod};
use super::reply::Reply;
use super::sale::{Answer, Remembered, Sale};
use super::seats::Claim;
use crate::ids::{BookingNumber, HoldNumber, SeatIndex};
use crate::time::UnixMillis;

/// What a booking begins with.
pub(super) struct Begun<'a> {
    pub(super) booking: BookingNumber,
    pub(super) holds: &'a [HoldNumber],
    pub(super) payment: Payment,
    pub(super) one_call: bool,
    pub(super) pays_later: bool,
}

/// What a provider asks of a buyer.
pub(super) struct Required<'a> {
    pub(super) action: &'a NextAction,
    pub(super) reference: &'a str,
    pub(super) settle_by: UnixMillis,
}

impl Sale {
    /// A booking begins; its holds wait for its payment.
    pub(super) fn booking_begun(&mut self, at: UnixMillis, begun: Begun<'_>) {
        let Begun { booking: number, holds, payment, one_call, pays_later } = begun;
        self.next_booking = self.next_booking.max(number.0 + 1);
        let live: Option<Vec<&Hold>> = holds.iter().map(|hold| self.holds.get(hold)).collect();
        let Some(buyer) = live.as_ref().and_then(|live| live.first()).map(|hold| hold.buyer) else { return };
        let charges = live.iter().flatten().next().and_then(|hold| hold.charges.clone());
        let tickets = live.iter().flatten().flat_map(|hold| hold.tickets.iter().copied());
        let settle_by = payment.settle_by;
        let mut booking = Booking::begin(at, buyer, holds.to_vec(), tickets, charges, payment);
        booking.one_call = one_call;
        booking.pays_later = pays_later;
        self.refile(holds, |sale| {
            sale.bookings.insert(number, booking);
            sale.change_booking(number, |_| {});
            sale.stretch(number, holds, settle_by);
        });
    }

    /// The holds of a booking wait for its payment until `settle_by`.
    fn stretch(&mut self, booking: BookingNumber, holds: &[HoldNumber], settle_by: UnixMillis) {
        for number in holds {
            if let Some(hold) = self.holds.get_mut(number) {
                hold.paying = Some(booking);
                if settle_by > hold.expires_at {
                    hold.stretched_to.get_or_insert(settle_by);
                }
            }
        }
    }

    pub(super) fn payment_attempted(
        &mut self,
        at: UnixMillis,
        number: BookingNumber,
        (method, settle_by): (&PaymentMethod, UnixMillis),
        owed: Option<Key>,
    ) {
        let Some(holds) = self.holds_of(number) else { return };
        self.refile(&holds, |sale| {
            sale.change_booking(number, |booking| booking.payment.begin_again(method.clone(), settle_by));
            sale.stretch(number, &holds, settle_by);
        });
        self.owe(at, number, owed);
    }

    pub(super) fn action_required(&mut self, number: BookingNumber, required: &Required<'_>) {
        let Some(holds) = self.holds_of(number) else { return };
        let Required { action, reference, settle_by } = *required;
        self.refile(&holds, |sale| {
            sale.change_booking(number, |booking| booking.require(action, reference, settle_by));
            sale.stretch(number, &holds, settle_by);
        });
    }

    pub(super) fn payment_declined(&mut self, number: BookingNumber) {
        let waits_on = self.bookings.get(&number).is_some_and(|booking| booking.pays_later);
        if !waits_on {
            return self.payment_ended(number, Booking::decline);
        }
        let Some(holds) = self.holds_of(number) else { return };
        let first_end =
            holds.iter().filter_map(|hold| self.holds.get(hold)).map(|hold| hold.expires_at).min();
        self.refile(&holds, |sale| {
            sale.change_booking(number, |booking| {
                booking.decline();
                booking.payment.settle_by = first_end.unwrap_or(booking.payment.settle_by);
            });
        });
    }

    /// The payment came to nothing: the holds are as they were before.
    pub(super) fn payment_ended(&mut self, number: BookingNumber, change: impl FnOnce(&mut Booking)) {
        let Some(holds) = self.holds_of(number) else { return };
        self.refile(&holds, |sale| {
            for hold in &holds {
                if let Some(hold) = sale.holds.get_mut(hold) {
                    hold.paying = None;
                }
            }
            sale.change_booking(number, change);
        });
    }

    /// The seats are sold: those of the holds that live, and those that are taken again because the money came late. A hold that
    /// has other seats by then goes on with them.
    pub(super) fn booked(&mut self, at: UnixMillis, number: BookingNumber, codes: &[TicketCode]) {
        let Some(holds) = self.holds_of(number) else { return };
        let mut held = 0;
        for hold in holds {
            if self.is_taken_along(hold, number) {
                held += self.remove_hold(at, hold).map_or(0, |hold| hold.tickets.len());
            }
        }
        self.change_booking(number, |booking| booking.sell(at, codes));
        let Some(booking) = self.bookings.get(&number) else { return };
        let again = booking.tickets.len().saturating_sub(held);
        if again > 0 {
            *self.customers.entry(booking.buyer).or_default() += again as u32;
        }
        booking.live_seats().for_each(|seat| self.seats.set(seat, Claim::Booking(number)));
    }

    /// Whether all that `hold` has is the booking's.
    fn is_taken_along(&self, hold: HoldNumber, number: BookingNumber) -> bool {
        let (Some(hold), Some(booking)) = (self.holds.get(&hold), self.bookings.get(&number)) else {
            return false;
        };
        let sold = |seat| booking.tickets.iter().any(|ticket| ticket.seat == seat);
        hold.tickets.iter().all(|ticket| sold(ticket.seat))
    }

    pub(super) fn payment_lost(&mut self, number: BookingNumber) {
        let Some(booking) = self.bookings.get(&number) else { return };
        let (buyer, seats) = (booking.buyer, booking.live_seats().collect::<Vec<_>>());
        self.give_back(buyer, seats.into_iter());
        self.change_booking(number, Booking::lose);
    }

    pub(super) fn tickets_cancelled(
        &mut self,
        number: BookingNumber,
        seats: &[SeatIndex],
        refund_minor: i64,
    ) {
        let Some(buyer) = self.bookings.get(&number).map(|booking| booking.buyer) else { return };
        self.give_back(buyer, seats.iter().copied());
        self.change_booking(number, |booking| booking.cancel(seats, refund_minor));
    }

    pub(super) fn owe(&mut self, at: UnixMillis, number: BookingNumber, owed: Option<Key>) {
        let (Some(key), Some(booking)) = (owed, self.bookings.get_mut(&number)) else { return };
        booking.owed.push(key);
        let answer = Answer::Settling(number);
        self.answers.insert(at, (key.caller, key.hash), Remembered { fingerprint: key.fingerprint, answer });
    }

    pub(super) fn answered(&mut self, at: UnixMillis, key: &Key, reply: Reply) {
        if let Reply::Booking(view) | Reply::Pending(view) = &reply
            && let Some(booking) = self.bookings.get_mut(&view.number)
        {
            booking.owed.retain(|owed| owed != key);
        }
        let answer = Answer::Given(reply);
        self.answers.insert(at, (key.caller, key.hash), Remembered { fingerprint: key.fingerprint, answer });
    }

    /// Changes a booking and keeps its open work filed right.
    pub(super) fn change_booking(&mut self, number: BookingNumber, change: impl FnOnce(&mut Booking)) {
        let Some(booking) = self.bookings.get_mut(&number) else { return };
        change(booking);
        match booking.open_work() {
            Some(_) => self.working.insert(number),
            None => self.working.remove(&number),
        };
    }

    fn holds_of(&self, number: BookingNumber) -> Option<Vec<HoldNumber>> {
        self.bookings.get(&number).map(|booking| booking.holds.clone())
    }

    /// Changes what the deadlines of live holds depend on, and keeps them filed right.
    fn refile(&mut self, holds: &[HoldNumber], change: impl FnOnce(&mut Self)) {
        for number in holds {
            if let Some(due) = self.holds.get(number).map(|hold| self.deadline_of(hold)) {
                self.deadlines.remove(due, *number);
            }
        }
        change(self);
        for number in holds {
            if let Some(due) = self.holds.get(number).map(|hold| self.deadline_of(hold)) {
                self.deadlines.insert(due, *number);
            }
        }
    }
}
