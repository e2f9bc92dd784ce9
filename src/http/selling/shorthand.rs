//! The short-hand of the classic write-ups: the same commands under other names.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::event::{Command, Reply};
use domain::ids::{HoldId, TicketId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::booking_views::BookingBody;
use super::bookings::render_paid;
use super::new_payment::NewPayment;
use super::{decided, unexpected};
use crate::http::App;
use crate::http::auth::Customer;
use crate::http::extract::{ApiJson, IdempotencyKey};
use crate::http::problem::Problem;
use crate::http::wire::{Id, Timestamp, ids};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Reservation {
    ticket_id: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Confirmation {
    ticket_id: String,
    payment: NewPayment,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Reserved {
    ticket_id: ids::Ticket,
    hold_id: ids::Hold,
    expires_at: Timestamp,
}

/// A hold of one ticket.
pub(super) async fn reserve(
    State(app): State<App>,
    caller: Customer,
    key: IdempotencyKey,
    body: ApiJson<Reservation>,
) -> Result<Response, Problem> {
    let ticket = ticket(&body.value.ticket_id)?;
    let command = Command::HoldExact { seats: vec![ticket.part], ttl_ms: None };
    match decided(&app, ticket.event, command, caller.into(), key.of_body(&body.raw)).await? {
        Reply::Hold(view) => {
            let hold_id = Id(HoldId::new(ticket.event, view.hold));
            let reserved =
                Reserved { ticket_id: Id(ticket), hold_id, expires_at: Timestamp(view.expires_at) };
            Ok((StatusCode::CREATED, Json(reserved)).into_response())
        }
        other => Err(unexpected(&other)),
    }
}

/// Books the caller's hold on a ticket.
pub(super) async fn confirm(
    State(app): State<App>,
    caller: Customer,
    key: IdempotencyKey,
    body: ApiJson<Confirmation>,
) -> Result<Response, Problem> {
    let ticket = ticket(&body.value.ticket_id)?;
    let scene = app.scene(ticket.event)?;
    let idempotency = key.of_body(&body.raw);
    let payment = body.value.payment.terms(&app, "payment")?;
    let command = Command::BookHeldSeat { seat: ticket.part, payment };
    let reply = decided(&app, ticket.event, command, caller.into(), idempotency).await?;
    render_paid(&scene, StatusCode::OK, &reply, BookingBody::with_booking_id)
}

fn ticket(text: &str) -> Result<TicketId, Problem> {
    text.parse().map_err(|_| Problem::not_found("ticket"))
}
