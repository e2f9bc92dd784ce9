//! A pretix seating plan as its JSON schema has it, on its way to a drawing.
//!
//! Owns the form and what may not be twice in it. Colours, shapes and labels are read and let go of. Plans are found in
//! which every block of a zone numbers its rows and seats anew, under the same `seat_guid`s: those are told apart by their
//! blocks, and only within a row is a number or guid that comes again a mistake. A `uuid` may not come again anywhere.

use std::collections::BTreeSet;

use domain::invalid::Invalid;
use domain::seat_map::{DrawnRow, DrawnSeat, DrawnZone};
use serde::Deserialize;
use serde::de::IgnoredAny;

/// More findings help nobody.
const ENOUGH: usize = 100;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Category {
    name: String,
    #[serde(rename = "color")]
    _color: Option<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Size {
    #[serde(rename = "width")]
    _width: IgnoredAny,
    #[serde(rename = "height")]
    _height: IgnoredAny,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Position {
    x: f64,
    y: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Zone {
    name: Option<String>,
    zone_id: Option<String>,
    uuid: Option<String>,
    position: Position,
    rows: Vec<Row>,
    #[serde(default, rename = "areas")]
    _areas: Vec<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    row_number: String,
    row_label: Option<String>,
    #[serde(rename = "seat_label")]
    _seat_label: Option<IgnoredAny>,
    uuid: Option<String>,
    seats: Vec<Seat>,
    #[serde(rename = "row_number_position")]
    _row_number_position: Option<IgnoredAny>,
    #[serde(default)]
    position: Position,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Seat {
    seat_guid: String,
    seat_number: String,
    uuid: Option<String>,
    #[serde(rename = "start_direction")]
    _start_direction: Option<IgnoredAny>,
    #[serde(rename = "radius")]
    _radius: Option<IgnoredAny>,
    position: Position,
    category: String,
}

/// What is known of a plan while it is read, and what was found wrong with it.
struct Reading<'a> {
    pointer: &'a str,
    categories: BTreeSet<&'a str>,
    uuids: BTreeSet<String>,
    found: Vec<Invalid>,
}

/// The drawing of these zones; `pointer` is where the plan stands in the request.
pub(super) fn drawn(
    zones: Vec<Zone>,
    categories: &[Category],
    pointer: &str,
) -> Result<Vec<DrawnZone>, Vec<Invalid>> {
    let mut reading =
        Reading { pointer, categories: BTreeSet::new(), uuids: BTreeSet::new(), found: Vec::new() };
    for (at, category) in categories.iter().enumerate() {
        let new = reading.categories.insert(&category.name);
        reading.require(new, || (format!("/categories/{at}/name"), "another category is called so already"));
    }
    let mut names = BTreeSet::new();
    let mut drawn = Vec::with_capacity(zones.len());
    for (at, zone) in zones.into_iter().enumerate() {
        let place = format!("/zones/{at}");
        let name =
            zone.name.clone().or_else(|| zone.zone_id.clone()).unwrap_or_else(|| format!("Zone {}", at + 1));
        let new = names.insert(name.clone());
        reading.require(new, || (format!("{place}/name"), "another zone is called so already"));
        drawn.push(DrawnZone { name, rows: reading.rows(&place, zone) });
    }
    if reading.found.is_empty() { Ok(drawn) } else { Err(reading.found) }
}

impl Reading<'_> {
    fn require(&mut self, right: bool, wrong: impl FnOnce() -> (String, &'static str)) {
        if !right && self.found.len() < ENOUGH {
            let (place, message) = wrong();
            self.found.push(Invalid::new(format!("{}{place}", self.pointer), message));
        }
    }

    fn uuid(&mut self, place: &str, uuid: Option<String>) {
        let Some(uuid) = uuid else { return };
        let new = self.uuids.insert(uuid);
        self.require(new, || (format!("{place}/uuid"), "something else has this uuid already"));
    }

    fn rows(&mut self, place: &str, zone: Zone) -> Vec<DrawnRow> {
        self.uuid(place, zone.uuid);
        let mut rows = Vec::with_capacity(zone.rows.len());
        for (at, row) in zone.rows.into_iter().enumerate() {
            let place = format!("{place}/rows/{at}");
            let from = Position { x: zone.position.x + row.position.x, y: zone.position.y + row.position.y };
            let named = !row.row_number.is_empty();
            let name = if named { row.row_number } else { row.row_label.unwrap_or_default() };
            self.require(!name.is_empty(), || {
                (format!("{place}/row_number"), "a row needs a number or a label")
            });
            self.uuid(&place, row.uuid);
            let seats = self.seats(&place, from, row.seats);
            // A row without seats is only drawn.
            if !seats.is_empty() {
                rows.push(DrawnRow { name, seats });
            }
        }
        rows
    }

    fn seats(&mut self, place: &str, from: Position, seats: Vec<Seat>) -> Vec<DrawnSeat> {
        let (mut numbers, mut guids) = (BTreeSet::new(), BTreeSet::new());
        let mut drawn = Vec::with_capacity(seats.len());
        for (at, seat) in seats.into_iter().enumerate() {
            let place = format!("{place}/seats/{at}");
            self.uuid(&place, seat.uuid);
            let new = guids.insert(seat.seat_guid);
            self.require(new, || {
                (format!("{place}/seat_guid"), "another seat of the row has this guid already")
            });
            let new = numbers.insert(seat.seat_number.clone());
            self.require(new, || {
                (format!("{place}/seat_number"), "another seat of the row has this number already")
            });
            let known = self.categories.contains(seat.category.as_str());
            self.require(known, || (format!("{place}/category"), "the plan has no such category"));
            let at = (from.x + seat.position.x, from.y + seat.position.y);
            drawn.push(DrawnSeat { name: seat.seat_number, category: seat.category, at });
        }
        drawn
    }
}
