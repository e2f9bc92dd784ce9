//! The naive twin of best available: tries every line of seats and every stretch of rows, and knows nothing of the
//! sale but a list of free seats.

use crate::event::BestWish;
use crate::ids::SeatIndex;
use crate::seat_map::{Row, SeatMap};

/// The rule of `best_available`, said a second time.
pub(super) fn best_available_naive(
    map: &SeatMap,
    free: &[bool],
    prices_minor: &[i64],
    wish: &BestWish,
) -> Option<Vec<SeatIndex>> {
    let rows: Vec<Vec<Place>> =
        map.all_rows().iter().map(|row| places(map, row, free, prices_minor, wish)).collect();
    let quantity = wish.quantity as usize;
    let mut found = map.all_rows().iter().zip(&rows).map(|(row, places)| {
        if row.is_standing() { first_places(places, quantity) } else { middle_line(places, quantity) }
    });
    found.find_map(|seats| seats).or_else(|| fewest_rows(&rows, quantity))
}

#[derive(Clone, Copy)]
struct Place {
    seat: SeatIndex,
    fits: bool,
    /// No aisle between this place and the next.
    joined: bool,
}

fn places(map: &SeatMap, row: &Row, free: &[bool], prices_minor: &[i64], wish: &BestWish) -> Vec<Place> {
    let category = map.section_of(row).category;
    let price = prices_minor[category as usize];
    let allowed = (wish.section.is_none() || wish.section == Some(row.section))
        && (wish.category.is_none() || wish.category == Some(category))
        && (wish.max_price_minor.is_none() || wish.max_price_minor >= Some(price));
    let place = |(at, seat): (usize, SeatIndex)| {
        let accessible = !wish.accessible || row.accessible(at as u32);
        let fits = allowed && accessible && free[seat.number() as usize];
        Place { seat, fits, joined: row.joined_to_next(at as u32) }
    };
    row.seats().enumerate().map(place).collect()
}

fn first_places(places: &[Place], quantity: usize) -> Option<Vec<SeatIndex>> {
    let seats: Vec<SeatIndex> = places.iter().filter(|place| place.fits).map(|place| place.seat).collect();
    seats.get(..quantity).map(<[SeatIndex]>::to_vec)
}

/// Whether people on these places sit side by side.
fn is_line(places: &[Place]) -> bool {
    let (Some((_, but_last)), true) = (places.split_last(), places.iter().all(|place| place.fits)) else {
        return false;
    };
    but_last.iter().all(|place| place.joined)
}

fn seats_of(places: &[Place]) -> Vec<SeatIndex> {
    places.iter().map(|place| place.seat).collect()
}

fn middle_line(places: &[Place], quantity: usize) -> Option<Vec<SeatIndex>> {
    // Twice the distance between two middles is a whole number: the seats outside on the left less those on the right.
    let off_middle = |start: &usize| start.abs_diff(places.len() - quantity - start);
    let starts = 0..(places.len() + 1).saturating_sub(quantity);
    let lines = starts.filter(|start| is_line(&places[*start..start + quantity]));
    let start = lines.min_by_key(off_middle)?;
    Some(seats_of(&places[start..start + quantity]))
}

fn fewest_rows(rows: &[Vec<Place>], quantity: usize) -> Option<Vec<SeatIndex>> {
    for length in 1..=rows.len() {
        for stretch in rows.windows(length) {
            let mut seats: Vec<SeatIndex> = stretch.iter().flat_map(|row| longest_first(row)).collect();
            if seats.len() >= quantity {
                seats.truncate(quantity);
                return Some(seats);
            }
        }
    }
    None
}

/// The seats of a row that fit, in the order in which it gives them to a party of several rows.
fn longest_first(row: &[Place]) -> Vec<SeatIndex> {
    let mut rest = row.to_vec();
    let mut seats = Vec::new();
    for length in (1..=row.len()).rev() {
        for start in 0..=row.len() - length {
            if is_line(&rest[start..start + length]) {
                seats.extend(seats_of(&rest[start..start + length]));
                rest[start..start + length].iter_mut().for_each(|place| place.fits = false);
            }
        }
    }
    seats
}
