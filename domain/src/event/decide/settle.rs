//! What follows from a provider's answer. An answer that comes twice, or too late, changes nothing more: the deadline
//! has spoken, and whoever lets the money go then finds out whether there is any. If there is, it gets the same seats as
//! long as they can be had.

use super::super::booking::Booking;
use super::super::command::PaymentOutcome;
use super::super::fact::Fact;
use super::super::hold::Hold;
use super::super::payment::{NextAction, PaymentStatus};
use super::super::refusal::Refusal;
use super::super::reply::{BookingView, Reply};
use super::super::sale::Sale;
use super::book::codes;
use super::cancel::may_manage;
use super::late::can_be_had_again;
use super::{Context, Decision};
use crate::ids::BookingNumber;

pub(super) fn payment(
    sale: &Sale,
    number: BookingNumber,
    outcome: &PaymentOutcome,
    context: &Context<'_>,
) -> Result<Decision, Refusal> {
    use PaymentOutcome as Did;
    let booking = sale.booking(number).ok_or(Refusal::NotFound)?;
    let payment = &booking.payment;
    let asked = matches!(payment.status, PaymentStatus::Pending | PaymentStatus::RequiresAction);
    let fact = match (outcome, payment.status) {
        (Did::FoundLate(reference), PaymentStatus::Voided)
            if payment.void_due && can_be_had_again(sale, booking, context) =>
        {
            return Ok(authorized(sale, number, booking, reference.as_ref(), context));
        }
        (Did::Authorized, _) if asked => return Ok(authorized(sale, number, booking, None, context)),
        (Did::AuthorizedAs(reference), _) if asked => {
            return Ok(authorized(sale, number, booking, Some(reference), context));
        }
        (Did::Declined, _) if asked => return Ok(declined(sale, number, booking)),
        (Did::ActionRequired { action, reference }, PaymentStatus::Pending) => {
            return Ok(action_required(sale, number, (action, reference)));
        }
        (Did::Captured, PaymentStatus::Authorized) => Fact::PaymentCaptured { booking: number },
        (Did::Lost, PaymentStatus::Authorized) => Fact::PaymentLost { booking: number },
        (Did::Voided, PaymentStatus::Voided) if payment.void_due => Fact::PaymentVoided { booking: number },
        (Did::Refunded { amount_minor, attempt }, PaymentStatus::Captured)
            if *attempt == payment.refunds && payment.refunds_due_minor.first() == Some(amount_minor) =>
        {
            Fact::RefundPaid { booking: number, amount_minor: *amount_minor }
        }
        _ => return Ok(Decision::silent(Vec::new())),
    };
    Ok(settled(sale, number, vec![fact], context))
}

fn authorized(
    sale: &Sale,
    number: BookingNumber,
    booking: &Booking,
    reference: Option<&String>,
    context: &Context<'_>,
) -> Decision {
    let named = reference.filter(|reference| booking.payment.reference.as_ref() != Some(reference)).cloned();
    let named = named.map(|reference| Fact::ChargeNamed { booking: number, reference });
    let booked = Fact::Booked { booking: number, codes: codes(booking.tickets.len(), context) };
    settled(sale, number, named.into_iter().chain([booked]).collect(), context)
}

/// The holds are as they were; a one-call booking takes its seats along, and one that pays later waits on.
fn declined(sale: &Sale, number: BookingNumber, booking: &Booking) -> Decision {
    let mut facts = vec![Fact::PaymentDeclined { booking: number }];
    facts.extend(release_one_call(sale, booking));
    facts.extend(booking.owed.iter().map(|key| Fact::Answered { key: *key, reply: Reply::Declined }));
    Decision { settled: vec![(number, Reply::Declined)], ..Decision::silent(facts) }
}

/// The buyer's part may take longer than a provider: the seats wait as long as the holds would have. Whoever waits is
/// told what there is to do.
fn action_required(sale: &Sale, number: BookingNumber, required: (&NextAction, &String)) -> Decision {
    let Some(mut after) = sale.booking(number).cloned() else { return Decision::silent(Vec::new()) };
    let (action, reference) = (required.0.clone(), required.1.clone());
    let end = |hold: &Hold| match after.one_call {
        true => hold.created_at.plus_ms(sale.terms.hold_ms),
        false => hold.expires_at,
    };
    let first_end = after.holds.iter().filter_map(|hold| sale.hold(*hold)).map(end).min();
    let settle_by = first_end.unwrap_or_default().max(after.payment.settle_by);
    after.require(&action, &reference, settle_by);
    let required = Fact::PaymentActionRequired { booking: number, action, reference, settle_by };
    let mut decision = Decision::silent(vec![required]);
    answer_all(&mut decision, number, after, Reply::Pending);
    decision
}

pub(super) fn release_one_call(sale: &Sale, booking: &Booking) -> Option<Fact> {
    let hold = *booking.holds.first().filter(|_| booking.one_call)?;
    sale.hold(hold).map(|_| Fact::HoldReleased { hold })
}

/// `facts`, and the answers owed if they were the last that the booking waited for.
fn settled(sale: &Sale, number: BookingNumber, facts: Vec<Fact>, context: &Context<'_>) -> Decision {
    let mut after = sale.booking(number).cloned();
    if let Some(booking) = &mut after {
        facts.iter().for_each(|fact| foresee(booking, fact, context));
    }
    let mut decision = Decision::silent(facts);
    if let Some(booking) = after.filter(|booking| booking.open_work().is_none()) {
        answer_all(&mut decision, number, booking, Reply::Booking);
    }
    decision
}

/// The booking as the fact will leave it.
fn foresee(booking: &mut Booking, fact: &Fact, context: &Context<'_>) {
    match fact {
        Fact::Booked { codes, .. } => booking.sell(context.now, codes),
        Fact::PaymentCaptured { .. } => booking.payment.status = PaymentStatus::Captured,
        Fact::PaymentVoided { .. } => booking.payment.void_due = false,
        Fact::PaymentLost { .. } => booking.lose(),
        Fact::RefundPaid { amount_minor, .. } => booking.payment.refund(*amount_minor),
        _ => {}
    }
}

/// Answers everyone who waits for the booking with what it is now.
fn answer_all(
    decision: &mut Decision,
    number: BookingNumber,
    mut booking: Booking,
    reply: impl FnOnce(BookingView) -> Reply,
) {
    let owed = core::mem::take(&mut booking.owed);
    let reply = reply(BookingView { number, booking: Box::new(booking) });
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
