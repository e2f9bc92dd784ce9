use super::*;

fn rows(name: &str, category: &str, rows: &[(&str, u32)]) -> PlanSection {
    let rows =
        rows.iter().map(|(name, seats)| PlanRow { name: (*name).into(), seats: PlanSeats::Count(*seats) });
    PlanSection { name: name.into(), category: category.into(), layout: PlanLayout::Rows(rows.collect()) }
}

fn standing(name: &str, category: &str, capacity: u32) -> PlanSection {
    PlanSection { name: name.into(), category: category.into(), layout: PlanLayout::Standing(capacity) }
}

fn named(names: &[&str]) -> PlanSection {
    let seats = names.iter().map(|name| NamedSeat {
        name: (*name).into(),
        position: None,
        accessible: false,
        aisle: false,
    });
    let row = PlanRow { name: "1".into(), seats: PlanSeats::Named(seats.collect()) };
    PlanSection { name: "N".into(), category: "c".into(), layout: PlanLayout::Rows(vec![row]) }
}

fn pointers(plan: Vec<PlanSection>) -> Vec<String> {
    let errors = SeatMap::build(Plan { sections: plan }).expect_err("the plan is wrong");
    errors.into_iter().map(|error| error.pointer).collect()
}

#[test]
fn seats_are_numbered_in_order_and_found_again() {
    let plan =
        Plan { sections: vec![rows("A", "floor", &[("1", 3), ("2", 2)]), standing("Pit", "standing", 4)] };
    let map = SeatMap::build(plan).expect("the plan is right");
    assert_eq!(map.len(), 9);
    assert_eq!(map.categories(), ["floor", "standing"]);
    let told: Vec<_> = (0..9)
        .map(|seat| {
            let place = map.place(SeatIndex(seat)).expect("within the map");
            let mut name = String::new();
            place.write_seat_name(&mut name).expect("a string takes everything");
            (place.section.name.clone(), place.row.name.clone(), name)
        })
        .collect();
    assert_eq!(told[4], ("A".into(), Some("2".into()), "2".into()));
    assert_eq!(told[8], ("Pit".into(), None, "4".into()));
    assert!(map.place(SeatIndex(9)).is_none());
}

#[test]
fn a_seat_is_in_the_section_of_its_row_also_among_sections_without_rows() {
    let sections = [
        rows("None", "a", &[]),
        rows("A", "a", &[("1", 3), ("2", 2)]),
        rows("Nor here", "b", &[]),
        standing("Pit", "b", 4),
        rows("Nor at the end", "c", &[]),
    ];
    let map = SeatMap::build(Plan { sections: sections.into() }).expect("the plan is right");
    for seat in (0..9).map(SeatIndex) {
        let section = map.place(seat).expect("within the map").section;
        assert_eq!(map.section_at(seat), Some(section), "{seat:?}");
    }
    assert_eq!(map.section_at(SeatIndex(9)), None);
}

#[test]
fn a_duplicate_is_refused_at_its_second_place() {
    assert_eq!(pointers(vec![standing("A", "c", 1), rows("A", "c", &[("1", 1)])]), ["/sections/1/name"]);
    assert_eq!(pointers(vec![rows("A", "c", &[("1", 1), ("2", 1), ("1", 2)])]), ["/sections/0/rows/2/name"]);
    assert_eq!(pointers(vec![named(&["1", "2", "1"])]), ["/sections/0/rows/0/seats/2/name"]);
}

#[test]
fn empty_and_enormous_plans_are_refused() {
    assert_eq!(pointers(vec![]), ["/sections"]);
    assert_eq!(pointers(vec![standing("A", "c", 0)]), ["/sections/0/capacity"]);
    assert_eq!(pointers(vec![rows("A", "", &[("1", 1)])]), ["/sections/0/category"]);
    assert_eq!(pointers(vec![standing("A", "c", 200_001)]), ["/sections"]);
    assert_eq!(pointers(vec![standing("A", "c", u32::MAX), standing("B", "c", u32::MAX)]), ["/sections"]);
    assert!(SeatMap::build(Plan { sections: vec![standing("A", "c", 200_000)] }).is_ok());
}
