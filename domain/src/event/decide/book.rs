//! Beginning to pay: the money is asked for only once this has committed.

use std::sync::Arc;

use super::super::booking::{Booking, TicketCode};
use super::super::charges::Charges;
use super::super::command::PaymentTerms;
use super::super::fact::Fact;
use super::super::hold::{Hold, PricedSeat};
use super::super::payment::{Payment, PaymentStatus};
use super::super::refusal::Refusal;
use super::super::reply::{BookingView, Reply};
use super::super::sale::Sale;
use super::super::seats::Claim;
use super::hold::{hold_fact, open_for_sale, take};
use super::manage_hold::free_hold;
use super::{Context, Decision, Outcome, next_booking, next_hold};
use crate::ids::{BookingNumber, HoldNumber, SeatIndex};
use crate::time::UnixMillis;

pub(super) fn hold(
    sale: &Sale,
    number: HoldNumber,
    payment: &PaymentTerms,
    context: &Context<'_>,
) -> Result<Decision, Refusal> {
    let hold = free_hold(sale, number, context)?;
    let seats = Seats { hold: number, tickets: &hold.tickets, charges: hold.charges.clone() };
    start(sale, Vec::new(), seats, stretched(hold, payment, context.now), payment, context)
}

pub(super) fn held_seat(
    sale: &Sale,
    seat: SeatIndex,
    payment: &PaymentTerms,
    context: &Context<'_>,
) -> Result<Decision, Refusal> {
    let number = match sale.claim(seat).ok_or(Refusal::NotFound)? {
        Claim::Hold(number) => number,
        // Whatever hold the caller means, it is over.
        Claim::Free => return Err(Refusal::HoldEnded),
        other => return Err(Refusal::SeatUnavailable(vec![(seat, other.status())])),
    };
    let others = || Refusal::SeatUnavailable(vec![(seat, Claim::Hold(number).status())]);
    let own = sale.hold(number).is_some_and(|hold| hold.buyer == context.caller.user);
    if own { hold(sale, number, payment, context) } else { Err(others()) }
}

pub(super) fn one_call(
    sale: &Sale,
    seats: &[SeatIndex],
    payment: &PaymentTerms,
    context: &Context<'_>,
) -> Result<Decision, Refusal> {
    open_for_sale(sale, context.now)?;
    let tickets = take(sale, seats, context)?;
    // The hold lives for its payment alone, so the payment's deadline is its own.
    let held = hold_fact(sale, tickets.clone(), payment.timeout_ms, context)?;
    let settle_by = context.now.plus_ms(payment.timeout_ms);
    let seats = Seats { hold: next_hold(sale)?, tickets: &tickets, charges: sale.terms.charges.clone() };
    start(sale, vec![held], seats, settle_by, payment, context)
}

/// What is paid.
struct Seats<'a> {
    hold: HoldNumber,
    tickets: &'a [PricedSeat],
    charges: Option<Arc<Charges>>,
}

/// How long the seats wait for the provider: `timeout`, but the hold is stretched beyond its deadline only once.
pub(super) fn stretched(hold: &Hold, payment: &PaymentTerms, now: UnixMillis) -> UnixMillis {
    let settle_by = now.plus_ms(payment.timeout_ms);
    match hold.stretched_to {
        None => settle_by,
        Some(stretched_to) => settle_by.min(stretched_to.max(hold.expires_at)),
    }
}

fn start(
    sale: &Sale,
    before: Vec<Fact>,
    seats: Seats<'_>,
    settle_by: UnixMillis,
    payment: &PaymentTerms,
    context: &Context<'_>,
) -> Result<Decision, Refusal> {
    let Seats { hold, tickets, charges } = seats;
    let booking = next_booking(sale)?;
    let one_call = !before.is_empty();
    let mut facts = before;
    facts.push(Fact::PaymentStarted {
        booking,
        hold,
        method: payment.method.clone(),
        settle_by,
        one_call,
        owed: context.key,
    });
    if tickets.iter().any(|ticket| ticket.price_minor != 0) {
        let outcome = Outcome::Settling { booking, joined: false };
        return Ok(Decision { facts, outcome, settled: Vec::new() });
    }
    let begun = Payment::begin(payment.method.clone(), settle_by);
    let tickets = tickets.iter().copied();
    let mut begun = Booking::begin(context.now, context.caller.user, vec![hold], tickets, charges, begun);
    begun.one_call = one_call;
    Ok(given_away(facts, booking, begun, context))
}

/// A total of zero, which bears no fees, needs no provider: after `facts`, everything happens in this one decision.
pub(super) fn given_away(
    mut facts: Vec<Fact>,
    booking: BookingNumber,
    mut sold: Booking,
    context: &Context<'_>,
) -> Decision {
    let codes = codes(sold.tickets.len(), context);
    sold.sell(context.now, &codes);
    sold.payment.status = PaymentStatus::Captured;
    facts.push(Fact::Booked { booking, codes });
    facts.push(Fact::PaymentCaptured { booking });
    let view = BookingView { number: booking, booking: Box::new(sold) };
    Decision::reply(facts, Reply::Booking(view)).remembered(context.key)
}

/// Fresh codes, one a ticket.
pub(super) fn codes(tickets: usize, context: &Context<'_>) -> Vec<TicketCode> {
    let code = |_| {
        let mut bytes = [0; 16];
        context.random.fill(&mut bytes);
        TicketCode(bytes)
    };
    (0..tickets).map(code).collect()
}

#[cfg(test)]
#[path = "book_test.rs"]
mod test;
