use super::{BestWish, best_available};
use crate::event::Fact;
use crate::event::test::scene::*;
use crate::ids::SeatIndex;
use crate::seat_map::{PlanLayout, PlanRow, PlanSection};

fn section(name: &str, category: &str, rows: Vec<PlanRow>) -> PlanSection {
    PlanSection { name: name.into(), category: category.into(), layout: PlanLayout::Rows(rows) }
}

/// Rows of one section, each drawn as `_` free, `x` taken, `A` free for a wheelchair, `|` an aisle.
fn hall(drawings: &[&str]) -> Scene {
    let row = |(at, drawing): (usize, &&str)| drawn(&at.to_string(), &drawing.replace('A', "a"));
    let rows = drawings.iter().enumerate().map(row).collect();
    let mut scene = Scene::of(vec![section("Hall", "hall", rows)], terms(vec![1]));
    let chairs = drawings.iter().flat_map(|drawing| drawing.chars()).filter(|chair| *chair != '|');
    let taken = chairs.enumerate().filter(|(_, chair)| *chair == 'x');
    let taken: Vec<u32> = taken.map(|(at, _)| at as u32).collect();
    take(&mut scene, &taken);
    scene
}

fn take(scene: &mut Scene, taken: &[u32]) {
    scene.happen(Fact::SeatsBlocked { seats: seats(taken) });
}

fn wish(quantity: u32) -> BestWish {
    BestWish { quantity, ..BestWish::default() }
}

fn best(scene: &Scene, wish: &BestWish) -> Option<Vec<u32>> {
    let found = best_available(scene.sale(), &scene.map, wish)?;
    Some(found.into_iter().map(SeatIndex::number).collect())
}

#[test]
fn an_empty_row_is_filled_from_its_middle() {
    for (drawing, quantity, expected) in [
        ("_________", 1, vec![4]),
        ("_________", 3, vec![3, 4, 5]),
        ("_________", 2, vec![3, 4]),
        ("________", 3, vec![2, 3, 4]),
        ("________", 8, (0..8).collect()),
    ] {
        assert_eq!(best(&hall(&[drawing]), &wish(quantity)), Some(expected), "{drawing} {quantity}");
    }
}

#[test]
fn a_party_sits_side_by_side_as_near_to_the_middle_as_it_can() {
    for (drawing, quantity, expected) in [
        ("____x____", 2, vec![2, 3]),
        ("___xx____", 2, vec![5, 6]),
        ("__xxx____", 3, vec![5, 6, 7]),
        ("____|_____", 3, vec![4, 5, 6]),
        ("___|__|____", 4, vec![5, 6, 7, 8]),
        ("_x_x_x_", 1, vec![2]),
    ] {
        assert_eq!(best(&hall(&[drawing]), &wish(quantity)), Some(expected), "{drawing} {quantity}");
    }
}

#[test]
fn the_first_row_with_room_wins_over_better_places_further_back() {
    let scene = hall(&["_x_x_", "__x__", "_____"]);
    assert_eq!(best(&scene, &wish(1)), Some(vec![2]));
    assert_eq!(best(&scene, &wish(2)), Some(vec![5, 6]));
    assert_eq!(best(&scene, &wish(3)), Some(vec![11, 12, 13]));
}

#[test]
fn a_party_that_finds_no_row_takes_the_fewest_rows() {
    let scene = hall(&["_xxx_", "x_xxx", "x__x_", "x__xx"]);
    assert_eq!(best(&scene, &wish(3)), Some(vec![11, 12, 14]), "the third row suffices");
    assert_eq!(best(&scene, &wish(4)), Some(vec![6, 11, 12, 14]), "the second and third row suffice");
    assert_eq!(best(&scene, &wish(5)), Some(vec![11, 12, 14, 16, 17]));
    assert_eq!(best(&scene, &wish(8)), Some(vec![0, 4, 6, 11, 12, 14, 16, 17]));
    assert_eq!(best(&scene, &wish(9)), None);
}

#[test]
fn full_rows_keep_a_party_apart_like_any_others() {
    let scene = hall(&["_x", "xx", "xx", "x_", "_x"]);
    assert_eq!(best(&scene, &wish(2)), Some(vec![7, 8]));
    assert_eq!(best(&scene, &wish(3)), Some(vec![0, 7, 8]));
}

#[test]
fn the_last_row_of_a_party_gives_its_longest_stretches() {
    let scene = hall(&["__x_", "_x__"]);
    assert_eq!(best(&scene, &wish(5)), Some(vec![0, 1, 3, 6, 7]));
}

#[test]
fn wheelchairs_get_seats_that_are_fit_for_them() {
    let scene = hall(&["__A__", "A_AA_"]);
    let accessible = |quantity| BestWish { accessible: true, ..wish(quantity) };
    assert_eq!(best(&scene, &accessible(1)), Some(vec![2]));
    assert_eq!(best(&scene, &accessible(2)), Some(vec![7, 8]));
    assert_eq!(best(&scene, &accessible(4)), Some(vec![2, 7, 8, 5]));
    assert_eq!(best(&scene, &accessible(5)), None);
}

#[test]
fn section_category_and_price_narrow_the_choice() {
    let sections = vec![
        rows("Floor", "floor", &[2]),
        standing("Pit", "pit", 3),
        section("Side", "floor", vec![drawn("1", "ooo")]),
    ];
    let scene = Scene::of(sections, terms(vec![900, 500]));
    let in_section = |section| BestWish { section: Some(section), ..wish(2) };
    assert_eq!(best(&scene, &in_section(0)), Some(vec![0, 1]));
    assert_eq!(best(&scene, &in_section(1)), Some(vec![2, 3]));
    assert_eq!(best(&scene, &in_section(2)), Some(vec![5, 6]));
    assert_eq!(best(&scene, &in_section(3)), None);
    assert_eq!(best(&scene, &BestWish { category: Some(1), ..wish(1) }), Some(vec![2]));
    assert_eq!(best(&scene, &BestWish { category: Some(2), ..wish(1) }), None);
    let at_most = |price| BestWish { max_price_minor: Some(price), ..wish(1) };
    assert_eq!(best(&scene, &at_most(900)), Some(vec![0]));
    assert_eq!(best(&scene, &at_most(899)), Some(vec![2]));
    assert_eq!(best(&scene, &at_most(499)), None);
}

#[test]
fn people_in_a_standing_area_need_no_neighbours() {
    let mut scene = Scene::of(vec![standing("Pit", "pit", 5)], terms(vec![1]));
    take(&mut scene, &[1, 3]);
    assert_eq!(best(&scene, &wish(3)), Some(vec![0, 2, 4]));
    assert_eq!(best(&scene, &wish(4)), None);
}
