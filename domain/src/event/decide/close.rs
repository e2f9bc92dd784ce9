//! The end of a sale, and what the directory says anew of it.
//!
//! Closing is one fact, whatever is held or being paid: who pays at that moment is not booked, and the provider lets go of
//! the money. Bookings are cancelled after it, a few at a time, so that an event of a hundred thousand does not become one
//! endless entry.

use std::collections::BTreeSet;

use super::super::booking::{Booking, BookingStatus};
use super::super::closing::Closing;
use super::super::fact::Fact;
use super::super::refusal::Refusal;
use super::super::reply::Reply;
use super::super::sale::Sale;
use super::{Context, Decision};
use crate::ids::{BookingNumber, SeatIndex};
use crate::ports::Listing;

pub(super) fn close(sale: &Sale, unsold: bool, context: &Context<'_>) -> Result<Decision, Refusal> {
    if !context.caller.runs_event_of(sale.terms.organizer) {
        return Err(Refusal::Forbidden);
    }
    if unsold && !sale.is_unsold() {
        return Err(Refusal::InUse);
    }
    let is_so = match sale.closing {
        None => false,
        // Nothing was sold, so one is as good as the other; but only this one lets the sale go.
        Some(Closing::Cancelled) => !unsold,
        Some(Closing::Withdrawn | Closing::Purged) => true,
    };
    let facts = if is_so { Vec::new() } else { closed(sale, unsold) };
    Ok(Decision::reply(facts, Reply::Closed).remembered(context.key))
}

/// What the directory's word of the event changes: other terms, or the end. Without one, the directory has let go of the
/// event, and a sale that was withdrawn goes with it.
#[must_use]
pub fn amend(sale: &Sale, listing: Option<&Listing>) -> Decision {
    let mut facts = Vec::new();
    let Some(listing) = listing else {
        facts.extend((sale.closing == Some(Closing::Withdrawn)).then_some(Fact::SalePurged));
        return Decision::silent(facts);
    };
    if listing.revision > sale.revision {
        let (terms, revision) = (Box::new(listing.terms.clone()), listing.revision);
        facts.push(Fact::SaleAmended { terms, revision });
    }
    if listing.cancelled && sale.closing.is_none() {
        facts.extend(closed(sale, false));
    }
    Decision::silent(facts)
}

/// Cancels and refunds at most so many bookings of a cancelled event; call again while there are any.
#[must_use]
pub fn wind_up(sale: &Sale, at_most: usize) -> Decision {
    if sale.closing != Some(Closing::Cancelled) || !sale.winds_up() {
        return Decision::silent(Vec::new());
    }
    let booked = sale.bookings().filter(|(_, booking)| booking.status == BookingStatus::Booked);
    Decision::silent(booked.take(at_most).map(|(number, booking)| given_back(number, booking)).collect())
}

/// Every live ticket of the booking, for all that was paid.
fn given_back(number: BookingNumber, booking: &Booking) -> Fact {
    let seats: Vec<SeatIndex> = booking.live_seats().collect();
    let refund_minor = booking.paid_minor(&seats).sum();
    Fact::TicketsCancelled { booking: number, seats, refund_minor, owed: None }
}

fn closed(sale: &Sale, withdrawn: bool) -> Vec<Fact> {
    let paying: BTreeSet<BookingNumber> = sale.holds().filter_map(|(_, hold)| hold.paying).collect();
    let ended = |booking| match sale.booking(booking).is_some_and(|booking| booking.payment.is_open()) {
        true => Fact::BookingLapsed { booking },
        false => Fact::PaymentTimedOut { booking },
    };
    let mut facts: Vec<Fact> = paying.into_iter().map(ended).collect();
    facts.push(Fact::SaleClosed { withdrawn });
    facts
}

#[cfg(test)]
#[path = "close_test.rs"]
mod test;
