//! What a provider tells unasked. It counts as its answer would, if it is about the attempt that is under way and about
//! the right amount; whatever else it says changes nothing.

use super::super::command::{PaymentOutcome, ProviderNews};
use super::super::fact::Fact;
use super::super::payment::PaymentStatus;
use super::super::refusal::Refusal;
use super::super::reply::Reply;
use super::super::sale::Sale;
use super::{Context, Decision, Outcome, settle};
use crate::ids::BookingNumber;
use crate::money::Money;

pub(super) fn provider(
    sale: &Sale,
    number: BookingNumber,
    (attempt, reference): (u32, &str),
    news: &ProviderNews,
    context: &Context<'_>,
) -> Result<Decision, Refusal> {
    let booking = sale.booking(number).ok_or(Refusal::NotFound)?;
    let payment = &booking.payment;
    let owed = Money { minor: booking.total_minor(), currency: sale.terms.currency };
    let outcome = match news {
        _ if payment.attempt != attempt => None,
        ProviderNews::Authorized(money) | ProviderNews::Captured(money) if *money != owed => {
            return Err(Refusal::Invalid { pointer: "/data/object", message: "another amount is owed" });
        }
        ProviderNews::Authorized(_) => Some(PaymentOutcome::AuthorizedAs(reference.to_owned())),
        ProviderNews::Captured(_) => Some(PaymentOutcome::Captured),
        ProviderNews::Cancelled => Some(match payment.status {
            PaymentStatus::Authorized => PaymentOutcome::Lost,
            PaymentStatus::RequiresAction => PaymentOutcome::Declined,
            _ => PaymentOutcome::Voided,
        }),
        ProviderNews::Disputed(dispute) if !payment.disputes.contains(dispute) => {
            let disputed = Fact::PaymentDisputed { booking: number, dispute: dispute.clone() };
            return Ok(Decision::reply(vec![disputed], Reply::Heard).remembered(context.key));
        }
        ProviderNews::Disputed(_) => None,
    };
    let heard = match outcome {
        Some(outcome) => settle::payment(sale, number, &outcome, context)?,
        None => Decision::silent(Vec::new()),
    };
    Ok(Decision { outcome: Outcome::Reply(Reply::Heard), ..heard }.remembered(context.key))
}

#[cfg(test)]
#[path = "hear_test.rs"]
mod test;
