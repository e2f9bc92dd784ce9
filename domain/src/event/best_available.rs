//! Which free seats are best: side by side in one row where there is such a row, else as near together as can be.
//!
//! The sections of a map and the rows of a section stand in the order of preference, best first. A party gets, in the
//! first row that has a long enough run of free neighbours, the run's seats nearest to the middle of the row. Where no
//! row has one, it gets the window of fewest consecutive rows with enough free seats; the first such window wins. Any
//! further rule (orphans, accessibility companions, price preferences) belongs here too. Linear in rows plus the seats
//! of rows that could do.

use serde::{Deserialize, Serialize};

use super::sale::Sale;
use crate::ids::SeatIndex;
use crate::seat_map::{Row, SeatMap};

/// The most tickets one best-available hold may ask for.
pub const MAX_BEST_AVAILABLE: u32 = 12;

/// What a buyer wants of the best seats.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct BestWish {
    /// 1 to [`MAX_BEST_AVAILABLE`].
    pub quantity: u32,
    /// Only in this section of the seat map.
    pub section: Option<u32>,
    /// Only in this category of the seat map.
    pub category: Option<u16>,
    /// No seat dearer than this, minor units.
    pub max_price_minor: Option<i64>,
    /// Only seats fit for a wheelchair.
    pub accessible: bool,
}

/// The best free seats for `wish`, or `None` where fewer than it asks for are free.
pub(super) fn best_available(sale: &Sale, map: &SeatMap, wish: &BestWish) -> Option<Vec<SeatIndex>> {
    let rows: Vec<(&Row, u32)> = candidates(sale, map, wish).collect();
    let enough = |(_, free): &&(&Row, u32)| *free >= wish.quantity;
    let side_by_side = rows.iter().filter(enough).find_map(|(row, _)| run_in(sale, row, wish));
    side_by_side.or_else(|| nearest_rows(sale, &rows, wish))
}

/// The rows that the wish allows, each with the number of seats that are free and fit.
fn candidates<'a>(
    sale: &'a Sale,
    map: &'a SeatMap,
    wish: &'a BestWish,
) -> impl Iterator<Item = (&'a Row, u32)> + 'a {
    let affordable = |category: u16| {
        let price = sale.terms.prices_minor.get(usize::from(category));
        price.is_some_and(|price| wish.max_price_minor.is_none_or(|most| *price <= most))
    };
    let sections = map.sections().iter().enumerate().filter(move |(number, section)| {
        wish.section.is_none_or(|only| only as usize == *number)
            && wish.category.is_none_or(|only| only == section.category)
            && affordable(section.category)
    });
    sections.flat_map(|(_, section)| map.rows(section)).filter_map(|row| {
        let first = row.seats().next()?;
        let free = match wish.accessible {
            false => sale.seats.free_within(first, row.len()),
            true => fitting(sale, row, wish).count() as u32,
        };
        (free > 0).then_some((row, free))
    })
}

fn fitting<'a>(
    sale: &'a Sale,
    row: &'a Row,
    wish: &'a BestWish,
) -> impl Iterator<Item = (u32, SeatIndex)> + 'a {
    let seats = (0_u32..).zip(row.seats());
    seats.filter(|(at, seat)| sale.seats.is_free(*seat) && (!wish.accessible || row.accessible(*at)))
}

/// The longest stretches of fitting neighbours in a row, as positions `(first, count)`.
fn runs(sale: &Sale, row: &Row, wish: &BestWish) -> Vec<(u32, u32)> {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for (at, _) in fitting(sale, row, wish) {
        match runs.last_mut() {
            Some((first, count)) if *first + *count == at && row.joined_to_next(at - 1) => *count += 1,
            _ => runs.push((at, 1)),
        }
    }
    runs
}

fn run_in(sale: &Sale, row: &Row, wish: &BestWish) -> Option<Vec<SeatIndex>> {
    if row.is_standing() {
        let seats: Vec<_> =
            fitting(sale, row, wish).map(|(_, seat)| seat).take(wish.quantity as usize).collect();
        return (seats.len() == wish.quantity as usize).then_some(seats);
    }
    let middle_twice = row.len();
    let best_start = runs(sale, row, wish)
        .into_iter()
        .filter(|(_, count)| *count >= wish.quantity)
        .map(|(first, count)| {
            let wanted = middle_twice.saturating_sub(wish.quantity) / 2;
            wanted.clamp(first, first + count - wish.quantity)
        })
        .min_by_key(|start| (2 * start + wish.quantity).abs_diff(middle_twice))?;
    let seats = row.seats().skip(best_start as usize).take(wish.quantity as usize);
    Some(seats.collect())
}

/// Seats from as few consecutive rows as possible, the longest stretches of each row first.
fn nearest_rows(sale: &Sale, rows: &[(&Row, u32)], wish: &BestWish) -> Option<Vec<SeatIndex>> {
    let (mut best, mut first, mut free): (Option<(usize, usize)>, usize, u32) = (None, 0, 0);
    for last in 0..rows.len() {
        free += rows[last].1;
        while free - rows[first].1 >= wish.quantity {
            free -= rows[first].1;
            first += 1;
        }
        if free >= wish.quantity && best.is_none_or(|(start, end)| last - first < end - start) {
            best = Some((first, last));
        }
    }
    let (start, end) = best?;
    let mut seats = Vec::with_capacity(wish.quantity as usize);
    for (row, _) in &rows[start..=end] {
        let all: Vec<SeatIndex> = row.seats().collect();
        let mut runs = runs(sale, row, wish);
        runs.sort_by_key(|(_, count)| core::cmp::Reverse(*count));
        let in_order = runs.into_iter().flat_map(|(first, count)| first..first + count);
        seats.extend(in_order.map(|at| all[at as usize]).take(wish.quantity as usize - seats.len()));
    }
    Some(seats)
}
