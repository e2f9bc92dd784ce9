//! Everything about holds.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::event::{ADULT, BestWish, Command, Reply, TicketWish};
use domain::ids::{EventId, HoldId};
use domain::seat_map::SeatMap;
use serde::Deserialize;
use utoipa::ToSchema;

use super::hold_views::HoldBody;
use super::seats::{seat, seats};
use super::{decided, unexpected};
use crate::http::App;
use crate::http::auth::Customer;
use crate::http::cache::{self, Audience};
use crate::http::extract::{ApiJson, ApiPath, IdempotencyKey, OptionalJson};
use crate::http::problem::Problem;
use crate::http::ticket::Scene;
use crate::http::wire::Id;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::http) struct NewHold {
    pub(super) ticket_ids: Option<Vec<String>>,
    pub(super) tickets: Option<Vec<NewTicket>>,
    pub(super) best_available: Option<NewBest>,
    pub(super) ttl_seconds: Option<u64>,
}

/// A ticket with its price type, that of adults where it is left out.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::http) struct NewTicket {
    ticket_id: String,
    price_type: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::http) struct NewBest {
    quantity: u32,
    section: Option<String>,
    category: Option<String>,
    max_price: Option<i64>,
    #[serde(default)]
    accessible: bool,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct HoldChange {
    #[serde(default)]
    add: Vec<String>,
    #[serde(default)]
    remove: Vec<String>,
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Extension {
    ttl_seconds: Option<u64>,
}

pub(super) async fn create(
    State(app): State<App>,
    ApiPath(Id(event)): ApiPath<Id<EventId>>,
    caller: Customer,
    key: IdempotencyKey,
    body: ApiJson<NewHold>,
) -> Result<Response, Problem> {
    hold(&app, event, caller, key, body).await
}

/// Where both ways of `POST /events/{id}/holds` meet.
pub(in crate::http) async fn hold(
    app: &App,
    event: EventId,
    caller: Customer,
    key: IdempotencyKey,
    body: ApiJson<NewHold>,
) -> Result<Response, Problem> {
    let scene = app.scene(event)?;
    let idempotency = key.of_body(&body.raw);
    let command = command(&scene, body.value)?;
    let reply = decided(app, event, command, caller.into(), idempotency).await?;
    render(&scene, StatusCode::CREATED, &reply)
}

pub(super) fn command(scene: &Scene, new: NewHold) -> Result<Command, Problem> {
    let ttl_ms = new.ttl_seconds.map(ttl_ms);
    match (new.ticket_ids, new.tickets, new.best_available) {
        (Some(tickets), None, None) => {
            Ok(Command::HoldExact { seats: seats(scene.event, &tickets)?, ttl_ms })
        }
        (None, Some(tickets), None) => {
            let tickets = tickets.into_iter().map(|ticket| ticket.wish(scene.event));
            Ok(Command::HoldTickets { tickets: tickets.collect::<Result<_, _>>()?, ttl_ms })
        }
        (None, None, Some(best)) => Ok(Command::HoldBest { wish: wish(&scene.map, best)?, ttl_ms }),
        _ => Err(Problem::invalid_field("", "give one of ticketIds, tickets and bestAvailable")),
    }
}

impl NewTicket {
    fn wish(self, event: EventId) -> Result<TicketWish, Problem> {
        let price_type = self.price_type.unwrap_or_else(|| ADULT.to_owned());
        Ok(TicketWish { seat: seat(event, &self.ticket_id)?, price_type })
    }
}

/// What is beyond all limits stays so in milliseconds, for the core to refuse.
pub(super) fn ttl_ms(seconds: u64) -> u64 {
    seconds.saturating_mul(1000)
}

fn wish(map: &SeatMap, best: NewBest) -> Result<BestWish, Problem> {
    let section = best.section.map(|name| {
        let unknown = || Problem::invalid_field("/bestAvailable/section", "no section of this event");
        map.section_named(&name).ok_or_else(unknown)
    });
    let category = best.category.map(|name| {
        let unknown = || Problem::invalid_field("/bestAvailable/category", "no category of this event");
        map.category_named(&name).ok_or_else(unknown)
    });
    Ok(BestWish {
        quantity: best.quantity,
        section: section.transpose()?,
        category: category.transpose()?,
        max_price_minor: best.max_price,
        accessible: best.accessible,
    })
}

pub(super) async fn show(
    State(app): State<App>,
    ApiPath(Id(hold)): ApiPath<Id<HoldId>>,
    caller: Customer,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let scene = app.scene(hold.event)?;
    match decided(&app, hold.event, Command::ShowHold { hold: hold.part }, caller.into(), None).await? {
        Reply::Hold(view) => cache::json(&headers, Audience::Private, &HoldBody::new(&scene, &view)),
        other => Err(unexpected(&other)),
    }
}

pub(super) async fn change(
    State(app): State<App>,
    ApiPath(Id(hold)): ApiPath<Id<HoldId>>,
    caller: Customer,
    key: IdempotencyKey,
    body: ApiJson<HoldChange>,
) -> Result<Response, Problem> {
    let scene = app.scene(hold.event)?;
    let idempotency = key.of_body(&body.raw);
    if body.value.add.is_empty() && body.value.remove.is_empty() {
        return Err(Problem::invalid_field("", "give tickets to add, to remove, or both"));
    }
    let command = Command::ChangeHold {
        hold: hold.part,
        add: seats(hold.event, &body.value.add)?,
        remove: seats(hold.event, &body.value.remove)?,
    };
    let reply = decided(&app, hold.event, command, caller.into(), idempotency).await?;
    render(&scene, StatusCode::OK, &reply)
}

pub(super) async fn extend(
    State(app): State<App>,
    ApiPath(Id(hold)): ApiPath<Id<HoldId>>,
    caller: Customer,
    key: IdempotencyKey,
    body: OptionalJson<Extension>,
) -> Result<Response, Problem> {
    let scene = app.scene(hold.event)?;
    let command = Command::ExtendHold { hold: hold.part, ttl_ms: body.value.ttl_seconds.map(ttl_ms) };
    let reply = decided(&app, hold.event, command, caller.into(), key.of_body(&body.raw)).await?;
    render(&scene, StatusCode::OK, &reply)
}

pub(super) async fn release(
    State(app): State<App>,
    ApiPath(Id(hold)): ApiPath<Id<HoldId>>,
    caller: Customer,
    key: IdempotencyKey,
) -> Result<Response, Problem> {
    let command = Command::ReleaseHold { hold: hold.part };
    match decided(&app, hold.event, command, caller.into(), key.of_nothing()).await? {
        Reply::Released => Ok(StatusCode::NO_CONTENT.into_response()),
        other => Err(unexpected(&other)),
    }
}

fn render(scene: &Scene, status: StatusCode, reply: &Reply) -> Result<Response, Problem> {
    match reply {
        Reply::Hold(view) => Ok((status, Json(HoldBody::new(scene, view))).into_response()),
        other => Err(unexpected(other)),
    }
}
