//! The house keeps seats, and gives them free again.

use super::super::fact::Fact;
use super::super::refusal::Refusal;
use super::super::reply::Reply;
use super::super::sale::Sale;
use super::super::seats::SeatStatus;
use super::hold::distinct;
use super::{Context, Decision};
use crate::ids::SeatIndex;

pub(super) fn block(sale: &Sale, seats: &[SeatIndex], context: &Context<'_>) -> Result<Decision, Refusal> {
    change(sale, seats, SeatStatus::Available, context)?;
    let fact = Fact::SeatsBlocked { seats: seats.to_vec() };
    Ok(Decision::reply(vec![fact], Reply::SeatsChanged).remembered(context.key))
}

pub(super) fn unblock(sale: &Sale, seats: &[SeatIndex], context: &Context<'_>) -> Result<Decision, Refusal> {
    change(sale, seats, SeatStatus::Blocked, context)?;
    let fact = Fact::SeatsUnblocked { seats: seats.to_vec() };
    Ok(Decision::reply(vec![fact], Reply::SeatsChanged).remembered(context.key))
}

/// The organizer may change the seats, and all of them are as they must be before.
fn change(
    sale: &Sale,
    seats: &[SeatIndex],
    before: SeatStatus,
    context: &Context<'_>,
) -> Result<(), Refusal> {
    if !context.caller.runs_event_of(sale.terms.organizer) {
        return Err(Refusal::Forbidden);
    }
    distinct(seats, "/ticketIds")?;
    let statuses: Option<Vec<_>> = seats.iter().map(|seat| Some((*seat, sale.status(*seat)?))).collect();
    let mut others = statuses.ok_or(Refusal::NotFound)?;
    others.retain(|(_, status)| *status != before);
    if others.is_empty() { Ok(()) } else { Err(Refusal::SeatUnavailable(others)) }
}

#[cfg(test)]
#[path = "blocking_test.rs"]
mod test;
