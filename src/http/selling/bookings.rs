//! Paying for a hold, seeing and cancelling what was bought.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::event::{Booking, Command, PaymentMethod, PaymentTerms, Reply, Sale};
use domain::ids::{BookingId, EventId, HoldId};
use serde::Deserialize;
use utoipa::ToSchema;

use super::booking_views::BookingBody;
use super::seats::{seat, seats};
use super::{decided, own_bookings, unexpected};
use crate::dispatch::ways;
use crate::http::App;
use crate::http::auth::Customer;
use crate::http::cache::{self, Audience};
use crate::http::extract::{ApiJson, ApiPath, ApiQuery, IdempotencyKey};
use crate::http::page::PageQuery;
use crate::http::problem::{Code, Problem};
use crate::http::ticket::Scene;
use crate::http::wire::Id;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewBooking {
    hold_id: String,
    payment: NewPayment,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewOneCall {
    ticket_ids: Vec<String>,
    payment_details: NewPayment,
}

/// Provider and its token for the means of payment.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewPayment {
    provider: String,
    token: String,
}

const MAX_TOKEN_BYTES: usize = 255;

impl NewPayment {
    /// What the core is told, once the provider is one that this node speaks to. `field` is where it stood.
    pub(super) fn terms(self, app: &App, field: &str) -> Result<PaymentTerms, Problem> {
        if !app.providers.contains(&self.provider.as_str()) {
            let known = app.providers.join(", ");
            let message = format!("no such payment provider; known here: {known}");
            return Err(Problem::invalid_field(&format!("/{field}/provider"), &message));
        }
        if self.token.is_empty() || self.token.len() > MAX_TOKEN_BYTES {
            return Err(Problem::invalid_field(&format!("/{field}/token"), "must have 1 to 255 bytes"));
        }
        let method = PaymentMethod { provider: self.provider, token: self.token };
        Ok(PaymentTerms { method, timeout_ms: app.config.payments.timeout_ms })
    }
}

pub(super) async fn create(
    State(app): State<App>,
    caller: Customer,
    key: IdempotencyKey,
    body: ApiJson<NewBooking>,
) -> Result<Response, Problem> {
    let hold: HoldId = body.value.hold_id.parse().map_err(|_| Problem::not_found("hold"))?;
    let scene = app.scene(hold.event)?;
    let idempotency = key.of_body(&body.raw);
    let payment = body.value.payment.terms(&app, "payment")?;
    let command = Command::Book { hold: hold.part, payment };
    let reply = decided(&app, hold.event, command, caller.into(), idempotency).await?;
    render_paid(&scene, StatusCode::CREATED, &reply, |body| body)
}

pub(super) async fn one_call(
    State(app): State<App>,
    ApiPath(Id(event)): ApiPath<Id<EventId>>,
    caller: Customer,
    key: IdempotencyKey,
    body: ApiJson<NewOneCall>,
) -> Result<Response, Problem> {
    let scene = app.scene(event)?;
    let idempotency = key.of_body(&body.raw);
    let seats = seats(event, &body.value.ticket_ids)?;
    let payment = body.value.payment_details.terms(&app, "paymentDetails")?;
    let command = Command::HoldAndBook { seats, payment };
    let reply = decided(&app, event, command, caller.into(), idempotency).await?;
    render_paid(&scene, StatusCode::CREATED, &reply, BookingBody::with_booking_id)
}

/// The answer to whoever pays: `status` when the money is taken, 202 while that is open or came to nothing late.
pub(super) fn render_paid<'a>(
    scene: &'a Scene,
    status: StatusCode,
    reply: &Reply,
    finish: impl FnOnce(BookingBody<'a>) -> BookingBody<'a>,
) -> Result<Response, Problem> {
    let (status, view) = match reply {
        Reply::Booking(view) if view.booking.booked_at.is_some() => (status, view),
        Reply::Booking(view) | Reply::Pending(view) => (StatusCode::ACCEPTED, view),
        Reply::Declined => {
            let detail = "The provider declined this means of payment. Try another one: \
                a hold is as it was; seats that were to be held and paid in one call are free again.";
            return Err(Problem::new(Code::PaymentDeclined, detail));
        }
        other => return Err(unexpected(other)),
    };
    let body = finish(BookingBody::new(scene, view.number, &view.booking, view.booking.buyer));
    Ok((status, Json(body)).into_response())
}

pub(super) async fn show(
    State(app): State<App>,
    ApiPath(Id(booking)): ApiPath<Id<BookingId>>,
    caller: Customer,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let scene = app.scene(booking.event)?;
    app.dispatch.caught_up(ways::State::Sale(booking.event)).await;
    let seen = app.cluster.with_sale(booking.event, |sale| {
        let sale = sale?;
        sale.booking(booking.part).filter(|found| may_see(sale, found, &caller)).cloned()
    });
    let seen = seen.ok_or_else(|| Problem::not_found("booking"))?;
    let body = BookingBody::new(&scene, booking.part, &seen, caller.user);
    cache::json(&headers, Audience::Private, &body)
}

/// The buyer, the event's organizer and operators; for others there is no such booking.
fn may_see(sale: &Sale, booking: &Booking, caller: &Customer) -> bool {
    booking.buyer == caller.user || caller.runs_event_of(sale.terms().organizer)
}

/// The caller's own bookings, newest first. A declined attempt to pay is none, though its id still shows what became
/// of it.
pub(super) async fn list(
    State(app): State<App>,
    caller: Customer,
    ApiQuery(page): ApiQuery<PageQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (own, total) = page.cut(own_bookings::of(&app, caller.user).await?);
    let scenes = own.iter().map(|own| app.scene(own.event)).collect::<Result<Vec<_>, _>>()?;
    let shown = own.iter().zip(&scenes);
    let shown: Vec<_> =
        shown.map(|(own, scene)| BookingBody::new(scene, own.number, &own.booking, caller.user)).collect();
    page.respond(&headers, Audience::Private, "/bookings", &shown, total)
}

pub(super) async fn cancel(
    State(app): State<App>,
    ApiPath(Id(booking)): ApiPath<Id<BookingId>>,
    caller: Customer,
    key: IdempotencyKey,
) -> Result<Response, Problem> {
    cancelled(&app, booking, Command::Cancel { booking: booking.part, seats: None }, caller, key).await
}

pub(super) async fn cancel_ticket(
    State(app): State<App>,
    ApiPath((Id(booking), ticket)): ApiPath<(Id<BookingId>, String)>,
    caller: Customer,
    key: IdempotencyKey,
) -> Result<Response, Problem> {
    let seats = Some(vec![seat(booking.event, &ticket)?]);
    cancelled(&app, booking, Command::Cancel { booking: booking.part, seats }, caller, key).await
}

async fn cancelled(
    app: &App,
    booking: BookingId,
    command: Command,
    caller: Customer,
    key: IdempotencyKey,
) -> Result<Response, Problem> {
    let scene = app.scene(booking.event)?;
    match decided(app, booking.event, command, caller.into(), key.of_nothing()).await? {
        Reply::Booking(view) | Reply::Pending(view) => {
            Ok(Json(BookingBody::new(&scene, view.number, &view.booking, caller.user)).into_response())
        }
        other => Err(unexpected(&other)),
    }
}
