//! A stadium of 50,000 places, made up here, for runs that bring no seat map of their own.
//!
//! Owns: its shape and prices. Every run sells the same one.

use crate::plan::{Prices, Row, SeatMap, Seats, Section, VenuePlan};

/// How many people fit.
pub const PLACES: u32 = 50_000;

/// A ring of blocks; rows get longer towards the back.
struct Ring {
    prefix: &'static str,
    category: &'static str,
    price_minor: i64,
    blocks: u32,
    rows: u32,
    front_seats: u32,
    /// Every so many rows a row is one seat longer than the one before.
    widens_every: u32,
}

const RINGS: [Ring; 3] = [
    Ring {
        prefix: "L",
        category: "lower",
        price_minor: 14_500,
        blocks: 24,
        rows: 28,
        front_seats: 24,
        widens_every: 4,
    },
    Ring {
        prefix: "C",
        category: "club",
        price_minor: 22_000,
        blocks: 16,
        rows: 12,
        front_seats: 20,
        widens_every: 6,
    },
    Ring {
        prefix: "U",
        category: "upper",
        price_minor: 7_900,
        blocks: 30,
        rows: 30,
        front_seats: 24,
        widens_every: 5,
    },
];

const FIELD: &str = "Field";
const FIELD_CATEGORY: &str = "standing";
const FIELD_PRICE_MINOR: i64 = 11_000;

/// The stadium's map: three rings of seats, and the field, where people stand.
pub fn seat_map() -> SeatMap {
    let mut sections: Vec<Section> = RINGS.iter().flat_map(blocks).collect();
    let seated = SeatMap { sections: sections.clone() }.capacity() as u32;
    sections.push(Section {
        name: FIELD.into(),
        category: FIELD_CATEGORY.into(),
        rows: Vec::new(),
        capacity: Some(PLACES - seated),
    });
    SeatMap { sections }
}

/// What its categories cost.
pub fn prices() -> Prices {
    let rings = RINGS.iter().map(|ring| (ring.category.to_owned(), ring.price_minor));
    let prices = rings.chain([(FIELD_CATEGORY.to_owned(), FIELD_PRICE_MINOR)]).collect();
    Prices { currency: "EUR".into(), prices }
}

/// Map and prices.
///
/// # Errors
/// Never in practice; see [`VenuePlan::new`].
pub fn plan() -> anyhow::Result<VenuePlan> {
    VenuePlan::new(&seat_map(), prices())
}

fn blocks(ring: &Ring) -> impl Iterator<Item = Section> + '_ {
    (1..=ring.blocks).map(|block| Section {
        name: format!("{}{block}", ring.prefix),
        category: ring.category.into(),
        rows: (0..ring.rows)
            .map(|row| Row {
                name: (row + 1).to_string(),
                seats: Seats::Count(ring.front_seats + row / ring.widens_every),
            })
            .collect(),
        capacity: None,
    })
}

#[cfg(test)]
mod test {
    use super::{FIELD, PLACES, prices, seat_map};

    #[test]
    fn it_holds_fifty_thousand_a_plausible_part_of_them_standing() {
        let map = seat_map();
        assert_eq!(map.capacity(), u64::from(PLACES));
        let field = map.sections.iter().find(|section| section.name == FIELD).unwrap();
        assert!((1_000..10_000).contains(&field.capacity.unwrap()), "{:?}", field.capacity);
    }

    #[test]
    fn every_category_has_a_price_and_every_section_its_own_name() {
        let map = seat_map();
        assert!(map.categories().iter().all(|category| prices().prices.contains_key(category)));
        let mut names: Vec<_> = map.sections.iter().map(|section| &section.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), map.sections.len());
    }
}
