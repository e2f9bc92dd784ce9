//! What has happened to a sale: the unit of the journal. Everything a replica needs stands in the fact itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::booking::TicketCode;
use super::command::Key;
use super::hold::PricedSeat;
use super::outbox::{Channel, Ended, Notice};
use super::payment::{Dispute, NextAction, PaymentMethod};
use super::reply::Reply;
use super::terms::SaleTerms;
use crate::ids::{BookingNumber, DeliveryNumber, HoldNumber, SeatIndex, UserId};
use crate::time::UnixMillis;

/// A fact and when it happened, in the shard's time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamped {
    /// When; never earlier than the fact before.
    pub at: UnixMillis,
    /// What.
    pub fact: Fact,
}

/// What has happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fact {
    /// The sale began; always the first fact.
    SaleOpened {
        /// Prices and rules.
        terms: SaleTerms,
        /// Number of seats, all free.
        seats: u32,
        /// The directory's revision of the event.
        revision: u64,
    },
    /// Seats were set aside.
    Held {
        /// The next number.
        hold: HoldNumber,
        /// For whom.
        buyer: UserId,
        /// Free seats with their prices.
        tickets: Arc<[PricedSeat]>,
        /// Until when.
        expires_at: UnixMillis,
    },
    /// A hold has other seats now.
    HoldChanged {
        /// Which.
        hold: HoldNumber,
        /// Taken, in addition.
        added: Vec<PricedSeat>,
        /// Let go.
        removed: Vec<SeatIndex>,
    },
    /// A hold has another deadline.
    HoldExtended {
        /// Which.
        hold: HoldNumber,
        /// Until when.
        expires_at: UnixMillis,
    },
    /// A hold was let go by its buyer, or with its failed one-call booking.
    HoldReleased {
        /// Which.
        hold: HoldNumber,
    },
    /// A hold's deadline came.
    HoldExpired {
        /// Which.
        hold: HoldNumber,
    },
    /// A buyer began to pay a hold.
    PaymentStarted {
        /// The next number.
        booking: BookingNumber,
        /// What is paid; it cannot end before `settle_by`.
        hold: HoldNumber,
        /// How.
        method: PaymentMethod,
        /// How long the seats wait.
        settle_by: UnixMillis,
        /// The hold is let go when the payment fails.
        one_call: bool,
        /// Who is to be answered in the end.
        owed: Option<Key>,
    },
    /// The provider refused: the booking is cancelled, for those who were told of it, and its holds are as they were.
    /// One that was made without a payment waits for another one.
    PaymentDeclined {
        /// Which.
        booking: BookingNumber,
    },
    /// The provider was too late: the booking is cancelled, and its holds are as they were.
    PaymentTimedOut {
        /// Which.
        booking: BookingNumber,
    },
    /// The seats are sold.
    Booked {
        /// Which.
        booking: BookingNumber,
        /// One for each ticket.
        codes: Vec<TicketCode>,
    },
    /// The provider took the money.
    PaymentCaptured {
        /// Which.
        booking: BookingNumber,
    },
    /// The provider let go of the money.
    PaymentVoided {
        /// Which.
        booking: BookingNumber,
    },
    /// Tickets were given back; their seats are free.
    TicketsCancelled {
        /// Which.
        booking: BookingNumber,
        /// Whose seats.
        seats: Vec<SeatIndex>,
        /// What the buyer gets back, minor units.
        refund_minor: i64,
        /// Who is to be answered when the refund is done.
        owed: Option<Key>,
    },
    /// The provider gave money back.
    RefundPaid {
        /// Which.
        booking: BookingNumber,
        /// Minor units.
        amount_minor: i64,
    },
    /// The house keeps seats.
    SeatsBlocked {
        /// Free seats until now.
        seats: Vec<SeatIndex>,
    },
    /// The house gave seats free.
    SeatsUnblocked {
        /// Blocked seats until now.
        seats: Vec<SeatIndex>,
    },
    /// A keyed request has its answer. Facts of earlier versions also say so of holds.
    Answered {
        /// The key.
        key: Key,
        /// The answer, to be given again word for word.
        reply: Reply,
    },
    /// A keyed request is answered with the hold as this moment finds it.
    HoldAnswered {
        /// The key.
        key: Key,
        /// Which.
        hold: HoldNumber,
    },
    /// A booking was made of holds; it is not being paid yet.
    BookingMade {
        /// The next number.
        booking: BookingNumber,
        /// Live holds of one buyer that are not being paid.
        holds: Vec<HoldNumber>,
        /// It lapses then: when the first of its holds ends.
        pay_by: UnixMillis,
        /// A payment that is declined leaves it to be paid otherwise.
        pays_later: bool,
    },
    /// A buyer began to pay a booking that was made before.
    PaymentAttempted {
        /// Which.
        booking: BookingNumber,
        /// How.
        method: PaymentMethod,
        /// How long the seats wait.
        settle_by: UnixMillis,
        /// Who is to be answered in the end.
        owed: Option<Key>,
    },
    /// A booking that nobody has paid is cancelled; its holds are as they were.
    BookingLapsed {
        /// Which.
        booking: BookingNumber,
    },
    /// The provider waits for the buyer to do something.
    PaymentActionRequired {
        /// Which.
        booking: BookingNumber,
        /// What.
        action: NextAction,
        /// What the provider calls the charge.
        reference: String,
        /// How long the seats wait.
        settle_by: UnixMillis,
    },
    /// The provider has a name for the charge.
    ChargeNamed {
        /// Which.
        booking: BookingNumber,
        /// The name.
        reference: String,
    },
    /// What the provider had set aside was gone before it was taken: the booking is cancelled, its seats are free.
    PaymentLost {
        /// Which.
        booking: BookingNumber,
    },
    /// The buyer disputes the charge, or a dispute stands otherwise than before.
    PaymentDisputed {
        /// Which.
        booking: BookingNumber,
        /// As it is now.
        dispute: Dispute,
    },
    /// Somebody said who the tickets are for.
    ContactNamed {
        /// Which.
        booking: BookingNumber,
        /// Sealed with the buyer's key.
        contact: Vec<u8>,
    },
    /// The client's own notes on a payment.
    MetadataKept {
        /// Which.
        booking: BookingNumber,
        /// All of them.
        metadata: BTreeMap<String, String>,
    },
    /// Somebody is to be told of what has just happened: one delivery a channel, numbered in order.
    DeliveriesDue {
        /// The number of the first.
        first: DeliveryNumber,
        /// What there is to tell.
        notice: Notice,
        /// How; at least one.
        by: Vec<Channel>,
    },
    /// A delivery has come to its end.
    DeliveryEnded {
        /// Which.
        delivery: DeliveryNumber,
        /// How it ended.
        how: Ended,
    },
    /// The organizer has changed the event: other prices and rules from here on. What is held or sold stays as it was.
    SaleAmended {
        /// All of them.
        terms: Box<SaleTerms>,
        /// The directory's revision of the event.
        revision: u64,
    },
    /// Nothing is sold any more, and every hold is over.
    SaleClosed {
        /// The event is to be removed: it has no bookings.
        withdrawn: bool,
    },
    /// The event is gone, and its sale with it.
    SalePurged,
    /// Seats are withdrawn for good, until they are restored.
    SeatsKilled {
        /// Free or kept by the house until now.
        seats: Vec<SeatIndex>,
    },
    /// Withdrawn seats are free again.
    SeatsRestored {
        /// Killed until now.
        seats: Vec<SeatIndex>,
    },
    /// A ticket is for another seat now: the old code is void.
    TicketMoved {
        /// Whose.
        booking: BookingNumber,
        /// Free from now on.
        from: SeatIndex,
        /// Free until now.
        to: SeatIndex,
        /// The new code.
        code: TicketCode,
    },
}

impl Fact {
    /// The hold it names.
    #[must_use]
    pub const fn hold(&self) -> Option<HoldNumber> {
        match self {
            Self::Held { hold, .. }
            | Self::HoldChanged { hold, .. }
            | Self::HoldExtended { hold, .. }
            | Self::HoldReleased { hold }
            | Self::HoldExpired { hold }
            | Self::PaymentStarted { hold, .. } => Some(*hold),
            _ => None,
        }
    }

    /// The booking it is about.
    #[must_use]
    pub const fn booking(&self) -> Option<BookingNumber> {
        match self {
            Self::PaymentStarted { booking, .. }
            | Self::PaymentDeclined { booking }
            | Self::PaymentTimedOut { booking }
            | Self::Booked { booking, .. }
            | Self::PaymentCaptured { booking }
            | Self::PaymentVoided { booking }
            | Self::TicketsCancelled { booking, .. }
            | Self::RefundPaid { booking, .. }
            | Self::BookingMade { booking, .. }
            | Self::PaymentAttempted { booking, .. }
            | Self::BookingLapsed { booking }
            | Self::PaymentActionRequired { booking, .. }
            | Self::ChargeNamed { booking, .. }
            | Self::PaymentLost { booking }
            | Self::PaymentDisputed { booking, .. }
            | Self::ContactNamed { booking, .. }
            | Self::MetadataKept { booking, .. }
            | Self::TicketMoved { booking, .. } => Some(*booking),
            _ => None,
        }
    }
}
