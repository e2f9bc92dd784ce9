//! What follows from a provider's answer. An answer that comes twice, or too late, changes nothing more: the deadline
//! has spoken, and the void that goes with it lets the money go.

use super::super::booking::{Booking, PaymentStatus};
use super::super::command::PaymentOutcome;
use super::super::fact::Fact;
use super::super::refusal::Refusal;
use super::super::reply::{BookingView, Reply};
use super::super::sale::Sale;
use super::book::codes;
use super::cancel::may_manage;
use super::{Context, Decision};
use crate::ids::BookingNumber;

pub(super) fn payment(
    sale: &Sale,
    number: BookingNumber,
    outcome: PaymentOutcome,
    context: &Context<'_>,
) -> Result<Decision, Refusal> {
    let booking = sale.booking(number).ok_or(Refusal::NotFound)?;
    let payment = &booking.payment;
    let fact = match (outcome, payment.status) {
        (PaymentOutcome::Authorized, PaymentStatus::Pending) => {
            Fact::Booked { booking: number, codes: codes(booking.tickets.len(), context) }
        }
        (PaymentOutcome::Declined, PaymentStatus::Pending) => return Ok(declined(sale, number, booking)),
        (PaymentOutcome::Captured, PaymentStatus::Authorized) => Fact::PaymentCaptured { booking: number },
        (PaymentOutcome::Voided, PaymentStatus::Voided) if payment.void_due => {
            Fact::PaymentVoided { booking: number }
        }
        (PaymentOutcome::Refunded { amount_minor, attempt }, PaymentStatus::Captured)
            if attempt == payment.refunds && payment.refunds_due_minor.first() == Some(&amount_minor) =>
        {
            Fact::RefundPaid { booking: number, amount_minor }
        }
        _ => return Ok(Decision::silent(Vec::new())),
    };
    Ok(settled(sale, number, fact, context))
}

/// The hold is as it was; a one-call booking takes its seats along.
fn declined(sale: &Sale, number: BookingNumber, booking: &Booking) -> Decision {
    let mut facts = vec![Fact::PaymentDeclined { booking: number }];
    facts.extend(release_one_call(sale, booking));
    facts.extend(booking.owed.iter().map(|key| Fact::Answered { key: *key, reply: Reply::Declined }));
    Decision { settled: vec![(number, Reply::Declined)], ..Decision::silent(facts) }
}

pub(super) fn release_one_call(sale: &Sale, booking: &Booking) -> Option<Fact> {
    let lives = sale.hold(booking.hold).is_some();
    (booking.one_call && lives).then_some(Fact::HoldReleased { hold: booking.hold })
}

/// `fact`, and the answers owed if it was the last that the booking waited for.
fn settled(sale: &Sale, number: BookingNumber, fact: Fact, context: &Context<'_>) -> Decision {
    let mut after = sale.booking(number).cloned();
    if let Some(booking) = &mut after {
        foresee(booking, &fact, context);
    }
    let mut decision = Decision::silent(vec![fact]);
    if let Some(booking) = after.filter(|booking| booking.open_work().is_none()) {
        answer_all(&mut decision, number, booking);
    }
    decision
}

/// The booking as the fact will leave it.
fn foresee(booking: &mut Booking, fact: &Fact, context: &Context<'_>) {
    match fact {
        Fact::Booked { codes, .. } => booking.sell(context.now, codes),
        Fact::PaymentCaptured { .. } => booking.payment.status = PaymentStatus::Captured,
        Fact::PaymentVoided { .. } => booking.payment.void_due = false,
        Fact::RefundPaid { amount_minor, .. } => booking.refund(*amount_minor),
        _ => {}
    }
}

/// Answers everyone who waits for the booking with what it is now.
pub(super) fn answer_all(decision: &mut Decision, number: BookingNumber, mut booking: Booking) {
    let owed = core::mem::take(&mut booking.owed);
    let reply = Reply::Booking(BookingView { number, booking: Box::new(booking) });
    decision.facts.extend(owed.into_iter().map(|key| Fact::Answered { key, reply: reply.clone() }));
    decision.settled.push((number, reply));
}

pub(super) fn answer_pending(
    sale: &Sale,
    number: BookingNumber,
    context: &Context<'_>,
) -> Result<Decision, Refusal> {
    let mut view = sale.view_booking(number).ok_or(Refusal::NotFound)?;
    if !may_manage(sale, &view.booking, context.caller) {
        return Err(Refusal::NotFound);
    }
    view.booking.owed.clear();
    let reply = match view.booking.open_work() {
        Some(_) => Reply::Pending(view),
        None => Reply::Booking(view),
    };
    Ok(Decision::reply(Vec::new(), reply).remembered(context.key))
}

#[cfg(test)]
#[path = "settle_test.rs"]
mod test;
