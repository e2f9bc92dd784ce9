//! Bookings of several holds, and bookings that are paid later: made first, paid by an attempt or more.

use super::super::booking::{Booking, BookingStatus};
use super::super::command::PaymentTerms;
use super::super::fact::Fact;
use super::super::hold::{Hold, PricedSeat};
use super::super::payment::Payment;
use super::super::refusal::Refusal;
use super::super::reply::{BookingView, Reply};
use super::super::sale::Sale;
use super::book::{given_away, stretched};
use super::cancel::may_manage;
use super::manage_hold::free_hold;
use super::{Context, Decision, Outcome, next_booking};
use crate::ids::{BookingNumber, HoldNumber};
use crate::time::UnixMillis;

/// The most holds that one booking is made of.
const MAX_HOLDS: usize = 10;

/// A booking that waits to be paid, for as long as all of its holds live.
pub(super) fn reserve(sale: &Sale, holds: &[HoldNumber], context: &Context<'_>) -> Result<Decision, Refusal> {
    let (booking, made, begun) = make(sale, holds, true, context)?;
    if begun.total_minor() == 0 {
        return Ok(given_away(vec![made], booking, begun, context));
    }
    let view = BookingView { number: booking, booking: Box::new(begun) };
    Ok(Decision::reply(vec![made], Reply::Pending(view)).remembered(context.key))
}

/// Several holds, paid together.
pub(super) fn together(
    sale: &Sale,
    holds: &[HoldNumber],
    payment: &PaymentTerms,
    context: &Context<'_>,
) -> Result<Decision, Refusal> {
    if let [only] = holds {
        return super::book::hold(sale, *only, payment, context);
    }
    let (booking, made, begun) = make(sale, holds, false, context)?;
    if begun.total_minor() == 0 {
        return Ok(given_away(vec![made], booking, begun, context));
    }
    let attempted = attempt(sale, booking, holds, payment, context);
    let outcome = Outcome::Settling { booking, joined: false };
    Ok(Decision { outcome, ..Decision::silent(vec![made, attempted]) })
}

/// Pays what was made before.
pub(super) fn pay(
    sale: &Sale,
    number: BookingNumber,
    payment: &PaymentTerms,
    context: &Context<'_>,
) -> Result<Decision, Refusal> {
    let booking = sale.booking(number).ok_or(Refusal::NotFound)?;
    if booking.buyer != context.caller.user {
        let sees = may_manage(sale, booking, context.caller);
        return Err(if sees { Refusal::Forbidden } else { Refusal::NotFound });
    }
    match booking.status {
        BookingStatus::Booked => return Err(Refusal::AlreadyPaid),
        BookingStatus::Cancelled if booking.booked_at.is_some() => return Err(Refusal::AlreadyCancelled),
        BookingStatus::Cancelled => return Err(Refusal::HoldEnded),
        BookingStatus::Pending if !booking.payment.is_open() => return Err(Refusal::AlreadyPaid),
        BookingStatus::Pending => {}
    }
    let attempted = attempt(sale, number, &booking.holds, payment, context);
    let outcome = Outcome::Settling { booking: number, joined: false };
    Ok(Decision { outcome, ..Decision::silent(vec![attempted]) })
}

/// The fact that makes a booking of the caller's `holds`, and the booking as it will be.
fn make(
    sale: &Sale,
    holds: &[HoldNumber],
    pays_later: bool,
    context: &Context<'_>,
) -> Result<(BookingNumber, Fact, Booking), Refusal> {
    let repeated = (1..holds.len()).any(|at| holds[..at].contains(&holds[at]));
    if repeated || !(1..=MAX_HOLDS).contains(&holds.len()) {
        return Err(Refusal::Invalid { pointer: "/holdIds", message: "1 to 10 different holds" });
    }
    let live = holds.iter().map(|hold| free_hold(sale, *hold, context));
    let live: Vec<&Hold> = live.collect::<Result<_, _>>()?;
    let charges = live.first().and_then(|hold| hold.charges.clone());
    if live.iter().any(|hold| hold.charges != charges) {
        let message = "only holds with the same fees and taxes: the event's have changed in between";
        return Err(Refusal::Invalid { pointer: "/holdIds", message });
    }
    let pay_by = live.iter().map(|hold| hold.expires_at).min().unwrap_or(context.now);
    let booking = next_booking(sale)?;
    let made = Fact::BookingMade { booking, holds: holds.to_vec(), pay_by, pays_later };
    let tickets = live.iter().flat_map(|hold| hold.tickets.iter().copied());
    let tickets: Vec<PricedSeat> = tickets.collect();
    let payment = Payment::due(pay_by);
    let (buyer, tickets) = (context.caller.user, tickets.into_iter());
    let mut begun = Booking::begin(context.now, buyer, holds.to_vec(), tickets, charges, payment);
    begun.pays_later = pays_later;
    Ok((booking, made, begun))
}

fn attempt(
    sale: &Sale,
    booking: BookingNumber,
    holds: &[HoldNumber],
    payment: &PaymentTerms,
    context: &Context<'_>,
) -> Fact {
    let live = holds.iter().filter_map(|hold| sale.hold(*hold));
    let settle_by: Option<UnixMillis> = live.map(|hold| stretched(hold, payment, context.now)).min();
    Fact::PaymentAttempted {
        booking,
        method: payment.method.clone(),
        settle_by: settle_by.unwrap_or(context.now),
        owed: context.key,
    }
}

#[cfg(test)]
#[path = "reserve_test.rs"]
mod test;
