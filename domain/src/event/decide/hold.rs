//! Setting seats aside: exactly these, or the best that are free.

use std::collections::HashSet;

use super::super::MAX_HOLD_TICKETS;
use super::super::best_available::{BestWish, MAX_BEST_AVAILABLE, best_available};
use super::super::fact::Fact;
use super::super::hold::PricedSeat;
use super::super::refusal::Refusal;
use super::super::reply::{HoldView, Reply};
use super::super::sale::Sale;
use super::super::seats::SeatStatus;
use super::{Context, Decision, next_hold};
use crate::ids::{SeatIndex, UserId};
use crate::time::UnixMillis;

pub(super) fn exact(
    sale: &Sale,
    seats: &[SeatIndex],
    ttl_ms: Option<u64>,
    context: &Context<'_>,
) -> Result<Decision, Refusal> {
    open_for_sale(sale, context.now)?;
    let ttl_ms = allowed_ttl(sale, ttl_ms)?;
    let tickets = take(sale, seats, context)?;
    held(sale, tickets, ttl_ms, context)
}

pub(super) fn best(
    sale: &Sale,
    wish: &BestWish,
    ttl_ms: Option<u64>,
    context: &Context<'_>,
) -> Result<Decision, Refusal> {
    open_for_sale(sale, context.now)?;
    let ttl_ms = allowed_ttl(sale, ttl_ms)?;
    if !(1..=MAX_BEST_AVAILABLE).contains(&wish.quantity) {
        return Err(Refusal::Invalid { pointer: "/bestAvailable/quantity", message: "1 to 12 tickets" });
    }
    within_limit(sale, context.caller.user, wish.quantity)?;
    if sale.counts().available < wish.quantity {
        return Err(Refusal::SoldOut);
    }
    let seats = best_available(sale, context.map, wish).ok_or(Refusal::SoldOut)?;
    let tickets = priced(sale, &seats, context)?;
    held(sale, tickets, ttl_ms, context)
}

fn held(
    sale: &Sale,
    tickets: Vec<PricedSeat>,
    ttl_ms: u64,
    context: &Context<'_>,
) -> Result<Decision, Refusal> {
    let fact = hold_fact(sale, tickets.clone(), ttl_ms, context)?;
    let view = HoldView {
        hold: next_hold(sale)?,
        buyer: context.caller.user,
        tickets,
        created_at: context.now,
        expires_at: context.now.plus_ms(ttl_ms),
        as_of: context.now,
    };
    Ok(Decision::reply(vec![fact], Reply::Hold(view)).remembered(context.key))
}

/// The fact that the caller holds `tickets` from now on.
pub(super) fn hold_fact(
    sale: &Sale,
    tickets: Vec<PricedSeat>,
    ttl_ms: u64,
    context: &Context<'_>,
) -> Result<Fact, Refusal> {
    Ok(Fact::Held {
        hold: next_hold(sale)?,
        buyer: context.caller.user,
        tickets,
        expires_at: context.now.plus_ms(ttl_ms),
    })
}

/// The named seats with their prices, if all are free and the caller may have so many more.
pub(super) fn take(
    sale: &Sale,
    seats: &[SeatIndex],
    context: &Context<'_>,
) -> Result<Vec<PricedSeat>, Refusal> {
    let tickets = free_seats(sale, seats, "/ticketIds", context)?;
    within_limit(sale, context.caller.user, seats.len() as u32)?;
    Ok(tickets)
}

/// The seats named at `pointer` with their prices, if all are free.
pub(super) fn free_seats(
    sale: &Sale,
    seats: &[SeatIndex],
    pointer: &'static str,
    context: &Context<'_>,
) -> Result<Vec<PricedSeat>, Refusal> {
    distinct(seats, pointer)?;
    if seats.iter().any(|seat| sale.status(*seat).is_none()) {
        return Err(Refusal::NotFound);
    }
    let taken = seats.iter().filter_map(|seat| {
        let status = sale.status(*seat).unwrap_or(SeatStatus::Blocked);
        (status != SeatStatus::Available).then_some((*seat, status))
    });
    let taken: Vec<_> = taken.collect();
    if !taken.is_empty() {
        return Err(Refusal::SeatUnavailable(taken));
    }
    priced(sale, seats, context)
}

/// 1 to 50 different seats.
pub(super) fn distinct(seats: &[SeatIndex], pointer: &'static str) -> Result<(), Refusal> {
    if !(1..=MAX_HOLD_TICKETS).contains(&seats.len()) {
        return Err(Refusal::Invalid { pointer, message: "1 to 50 tickets" });
    }
    let mut seen = HashSet::with_capacity(seats.len());
    if seats.iter().all(|seat| seen.insert(seat)) {
        return Ok(());
    }
    Err(Refusal::Invalid { pointer, message: "each ticket only once" })
}

fn priced(sale: &Sale, seats: &[SeatIndex], context: &Context<'_>) -> Result<Vec<PricedSeat>, Refusal> {
    let price = |seat: &SeatIndex| {
        let category = context.map.place(*seat)?.section.category;
        sale.terms.prices_minor.get(usize::from(category)).copied()
    };
    let tickets = seats.iter().map(|seat| Some(PricedSeat { seat: *seat, price_minor: price(seat)? }));
    tickets.collect::<Option<_>>().ok_or(Refusal::NotFound)
}

pub(super) fn within_limit(sale: &Sale, customer: UserId, more: u32) -> Result<(), Refusal> {
    match sale.terms.per_customer {
        Some(limit) if sale.tickets_of(customer).saturating_add(more) > limit => {
            Err(Refusal::LimitExceeded { limit })
        }
        _ => Ok(()),
    }
}

pub(super) fn open_for_sale(sale: &Sale, now: UnixMillis) -> Result<(), Refusal> {
    let opens_at = sale.terms.opens_at.filter(|opens_at| now < *opens_at);
    if opens_at.is_some() || now >= sale.terms.starts_at {
        return Err(Refusal::NotOnSale { opens_at });
    }
    Ok(())
}

/// The wished time to live, or the sale's default, which is also the longest.
pub(super) fn allowed_ttl(sale: &Sale, ttl_ms: Option<u64>) -> Result<u64, Refusal> {
    let longest = sale.terms.hold_ms;
    match ttl_ms {
        None => Ok(longest),
        Some(ttl_ms) if (1..=longest).contains(&ttl_ms) => Ok(ttl_ms),
        Some(_) => {
            Err(Refusal::Invalid { pointer: "/ttlSeconds", message: "1 second to the event's holdSeconds" })
        }
    }
}

#[cfg(test)]
#[path = "hold_test.rs"]
mod test;
