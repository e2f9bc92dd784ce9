//! The house keeps seats or withdraws them, and gives them free again.

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
    not_killed(sale, seats)?;
    let fact = Fact::SeatsUnblocked { seats: seats.to_vec() };
    Ok(Decision::reply(vec![fact], Reply::SeatsChanged).remembered(context.key))
}

/// A seat that is broken, say, or behind a pillar: unblocking does not bring it back.
pub(super) fn kill(sale: &Sale, seats: &[SeatIndex], context: &Context<'_>) -> Result<Decision, Refusal> {
    may_change(sale, seats, context)?;
    takeable(sale, seats)?;
    let fact = Fact::SeatsKilled { seats: seats.to_vec() };
    Ok(Decision::reply(vec![fact], Reply::SeatsChanged).remembered(context.key))
}

pub(super) fn restore(sale: &Sale, seats: &[SeatIndex], context: &Context<'_>) -> Result<Decision, Refusal> {
    may_change(sale, seats, context)?;
    all(sale, seats, |seat, _| sale.killed.contains(&seat))?;
    let fact = Fact::SeatsRestored { seats: seats.to_vec() };
    Ok(Decision::reply(vec![fact], Reply::SeatsChanged).remembered(context.key))
}

/// The seats are free or kept by the house, and none of them is withdrawn.
pub(super) fn takeable(sale: &Sale, seats: &[SeatIndex]) -> Result<(), Refusal> {
    all(sale, seats, |seat, status| match status {
        SeatStatus::Available => true,
        SeatStatus::Blocked => !sale.killed.contains(&seat),
        SeatStatus::Held | SeatStatus::Booked => false,
    })
}

fn not_killed(sale: &Sale, seats: &[SeatIndex]) -> Result<(), Refusal> {
    all(sale, seats, |seat, _| !sale.killed.contains(&seat))
}

/// The organizer may change the seats, and all of them are as they must be before.
fn change(
    sale: &Sale,
    seats: &[SeatIndex],
    before: SeatStatus,
    context: &Context<'_>,
) -> Result<(), Refusal> {
    may_change(sale, seats, context)?;
    all(sale, seats, |_, status| status == before)
}

/// Whoever runs the event names 1 to 50 different seats.
pub(super) fn may_change(sale: &Sale, seats: &[SeatIndex], context: &Context<'_>) -> Result<(), Refusal> {
    if !context.caller.runs_event_of(sale.terms.organizer) {
        return Err(Refusal::Forbidden);
    }
    distinct(seats, "/ticketIds")
}

/// All of the seats are `right`; those that are not, are told.
fn all(
    sale: &Sale,
    seats: &[SeatIndex],
    right: impl Fn(SeatIndex, SeatStatus) -> bool,
) -> Result<(), Refusal> {
    let statuses: Option<Vec<_>> = seats.iter().map(|seat| Some((*seat, sale.status(*seat)?))).collect();
    let mut others = statuses.ok_or(Refusal::NotFound)?;
    others.retain(|(seat, status)| !right(*seat, *status));
    if others.is_empty() { Ok(()) } else { Err(Refusal::SeatUnavailable(others)) }
}

#[cfg(test)]
#[path = "blocking_test.rs"]
mod test;
