//! What can be asked of a sale.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::best_available::BestWish;
use super::payment::{Dispute, NextAction, PaymentMethod};
use crate::account::Role;
use crate::ids::{BookingNumber, HoldNumber, SeatIndex, UserId};
use crate::money::Money;

/// Who asks; verified by the node that took the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    /// The account.
    pub user: UserId,
    /// What they may do, as it is now.
    pub role: Role,
}

impl Caller {
    /// Whether they run an event of `organizer`: that is them, who still is one, or they are an operator.
    #[must_use]
    pub fn runs_event_of(self, organizer: UserId) -> bool {
        self.role >= Role::Operator || self.role >= Role::Organizer && self.user == organizer
    }
}

/// An Idempotency-Key with what it stands for. Scope: caller and event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// Who sent it.
    pub caller: UserId,
    /// A hash of the key.
    pub hash: [u8; 16],
    /// A hash of method, path and parsed body: the same key may only repeat the same request.
    pub fingerprint: [u8; 16],
}

/// How a booking is to be paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentTerms {
    /// Provider and token.
    pub method: PaymentMethod,
    /// How long the seats wait for the provider.
    pub timeout_ms: u64,
}

/// What a provider did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum PaymentOutcome {
    /// The money is set aside.
    Authorized,
    /// The means of payment was refused.
    Declined,
    /// The money was taken.
    Captured,
    /// The money was let go of.
    Voided,
    /// So much was given back, in this attempt.
    Refunded {
        /// Minor units.
        amount_minor: i64,
        /// Which refund of the payment.
        attempt: u32,
    },
    /// The money is set aside, and the charge has this name.
    AuthorizedAs(String),
    /// The buyer has to do something first.
    ActionRequired {
        /// What.
        action: NextAction,
        /// The name of the charge.
        reference: String,
    },
    /// What was set aside is there no more, and was never taken.
    Lost,
    /// The money was set aside after all, found when it was to be let go of. Nobody else may let go of it meanwhile.
    FoundLate(Option<String>),
}

/// What a provider tells unasked, of one charge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProviderNews {
    /// So much was set aside.
    Authorized(Money),
    /// The charge was cancelled there before anything was taken.
    Cancelled,
    /// So much was taken.
    Captured(Money),
    /// The buyer disputes it.
    Disputed(Dispute),
}

/// A ticket that is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketWish {
    /// The seat.
    pub seat: SeatIndex,
    /// The id of a price type of the event.
    pub price_type: String,
}

/// A command to a sale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Set these seats aside, all or none.
    HoldExact {
        /// 1 to 50 different seats.
        seats: Vec<SeatIndex>,
        /// Shorter than the sale's default.
        ttl_ms: Option<u64>,
    },
    /// Set the best free seats aside.
    HoldBest {
        /// How many, and where.
        wish: BestWish,
        /// Shorter than the sale's default.
        ttl_ms: Option<u64>,
    },
    /// Show a live hold.
    ShowHold {
        /// Which.
        hold: HoldNumber,
    },
    /// Change the seats of a hold, all or nothing; the deadline stays.
    ChangeHold {
        /// Which.
        hold: HoldNumber,
        /// Seats to take.
        add: Vec<SeatIndex>,
        /// Seats to let go.
        remove: Vec<SeatIndex>,
    },
    /// Move the deadline to `now + ttl`, at most 30 minutes after the hold was made.
    ExtendHold {
        /// Which.
        hold: HoldNumber,
        /// At most the sale's default, which is meant by `None`.
        ttl_ms: Option<u64>,
    },
    /// Let a hold go.
    ReleaseHold {
        /// Which.
        hold: HoldNumber,
    },
    /// Begin to pay a hold.
    Book {
        /// Which.
        hold: HoldNumber,
        /// How.
        payment: PaymentTerms,
    },
    /// Begin to pay the caller's own hold on a seat.
    BookHeldSeat {
        /// Any seat of the hold.
        seat: SeatIndex,
        /// How.
        payment: PaymentTerms,
    },
    /// Hold and begin to pay in one step.
    HoldAndBook {
        /// 1 to 50 different seats.
        seats: Vec<SeatIndex>,
        /// How.
        payment: PaymentTerms,
    },
    /// The provider is taking its time: answer with the pending booking.
    AnswerPending {
        /// Which.
        booking: BookingNumber,
    },
    /// Cancel a booking or some of its tickets, and refund.
    Cancel {
        /// Which.
        booking: BookingNumber,
        /// `None`: all that are left.
        seats: Option<Vec<SeatIndex>>,
    },
    /// Keep free seats for the house (organizer).
    Block {
        /// Different free seats.
        seats: Vec<SeatIndex>,
    },
    /// Give the house's seats free (organizer).
    Unblock {
        /// Different blocked seats.
        seats: Vec<SeatIndex>,
    },
    /// A provider answered; only payment workers say this.
    SettlePayment {
        /// Which.
        booking: BookingNumber,
        /// What it did.
        outcome: PaymentOutcome,
    },
    /// Make a booking of holds that is to be paid before the first of them ends.
    Reserve {
        /// Different holds of the caller, one at least.
        holds: Vec<HoldNumber>,
    },
    /// Begin to pay several holds together, all or nothing.
    BookTogether {
        /// Different holds of the caller, one at least.
        holds: Vec<HoldNumber>,
        /// How.
        payment: PaymentTerms,
    },
    /// Begin to pay a booking that was made without a payment.
    Pay {
        /// Which.
        booking: BookingNumber,
        /// How.
        payment: PaymentTerms,
    },
    /// Say who the tickets are for.
    NameContact {
        /// Which.
        booking: BookingNumber,
        /// Sealed with the buyer's key.
        contact: Vec<u8>,
    },
    /// Keep what the client wants to find at the payment again, in the place of what was there.
    KeepMetadata {
        /// Whose payment.
        booking: BookingNumber,
        /// Names and values.
        metadata: BTreeMap<String, String>,
    },
    /// A provider has told something unasked; only those say this who have verified it. Its key is made of the
    /// provider's id of the message, so what comes twice is heard once.
    HearProvider {
        /// Which.
        booking: BookingNumber,
        /// Which attempt to pay.
        attempt: u32,
        /// What the provider calls the charge.
        reference: String,
        /// What it told.
        news: ProviderNews,
    },
    /// As `HoldExact`, each ticket at the price of its price type.
    HoldTickets {
        /// 1 to 50 different seats.
        tickets: Vec<TicketWish>,
        /// Shorter than the sale's default.
        ttl_ms: Option<u64>,
    },
    /// Withdraw seats that are free or the house's (organizer).
    Kill {
        /// Different seats.
        seats: Vec<SeatIndex>,
    },
    /// Give withdrawn seats free (organizer).
    Restore {
        /// Different killed seats.
        seats: Vec<SeatIndex>,
    },
    /// Give seats that are free or the house's to somebody, for nothing (organizer).
    Comp {
        /// 1 to 50 different seats.
        seats: Vec<SeatIndex>,
        /// Whose they are to be.
        to: UserId,
    },
    /// Move a booked ticket to another free seat, at no charge (organizer).
    MoveTicket {
        /// Whose.
        booking: BookingNumber,
        /// The ticket's seat.
        from: SeatIndex,
        /// The other one.
        to: SeatIndex,
    },
    /// Sell nothing any more (organizer). A sale that is closed already stays so.
    Close {
        /// Only if it has no bookings, for then the event is to be removed.
        unsold: bool,
    },
}

impl Command {
    /// A short name for metrics and logs.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::HoldExact { .. } => "hold-exact",
            Self::HoldBest { .. } => "hold-best",
            Self::ShowHold { .. } => "show-hold",
            Self::ChangeHold { .. } => "change-hold",
            Self::ExtendHold { .. } => "extend-hold",
            Self::ReleaseHold { .. } => "release-hold",
            Self::Book { .. } => "book",
            Self::BookHeldSeat { .. } => "book-held-seat",
            Self::HoldAndBook { .. } => "hold-and-book",
            Self::AnswerPending { .. } => "answer-pending",
            Self::Cancel { .. } => "cancel",
            Self::Block { .. } => "block",
            Self::Unblock { .. } => "unblock",
            Self::SettlePayment { .. } => "settle-payment",
            Self::Reserve { .. } => "reserve",
            Self::BookTogether { .. } => "book-together",
            Self::Pay { .. } => "pay",
            Self::NameContact { .. } => "name-contact",
            Self::KeepMetadata { .. } => "keep-metadata",
            Self::HearProvider { .. } => "hear-provider",
            Self::HoldTickets { .. } => "hold-tickets",
            Self::Kill { .. } => "kill",
            Self::Restore { .. } => "restore",
            Self::Comp { .. } => "comp",
            Self::MoveTicket { .. } => "move-ticket",
            Self::Close { .. } => "close",
        }
    }

    /// Whether it is about seats that somebody is to have, which nobody can of a sale that is closed.
    #[must_use]
    pub(super) const fn needs_open_sale(&self) -> bool {
        match self {
            Self::HoldExact { .. }
            | Self::HoldBest { .. }
            | Self::HoldTickets { .. }
            | Self::ChangeHold { .. }
            | Self::ExtendHold { .. }
            | Self::Book { .. }
            | Self::BookHeldSeat { .. }
            | Self::HoldAndBook { .. }
            | Self::Block { .. }
            | Self::Unblock { .. }
            | Self::Kill { .. }
            | Self::Restore { .. }
            | Self::Comp { .. }
            | Self::MoveTicket { .. }
            | Self::Reserve { .. }
            | Self::BookTogether { .. }
            | Self::Pay { .. } => true,
            Self::ShowHold { .. }
            | Self::ReleaseHold { .. }
            | Self::AnswerPending { .. }
            | Self::Cancel { .. }
            | Self::SettlePayment { .. }
            | Self::NameContact { .. }
            | Self::KeepMetadata { .. }
            | Self::HearProvider { .. }
            | Self::Close { .. } => false,
        }
    }
}
