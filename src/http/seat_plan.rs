//! A seat map in JSON, on its way to [`Plan`]: in the compact form, or as a pretix seating plan.

use std::fmt;
use std::sync::Arc;

use domain::invalid::Invalid;
use domain::seat_map::{
    NamedSeat, Plan, PlanError, PlanLayout, PlanRow, PlanSeats, PlanSection, SeatMap, plan_of,
};
use serde::Deserialize;
use serde::de::{self, Deserializer, SeqAccess, Visitor};
use utoipa::ToSchema;

use super::pretix_plan::{self, Category, Size, Zone};

/// `{"sections": [...]}`, or all the other fields, which are those of a pretix plan.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SeatPlan {
    sections: Option<Vec<Section>>,
    name: Option<String>,
    #[schema(value_type = Option<Vec<Object>>)]
    zones: Option<Vec<Zone>>,
    #[schema(value_type = Option<Vec<Object>>)]
    categories: Option<Vec<Category>>,
    #[schema(value_type = Option<Object>)]
    size: Option<Size>,
}

/// Rows of seats, or a standing area with a capacity.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Section {
    name: String,
    category: String,
    rows: Option<Vec<Row>>,
    capacity: Option<u32>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    seats: Seats,
}

#[derive(Debug, ToSchema)]
#[schema(as = SeatsOfRow)]
#[serde(untagged)]
enum Seats {
    Count(u32),
    Named(Vec<Seat>),
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SeatOfRow)]
struct Seat {
    name: String,
    x: Option<f64>,
    y: Option<f64>,
    #[serde(default)]
    accessible: bool,
    #[serde(default)]
    aisle: bool,
}

impl<'de> Deserialize<'de> for Seats {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Seats;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of seats or a list of seats")
            }

            fn visit_u64<E: de::Error>(self, count: u64) -> Result<Seats, E> {
                u32::try_from(count).map(Seats::Count).map_err(|_| E::custom("too many seats"))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Seats, A::Error> {
                let mut seats = Vec::new();
                while let Some(seat) = list.next_element()? {
                    seats.push(seat);
                }
                Ok(Seats::Named(seats))
            }
        }

        deserializer.deserialize_any(Either)
    }
}

impl SeatPlan {
    /// The plan, for the core to check; `pointer` is where it stands in the request.
    fn compact(written: Vec<Section>, pointer: &str) -> Result<Plan, Vec<Invalid>> {
        let mut invalid = Vec::new();
        let mut sections = Vec::with_capacity(written.len());
        for (at, section) in written.into_iter().enumerate() {
            let Section { name, category, rows, capacity } = section;
            match (rows, capacity) {
                (Some(rows), None) => {
                    let rows = rows.into_iter().map(PlanRow::from).collect();
                    sections.push(PlanSection { name, category, layout: PlanLayout::Rows(rows) });
                }
                (None, Some(capacity)) => {
                    sections.push(PlanSection { name, category, layout: PlanLayout::Standing(capacity) });
                }
                _ => invalid.push(Invalid::new(
                    format!("{pointer}/sections/{at}"),
                    "must have either rows or a capacity",
                )),
            }
        }
        if invalid.is_empty() { Ok(Plan { sections }) } else { Err(invalid) }
    }

    /// The seat map, checked. A map of 200,000 named seats takes its time.
    pub(super) fn build(self, pointer: &str) -> Result<Arc<SeatMap>, Vec<Invalid>> {
        let missing = |field: &str| {
            vec![Invalid::new(format!("{pointer}/{field}"), format!("missing field `{field}`"))]
        };
        let (plan, zones) = match self {
            Self { sections: Some(sections), name: None, zones: None, categories: None, size: None } => {
                (Self::compact(sections, pointer)?, None)
            }
            Self { sections: Some(_), .. } => {
                return Err(vec![Invalid::new(pointer, "must be either sections or a pretix seating plan")]);
            }
            Self { zones: Some(zones), name, categories, size, .. } => {
                name.ok_or_else(|| missing("name"))?;
                size.ok_or_else(|| missing("size"))?;
                let categories = categories.ok_or_else(|| missing("categories"))?;
                let (plan, zones) = plan_of(pretix_plan::drawn(zones, &categories, pointer)?);
                (plan, Some(zones))
            }
            Self { zones: None, name: None, categories: None, size: None, .. } => {
                return Err(missing("sections"));
            }
            Self { .. } => return Err(missing("zones")),
        };
        let found = |error: PlanError| {
            let place = match &zones {
                None => error.pointer,
                Some(zones) => zone_pointer(&error.pointer, zones),
            };
            Invalid::new(format!("{pointer}{place}"), error.message)
        };
        SeatMap::build(plan).map(Arc::new).map_err(|errors| errors.into_iter().map(found).collect())
    }
}

/// What is wrong with a section that was made of a zone is wrong with the zone.
fn zone_pointer(pointer: &str, zones: &[usize]) -> String {
    let section =
        pointer.strip_prefix("/sections/").and_then(|rest| rest.split('/').next()?.parse::<usize>().ok());
    section
        .and_then(|section| zones.get(section))
        .map_or("/zones".to_owned(), |zone| format!("/zones/{zone}"))
}

impl From<Row> for PlanRow {
    fn from(row: Row) -> Self {
        let seats = match row.seats {
            Seats::Count(count) => PlanSeats::Count(count),
            Seats::Named(seats) => PlanSeats::Named(seats.into_iter().map(NamedSeat::from).collect()),
        };
        Self { name: row.name, seats }
    }
}

impl From<Seat> for NamedSeat {
    fn from(seat: Seat) -> Self {
        Self { name: seat.name, position: seat.x.zip(seat.y), accessible: seat.accessible, aisle: seat.aisle }
    }
}

#[cfg(test)]
mod test {
    use super::*;

    fn built(text: &str) -> Result<Arc<SeatMap>, Vec<Invalid>> {
        serde_json::from_str::<SeatPlan>(text).unwrap().build("/seatMap")
    }

    fn pointers(text: &str) -> Vec<String> {
        built(text).unwrap_err().into_iter().map(|invalid| invalid.pointer).collect()
    }

    #[test]
    fn both_ways_to_write_a_row_and_a_standing_area() {
        let text = r#"{"sections": [
            {"name": "A", "category": "floor", "rows": [
                {"name": "1", "seats": 24},
                {"name": "2", "seats": [{"name": "1", "x": 0.5, "y": 1, "aisle": true}, {"name": "2", "accessible": true}]}
            ]},
            {"name": "Pit", "category": "standing", "capacity": 500}
        ]}"#;
        let map = built(text).unwrap();
        assert_eq!(map.len(), 526);
        let row = &map.all_rows()[1];
        assert!(!row.joined_to_next(0) && row.accessible(1) && !row.accessible(0));
    }

    #[test]
    fn a_section_is_one_or_the_other() {
        let text = r#"{"sections": [{"name": "A", "category": "f", "capacity": 1},
            {"name": "B", "category": "f"}, {"name": "C", "category": "f", "capacity": 1, "rows": []}]}"#;
        assert_eq!(pointers(text), ["/seatMap/sections/1", "/seatMap/sections/2"]);
    }

    /// A pretix plan of one zone with these rows.
    fn pretix(rows: &str) -> String {
        format!(
            r##"{{"name": "Plan", "size": {{"width": 800, "height": 600}}, "categories": [{{"name": "Stalls", "color": "#fff"}}],
            "zones": [{{"name": "Hall", "zone_id": "hall", "position": {{"x": 10, "y": 5}}, "rows": [{rows}],
                "areas": [{{"shape": "text", "text": {{"text": "Stage", "position": {{"x": 1, "y": 2}}}}}}]}}]}}"##
        )
    }

    fn pretix_row(number: &str, seats: &[(&str, &str, u32)]) -> String {
        let seat = |(guid, number, x): &(&str, &str, u32)| {
            format!(
                r#"{{"seat_guid": "{guid}", "seat_number": "{number}", "position": {{"x": {x}, "y": 0}}, "category": "Stalls", "radius": 9.5}}"#
            )
        };
        let seats: Vec<String> = seats.iter().map(seat).collect();
        format!(
            r#"{{"row_number": "{number}", "row_number_position": null, "seats": [{}]}}"#,
            seats.join(",")
        )
    }

    #[test]
    fn a_pretix_plan_is_taken_as_it_is() {
        let seats = [("A-1", "1", 0), ("A-2", "2", 25), ("A-3", "3", 50), ("A-4", "4", 125)];
        let map = built(&pretix(&pretix_row("A", &seats))).unwrap();
        let row = &map.all_rows()[0];
        assert_eq!((map.len(), row.name.as_deref(), &*map.sections()[0].name), (4, Some("A"), "Hall"));
        assert_eq!((0..3).map(|at| row.joined_to_next(at)).collect::<Vec<_>>(), [true, true, false]);
        assert_eq!(map.categories(), ["Stalls"]);
    }

    #[test]
    fn what_is_twice_in_a_pretix_plan_is_told_at_the_second_place() {
        let twice = pretix_row("A", &[("A-1", "1", 0), ("A-2", "1", 25)]);
        assert_eq!(pointers(&pretix(&twice)), ["/seatMap/zones/0/rows/0/seats/1/seat_number"]);
        let twice = pretix_row("A", &[("A-1", "1", 0), ("A-1", "2", 25)]);
        assert_eq!(pointers(&pretix(&twice)), ["/seatMap/zones/0/rows/0/seats/1/seat_guid"]);
        let other = pretix_row("A", &[("A-1", "1", 0)]).replace("Stalls", "Balcony");
        assert_eq!(pointers(&pretix(&other)), ["/seatMap/zones/0/rows/0/seats/0/category"]);
    }

    #[test]
    fn a_plan_of_neither_kind_is_told_what_it_lacks() {
        assert_eq!(pointers("{}"), ["/seatMap/sections"]);
        assert_eq!(pointers(r#"{"name": "Plan"}"#), ["/seatMap/zones"]);
        assert_eq!(pointers(r#"{"zones": [], "name": "Plan", "categories": []}"#), ["/seatMap/size"]);
        assert_eq!(pointers(r#"{"sections": [], "name": "Plan"}"#), ["/seatMap"]);
        assert_eq!(pointers(&pretix("")), ["/seatMap/zones"]);
    }

    #[test]
    fn a_number_of_seats_is_whole_and_not_huge() {
        for seats in ["-1", "1.5", "4294967296", "\"3\"", "null", "{}"] {
            let text = format!(
                r#"{{"sections": [{{"name": "A", "category": "f", "rows": [{{"name": "1", "seats": {seats}}}]}}]}}"#
            );
            assert!(serde_json::from_str::<SeatPlan>(&text).is_err(), "{seats}");
        }
    }
}
