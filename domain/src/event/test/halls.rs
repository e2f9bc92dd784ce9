//! Random small halls: sections of rows with aisles and wheelchair places, and standing areas.

use proptest::collection::vec;
use proptest::prelude::*;

use super::scene::{drawn, rows, standing};
use crate::event::BestWish;
use crate::seat_map::{PlanLayout, PlanSection};

/// One section, without its name and category.
#[derive(Debug, Clone)]
enum Kind {
    Drawn(Vec<String>),
    Counted(Vec<u32>),
    Standing(u32),
}

fn kind() -> impl Strategy<Value = Kind> {
    // An aisle needs a seat before it; two aisles in a row are one.
    let row = "[oa](\\|?[ooa]){0,7}\\|?";
    prop_oneof![
        3 => vec(row, 1..5).prop_map(Kind::Drawn),
        2 => vec(1..9_u32, 1..4).prop_map(Kind::Counted),
        1 => (1..7_u32).prop_map(Kind::Standing),
    ]
}

/// One to four sections in categories `0` to `2`.
pub(super) fn hall() -> impl Strategy<Value = Vec<PlanSection>> {
    let section = (kind(), 0..3_u8);
    vec(section, 1..5).prop_map(|sections| {
        let named = sections.into_iter().enumerate();
        named.map(|(name, (kind, category))| build(&name.to_string(), &category.to_string(), kind)).collect()
    })
}

fn build(name: &str, category: &str, kind: Kind) -> PlanSection {
    match kind {
        Kind::Counted(lengths) => rows(name, category, &lengths),
        Kind::Standing(capacity) => standing(name, category, capacity),
        Kind::Drawn(drawings) => {
            let named = drawings.iter().enumerate().map(|(row, drawing)| drawn(&row.to_string(), drawing));
            let layout = PlanLayout::Rows(named.collect());
            PlanSection { name: name.into(), category: category.into(), layout }
        }
    }
}

/// What a buyer wants: sometimes impossible, mostly modest.
pub(super) fn wish() -> impl Strategy<Value = BestWish> {
    let section = prop::option::weighted(0.2, 0..5_u32);
    let category = prop::option::weighted(0.2, 0..4_u16);
    let price = prop::option::weighted(0.3, 0..4_i64);
    let wish =
        (prop_oneof![9 => 1..7_u32, 1 => 0..15_u32], section, category, price, prop::bool::weighted(0.2));
    wish.prop_map(|(quantity, section, category, price, accessible)| BestWish {
        quantity,
        section,
        category,
        max_price_minor: price.map(|price| price * 1_000),
        accessible,
    })
}
