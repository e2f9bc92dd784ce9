//! The sale of one event: the heart of the program, as pure values.
//!
//! [`decide()`] says what a command would change, [`apply()`] changes it; between the two lies the journal.

mod apply;
mod apply_bookings;
mod best_available;
mod booking;
mod bookings;
mod charges;
mod closing;
mod command;
mod deadlines;
pub mod decide;
mod fact;
mod fading;
mod hold;
mod outbox;
mod payment;
mod refusal;
mod reply;
mod sale;
mod seats;
mod table;
mod terms;
mod validate;

pub use apply::apply;
pub use best_available::{BestWish, MAX_BEST_AVAILABLE};
pub use booking::{Booking, BookingStatus, SoldTicket, TicketCode};
pub use charges::{
    ADULT, Charges, Fee, FeeAmount, Line, LineKind, Per, Percent, PriceRule, PriceType, Priced, Tax,
};
pub use closing::{Closing, Progress};
pub use command::{Caller, Command, Key, PaymentOutcome, PaymentTerms, ProviderNews, TicketWish};
pub use decide::{Context, Decision, Outcome, amend, decide, expire, wind_up};
pub use fact::{Fact, Stamped};
pub use hold::{Hold, PricedSeat};
pub use outbox::{Channel, Delivery, Ended, GivenUp, MOST_OPEN, Notice, Outbox, due, ended};
pub use payment::{Dispute, NextAction, Payment, PaymentMethod, PaymentStatus, Work};
pub use refusal::Refusal;
pub use reply::{BookingView, HoldView, Reply};
pub use sale::{Opening, Sale};
pub use seats::{Claim, Counts, SeatStatus};
pub use terms::{Cancellation, SaleTerms};

/// The most tickets one hold may name.
pub const MAX_HOLD_TICKETS: usize = 50;
/// However often it is extended, a hold ends so long after its creation: 30 minutes.
pub const MAX_HOLD_AGE_MS: u64 = 30 * 60 * 1000;
/// How long ended holds and the answers to keyed requests are remembered: 24 hours.
pub const MEMORY_MS: u64 = 24 * 60 * 60 * 1000;

#[cfg(test)]
#[path = "test/mod.rs"]
mod test;
