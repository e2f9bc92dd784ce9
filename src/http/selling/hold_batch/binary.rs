//! A batch of holds in the compact form of `cluster::wire`.
//!
//! A key stands for the same hold as in JSON, written with the fields that say something: what is asked for once in
//! either form is the same request.

use std::fmt::Write as _;

use actors::Fault;
use cluster::wire::{Counted, HoldItem, HoldMessage, HoldOutcome, Wanted};
use domain::event::{BestWish, Command, HoldView, Key, Refusal};
use domain::ids::{TicketId, UserId};
use domain::invalid::Invalid;
use domain::seat_map::SeatMap;

use crate::dispatch::NoReply;
use crate::http::extract::{BodyHash, Target};
use crate::http::problem::Problem;
use crate::http::selling::holds::ttl_ms;
use crate::http::ticket::Scene;

/// The holds that `raw` asks for.
pub(super) fn read(raw: &[u8]) -> Result<Vec<HoldItem>, Problem> {
    match HoldMessage::decode(raw) {
        Ok(HoldMessage::Holds(holds)) => Ok(holds.into_vec()),
        Ok(HoldMessage::Results(_)) => {
            Err(Problem::malformed("The body is the results of a batch, not its holds."))
        }
        Err(error) => Err(Problem::malformed(format!("The body is no batch of holds: {error}."))),
    }
}

/// What the core is to decide, or why it need not.
pub(super) fn commands(
    scene: &Scene,
    caller: UserId,
    single: &Target,
    holds: Vec<HoldItem>,
) -> Vec<Result<(Command, Option<Key>), NoReply>> {
    let command = |item: HoldItem| {
        if let Wanted::Best(wish) = &item.wanted {
            check(&scene.map, wish)?;
        }
        let key = item.key.map(|hash| {
            let fingerprint = single.fingerprint(|body| feed(body, scene, &item));
            Key { caller, hash, fingerprint }
        });
        let ttl_ms = item.ttl_seconds.map(|seconds| ttl_ms(seconds.into()));
        let command = match item.wanted {
            Wanted::Seats(seats) => Command::HoldExact { seats: seats.into_vec(), ttl_ms },
            Wanted::Best(wish) => Command::HoldBest { wish, ttl_ms },
        };
        Ok((command, key))
    };
    holds.into_iter().map(command).collect()
}

/// The numbers of section and category are those of the event's seat map.
fn check(map: &SeatMap, wish: &BestWish) -> Result<(), NoReply> {
    let no = |pointer, message| Err(NoReply::Refused(Refusal::Invalid { pointer, message }));
    if wish.section.is_some_and(|section| section as usize >= map.sections().len()) {
        return no("/bestAvailable/section", "no section of this event");
    }
    if wish.category.is_some_and(|category| usize::from(category) >= map.categories().len()) {
        return no("/bestAvailable/category", "no category of this event");
    }
    Ok(())
}

/// What `item` would be in JSON, its fields in the order of their names.
fn feed(body: &mut BodyHash, scene: &Scene, item: &HoldItem) {
    body.object(1 + usize::from(item.ttl_seconds.is_some()));
    match &item.wanted {
        Wanted::Best(wish) => feed_best(body, &scene.map, wish),
        Wanted::Seats(seats) => {
            body.name("ticketIds");
            body.list(seats.as_slice().len());
            let mut ticket = String::new();
            for seat in seats.as_slice() {
                ticket.clear();
                write!(ticket, "{}", TicketId::new(scene.event, *seat)).expect("a string takes every text");
                body.text(&ticket);
            }
        }
    }
    if let Some(seconds) = item.ttl_seconds {
        body.name("ttlSeconds");
        body.number(&seconds);
    }
}

fn feed_best(body: &mut BodyHash, map: &SeatMap, wish: &BestWish) {
    let category = wish.category.and_then(|category| map.categories().get(usize::from(category)));
    let section = wish.section.and_then(|section| map.sections().get(section as usize));
    let said = [wish.accessible, category.is_some(), wish.max_price_minor.is_some(), section.is_some()];
    body.name("bestAvailable");
    body.object(1 + said.iter().filter(|said| **said).count());
    if wish.accessible {
        body.name("accessible");
        body.flag(true);
    }
    if let Some(category) = category {
        body.name("category");
        body.text(category);
    }
    if let Some(most) = wish.max_price_minor {
        body.name("maxPrice");
        body.number(&most);
    }
    body.name("quantity");
    body.number(&wish.quantity);
    if let Some(section) = section {
        body.name("section");
        body.text(&section.name);
    }
}

/// The body of the answer.
pub(super) fn write(outcomes: Vec<Result<HoldView, NoReply>>) -> Result<Vec<u8>, Problem> {
    let outcome = |outcome| match outcome {
        Ok(HoldView { hold, tickets, created_at, expires_at, .. }) => {
            Ok(HoldOutcome::Held { hold, tickets, created_at, expires_at })
        }
        Err(no) => refused(no),
    };
    let results = outcomes.into_iter().map(outcome).collect::<Result<Vec<_>, _>>()?;
    let results = Counted::new(results).expect("as many outcomes as holds");
    Ok(HoldMessage::Results(results).encode())
}

fn refused(no: NoReply) -> Result<HoldOutcome, Problem> {
    Ok(match no {
        NoReply::Fault(Fault::Overloaded) | NoReply::Refused(Refusal::Exhausted) => HoldOutcome::Overloaded,
        NoReply::Fault(Fault::OwnerUnavailable) => HoldOutcome::OwnerUnavailable,
        NoReply::Refused(Refusal::SeatUnavailable(seats)) => HoldOutcome::SeatUnavailable { seats },
        NoReply::Refused(Refusal::SoldOut) => HoldOutcome::SoldOut,
        NoReply::Refused(Refusal::NotOnSale { opens_at }) => HoldOutcome::NotOnSale { opens_at },
        // Nothing is on sale of it, nor will be.
        NoReply::Refused(Refusal::EventCancelled) => HoldOutcome::NotOnSale { opens_at: None },
        NoReply::Refused(Refusal::LimitExceeded { limit }) => HoldOutcome::LimitExceeded { limit },
        NoReply::Refused(Refusal::KeyReused) => HoldOutcome::KeyReused,
        NoReply::Refused(Refusal::NotFound) => HoldOutcome::NotFound,
        NoReply::Refused(Refusal::Invalid { pointer, message }) => {
            HoldOutcome::Invalid { pointer: pointer.into(), message: message.into() }
        }
        NoReply::Invalid(Invalid { pointer, message }) => {
            HoldOutcome::Invalid { pointer: pointer.into(), message: message.into() }
        }
        other => return Err(Problem::internal(format!("a hold is never answered with {other:?}"))),
    })
}

#[cfg(test)]
#[path = "binary_test.rs"]
mod test;
