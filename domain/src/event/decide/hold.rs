//! Setting seats aside: exactly these, or the best that are free.

use std::sync::Arc;

use super::super::MAX_HOLD_TICKETS;
use super::super::best_available::{BestWish, MAX_BEST_AVAILABLE, best_available};
use super::super::charges::ADULT;
use super::super::command::TicketWish;
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

/// The same with price types. Whoever asks by these asks at `/tickets`.
pub(super) fn tickets(
    sale: &Sale,
    wishes: &[TicketWish],
    ttl_ms: Option<u64>,
    context: &Context<'_>,
) -> Result<Decision, Refusal> {
    open_for_sale(sale, context.now)?;
    let ttl_ms = allowed_ttl(sale, ttl_ms)?;
    let seats: Vec<SeatIndex> = wishes.iter().map(|wish| wish.seat).collect();
    let types = wishes.iter().map(|wish| price_type(sale, &wish.price_type));
    let types = types.collect::<Result<Vec<_>, _>>()?;
    all_free(sale, &seats, "/tickets")?;
    within_limit(sale, context.caller.user, seats.len() as u32)?;
    let tickets = priced(sale, seats.iter().copied().zip(types), context)?;
    held(sale, tickets, ttl_ms, context)
}

fn price_type(sale: &Sale, id: &str) -> Result<u8, Refusal> {
    let charges = sale.terms.charges.as_deref();
    let known = charges.map_or((id == ADULT).then_some(0), |charges| charges.type_named(id));
    known.ok_or(Refusal::Invalid { pointer: "/tickets", message: "only price types of the event" })
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
    let tickets = priced(sale, adults(&seats), context)?;
    held(sale, tickets, ttl_ms, context)
}

fn held(
    sale: &Sale,
    tickets: Arc<[PricedSeat]>,
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
        charges: sale.terms.charges.clone(),
    };
    let mut facts = Vec::with_capacity(2);
    facts.push(fact);
    Ok(Decision::reply(facts, Reply::Hold(view)).remembered(context.key))
}

/// The fact that the caller holds `tickets` from now on.
pub(super) fn hold_fact(
    sale: &Sale,
    tickets: Arc<[PricedSeat]>,
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
) -> Result<Arc<[PricedSeat]>, Refusal> {
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
) -> Result<Arc<[PricedSeat]>, Refusal> {
    all_free(sale, seats, pointer)?;
    priced(sale, adults(seats), context)
}

/// 1 to 50 different seats, and all of them free.
fn all_free(sale: &Sale, seats: &[SeatIndex], pointer: &'static str) -> Result<(), Refusal> {
    distinct(seats, pointer)?;
    let mut taken = Vec::new();
    for seat in seats {
        match sale.status(*seat).ok_or(Refusal::NotFound)? {
            SeatStatus::Available => {}
            status => taken.push((*seat, status)),
        }
    }
    if taken.is_empty() { Ok(()) } else { Err(Refusal::SeatUnavailable(taken)) }
}

/// 1 to 50 different seats.
pub(super) fn distinct(seats: &[SeatIndex], pointer: &'static str) -> Result<(), Refusal> {
    if !(1..=MAX_HOLD_TICKETS).contains(&seats.len()) {
        return Err(Refusal::Invalid { pointer, message: "1 to 50 tickets" });
    }
    // So few are compared with each other faster than they are hashed.
    let repeated = (1..seats.len()).any(|at| seats[..at].contains(&seats[at]));
    if repeated { Err(Refusal::Invalid { pointer, message: "each ticket only once" }) } else { Ok(()) }
}

/// Each at the plain price.
fn adults(seats: &[SeatIndex]) -> impl ExactSizeIterator<Item = (SeatIndex, u8)> {
    seats.iter().map(|seat| (*seat, 0))
}

fn priced(
    sale: &Sale,
    seats: impl ExactSizeIterator<Item = (SeatIndex, u8)>,
    context: &Context<'_>,
) -> Result<Arc<[PricedSeat]>, Refusal> {
    let price = |seat: SeatIndex, price_type: u8| {
        let category = context.map.section_at(seat)?.category;
        let plain = sale.terms.prices_minor.get(usize::from(category)).copied()?;
        Some(match sale.terms.charges.as_deref() {
            Some(charges) if price_type != 0 => charges.price_minor(price_type, category, plain),
            _ => plain,
        })
    };
    // An iterator of known length is collected by one allocation, one that may end early by several.
    let mut missing = false;
    let ticket = |(seat, price_type)| {
        let price = price(seat, price_type);
        missing |= price.is_none();
        PricedSeat { seat, price_minor: price.unwrap_or_default(), price_type }
    };
    let tickets = seats.map(ticket).collect();
    if missing { Err(Refusal::NotFound) } else { Ok(tickets) }
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
    if sale.closing.is_some() {
        return Err(Refusal::EventCancelled);
    }
    let opens_at = sale.terms.opens_at.filter(|opens_at| now < *opens_at);
    if opens_at.is_some() || now >= sale.terms.starts_at || sale.terms.paused {
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
