//! What the holder of a hold may do with it: see it, change its seats, extend it, let it go.

use super::super::command::Caller;
use super::super::fact::Fact;
use super::super::hold::{Hold, PricedSeat};
use super::super::refusal::Refusal;
use super::super::reply::{HoldView, Reply};
use super::super::sale::Sale;
use super::super::{MAX_HOLD_AGE_MS, MAX_HOLD_TICKETS};
use super::hold::{allowed_ttl, distinct, free_seats, open_for_sale, within_limit};
use super::{Context, Decision};
use crate::ids::{HoldNumber, SeatIndex};
use crate::time::UnixMillis;

pub(super) fn show(sale: &Sale, number: HoldNumber, context: &Context<'_>) -> Result<Decision, Refusal> {
    own_hold(sale, number, context.caller, context.now)?;
    let view = sale.view_hold(number, context.now).ok_or(Refusal::NotFound)?;
    Ok(Decision::reply(Vec::new(), Reply::Hold(view)))
}

pub(super) fn change(
    sale: &Sale,
    number: HoldNumber,
    add: &[SeatIndex],
    remove: &[SeatIndex],
    context: &Context<'_>,
) -> Result<Decision, Refusal> {
    let hold = free_hold(sale, number, context)?;
    open_for_sale(sale, context.now)?;
    let removed = removed_seats(hold, remove)?;
    let added = added_seats(sale, hold, add, context)?;
    // Only growth is measured: at the limit, a seat can still be exchanged for another.
    if added.len() > removed.len() {
        within_limit(sale, context.caller.user, (added.len() - removed.len()) as u32)?;
    }
    let tickets = hold.changed(&added, &removed);
    if !(1..=MAX_HOLD_TICKETS).contains(&tickets.len()) {
        return Err(Refusal::Invalid { pointer: "", message: "1 to 50 tickets must be left in the hold" });
    }
    let view = HoldView {
        hold: number,
        buyer: hold.buyer,
        tickets,
        created_at: hold.created_at,
        expires_at: hold.expires_at,
        as_of: context.now,
        charges: hold.charges.clone(),
    };
    let fact = Fact::HoldChanged { hold: number, added, removed };
    Ok(Decision::reply(vec![fact], Reply::Hold(view)).remembered(context.key))
}

fn removed_seats(hold: &Hold, remove: &[SeatIndex]) -> Result<Vec<SeatIndex>, Refusal> {
    if !remove.is_empty() {
        distinct(remove, "/remove")?;
    }
    if remove.iter().any(|seat| !hold.has(*seat)) {
        return Err(Refusal::Invalid { pointer: "/remove", message: "only tickets of the hold" });
    }
    Ok(remove.to_vec())
}

fn added_seats(
    sale: &Sale,
    hold: &Hold,
    add: &[SeatIndex],
    context: &Context<'_>,
) -> Result<Vec<PricedSeat>, Refusal> {
    if add.is_empty() {
        return Ok(Vec::new());
    }
    if add.iter().any(|seat| hold.has(*seat)) {
        return Err(Refusal::Invalid { pointer: "/add", message: "no ticket that the hold has already" });
    }
    Ok(free_seats(sale, add, "/add", context)?.to_vec())
}

pub(super) fn extend(
    sale: &Sale,
    number: HoldNumber,
    ttl_ms: Option<u64>,
    context: &Context<'_>,
) -> Result<Decision, Refusal> {
    let hold = free_hold(sale, number, context)?;
    let ttl_ms = allowed_ttl(sale, ttl_ms)?;
    let expires_at = context.now.plus_ms(ttl_ms).min(hold.created_at.plus_ms(MAX_HOLD_AGE_MS));
    let view = HoldView { expires_at, ..sale.view_hold(number, context.now).ok_or(Refusal::NotFound)? };
    let fact = Fact::HoldExtended { hold: number, expires_at };
    Ok(Decision::reply(vec![fact], Reply::Hold(view)).remembered(context.key))
}

pub(super) fn release(sale: &Sale, number: HoldNumber, context: &Context<'_>) -> Result<Decision, Refusal> {
    free_hold(sale, number, context)?;
    let fact = Fact::HoldReleased { hold: number };
    Ok(Decision::reply(vec![fact], Reply::Released).remembered(context.key))
}

/// The caller's live hold; one that ended within a day is told apart from one that never was.
pub(super) fn own_hold(
    sale: &Sale,
    number: HoldNumber,
    caller: Caller,
    now: UnixMillis,
) -> Result<&Hold, Refusal> {
    match sale.hold(number) {
        Some(hold) if hold.buyer == caller.user => Ok(hold),
        None if sale.ended_hold_of(number, now) == Some(caller.user) => Err(Refusal::HoldEnded),
        _ => Err(Refusal::NotFound),
    }
}

/// The caller's live hold, not being paid.
pub(super) fn free_hold<'a>(
    sale: &'a Sale,
    number: HoldNumber,
    context: &Context<'_>,
) -> Result<&'a Hold, Refusal> {
    let hold = own_hold(sale, number, context.caller, context.now)?;
    if hold.paying.is_some() { Err(Refusal::AlreadyPaid) } else { Ok(hold) }
}

#[cfg(test)]
#[path = "manage_hold_test.rs"]
mod test;
