//! Payments by themselves: paying a booking that waits for it, seeing, noting on and refunding one.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::event::{BookingView, Command, Reply};
use domain::ids::{BookingId, PaymentId};
use serde::Deserialize;
use utoipa::ToSchema;

use super::bookings::{declined, seen};
use super::new_payment::NewPayment;
use super::payment_views::PaymentBody;
use super::{decided, unexpected};
use crate::http::App;
use crate::http::auth::Customer;
use crate::http::cache::{self, Audience};
use crate::http::extract::{ApiJson, ApiPath, IdempotencyKey};
use crate::http::problem::Problem;
use crate::http::ticket::Scene;
use crate::http::wire::Id;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Paying {
    booking_id: String,
    payment: NewPayment,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PaymentChange {
    metadata: BTreeMap<String, String>,
}

/// Pays a booking that was made without a payment.
pub(super) async fn create(
    State(app): State<App>,
    caller: Customer,
    key: IdempotencyKey,
    body: ApiJson<Paying>,
) -> Result<Response, Problem> {
    let booking: BookingId = body.value.booking_id.parse().map_err(|_| Problem::not_found("booking"))?;
    let scene = app.scene(booking.event)?;
    let idempotency = key.of_body(&body.raw);
    let payment = body.value.payment.terms(&app, "payment")?;
    let command = Command::Pay { booking: booking.part, payment };
    let reply = decided(&app, booking.event, command, caller.into(), idempotency).await?;
    match &reply {
        Reply::Booking(view) if view.booking.booked_at.is_some() => {
            Ok(rendered(&scene, StatusCode::CREATED, view, &caller))
        }
        Reply::Booking(view) | Reply::Pending(view) => {
            Ok(rendered(&scene, StatusCode::ACCEPTED, view, &caller))
        }
        Reply::Declined => Err(declined()),
        other => Err(unexpected(other)),
    }
}

pub(super) async fn show(
    State(app): State<App>,
    ApiPath(Id(payment)): ApiPath<Id<PaymentId>>,
    caller: Customer,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    shown(&app, booking_of(payment), &caller, &headers).await
}

/// The payment of a booking, by the booking's id.
pub(super) async fn show_of_booking(
    State(app): State<App>,
    ApiPath(Id(booking)): ApiPath<Id<BookingId>>,
    caller: Customer,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    shown(&app, booking, &caller, &headers).await
}

async fn shown(
    app: &App,
    booking: BookingId,
    caller: &Customer,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let scene = app.scene(booking.event)?;
    let seen = seen(app, booking, caller).await?;
    let body = PaymentBody::new((booking.event, scene.currency), booking.part, &seen, caller.user);
    cache::json(headers, Audience::Private, &body)
}

/// Puts the client's notes in the place of those before.
pub(super) async fn change(
    State(app): State<App>,
    ApiPath(Id(payment)): ApiPath<Id<PaymentId>>,
    caller: Customer,
    key: IdempotencyKey,
    body: ApiJson<PaymentChange>,
) -> Result<Response, Problem> {
    let idempotency = key.of_body(&body.raw);
    let command = Command::KeepMetadata { booking: payment.part, metadata: body.value.metadata };
    let scene = app.scene(payment.event)?;
    let reply = decided(&app, payment.event, command, caller.into(), idempotency).await?;
    changed(&scene, &reply, &caller)
}

/// Gives the money back by the cancellation rule, and so cancels the booking.
pub(super) async fn refund(
    State(app): State<App>,
    ApiPath(Id(payment)): ApiPath<Id<PaymentId>>,
    caller: Customer,
    key: IdempotencyKey,
) -> Result<Response, Problem> {
    let command = Command::Cancel { booking: payment.part, seats: None };
    let scene = app.scene(payment.event)?;
    let reply = decided(&app, payment.event, command, caller.into(), key.of_nothing()).await?;
    changed(&scene, &reply, &caller)
}

fn changed(scene: &Scene, reply: &Reply, caller: &Customer) -> Result<Response, Problem> {
    match reply {
        Reply::Booking(view) | Reply::Pending(view) => Ok(rendered(scene, StatusCode::OK, view, caller)),
        other => Err(unexpected(other)),
    }
}

fn rendered(scene: &Scene, status: StatusCode, view: &BookingView, caller: &Customer) -> Response {
    let body = PaymentBody::new((scene.event, scene.currency), view.number, &view.booking, caller.user);
    (status, Json(body)).into_response()
}

/// They have the same number.
fn booking_of(payment: PaymentId) -> BookingId {
    BookingId::new(payment.event, payment.part)
}
