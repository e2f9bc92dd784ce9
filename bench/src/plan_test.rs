use super::{Prices, Seat, SeatMap, SeatMapBuilder, Seats, VenuePlan};

fn seat(name: &str) -> Seat {
    Seat { name: name.into(), x: None, y: None }
}

fn built() -> SeatMap {
    let mut builder = SeatMapBuilder::default();
    for (line, (row, name)) in [("10", "1"), ("2", "2"), ("2", "1"), ("10", "7")].into_iter().enumerate() {
        builder.seat("A", "floor", row, seat(name), line as u64 + 2).unwrap();
    }
    builder.places("Pit", "standing", 30);
    builder.places("Pit", "standing", 20);
    builder.build().unwrap()
}

#[test]
fn rows_and_seats_are_counted_as_people_count() {
    let map = built();
    let rows: Vec<_> = map.sections[0].rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(rows, ["2", "10"]);
    assert_eq!(map.sections[0].rows[0].seats, Seats::Count(2));
    assert_eq!(map.sections[0].rows[1].seats, Seats::Named(vec![seat("1"), seat("7")]));
    assert_eq!((map.sections[1].capacity, map.capacity()), (Some(50), 54));
}

#[test]
fn a_seat_named_twice_is_refused_with_both_lines() {
    let mut builder = SeatMapBuilder::default();
    builder.seat("A", "floor", "1", seat("5"), 2).unwrap();
    let fault = builder.seat("A", "floor", "1", seat("5"), 9).unwrap_err().to_string();
    assert_eq!(fault, "line 9: section `A`, row `1`, seat `5` is already named in line 2");
}

#[test]
fn a_section_is_either_seated_or_standing() {
    let mut builder = SeatMapBuilder::default();
    builder.seat("A", "floor", "1", seat("5"), 2).unwrap();
    builder.places("A", "floor", 1);
    assert!(builder.build().unwrap_err().to_string().contains("`A`"));
}

#[test]
fn a_plan_is_read_as_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let map = built();
    let plan = VenuePlan::new(&map, Prices::flat(&map.categories())).unwrap();
    plan.save(folder.path()).unwrap();
    assert_eq!(VenuePlan::load(&folder.path().join("seatmap.json")).unwrap(), plan);
    assert_eq!(serde_json::from_value::<SeatMap>(plan.seat_map).unwrap(), map);
}

#[test]
fn a_category_without_a_price_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let plan = VenuePlan::new(&built(), Prices::flat(&["floor".into()])).unwrap();
    plan.save(folder.path()).unwrap();
    let fault = VenuePlan::load(&folder.path().join("seatmap.json")).unwrap_err().to_string();
    assert!(fault.contains("`standing`"), "{fault}");
}
