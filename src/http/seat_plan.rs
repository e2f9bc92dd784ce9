//! The compact form of a seat map in JSON, on its way to [`Plan`].

use std::fmt;

use domain::invalid::Invalid;
use domain::seat_map::{NamedSeat, Plan, PlanLayout, PlanRow, PlanSeats, PlanSection};
use serde::Deserialize;
use serde::de::{self, Deserializer, SeqAccess, Visitor};
use utoipa::ToSchema;

/// `{"sections": [...]}`
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SeatPlan {
    sections: Vec<Section>,
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
    pub(super) fn into_plan(self, pointer: &str) -> Result<Plan, Vec<Invalid>> {
        let mut invalid = Vec::new();
        let mut sections = Vec::with_capacity(self.sections.len());
        for (at, section) in self.sections.into_iter().enumerate() {
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
    use domain::seat_map::SeatMap;

    use super::*;

    fn plan(text: &str) -> Result<Plan, Vec<Invalid>> {
        serde_json::from_str::<SeatPlan>(text).unwrap().into_plan("/seatMap")
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
        let map = SeatMap::build(plan(text).unwrap()).unwrap();
        assert_eq!(map.len(), 526);
        let row = &map.all_rows()[1];
        assert!(!row.joined_to_next(0) && row.accessible(1) && !row.accessible(0));
    }

    #[test]
    fn a_section_is_one_or_the_other() {
        let text = r#"{"sections": [{"name": "A", "category": "f", "capacity": 1},
            {"name": "B", "category": "f"}, {"name": "C", "category": "f", "capacity": 1, "rows": []}]}"#;
        let pointers: Vec<String> =
            plan(text).unwrap_err().into_iter().map(|invalid| invalid.pointer).collect();
        assert_eq!(pointers, ["/seatMap/sections/1", "/seatMap/sections/2"]);
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
