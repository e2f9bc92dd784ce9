//! Imports an order log: who bought which seat when becomes a seat map and sessions that want those seats again.
//!
//! Owns: the columns of a log (found by name), the map of what was sold, and rivals for it. A section sold at more
//! than one price is cut into one section a price, since a section has one category.

use super::behaviour::Behaviour;
use super::rates::stamp_seconds;
use super::table::{Column, Row, Table};
use super::{Ending, Preference, RESERVED, SeatName, Session};
use crate::plan::{Prices, Seat, SeatMapBuilder, VenuePlan};
use crate::rng::Rng;
use anyhow::{Context, bail};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Read;

/// Rivals of an order arrive within this many milliseconds of it, before or after.
const RIVALRY_MS: u64 = 2_000;

/// What an order log was made into.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The seats that were sold.
    pub plan: VenuePlan,
    /// A session for every order, and its rivals.
    pub sessions: Vec<Session>,
}

/// One sold ticket.
struct Ticket {
    line: u64,
    order: String,
    sold_at_s: i64,
    section: String,
    /// Row and seat; none for a standing place.
    seat: Option<(String, String)>,
    price: String,
    price_minor: i64,
}

/// Reads an order log and gives every order `rivals` other buyers who want the same.
///
/// Half of the rivals want the very seats, the others any in the section; how they behave is drawn from `behaviour`.
///
/// # Errors
/// The line and column of the first thing that is wrong.
pub fn import(
    source: impl Read,
    event: &str,
    rivals: u32,
    behaviour: &Behaviour,
    seed: u64,
) -> anyhow::Result<Imported> {
    behaviour.validate()?;
    let (mut tickets, currency) = read(source)?;
    cut_sections_by_price(&mut tickets);
    let plan = plan(&tickets, currency)?;
    let sessions = sessions(&tickets, event, rivals, behaviour, &mut Rng::new(seed))?;
    Ok(Imported { plan, sessions })
}

fn read(source: impl Read) -> anyhow::Result<(Vec<Ticket>, String)> {
    let mut table = Table::read(source)?;
    let order = table.column("order_no")?;
    let sold_at =
        table.find(|name| name.starts_with("sold_at")).context("line 1: there is no column `sold_at...`")?;
    let (section, row, seat) = (table.column("section")?, table.column("row")?, table.column("seat")?);
    let price =
        table.find(|name| name.starts_with("price")).context("line 1: there is no column `price...`")?;
    let standing = table.find(|name| name.starts_with("standing"));
    let currency = match price.name().rsplit_once('_') {
        Some((_, code)) if code.len() == 3 => code.to_ascii_uppercase(),
        _ => "EUR".to_owned(),
    };
    let minor = minor_digits(&currency);
    let ticket = |line: &Row| -> anyhow::Result<Ticket> {
        let stands = match &standing {
            Some(column) => matches!(line.text(column), "1" | "true" | "yes"),
            None => line.text(&row).is_empty() && line.text(&seat).is_empty(),
        };
        let place = if stands { None } else { Some((name(line, &row)?, name(line, &seat)?)) };
        let when = line.text(&sold_at);
        let sold_at_s = stamp_seconds(when)
            .ok_or_else(|| line.fault(&sold_at, &format!("`{when}` is not a time as 2010-09-18T13:18:55")))?;
        Ok(Ticket {
            line: line.line,
            order: line.word(&order)?.to_owned(),
            sold_at_s,
            section: name(line, &section)?,
            seat: place,
            price: line.text(&price).to_owned(),
            price_minor: price_minor(line, &price, minor)?,
        })
    };
    let tickets = table.rows().map(|row| ticket(&row?)).collect::<anyhow::Result<Vec<_>>>()?;
    if tickets.is_empty() {
        bail!("there is no order below the header");
    }
    Ok((tickets, currency))
}

/// A name that a preference can be written with.
fn name(row: &Row, column: &Column) -> anyhow::Result<String> {
    let text = row.word(column)?;
    if text.contains(RESERVED) {
        return Err(
            row.fault(column, &format!("`{text}` contains `/` or `;`, which separate seats in a trace"))
        );
    }
    Ok(text.to_owned())
}

fn price_minor(row: &Row, column: &Column, minor_digits: u32) -> anyhow::Result<i64> {
    let price: f64 = row.number(column)?;
    if !(0.0..=1e12).contains(&price) {
        return Err(row.fault(column, "is not a price"));
    }
    Ok((price * f64::from(10_u32.pow(minor_digits))).round() as i64)
}

/// Decimals of a currency's minor unit (ISO 4217).
fn minor_digits(currency: &str) -> u32 {
    match currency {
        "CLP" | "ISK" | "JPY" | "KRW" | "PYG" | "UGX" | "VND" => 0,
        "BHD" | "JOD" | "KWD" | "OMR" | "TND" => 3,
        _ => 2,
    }
}

fn cut_sections_by_price(tickets: &mut [Ticket]) {
    let mut prices: HashMap<String, BTreeSet<i64>> = HashMap::new();
    for ticket in tickets.iter() {
        prices.entry(ticket.section.clone()).or_default().insert(ticket.price_minor);
    }
    for ticket in tickets.iter_mut().filter(|ticket| prices[&ticket.section].len() > 1) {
        ticket.section = format!("{} {}", ticket.section, ticket.price);
    }
}

fn plan(tickets: &[Ticket], currency: String) -> anyhow::Result<VenuePlan> {
    let mut builder = SeatMapBuilder::default();
    let mut prices = BTreeMap::new();
    for ticket in tickets {
        prices.insert(ticket.price.clone(), ticket.price_minor);
        match &ticket.seat {
            None => builder.places(&ticket.section, &ticket.price, 1),
            Some((row, seat)) => {
                let seat = Seat { name: seat.clone(), x: None, y: None };
                builder.seat(&ticket.section, &ticket.price, row, seat, ticket.line)?;
            }
        }
    }
    VenuePlan::new(&builder.build()?, Prices { currency, prices })
}

fn sessions(
    tickets: &[Ticket],
    event: &str,
    rivals: u32,
    behaviour: &Behaviour,
    rng: &mut Rng,
) -> anyhow::Result<Vec<Session>> {
    let mut orders: BTreeMap<(i64, &str), Vec<&Ticket>> = BTreeMap::new();
    for ticket in tickets {
        orders.entry((ticket.sold_at_s, &ticket.order)).or_default().push(ticket);
    }
    let first_s = tickets.iter().map(|ticket| ticket.sold_at_s).min().unwrap_or_default();
    let mut sessions = Vec::new();
    for ((sold_at_s, order), bought) in &orders {
        // The log is to the second; arrivals are spread over it. The first rivals may come before the first order.
        let at_ms = RIVALRY_MS + (sold_at_s - first_s) as u64 * 1_000 + rng.below(1_000);
        let preference = wanted(bought)?;
        let quantity = bought.len() as u32;
        let visit = |rng: &mut Rng, arrive_ms, buyer, preference, outcome| Session {
            arrive_ms,
            buyer,
            event: event.to_owned(),
            quantity,
            preference,
            think_ms: behaviour.think_ms(rng),
            outcome,
        };
        sessions.push(visit(rng, at_ms, format!("o{order}"), preference.clone(), Ending::Confirm));
        for number in 1..=rivals {
            let rival_at_ms = at_ms - RIVALRY_MS + rng.below(2 * RIVALRY_MS);
            let any_in_section = Preference::Section(bought[0].section.clone());
            let same = if rng.chance(0.5) { preference.clone() } else { any_in_section };
            let outcome = behaviour.ending(rng);
            sessions.push(visit(rng, rival_at_ms, format!("o{order}r{number}"), same, outcome));
        }
    }
    sessions.sort_by_key(|session| session.arrive_ms);
    Ok(sessions)
}

/// What an order's tickets amount to: exact seats, or places in one standing area.
fn wanted(bought: &[&Ticket]) -> anyhow::Result<Preference> {
    let seats: Vec<SeatName> = bought
        .iter()
        .filter_map(|ticket| {
            let (row, seat) = ticket.seat.as_ref()?;
            Some(SeatName { section: ticket.section.clone(), row: Some(row.clone()), seat: seat.clone() })
        })
        .collect();
    let first = bought[0];
    if seats.len() == bought.len() {
        Ok(Preference::Seats(seats))
    } else if seats.is_empty() && bought.iter().all(|ticket| ticket.section == first.section) {
        Ok(Preference::Section(first.section.clone()))
    } else {
        bail!(
            "line {}: order {} mixes seats with standing places, or standing areas with each other",
            first.line,
            first.order
        )
    }
}

#[cfg(test)]
#[path = "orders_test.rs"]
mod test;
