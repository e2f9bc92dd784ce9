use super::*;
use crate::seat_map::SeatMap;

/// Seats named from `first`, drawn as text from `(x, y)`: `o` a seat of category "a", `b` one of "b", a blank a gap.
fn row(name: &str, first: usize, (x, y): (f64, f64), drawn: &str) -> DrawnRow {
    let places = drawn.chars().enumerate().filter(|(_, drawn)| *drawn != ' ');
    let seats = places.zip(first..).map(|((place, drawn), name)| DrawnSeat {
        name: name.to_string(),
        category: if drawn == 'b' { "b" } else { "a" }.to_owned(),
        at: (x + 25.0 * place as f64, y),
    });
    DrawnRow { name: name.into(), seats: seats.collect() }
}

fn zone(rows: Vec<DrawnRow>) -> DrawnZone {
    DrawnZone { name: "Hall".into(), rows }
}

fn map(rows: Vec<DrawnRow>) -> SeatMap {
    SeatMap::build(plan_of(vec![zone(rows)]).0).expect("the drawing is right")
}

fn aisles(map: &SeatMap, row: usize) -> Vec<u32> {
    let row = &map.all_rows()[row];
    (0..row.len() - 1).filter(|at| !row.joined_to_next(*at)).collect()
}

fn sections(map: &SeatMap) -> Vec<(&str, usize)> {
    map.sections().iter().map(|section| (section.name.as_str(), map.rows(section).len())).collect()
}

#[test]
fn a_gap_is_an_aisle() {
    let map = map(vec![row("A", 1, (0.0, 0.0), "oooo oooo"), row("B", 1, (0.0, 25.0), "oo")]);
    assert_eq!((aisles(&map, 0), aisles(&map, 1), map.len()), (vec![3], vec![], 10));
}

#[test]
fn a_slope_or_a_bend_is_none() {
    let bent = (1..=5).map(|number| DrawnSeat {
        name: number.to_string(),
        category: "a".into(),
        at: (f64::from(number) * 20.0, f64::from(number * number)),
    });
    let map = map(vec![DrawnRow { name: "A".into(), seats: bent.collect() }]);
    assert_eq!(aisles(&map, 0), []);
}

#[test]
fn pieces_of_a_row_are_one_row_in_their_order() {
    let map = map(vec![
        row("A", 4, (100.0, 0.0), "ooo"),
        row("A", 1, (0.0, 0.0), "ooo"),
        row("B", 1, (0.0, 25.0), "oo"),
    ]);
    assert_eq!(sections(&map), [("Hall", 2)]);
    let mut names = String::new();
    (0..6).for_each(|seat| {
        let place = map.place(crate::ids::SeatIndex::new(seat)).expect("within the map");
        place.write_seat_name(&mut names).expect("a string takes every text");
    });
    assert_eq!((names.as_str(), aisles(&map, 0)), ("123456", vec![2]));
}

#[test]
fn numbers_that_begin_anew_are_another_block() {
    let block = |x| [row("A", 1, (x, 0.0), "ooo"), row("B", 1, (x, 25.0), "ooo")];
    let map = map([block(0.0), block(500.0), block(900.0)].concat());
    assert_eq!(sections(&map), [("Hall 1", 2), ("Hall 2", 2), ("Hall 3", 2)]);
}

#[test]
fn a_section_has_one_category() {
    let map = map(vec![row("A", 1, (0.0, 0.0), "obbo"), row("B", 1, (0.0, 25.0), "oo")]);
    assert_eq!(sections(&map), [("Hall, a", 2), ("Hall, b", 1)]);
    assert_eq!((aisles(&map, 0), aisles(&map, 2)), (vec![0], vec![]));
}

#[test]
fn sections_know_their_zone() {
    let zones = vec![zone(vec![row("A", 1, (0.0, 0.0), "ob")]), zone(vec![row("A", 1, (0.0, 0.0), "o")])];
    assert_eq!(plan_of(zones).1, [0, 0, 1]);
}
