//! From a drawing of seats to a plan: where seats stand says which of them are neighbours.
//!
//! Owns the rules: seats of a row in their order, an aisle wherever the next one is farther than usual; a row that is drawn
//! in several pieces is one row, with aisles between; where seat numbers begin anew under a row's name, so does another
//! block of the zone. A section has one category, so a block of several becomes several sections.

use std::collections::{BTreeMap, BTreeSet};

use super::plan::{NamedSeat, Plan, PlanLayout, PlanRow, PlanSeats, PlanSection};

/// Seats that are so many times the usual distance apart have an aisle between them.
const AISLE: f64 = 1.5;

/// A part of a venue, a floor or a balcony.
#[derive(Debug, Clone, PartialEq)]
pub struct DrawnZone {
    /// Its name.
    pub name: String,
    /// In the order in which they were drawn; a name may come again.
    pub rows: Vec<DrawnRow>,
}

/// A row of seats, or a piece of one.
#[derive(Debug, Clone, PartialEq)]
pub struct DrawnRow {
    /// Its name.
    pub name: String,
    /// In order; no name twice.
    pub seats: Vec<DrawnSeat>,
}

/// A seat where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct DrawnSeat {
    /// Its name.
    pub name: String,
    /// Its price level.
    pub category: String,
    /// In the drawing, `(x, y)`.
    pub at: (f64, f64),
}

/// Rows of a zone of which none has a seat twice.
type Block = Vec<(String, Vec<Vec<DrawnSeat>>)>;

/// The plan of these zones, and for each of its sections the place of the zone that it comes from.
#[must_use]
pub fn plan_of(zones: Vec<DrawnZone>) -> (Plan, Vec<usize>) {
    let (mut sections, mut origins) = (Vec::new(), Vec::new());
    for (at, zone) in zones.into_iter().enumerate() {
        let made = sections_of(zone);
        origins.extend(made.iter().map(|_| at));
        sections.extend(made);
    }
    (Plan { sections }, origins)
}

fn sections_of(zone: DrawnZone) -> Vec<PlanSection> {
    let usual = usual_distance(&zone.rows);
    let blocks = blocks_of(zone.rows);
    let several = blocks.len() > 1;
    let mut sections = Vec::new();
    for (at, block) in blocks.into_iter().enumerate() {
        let name = if several { format!("{} {}", zone.name, at + 1) } else { zone.name.clone() };
        sections.extend(sections_of_block(&name, block, usual));
    }
    sections
}

/// The distance from one seat to the next, in the middle of all; none where there are no two in any row.
fn usual_distance(rows: &[DrawnRow]) -> Option<f64> {
    let pairs = rows.iter().flat_map(|row| row.seats.windows(2));
    let mut distances: Vec<f64> = pairs.map(|pair| distance(pair[0].at, pair[1].at)).collect();
    distances.sort_unstable_by(f64::total_cmp);
    distances.get(distances.len() / 2).copied()
}

fn distance(from: (f64, f64), to: (f64, f64)) -> f64 {
    (to.0 - from.0).hypot(to.1 - from.1)
}

fn blocks_of(rows: Vec<DrawnRow>) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    // The rows of the last block, by name, with the names of their seats.
    let mut known: BTreeMap<String, (usize, BTreeSet<String>)> = BTreeMap::new();
    for row in rows {
        let names = row.seats.iter().map(|seat| seat.name.clone());
        let begins_anew = match known.get(&row.name) {
            Some((_, seen)) => names.clone().any(|name| seen.contains(&name)),
            None => blocks.is_empty(),
        };
        if begins_anew {
            blocks.push(Block::new());
            known.clear();
        }
        let Some(block) = blocks.last_mut() else { continue };
        let (at, seen) = known.entry(row.name.clone()).or_insert_with(|| (block.len(), BTreeSet::new()));
        seen.extend(names);
        match block.get_mut(*at) {
            Some((_, pieces)) => pieces.push(row.seats),
            None => block.push((row.name, vec![row.seats])),
        }
    }
    blocks
}

fn sections_of_block(name: &str, block: Block, usual: Option<f64>) -> Vec<PlanSection> {
    // In the order in which the categories come.
    let mut categories: Vec<(String, Vec<PlanRow>)> = Vec::new();
    for (row, pieces) in block {
        let mut parts: Vec<(String, Vec<DrawnSeat>)> = Vec::new();
        for seat in joined(pieces) {
            match parts.iter_mut().find(|(category, _)| *category == seat.category) {
                Some((_, seats)) => seats.push(seat),
                None => parts.push((seat.category.clone(), vec![seat])),
            }
        }
        for (category, seats) in parts {
            let row = PlanRow { name: row.clone(), seats: PlanSeats::Named(named(&seats, usual)) };
            match categories.iter_mut().find(|(known, _)| *known == category) {
                Some((_, rows)) => rows.push(row),
                None => categories.push((category, vec![row])),
            }
        }
    }
    let several = categories.len() > 1;
    let section = |(category, rows): (String, Vec<PlanRow>)| PlanSection {
        name: if several { format!("{name}, {category}") } else { name.to_owned() },
        category,
        layout: PlanLayout::Rows(rows),
    };
    categories.into_iter().map(section).collect()
}

/// The pieces of one row one behind the other, in the direction in which the first was drawn.
fn joined(mut pieces: Vec<Vec<DrawnSeat>>) -> Vec<DrawnSeat> {
    let ends = pieces.first().and_then(|piece| Some((piece.first()?.at, piece.last()?.at)));
    if let Some((from, to)) = ends.filter(|_| pieces.len() > 1) {
        let along = if from == to { (1.0, 0.0) } else { (to.0 - from.0, to.1 - from.1) };
        let place = |piece: &Vec<DrawnSeat>| {
            piece.first().map_or(0.0, |seat| (seat.at.0 - from.0) * along.0 + (seat.at.1 - from.1) * along.1)
        };
        pieces.sort_by(|one, other| place(one).total_cmp(&place(other)));
    }
    pieces.into_iter().flatten().collect()
}

fn named(seats: &[DrawnSeat], usual: Option<f64>) -> Vec<NamedSeat> {
    let far = |from: &DrawnSeat, to: &DrawnSeat| {
        usual.is_some_and(|usual| usual > 0.0 && distance(from.at, to.at) > usual * AISLE)
    };
    let seat = |(at, seat): (usize, &DrawnSeat)| NamedSeat {
        name: seat.name.clone(),
        position: Some(seat.at),
        accessible: false,
        aisle: seats.get(at + 1).is_some_and(|next| far(seat, next)),
    };
    seats.iter().enumerate().map(seat).collect()
}

#[cfg(test)]
#[path = "drawing_test.rs"]
mod test;
