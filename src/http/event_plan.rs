//! The plan of an event's seats: sections, rows and seats by name, and where they stand where a drawing says so. A few
//! kilobytes instead of one ticket a seat; with the two bits a seat of `event_seats` it is all that a seat map needs.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use domain::ids::{ALPHABET, EventId, SeatIndex, TicketId};
use domain::seat_map::{NamedSeat, Row, SeatMap, Section};
use serde::Serialize;
use utoipa::ToSchema;

use super::App;
use super::cache::{self, Audience};
use super::extract::ApiPath;
use super::openapi::{Part, Routes, get};
use super::problem::Problem;
use super::wire::{Id, ids};

/// The routes of this module.
pub(super) fn routes() -> Routes {
    Routes::of(Part::Catalogue).route(
        "/events/{id}/plan",
        get(show, "The plan of an event's seats, without tickets")
            .says(
                "Seats are counted from 0 in the order of the plan, which is that of `GET /events/{id}/seats`. The id of a \
                 seat's ticket is `ticketIds.prefix` and behind it the seat's number, in the digits of `ticketIds.digits`.",
            )
            .gives::<PlanBody<'_>>(StatusCode::OK),
    )
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = EventPlan)]
struct PlanBody<'a> {
    event_id: ids::Event,
    seats: u32,
    ticket_ids: TicketIds,
    sections: Vec<SectionBody<'a>>,
}

/// How a seat's number becomes the id of its ticket.
#[derive(Serialize, ToSchema)]
struct TicketIds {
    prefix: String,
    digits: &'static str,
}

/// Rows of seats, or a standing area with a capacity.
#[derive(Serialize, ToSchema)]
#[schema(as = PlanSection)]
struct SectionBody<'a> {
    name: &'a str,
    category: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rows: Option<Vec<RowBody<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    capacity: Option<u32>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = PlanRow)]
struct RowBody<'a> {
    name: &'a str,
    seats: SeatsBody<'a>,
}

/// A count of seats named 1 and so on, or each by its name.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = PlanSeats)]
enum SeatsBody<'a> {
    Count(u32),
    Named(Vec<SeatBody<'a>>),
}

#[derive(Serialize, ToSchema)]
#[schema(as = PlanSeat)]
struct SeatBody<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    x: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    y: Option<f64>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    accessible: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    aisle: bool,
}

async fn show(
    State(app): State<App>,
    ApiPath(Id(id)): ApiPath<Id<EventId>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let scene = app.scene(id)?;
    cache::json(&headers, Audience::Public, &PlanBody::new(id, &scene.map))
}

impl<'a> PlanBody<'a> {
    fn new(event: EventId, map: &'a SeatMap) -> Self {
        let mut prefix = TicketId::new(event, SeatIndex::new(0)).to_string();
        prefix.pop();
        Self {
            event_id: Id(event),
            seats: map.len(),
            ticket_ids: TicketIds { prefix, digits: ALPHABET },
            sections: map.sections().iter().map(|section| SectionBody::new(map, section)).collect(),
        }
    }
}

impl<'a> SectionBody<'a> {
    fn new(map: &'a SeatMap, section: &'a Section) -> Self {
        let (name, category) = (&section.name, &map.categories()[usize::from(section.category)]);
        let rows = map.rows(section);
        match rows {
            [row] if row.is_standing() => Self { name, category, rows: None, capacity: Some(row.len()) },
            rows => {
                let rows = rows.iter().map(RowBody::new).collect();
                Self { name, category, rows: Some(rows), capacity: None }
            }
        }
    }
}

impl<'a> RowBody<'a> {
    fn new(row: &'a Row) -> Self {
        let seats = match row.named_seats() {
            None => SeatsBody::Count(row.len()),
            Some(seats) => SeatsBody::Named(seats.iter().map(SeatBody::new).collect()),
        };
        Self { name: row.name.as_deref().unwrap_or_default(), seats }
    }
}

impl<'a> SeatBody<'a> {
    fn new(seat: &'a NamedSeat) -> Self {
        let (x, y) = seat.position.unzip();
        Self { name: &seat.name, x, y, accessible: seat.accessible, aisle: seat.aisle }
    }
}

#[cfg(test)]
mod test {
    use super::*;
    use domain::seat_map::{Plan, PlanLayout, PlanRow, PlanSeats, PlanSection};
    use serde_json::json;

    #[test]
    fn a_plan_is_written_as_it_was_given_and_says_how_tickets_are_called() {
        let seat = |name: &str, at: f64| NamedSeat {
            name: name.into(),
            position: Some((at, 1.0)),
            accessible: at == 0.0,
            aisle: false,
        };
        let rows = vec![
            PlanRow { name: "1".into(), seats: PlanSeats::Count(40) },
            PlanRow { name: "2".into(), seats: PlanSeats::Named(vec![seat("a", 0.0), seat("b", 2.5)]) },
        ];
        let section =
            |name: &str, layout| PlanSection { name: name.into(), category: "floor".into(), layout };
        let sections = vec![section("A", PlanLayout::Rows(rows)), section("Pit", PlanLayout::Standing(500))];
        let map = SeatMap::build(Plan { sections }).unwrap();
        let event = EventId::new(77);
        let body = serde_json::to_value(PlanBody::new(event, &map)).unwrap();
        assert_eq!(
            body["sections"],
            json!([
                {"name": "A", "category": "floor", "rows": [
                    {"name": "1", "seats": 40},
                    {"name": "2", "seats": [{"name": "a", "x": 0.0, "y": 1.0, "accessible": true}, {"name": "b", "x": 2.5, "y": 1.0}]},
                ]},
                {"name": "Pit", "category": "floor", "capacity": 500},
            ])
        );
        assert_eq!(body["seats"], 542);
        let (prefix, digits) = (body["ticketIds"]["prefix"].as_str().unwrap(), ALPHABET.as_bytes());
        let called = format!("{prefix}{}{}", char::from(digits[1]), char::from(digits[9]));
        assert_eq!(called, TicketId::new(event, SeatIndex::new(41)).to_string());
    }
}
