//! The seats of an event: as tickets in JSON, or two bits each.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use domain::event::SeatStatus;
use domain::ids::EventId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::App;
use super::auth::Visitor;
use super::event_view::Found;
use super::events::{audience, rendered, tag};
use super::extract::{ApiPath, ApiQuery, accepted};
use super::openapi::{Part, Routes, get};
use super::problem::{Code, Problem};
use super::seats_now::SeatsNow;
use super::ticket::TicketView;
use super::wire::{Id, ids};

const JSON: &str = "application/json";
const BINARY: &str = "application/vnd.onsale.seats";
const MAGIC: &[u8; 4] = b"OSB1";

/// The routes of this module.
pub(super) fn routes() -> Routes {
    Routes::of(Part::Catalogue).route(
        "/events/{id}/seats",
        get(show, "The seats of an event: as tickets, or two bits each")
            .gives::<SeatsBody<()>>(StatusCode::OK)
            .gives_bytes(StatusCode::OK, BINARY)
            .refuses(&[Code::NotAcceptable]),
    )
}

/// Narrows the JSON.
#[derive(Debug, Clone, Deserialize, IntoParams)]
struct Narrowed {
    #[param(inline)]
    status: Option<Status>,
    section: Option<String>,
}

#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = SeatStatus)]
enum Status {
    Available,
    Held,
    Booked,
    Blocked,
}

impl From<Status> for SeatStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Available => Self::Available,
            Status::Held => Self::Held,
            Status::Booked => Self::Booked,
            Status::Blocked => Self::Blocked,
        }
    }
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Seats)]
struct SeatsBody<T> {
    event_id: ids::Event,
    version: u64,
    #[schema(value_type = Vec<TicketView<'static>>)]
    seats: T,
}

async fn show(
    State(app): State<App>,
    ApiPath(Id(id)): ApiPath<Id<EventId>>,
    Visitor(caller): Visitor,
    ApiQuery(narrowed): ApiQuery<Narrowed>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let media_type = accepted(&headers, &[JSON, BINARY])?;
    let found = Found::get(&app, id)?;
    let seats = found.seats_now(&app, caller).await?;
    let age = seats.age();
    let shape = format!("{media_type} {narrowed:?}");
    let guard = tag(&app, &found, &seats, caller, &shape).guard(&headers, audience(caller));
    if guard.is_unchanged() {
        return Ok(SeatsNow::dated(age, guard.respond(media_type, Vec::new())));
    }
    if media_type == BINARY {
        let body = binary(seats.version, seats.statuses());
        return Ok(SeatsNow::dated(age, guard.respond(BINARY, body)));
    }
    let body = rendered(found.seats(), move || {
        let (scene, status) = (found.scene(), narrowed.status.map(SeatStatus::from));
        let tickets = scene.tickets(&found.event.terms.prices_minor, |row, seat| {
            let in_section = narrowed.section.as_deref().is_none_or(|name| found.is_in_section(row, name));
            let (seat_status, told) = seats.of(seat);
            (in_section && status.is_none_or(|wanted| wanted == seat_status)).then_some((seat_status, told))
        });
        serde_json::to_vec(&SeatsBody { event_id: Id(id), version: seats.version, seats: tickets })
    });
    Ok(SeatsNow::dated(age, guard.respond(JSON, body.await?)))
}

/// `OSB1`, the number of seats (u32) and the version (u64) in little endian, then two bits a seat, lowest first.
fn binary(version: u64, statuses: &[SeatStatus]) -> Vec<u8> {
    let seats = u32::try_from(statuses.len()).expect("a seat map has at most 200,000 seats");
    let mut body = Vec::with_capacity(16 + statuses.len().div_ceil(4));
    body.extend_from_slice(MAGIC);
    body.extend_from_slice(&seats.to_le_bytes());
    body.extend_from_slice(&version.to_le_bytes());
    let pack = |four: &[SeatStatus]| {
        four.iter().enumerate().fold(0, |byte, (at, status)| byte | (*status as u8) << (2 * at))
    };
    body.extend(statuses.chunks(4).map(pack));
    body
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn two_bits_a_seat_lowest_first() {
        use SeatStatus::{Available, Blocked, Booked, Held};
        let body = binary(0x0102, &[Available, Held, Booked, Blocked, Held]);
        let expected =
            [b"OSB1".as_slice(), &[5, 0, 0, 0], &[2, 1, 0, 0, 0, 0, 0, 0], &[0b1110_0100, 0b01]].concat();
        assert_eq!(body, expected);
        assert_eq!(binary(0, &[]).len(), 16);
    }
}
