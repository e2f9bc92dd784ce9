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
use super::cache::{Audience, Tag};
use super::encoded::What;
use super::event_view::Found;
use super::events::{audience, rendered, tag};
use super::extract::{ApiPath, ApiQuery, accepted};
use super::openapi::{Part, Routes, get};
use super::problem::{Code, Problem};
use super::seat_bytes::seat_bytes;
use super::seats_now::SeatsNow;
use super::ticket::TicketView;
use super::wire::{Id, ids};
use crate::dispatch::ways;

const JSON: &str = "application/json";
const BINARY: &str = "application/vnd.onsale.seats";

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

/// The tickets, and how new they are.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Seats)]
pub(super) struct SeatsBody<T> {
    pub(super) event_id: ids::Event,
    pub(super) version: u64,
    #[schema(value_type = Vec<TicketView<'static>>)]
    pub(super) seats: T,
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
    app.dispatch.caught_up(ways::State::Sale(id)).await;
    if media_type == BINARY {
        return two_bits_each(&app, &found, &headers).await;
    }
    if narrowed.status.is_none() && found.is_as_to_all(&app, caller) {
        let section = narrowed.section.as_deref();
        let what = section.map_or(Some(What::Seats), |name| found.section_named(name).map(What::Section));
        if let Some(what) = what {
            return found.as_to_all(&app, what, caller, &headers).await;
        }
    }
    let seats = found.seats_now(&app, caller).await?;
    let age = seats.age();
    let guard = tag(&app, &found, &seats, caller, &format!("{narrowed:?}")).guard(&headers, audience(caller));
    if guard.is_unchanged() {
        return Ok(SeatsNow::dated(age, guard.respond(JSON, Vec::new())));
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

/// The same for everybody.
async fn two_bits_each(app: &App, found: &Found, headers: &HeaderMap) -> Result<Response, Problem> {
    let seats = app.encoded.seats(found).await?;
    let tag =
        Tag::of_revision(found.event.revision, format!("{} {}", found.event.id, seats.version).as_bytes());
    let guard = tag.guard(headers, Audience::Public);
    let statuses = &seats.statuses;
    let body = seat_bytes(seats.version, statuses.seats(), statuses.packed());
    Ok(SeatsNow::dated(app.encoded.age(found.event.id), guard.respond(BINARY, body)))
}
