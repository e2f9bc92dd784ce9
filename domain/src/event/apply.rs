//! ⑥ Folding facts into the state, on every replica alike.
//!
//! Total and pure: a fact is never refused here and nothing panics; what does not fit the state (which `decide` never
//! produces) leaves it as it is. The owner's actor runs the same code ahead of the journal.

use std::sync::Arc;

use super::booking::{Booking, Payment, PaymentMethod, PaymentStatus, TicketCode};
use super::command::Key;
use super::fact::{Fact, Stamped};
use super::hold::{Hold, PricedSeat};
use super::reply::Reply;
use super::sale::{Answer, Opening, Remembered, Sale};
use super::seats::Claim;
use crate::ids::{BookingNumber, EventId, HoldNumber, SeatIndex, UserId};
use crate::time::UnixMillis;

/// Folds one fact of `event` into its sale; the first one, `SaleOpened`, makes the sale.
pub fn apply(sale: &mut Option<Sale>, event: EventId, stamped: &Stamped) {
    if let Fact::SaleOpened { terms, seats, revision } = &stamped.fact {
        let opening = Opening { terms, seats: *seats, revision: *revision, at: stamped.at };
        sale.get_or_insert_with(|| Sale::open(event, opening));
    }
    if let Some(sale) = sale {
        sale.apply(stamped);
    }
}

impl Sale {
    /// Folds one fact into an open sale.
    pub fn apply(&mut self, stamped: &Stamped) {
        let at = stamped.at;
        self.facts += 1;
        self.last_stamp = self.last_stamp.max(at);
        self.ended.forget(at);
        self.answers.forget(at);
        if stamped.fact.touches_seats() {
            self.version += 1;
        }
        match &stamped.fact {
            Fact::SaleOpened { .. } => {}
            Fact::Held { hold, buyer, tickets, expires_at } => {
                self.held(at, *hold, *buyer, tickets, *expires_at);
            }
            Fact::HoldChanged { hold, added, removed } => self.hold_changed(*hold, added, removed),
            Fact::HoldExtended { hold, expires_at } => {
                self.change_hold(*hold, |hold| hold.expires_at = *expires_at);
            }
            Fact::HoldReleased { hold } | Fact::HoldExpired { hold } => self.hold_ended(at, *hold),
            Fact::PaymentStarted { booking, hold, method, settle_by, one_call, owed } => {
                let started = Started {
                    booking: *booking,
                    hold: *hold,
                    method,
                    settle_by: *settle_by,
                    one_call: *one_call,
                };
                self.payment_started(at, &started);
                self.owe(at, *booking, *owed);
            }
            Fact::PaymentDeclined { booking } => {
                self.payment_ended(*booking);
                self.change_booking(*booking, Booking::decline);
            }
            Fact::PaymentTimedOut { booking } => {
                self.payment_ended(*booking);
                self.change_booking(*booking, Booking::time_out);
            }
            Fact::Booked { booking, codes } => self.booked(at, *booking, codes),
            Fact::PaymentCaptured { booking } => {
                self.change_booking(*booking, |booking| booking.payment.status = PaymentStatus::Captured);
            }
            Fact::PaymentVoided { booking } => {
                self.change_booking(*booking, |booking| booking.payment.void_due = false);
            }
            Fact::TicketsCancelled { booking, seats, refund_minor, owed } => {
                self.tickets_cancelled(*booking, seats, *refund_minor);
                self.owe(at, *booking, *owed);
            }
            Fact::RefundPaid { booking, amount_minor } => {
                self.change_booking(*booking, |booking| booking.refund(*amount_minor));
            }
            Fact::SeatsBlocked { seats } => {
                seats.iter().for_each(|seat| self.seats.set(*seat, Claim::Blocked));
            }
            Fact::SeatsUnblocked { seats } => {
                seats.iter().for_each(|seat| self.seats.set(*seat, Claim::Free));
            }
            Fact::Answered { key, reply } => self.answered(at, key, reply.clone()),
            Fact::HoldAnswered { key, hold } => {
                if let Some(view) = self.view_hold(*hold, at) {
                    self.answered(at, key, Reply::Hold(view));
                }
            }
        }
    }

    fn held(
        &mut self,
        at: UnixMillis,
        number: HoldNumber,
        buyer: UserId,
        tickets: &Arc<[PricedSeat]>,
        expires_at: UnixMillis,
    ) {
        self.next_hold = self.next_hold.max(number.0 + 1);
        self.take(buyer, tickets, Claim::Hold(number));
        let tickets = tickets.clone();
        let hold = Hold { buyer, tickets, created_at: at, expires_at, paying: None, stretched_to: None };
        self.deadlines.insert(expires_at, number);
        self.holds.insert(number, hold);
    }

    fn hold_changed(&mut self, number: HoldNumber, added: &[PricedSeat], removed: &[SeatIndex]) {
        let Some(buyer) = self.holds.get(&number).map(|hold| hold.buyer) else { return };
        self.give_back(buyer, removed.iter().copied());
        self.take(buyer, added, Claim::Hold(number));
        self.change_hold(number, |hold| hold.tickets = hold.changed(added, removed));
    }

    fn hold_ended(&mut self, at: UnixMillis, number: HoldNumber) {
        if let Some(hold) = self.remove_hold(at, number) {
            self.give_back(hold.buyer, hold.tickets.iter().map(|ticket| ticket.seat));
        }
    }

    fn payment_started(&mut self, at: UnixMillis, started: &Started<'_>) {
        self.next_booking = self.next_booking.max(started.booking.0 + 1);
        let Some(hold) = self.holds.get(&started.hold) else { return };
        let payment = Payment::begin(started.method.clone(), started.settle_by);
        let mut booking = Booking::begin(at, hold.buyer, started.hold, &hold.tickets, payment);
        booking.one_call = started.one_call;
        let before = self.deadline_of(hold);
        self.deadlines.remove(before, started.hold);
        self.deadlines.insert(started.settle_by, started.hold);
        self.bookings.insert(started.booking, booking);
        self.working.insert(started.booking);
        if let Some(hold) = self.holds.get_mut(&started.hold) {
            hold.paying = Some(started.booking);
            if started.settle_by > hold.expires_at {
                hold.stretched_to.get_or_insert(started.settle_by);
            }
        }
    }

    /// The payment came to nothing: the hold is as it was before.
    fn payment_ended(&mut self, number: BookingNumber) {
        if let Some(hold) = self.bookings.get(&number).map(|booking| booking.hold) {
            self.change_hold(hold, |hold| hold.paying = None);
        }
    }

    fn booked(&mut self, at: UnixMillis, number: BookingNumber, codes: &[TicketCode]) {
        let Some(hold) = self.bookings.get(&number).map(|booking| booking.hold) else { return };
        self.remove_hold(at, hold);
        let Some(booking) = self.bookings.get_mut(&number) else { return };
        booking.sell(at, codes);
        booking.live_seats().for_each(|seat| self.seats.set(seat, Claim::Booking(number)));
    }

    fn tickets_cancelled(&mut self, number: BookingNumber, seats: &[SeatIndex], refund_minor: i64) {
        let Some(buyer) = self.bookings.get(&number).map(|booking| booking.buyer) else { return };
        self.give_back(buyer, seats.iter().copied());
        self.change_booking(number, |booking| booking.cancel(seats, refund_minor));
    }

    fn owe(&mut self, at: UnixMillis, number: BookingNumber, owed: Option<Key>) {
        let (Some(key), Some(booking)) = (owed, self.bookings.get_mut(&number)) else { return };
        booking.owed.push(key);
        let answer = Answer::Settling(number);
        self.answers.insert(at, (key.caller, key.hash), Remembered { fingerprint: key.fingerprint, answer });
    }

    fn answered(&mut self, at: UnixMillis, key: &Key, reply: Reply) {
        if let Reply::Booking(view) | Reply::Pending(view) = &reply
            && let Some(booking) = self.bookings.get_mut(&view.number)
        {
            booking.owed.retain(|owed| owed != key);
        }
        let answer = Answer::Given(reply);
        self.answers.insert(at, (key.caller, key.hash), Remembered { fingerprint: key.fingerprint, answer });
    }

    fn take(&mut self, customer: UserId, tickets: &[PricedSeat], claim: Claim) {
        tickets.iter().for_each(|ticket| self.seats.set(ticket.seat, claim));
        *self.customers.entry(customer).or_default() += tickets.len() as u32;
    }

    fn give_back(&mut self, customer: UserId, seats: impl ExactSizeIterator<Item = SeatIndex>) {
        if let Some(has) = self.customers.get_mut(&customer) {
            *has = has.saturating_sub(seats.len() as u32);
            if *has == 0 {
                self.customers.remove(&customer);
            }
        }
        seats.for_each(|seat| self.seats.set(seat, Claim::Free));
    }

    /// Changes a live hold and keeps its deadline filed right.
    fn change_hold(&mut self, number: HoldNumber, change: impl FnOnce(&mut Hold)) {
        let Some(mut hold) = self.holds.remove(&number) else { return };
        self.deadlines.remove(self.deadline_of(&hold), number);
        change(&mut hold);
        self.deadlines.insert(self.deadline_of(&hold), number);
        self.holds.insert(number, hold);
    }

    fn remove_hold(&mut self, at: UnixMillis, number: HoldNumber) -> Option<Hold> {
        let hold = self.holds.remove(&number)?;
        self.deadlines.remove(self.deadline_of(&hold), number);
        self.ended.insert(at, number, hold.buyer);
        Some(hold)
    }

    /// Changes a booking and keeps its open work filed right.
    fn change_booking(&mut self, number: BookingNumber, change: impl FnOnce(&mut Booking)) {
        let Some(booking) = self.bookings.get_mut(&number) else { return };
        change(booking);
        match booking.open_work() {
            Some(_) => self.working.insert(number),
            None => self.working.remove(&number),
        };
    }
}

impl Fact {
    /// Whether the status of any seat changes.
    #[must_use]
    const fn touches_seats(&self) -> bool {
        matches!(
            self,
            Self::SaleOpened { .. }
                | Self::Held { .. }
                | Self::HoldChanged { .. }
                | Self::HoldReleased { .. }
                | Self::HoldExpired { .. }
                | Self::Booked { .. }
                | Self::TicketsCancelled { .. }
                | Self::SeatsBlocked { .. }
                | Self::SeatsUnblocked { .. }
        )
    }
}

/// What `PaymentStarted` carries.
struct Started<'a> {
    booking: BookingNumber,
    hold: HoldNumber,
    method: &'a PaymentMethod,
    settle_by: UnixMillis,
    one_call: bool,
}
