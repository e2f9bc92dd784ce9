//! Which free seats are best: side by side in one row where there is such a row, else as near together as can be.
//!
//! The sections of a map and the rows of a section stand in the order of preference, best first. A seat *fits* when it
//! is free and the wish allows it.
//!
//! 1. **Side by side.** The first row with enough fitting neighbours in a line, no aisle between, gives the party that
//!    line of seats whose middle is nearest to the middle of the row; of two equally near the left one. In a standing
//!    area there are no neighbours: it gives its first fitting places.
//! 2. **Near together**, where there is no such row. Of all stretches of consecutive rows of the map that have enough
//!    fitting seats, the one of fewest rows, of equals the first; rows that are full or not allowed count as well,
//!    since they keep the party apart. Its rows give their fitting seats in order until there are enough, each row its
//!    longest lines of neighbours first, of equals the left one, from the left.
//!
//! Any further rule (orphans, accessibility companions, price preferences) belongs here too. Linear in rows plus the
//! seats of rows that could do. The tests hold it against a naive twin that tries everything.

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
    let mut rows = Vec::new();
    for candidate in candidates(sale, map, wish) {
        let enough = candidate.fitting >= wish.quantity;
        if enough && let Some(seats) = run_in(sale, candidate.row, wish) {
            return Some(seats);
        }
        rows.push(candidate);
    }
    nearest_rows(sale, &rows, wish)
}

/// A row that the wish allows, with seats that fit.
struct Candidate<'a> {
    /// Its place among all rows of the map.
    number: usize,
    row: &'a Row,
    fitting: u32,
}

fn candidates<'a>(
    sale: &'a Sale,
    map: &'a SeatMap,
    wish: &'a BestWish,
) -> impl Iterator<Item = Candidate<'a>> + 'a {
    let affordable = |category: u16| {
        let price = sale.terms.prices_minor.get(usize::from(category));
        price.is_some_and(|price| wish.max_price_minor.is_none_or(|most| *price <= most))
    };
    let allowed = move |row: &Row| {
        let category = map.section_of(row).category;
        wish.section.is_none_or(|only| only == row.section)
            && wish.category.is_none_or(|only| only == category)
            && affordable(category)
    };
    let rows = map.all_rows().iter().enumerate().filter(move |(_, row)| allowed(row));
    rows.filter_map(|(number, row)| {
        let first = row.seats().next()?;
        let fitting = match wish.accessible {
            false => sale.seats.free_within(first, row.len()),
            true => fitting(sale, row, wish).count() as u32,
        };
        (fitting > 0).then_some(Candidate { number, row, fitting })
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

/// The lines of fitting neighbours in a row, each as long as can be, as positions `(first, count)`.
fn runs<'a>(sale: &'a Sale, row: &'a Row, wish: &'a BestWish) -> impl Iterator<Item = (u32, u32)> + 'a {
    let mut fitting = fitting(sale, row, wish).map(|(at, _)| at).peekable();
    core::iter::from_fn(move || {
        let first = fitting.next()?;
        let mut last = first;
        while fitting.next_if(|at| *at == last + 1 && row.joined_to_next(last)).is_some() {
            last += 1;
        }
        Some((first, last + 1 - first))
    })
}

fn run_in(sale: &Sale, row: &Row, wish: &BestWish) -> Option<Vec<SeatIndex>> {
    if row.is_standing() {
        let seats: Vec<_> =
            fitting(sale, row, wish).map(|(_, seat)| seat).take(wish.quantity as usize).collect();
        return (seats.len() == wish.quantity as usize).then_some(seats);
    }
    let middle_twice = row.len();
    let best_start = runs(sale, row, wish)
        .filter(|(_, count)| *count >= wish.quantity)
        .map(|(first, count)| {
            let wanted = middle_twice.saturating_sub(wish.quantity) / 2;
            wanted.clamp(first, first + count - wish.quantity)
        })
        .min_by_key(|start| (2 * start + wish.quantity).abs_diff(middle_twice))?;
    let seats = row.seats().skip(best_start as usize).take(wish.quantity as usize);
    Some(seats.collect())
}

/// Seats from as few consecutive rows as possible.
fn nearest_rows(sale: &Sale, rows: &[Candidate<'_>], wish: &BestWish) -> Option<Vec<SeatIndex>> {
    let apart = |first: usize, last: usize| rows[last].number - rows[first].number;
    let (mut best, mut first, mut fitting): (Option<(usize, usize)>, usize, u32) = (None, 0, 0);
    for last in 0..rows.len() {
        fitting += rows[last].fitting;
        while fitting - rows[first].fitting >= wish.quantity {
            fitting -= rows[first].fitting;
            first += 1;
        }
        if fitting >= wish.quantity && best.is_none_or(|(start, end)| apart(first, last) < apart(start, end))
        {
            best = Some((first, last));
        }
    }
    let (start, end) = best?;
    let mut seats = Vec::with_capacity(wish.quantity as usize);
    for Candidate { row, .. } in &rows[start..=end] {
        let all: Vec<SeatIndex> = row.seats().collect();
        let mut runs: Vec<_> = runs(sale, row, wish).collect();
        runs.sort_by_key(|(_, count)| core::cmp::Reverse(*count));
        let in_order = runs.into_iter().flat_map(|(first, count)| first..first + count);
        seats.extend(in_order.map(|at| all[at as usize]).take(wish.quantity as usize - seats.len()));
    }
    Some(seats)
}

#[cfg(test)]
#[path = "best_available_test.rs"]
mod test;
