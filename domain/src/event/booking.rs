//! A booking: a recorded process of authorize, commit the seats, capture; or else void.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::charges::{self, Charges, Priced};
use super::command::Key;
use super::hold::PricedSeat;
use super::payment::{NextAction, Payment, PaymentStatus, Work};
use crate::ids::{HoldNumber, SeatIndex, UserId};
use crate::planted::{self, Bug};
use crate::time::UnixMillis;

/// What lets its bearer in: unguessable, one for each issue of a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketCode(pub [u8; 16]);

/// A ticket of a booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SoldTicket {
    /// The seat.
    pub seat: SeatIndex,
    /// What it cost, minor units.
    pub price_minor: i64,
    /// Present once the ticket is sold.
    pub code: Option<TicketCode>,
    /// Given back: the code is void.
    pub cancelled: bool,
    /// Which of the price types.
    pub price_type: u8,
}

/// Where a booking stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum BookingStatus {
    /// Its payment is under way, or to come; the seats are held.
    Pending,
    /// The seats are sold.
    Booked,
    /// All its tickets are cancelled, or it was never paid.
    Cancelled,
}

/// Seats sold, or about to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Booking {
    /// Who buys.
    pub buyer: UserId,
    /// The holds it was made from, one at least.
    pub holds: Vec<HoldNumber>,
    /// Its tickets, in the order of the holds.
    pub tickets: Vec<SoldTicket>,
    /// Where it stands.
    pub status: BookingStatus,
    /// Its payment.
    pub payment: Payment,
    /// When it was made.
    pub created_at: UnixMillis,
    /// When the seats were sold.
    pub booked_at: Option<UnixMillis>,
    /// Hold and payment came in one call: the seats go free when the payment fails.
    pub one_call: bool,
    /// Made without a payment: one that is declined leaves it to be paid otherwise, until the holds end.
    pub pays_later: bool,
    /// Who the tickets are for, sealed with the buyer's key; empty where nobody has said.
    pub contact: Vec<u8>,
    /// Keyed requests that get their answer when the outside work is done.
    pub owed: Vec<Key>,
    /// The price types, fees and taxes of its hold.
    pub charges: Option<Arc<Charges>>,
}

impl Booking {
    /// A booking of what `tickets` are, made at `at`.
    pub(super) fn begin(
        at: UnixMillis,
        buyer: UserId,
        holds: Vec<HoldNumber>,
        tickets: impl Iterator<Item = PricedSeat>,
        charges: Option<Arc<Charges>>,
        payment: Payment,
    ) -> Self {
        let sold = |ticket: PricedSeat| SoldTicket {
            seat: ticket.seat,
            price_minor: ticket.price_minor,
            code: None,
            cancelled: false,
            price_type: ticket.price_type,
        };
        Self {
            buyer,
            holds,
            tickets: tickets.map(sold).collect(),
            status: BookingStatus::Pending,
            payment,
            created_at: at,
            booked_at: None,
            one_call: false,
            pays_later: false,
            contact: Vec::new(),
            owed: Vec::new(),
            charges,
        }
    }

    /// The seats are sold, and the money is set aside.
    pub(super) fn sell(&mut self, at: UnixMillis, codes: &[TicketCode]) {
        self.status = BookingStatus::Booked;
        self.payment.status = PaymentStatus::Authorized;
        self.payment.action = None;
        self.payment.void_due = false;
        self.booked_at = Some(at);
        self.tickets.iter_mut().zip(codes).for_each(|(ticket, code)| ticket.code = Some(*code));
    }

    /// The provider refused, so it holds no money, and whoever waits is told so.
    pub(super) fn decline(&mut self) {
        if !self.pays_later {
            self.status = BookingStatus::Cancelled;
        }
        self.payment.status = PaymentStatus::Declined;
        self.payment.action = None;
        self.owed.clear();
    }

    /// The provider was too late.
    pub(super) fn time_out(&mut self) {
        self.status = BookingStatus::Cancelled;
        self.payment.status = PaymentStatus::Voided;
        self.payment.action = None;
        self.payment.void_due = !planted::is(Bug::ForgetVoid);
    }

    /// Nobody has paid it, and nobody will.
    pub(super) fn lapse(&mut self) {
        self.status = BookingStatus::Cancelled;
        if self.payment.status == PaymentStatus::Due {
            self.payment.status = PaymentStatus::Voided;
        }
    }

    /// The provider waits for the buyer, and the seats for both.
    pub(super) fn require(&mut self, action: &NextAction, reference: &str, settle_by: UnixMillis) {
        self.payment.status = PaymentStatus::RequiresAction;
        self.payment.action = Some(Box::new(action.clone()));
        self.payment.reference = Some(reference.to_owned());
        self.payment.settle_by = settle_by;
    }

    /// The provider no longer has the money that it had set aside.
    pub(super) fn lose(&mut self) {
        self.tickets.iter_mut().for_each(|ticket| ticket.cancelled = true);
        self.status = BookingStatus::Cancelled;
        self.payment.status = PaymentStatus::Voided;
        self.payment.refunds_due_minor.clear();
    }

    /// Tickets are given back, for this much.
    pub(super) fn cancel(&mut self, seats: &[SeatIndex], refund_minor: i64) {
        let given_back = self.tickets.iter_mut().filter(|ticket| seats.contains(&ticket.seat));
        given_back.for_each(|ticket| ticket.cancelled = true);
        if refund_minor != 0 {
            self.payment.refunds_due_minor.push(refund_minor);
        }
        if self.live_seats().next().is_none() {
            self.status = BookingStatus::Cancelled;
        }
    }

    /// The live ticket for one seat is for another one now, if there is such a ticket.
    pub(super) fn move_ticket(&mut self, from: SeatIndex, to: SeatIndex, code: TicketCode) -> bool {
        let ticket = self.tickets.iter_mut().find(|ticket| ticket.seat == from && !ticket.cancelled);
        let Some(ticket) = ticket else { return false };
        (ticket.seat, ticket.code) = (to, Some(code));
        true
    }

    /// What all its tickets cost with fees and taxes, cancelled ones included: what was or is to be captured. Minor units.
    #[must_use]
    pub fn total_minor(&self) -> i64 {
        self.cost_minor(|_| true)
    }

    /// Price type and price of each of its tickets, cancelled ones included.
    #[must_use]
    pub fn priced(&self) -> Vec<Priced> {
        self.tickets.iter().map(|ticket| (ticket.price_type, ticket.price_minor)).collect()
    }

    /// What each of its live tickets `seats` was paid with, given back one after the other: a fee of the whole booking goes
    /// with the last one. The amounts of all add up to what the live tickets cost together.
    pub(super) fn paid_minor(&self, seats: &[SeatIndex]) -> impl Iterator<Item = i64> {
        let left = |given_back: usize| {
            let gone = &seats[..given_back];
            self.cost_minor(|ticket| !ticket.cancelled && !gone.contains(&ticket.seat))
        };
        (0..seats.len()).map(move |given_back| left(given_back) - left(given_back + 1))
    }

    /// What the tickets that `counts` cost together.
    fn cost_minor(&self, counts: impl Fn(&SoldTicket) -> bool + Copy) -> i64 {
        let counted = self.tickets.iter().filter(move |ticket| counts(ticket));
        charges::total_minor(self.charges.as_deref(), counted.map(|ticket| ticket.price_minor))
    }

    /// What is to be done at the provider next, found again by a new owner.
    #[must_use]
    pub fn open_work(&self) -> Option<Work> {
        self.payment.open_work()
    }

    /// Its live tickets.
    pub fn live_seats(&self) -> impl Iterator<Item = SeatIndex> + '_ {
        self.tickets.iter().filter(|ticket| !ticket.cancelled).map(|ticket| ticket.seat)
    }
}
