//! A booking and its payment: a recorded process of authorize, commit the seats, capture; or else void.

use serde::{Deserialize, Serialize};

use super::command::Key;
use super::hold::PricedSeat;
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
}

/// Where a booking stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum BookingStatus {
    /// Its payment is under way; the seats are held.
    Pending,
    /// The seats are sold.
    Booked,
    /// All its tickets are cancelled, or it was never paid.
    Cancelled,
}

/// Which provider, and the provider's word for the buyer's means of payment.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentMethod {
    /// The provider's name, `test` for the built-in one.
    pub provider: String,
    /// The provider's token.
    pub token: String,
}

impl core::fmt::Debug for PaymentMethod {
    /// The token stays out of logs.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "PaymentMethod({})", self.provider)
    }
}

/// Where the money is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PaymentStatus {
    /// The provider has been asked.
    Pending,
    /// Set aside by the provider, and the seats are sold.
    Authorized,
    /// Taken.
    Captured,
    /// Never taken: the provider was too late.
    Voided,
    /// Never taken: the provider refused.
    Declined,
}

/// The payment of a booking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// How it is paid.
    pub method: PaymentMethod,
    /// Where the money is.
    pub status: PaymentStatus,
    /// The seats wait for the provider until here, no longer.
    pub settle_by: UnixMillis,
    /// Of what was captured: decided to be given back, but not confirmed by the provider. One amount a refund, in
    /// order: a refund that was asked for may be asked for again, so its amount must not grow with the next.
    pub refunds_due_minor: Vec<i64>,
    /// Given back.
    pub refunded_minor: i64,
    /// Refunds confirmed so far; numbers the next one.
    pub refunds: u32,
    /// The provider may still hold money that it must let go of.
    pub void_due: bool,
}

/// Seats sold, or about to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Booking {
    /// Who buys.
    pub buyer: UserId,
    /// The hold it was made from.
    pub hold: HoldNumber,
    /// Its tickets, in the order of the hold.
    pub tickets: Vec<SoldTicket>,
    /// Where it stands.
    pub status: BookingStatus,
    /// Its payment.
    pub payment: Payment,
    /// When the payment began.
    pub created_at: UnixMillis,
    /// When the seats were sold.
    pub booked_at: Option<UnixMillis>,
    /// Hold and payment came in one call: the seats go free when the payment fails.
    pub one_call: bool,
    /// Keyed requests that get their answer when the outside work is done.
    pub owed: Vec<Key>,
}

/// What has to be done at the provider for a booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Set the money aside.
    Authorize,
    /// Take it.
    Capture,
    /// Let it go.
    Void,
    /// Give so much back.
    Refund {
        /// Minor units.
        amount_minor: i64,
        /// The number of this refund within the payment.
        attempt: u32,
    },
}

impl Payment {
    /// A payment that the provider is asked for.
    pub(super) fn begin(method: PaymentMethod, settle_by: UnixMillis) -> Self {
        Self {
            method,
            status: PaymentStatus::Pending,
            settle_by,
            refunds_due_minor: Vec::new(),
            refunded_minor: 0,
            refunds: 0,
            void_due: false,
        }
    }
}

impl Booking {
    /// A booking whose payment begins at `at`.
    pub(super) fn begin(
        at: UnixMillis,
        buyer: UserId,
        hold: HoldNumber,
        tickets: &[PricedSeat],
        payment: Payment,
    ) -> Self {
        let sold = |ticket: &PricedSeat| SoldTicket {
            seat: ticket.seat,
            price_minor: ticket.price_minor,
            code: None,
            cancelled: false,
        };
        Self {
            buyer,
            hold,
            tickets: tickets.iter().map(sold).collect(),
            status: BookingStatus::Pending,
            payment,
            created_at: at,
            booked_at: None,
            one_call: false,
            owed: Vec::new(),
        }
    }

    /// The seats are sold, and the money is set aside.
    pub(super) fn sell(&mut self, at: UnixMillis, codes: &[TicketCode]) {
        self.status = BookingStatus::Booked;
        self.payment.status = PaymentStatus::Authorized;
        self.booked_at = Some(at);
        self.tickets.iter_mut().zip(codes).for_each(|(ticket, code)| ticket.code = Some(*code));
    }

    /// The provider refused, so it holds no money, and whoever waits is told so.
    pub(super) fn decline(&mut self) {
        self.status = BookingStatus::Cancelled;
        self.payment.status = PaymentStatus::Declined;
        self.owed.clear();
    }

    /// The provider was too late.
    pub(super) fn time_out(&mut self) {
        self.status = BookingStatus::Cancelled;
        self.payment.status = PaymentStatus::Voided;
        self.payment.void_due = !planted::is(Bug::ForgetVoid);
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

    /// The provider gave so much back: the refund that is due next.
    pub(super) fn refund(&mut self, amount_minor: i64) {
        let payment = &mut self.payment;
        if payment.refunds_due_minor.first() == Some(&amount_minor) {
            payment.refunds_due_minor.remove(0);
            payment.refunded_minor += amount_minor;
            payment.refunds += 1;
        }
    }

    /// The price of all its tickets, cancelled ones included: what was or is to be captured. Minor units.
    #[must_use]
    pub fn total_minor(&self) -> i64 {
        self.tickets.iter().map(|ticket| ticket.price_minor).sum()
    }

    /// What is to be done at the provider next, found again by a new owner.
    #[must_use]
    pub fn open_work(&self) -> Option<Work> {
        match self.payment.status {
            PaymentStatus::Pending => Some(Work::Authorize),
            PaymentStatus::Authorized => Some(Work::Capture),
            PaymentStatus::Voided if self.payment.void_due => Some(Work::Void),
            PaymentStatus::Captured => self
                .payment
                .refunds_due_minor
                .first()
                .map(|amount| Work::Refund { amount_minor: *amount, attempt: self.payment.refunds }),
            PaymentStatus::Voided | PaymentStatus::Declined => None,
        }
    }

    /// Its live tickets.
    pub fn live_seats(&self) -> impl Iterator<Item = SeatIndex> + '_ {
        self.tickets.iter().filter(|ticket| !ticket.cancelled).map(|ticket| ticket.seat)
    }
}
