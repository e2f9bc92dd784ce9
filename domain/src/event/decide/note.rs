//! What buyers and organizers write onto a booking: who the tickets are for, and notes on its payment.

use std::collections::BTreeMap;

use super::super::booking::Booking;
use super::super::fact::Fact;
use super::super::refusal::Refusal;
use super::super::reply::{BookingView, Reply};
use super::super::sale::Sale;
use super::cancel::may_manage;
use super::{Context, Decision};
use crate::ids::BookingNumber;

const MAX_CONTACT_BYTES: usize = 2_048;
const MAX_NOTES: usize = 20;
const MAX_NAME_BYTES: usize = 40;
const MAX_VALUE_BYTES: usize = 500;

pub(super) fn contact(
    sale: &Sale,
    number: BookingNumber,
    contact: &[u8],
    context: &Context<'_>,
) -> Result<Decision, Refusal> {
    if contact.len() > MAX_CONTACT_BYTES {
        return Err(Refusal::Invalid { pointer: "/contact", message: "too long" });
    }
    let fact = Fact::ContactNamed { booking: number, contact: contact.to_vec() };
    noted(sale, number, fact, |booking| booking.contact = contact.to_vec(), context)
}

pub(super) fn metadata(
    sale: &Sale,
    number: BookingNumber,
    metadata: &BTreeMap<String, String>,
    context: &Context<'_>,
) -> Result<Decision, Refusal> {
    let fits = |(name, value): (&String, &String)| {
        (1..=MAX_NAME_BYTES).contains(&name.len()) && value.len() <= MAX_VALUE_BYTES
    };
    if metadata.len() > MAX_NOTES || !metadata.iter().all(fits) {
        let message = "at most 20 names of 1 to 40 bytes, with values of at most 500";
        return Err(Refusal::Invalid { pointer: "/metadata", message });
    }
    let fact = Fact::MetadataKept { booking: number, metadata: metadata.clone() };
    noted(sale, number, fact, |booking| booking.payment.metadata.clone_from(metadata), context)
}

/// For those who may see the booking, which is shown as it is with the note.
fn noted(
    sale: &Sale,
    number: BookingNumber,
    fact: Fact,
    note: impl FnOnce(&mut Booking),
    context: &Context<'_>,
) -> Result<Decision, Refusal> {
    let mut after = sale.booking(number).cloned().ok_or(Refusal::NotFound)?;
    if !may_manage(sale, &after, context.caller) {
        return Err(Refusal::NotFound);
    }
    note(&mut after);
    after.owed.clear();
    let view = BookingView { number, booking: Box::new(after) };
    Ok(Decision::reply(vec![fact], Reply::Booking(view)).remembered(context.key))
}

#[cfg(test)]
#[path = "note_test.rs"]
mod test;
