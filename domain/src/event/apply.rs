//! ⑥ Folding facts into the state, on every replica alike.
//!
//! Total and pure: a fact is never refused here and nothing panics; what does not fit the state (which `decide` never
//! produces) leaves it as it is. The owner's actor runs the same code ahead of the journal.

use std::sync::Arc;

use super::apply_bookings::{Begun, Required};
use super::booking::{Booking, TicketCode};
use super::closing::Closing;
use super::fact::{Fact, Stamped};
use super::hold::{Hold, PricedSeat};
use super::payment::{Payment, PaymentStatus};
use super::reply::Reply;
use super::sale::{Opening, Sale};
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
                let (holds, payment) = (&[*hold], Payment::begin(method.clone(), *settle_by));
                let one_call = *one_call;
                let begun = Begun { booking: *booking, holds, payment, one_call, pays_later: false };
                self.booking_begun(at, begun);
                self.owe(at, *booking, *owed);
            }
            Fact::PaymentDeclined { booking } => self.payment_declined(*booking),
            Fact::PaymentTimedOut { booking } => self.payment_ended(*booking, Booking::time_out),
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
                self.change_booking(*booking, |booking| booking.payment.refund(*amount_minor));
            }
            Fact::SeatsBlocked { seats } => {
                seats.iter().for_each(|seat| self.seats.set(*seat, Claim::Blocked));
            }
            Fact::SeatsUnblocked { seats } => {
                seats.iter().for_each(|seat| self.seats.set(*seat, Claim::Free));
            }
            Fact::Answered { key, reply } => self.answered(at, key, reply.clone()),
            Fact::SaleAmended { terms, revision } => {
                self.terms.clone_from(terms);
                self.revision = *revision;
            }
            Fact::SaleClosed { withdrawn } => self.closed(at, *withdrawn),
            Fact::SalePurged => self.closing = Some(Closing::Purged),
            Fact::SeatsKilled { seats } => {
                seats.iter().for_each(|seat| self.seats.set(*seat, Claim::Blocked));
                self.killed.extend(seats);
            }
            Fact::SeatsRestored { seats } => {
                seats.iter().for_each(|seat| self.seats.set(*seat, Claim::Free));
                self.killed.retain(|seat| !seats.contains(seat));
            }
            Fact::TicketMoved { booking, from, to, code } => self.ticket_moved(*booking, *from, *to, *code),
            Fact::HoldAnswered { key, hold } => {
                if let Some(view) = self.view_hold(*hold, at) {
                    self.answered(at, key, Reply::Hold(view));
                }
            }
            Fact::BookingMade { booking, holds, pay_by, pays_later } => {
                let (payment, pays_later) = (Payment::due(*pay_by), *pays_later);
                let begun = Begun { booking: *booking, holds, payment, one_call: false, pays_later };
                self.booking_begun(at, begun);
            }
            Fact::PaymentAttempted { booking, method, settle_by, owed } => {
                self.payment_attempted(at, *booking, (method, *settle_by), *owed);
            }
            Fact::BookingLapsed { booking } => self.payment_ended(*booking, Booking::lapse),
            Fact::PaymentActionRequired { booking, action, reference, settle_by } => {
                let required = Required { action, reference, settle_by: *settle_by };
                self.action_required(*booking, &required);
            }
            Fact::ChargeNamed { booking, reference } => {
                self.change_booking(*booking, |booking| booking.payment.reference = Some(reference.clone()));
            }
            Fact::PaymentLost { booking } => self.payment_lost(*booking),
            Fact::PaymentDisputed { booking, dispute } => {
                self.change_booking(*booking, |booking| booking.payment.dispute(dispute));
            }
            Fact::ContactNamed { booking, contact } => {
                self.change_booking(*booking, |booking| booking.contact.clone_from(contact));
            }
            Fact::MetadataKept { booking, metadata } => {
                self.change_booking(*booking, |booking| booking.payment.metadata.clone_from(metadata));
            }
            Fact::DeliveriesDue { first, notice, by } => self.outbox.put(at, *first, notice, by),
            Fact::DeliveryEnded { delivery, how } => self.outbox.end(at, *delivery, how),
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
        let charges = self.terms.charges.clone();
        let hold =
            Hold { buyer, tickets, created_at: at, expires_at, paying: None, stretched_to: None, charges };
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

    fn ticket_moved(&mut self, number: BookingNumber, from: SeatIndex, to: SeatIndex, code: TicketCode) {
        let Some(booking) = self.bookings.get_mut(&number) else { return };
        let moved = booking.move_ticket(from, to, code);
        if moved {
            self.seats.set(from, Claim::Free);
            self.seats.set(to, Claim::Booking(number));
        }
    }

    fn closed(&mut self, at: UnixMillis, withdrawn: bool) {
        self.closing = Some(if withdrawn { Closing::Withdrawn } else { Closing::Cancelled });
        let live: Vec<HoldNumber> = self.holds.in_order().map(|(number, _)| *number).collect();
        live.into_iter().for_each(|hold| self.hold_ended(at, hold));
    }

    fn take(&mut self, customer: UserId, tickets: &[PricedSeat], claim: Claim) {
        tickets.iter().for_each(|ticket| self.seats.set(ticket.seat, claim));
        *self.customers.entry(customer).or_default() += tickets.len() as u32;
    }

    pub(super) fn give_back(&mut self, customer: UserId, seats: impl ExactSizeIterator<Item = SeatIndex>) {
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

    pub(super) fn remove_hold(&mut self, at: UnixMillis, number: HoldNumber) -> Option<Hold> {
        let hold = self.holds.remove(&number)?;
        self.deadlines.remove(self.deadline_of(&hold), number);
        self.ended.insert(at, number, hold.buyer);
        Some(hold)
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
                | Self::PaymentLost { .. }
                | Self::SeatsBlocked { .. }
                | Self::SeatsUnblocked { .. }
                | Self::SaleClosed { .. }
                | Self::SeatsKilled { .. }
                | Self::SeatsRestored { .. }
                | Self::TicketMoved { .. }
        )
    }
}
