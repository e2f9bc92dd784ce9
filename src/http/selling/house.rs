//! What the organizer does with seats: keeps them, withdraws them, gives them away, and moves those that are sold.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::event::{Command, Reply, SeatStatus};
use domain::ids::{BookingId, EventId, SeatIndex};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::booking_views::BookingBody;
use super::seats::{seat, seats};
use super::{decided, unexpected};
use crate::http::auth::{Customer, Organizer};
use crate::http::event_view::Found;
use crate::http::extract::{ApiJson, ApiPath, IdempotencyKey};
use crate::http::openapi::{Call, Part, Routes, post};
use crate::http::problem::{Code, Problem};
use crate::http::ticket::{HeldTicket, Told};
use crate::http::wire::{Id, ids};
use crate::http::{App, identity};

/// The routes of this module.
pub(super) fn routes() -> Routes {
    let (created, ok) = (StatusCode::CREATED, StatusCode::OK);
    let refused = &[Code::NotFound, Code::SeatUnavailable, Code::ValidationFailed, Code::EventCancelled];
    let seats = |call: Call| call.gives::<Changed<'_>>(ok).refuses(refused);
    Routes::of(Part::Selling)
        .route(
            "/events/{id}/seats/block",
            seats(post(
                |app, id, by, key, body| BLOCK.respond(app, id, by, key, body),
                "Keep free seats for the house",
            )),
        )
        .route(
            "/events/{id}/seats/unblock",
            seats(post(
                |app, id, by, key, body| UNBLOCK.respond(app, id, by, key, body),
                "Give the house's seats free",
            )),
        )
        .route(
            "/events/{id}/seats/kill",
            seats(post(|app, id, by, key, body| KILL.respond(app, id, by, key, body), "Withdraw seats")),
        )
        .route(
            "/events/{id}/seats/restore",
            seats(post(
                |app, id, by, key, body| RESTORE.respond(app, id, by, key, body),
                "Give withdrawn seats free",
            )),
        )
        .route(
            "/events/{id}/seats/comp",
            post(comp, "Give seats to somebody for nothing")
                .gives::<BookingBody<'_>>(created)
                .refuses(refused),
        )
        .route(
            "/bookings/{id}/tickets/{ticketId}/move",
            post(move_ticket, "Move a booked ticket to another free seat")
                .gives::<BookingBody<'_>>(ok)
                .refuses(refused)
                .refuses(&[Code::Forbidden, Code::AlreadyCancelled, Code::NotCancellable]),
        )
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = TicketList)]
pub(super) struct Seats {
    ticket_ids: Vec<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewComp {
    ticket_ids: Vec<String>,
    user_id: ids::User,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TicketMove)]
pub(super) struct Move {
    to: String,
}

/// The seats as they are now.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = HouseSeats)]
struct Changed<'a> {
    event_id: ids::Event,
    tickets: Vec<HeldTicket<'a>>,
}

/// What is done to seats, and how they are told of then.
#[derive(Debug, Clone, Copy)]
struct Deed {
    command: fn(Vec<SeatIndex>) -> Command,
    after: (SeatStatus, Told),
}

const BLOCK: Deed =
    Deed { command: |seats| Command::Block { seats }, after: (SeatStatus::Blocked, Told::Nothing) };
const UNBLOCK: Deed =
    Deed { command: |seats| Command::Unblock { seats }, after: (SeatStatus::Available, Told::Nothing) };
const KILL: Deed =
    Deed { command: |seats| Command::Kill { seats }, after: (SeatStatus::Blocked, Told::Killed) };
const RESTORE: Deed =
    Deed { command: |seats| Command::Restore { seats }, after: (SeatStatus::Available, Told::Nothing) };

impl Deed {
    async fn respond(
        self,
        State(app): State<App>,
        ApiPath(Id(event)): ApiPath<Id<EventId>>,
        Organizer(caller): Organizer,
        key: IdempotencyKey,
        body: ApiJson<Seats>,
    ) -> Result<Response, Problem> {
        let found = Found::get(&app, event)?;
        let (scene, prices) = (found.scene(), &found.event.terms.prices_minor);
        let seats = seats(event, &body.value.ticket_ids)?;
        let command = (self.command)(seats.clone());
        match decided(&app, event, command, caller.into(), key.of_body(&body.raw)).await? {
            Reply::SeatsChanged => {}
            other => return Err(unexpected(&other)),
        }
        let (status, told) = self.after;
        let ticket = |seat: &SeatIndex| {
            let category = scene.map.section_at(*seat).map_or(0, |section| usize::from(section.category));
            let price = prices.get(category).copied().unwrap_or(0);
            scene.held_ticket(*seat, price, status, told, None)
        };
        let tickets = seats.iter().map(ticket).collect();
        Ok(Json(Changed { event_id: Id(event), tickets }).into_response())
    }
}

pub(super) async fn comp(
    State(app): State<App>,
    ApiPath(Id(event)): ApiPath<Id<EventId>>,
    Organizer(caller): Organizer,
    key: IdempotencyKey,
    body: ApiJson<NewComp>,
) -> Result<Response, Problem> {
    let scene = app.scene(event)?;
    let Id(to) = body.value.user_id;
    if app.people.account(to)?.is_none() {
        // They may have signed up at another node a moment ago.
        identity::hear_of_newcomers(&app).await?;
    }
    if app.people.account(to)?.is_none() {
        return Err(Problem::invalid_field("/userId", "there is no such user"));
    }
    let command = Command::Comp { seats: seats(event, &body.value.ticket_ids)?, to };
    match decided(&app, event, command, caller.into(), key.of_body(&body.raw)).await? {
        Reply::Booking(view) => {
            let body = BookingBody::new(&scene, view.number, &view.booking, caller.user);
            Ok((StatusCode::CREATED, Json(body)).into_response())
        }
        other => Err(unexpected(&other)),
    }
}

/// By whoever runs the event; for others who may see the booking it is forbidden.
pub(super) async fn move_ticket(
    State(app): State<App>,
    ApiPath((Id(booking), ticket)): ApiPath<(Id<BookingId>, String)>,
    caller: Customer,
    key: IdempotencyKey,
    body: ApiJson<Move>,
) -> Result<Response, Problem> {
    let scene = app.scene(booking.event)?;
    let (from, to) = (seat(booking.event, &ticket)?, seat(booking.event, &body.value.to)?);
    let command = Command::MoveTicket { booking: booking.part, from, to };
    match decided(&app, booking.event, command, caller.into(), key.of_body(&body.raw)).await? {
        Reply::Booking(view) => {
            let body = BookingBody::new(&scene, view.number, &view.booking, caller.user);
            Ok(Json(body).into_response())
        }
        other => Err(unexpected(&other)),
    }
}
