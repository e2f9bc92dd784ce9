//! Paying for a hold, seeing and cancelling what was bought.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::account::Contact;
use domain::event::{Booking, Command, Reply, Sale};
use domain::ids::{BookingId, EventId, HoldId, HoldNumber};
use serde::Deserialize;
use utoipa::ToSchema;

use super::booking_views::{BookingBody, ContactBody};
use super::new_payment::NewPayment;
use super::seats::{seat, seats};
use super::{decided, unexpected};
use crate::dispatch::ways;
use crate::http::App;
use crate::http::auth::Customer;
use crate::http::cache::{self, Audience};
use crate::http::extract::{ApiJson, ApiPath, IdempotencyKey};
use crate::http::problem::{Code, Problem};
use crate::http::ticket::Scene;
use crate::http::wire::Id;

/// A hold, or several of one event, and how they are paid: without that they are paid later.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::http) struct NewBooking {
    hold_id: Option<String>,
    hold_ids: Option<Vec<String>>,
    payment: Option<NewPayment>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::http) struct NewOneCall {
    ticket_ids: Vec<String>,
    payment_details: NewPayment,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BookingChange {
    contact: ContactBody,
}

pub(super) async fn create(
    State(app): State<App>,
    caller: Customer,
    key: IdempotencyKey,
    body: ApiJson<NewBooking>,
) -> Result<Response, Problem> {
    book(&app, caller, key, body).await
}

/// Where both ways of `POST /bookings` meet.
pub(in crate::http) async fn book(
    app: &App,
    caller: Customer,
    key: IdempotencyKey,
    body: ApiJson<NewBooking>,
) -> Result<Response, Problem> {
    let NewBooking { hold_id, hold_ids, payment } = body.value;
    let (event, holds) = holds(hold_id, hold_ids)?;
    let scene = app.scene(event)?;
    let idempotency = key.of_body(&body.raw);
    let Some(payment) = payment else {
        let command = Command::Reserve { holds };
        let reply = decided(app, event, command, caller.into(), idempotency).await?;
        return render_made(&scene, &reply);
    };
    let payment = payment.terms(app, "payment")?;
    let command = match holds[..] {
        [hold] => Command::Book { hold, payment },
        _ => Command::BookTogether { holds, payment },
    };
    let reply = decided(app, event, command, caller.into(), idempotency).await?;
    render_paid(&scene, StatusCode::CREATED, &reply, |body| body)
}

/// The holds of one event that a request names.
fn holds(one: Option<String>, several: Option<Vec<String>>) -> Result<(EventId, Vec<HoldNumber>), Problem> {
    let named = match (one, several) {
        (Some(one), None) => vec![one],
        (None, Some(several)) => several,
        _ => return Err(Problem::invalid_field("", "give either holdId or holdIds")),
    };
    let parsed = named.iter().map(|hold| hold.parse().map_err(|_| Problem::not_found("hold")));
    let holds: Vec<HoldId> = parsed.collect::<Result<_, _>>()?;
    let Some(event) = holds.first().map(|hold| hold.event) else {
        return Err(Problem::invalid_field("/holdIds", "1 to 10 different holds"));
    };
    if let Some(other) = holds.iter().position(|hold| hold.event != event) {
        let pointer = format!("/holdIds/{other}");
        return Err(Problem::invalid_field(&pointer, "holds of one event only"));
    }
    Ok((event, holds.iter().map(|hold| hold.part).collect()))
}

pub(super) async fn one_call(
    State(app): State<App>,
    ApiPath(Id(event)): ApiPath<Id<EventId>>,
    caller: Customer,
    key: IdempotencyKey,
    body: ApiJson<NewOneCall>,
) -> Result<Response, Problem> {
    buy(&app, event, caller, key, body).await
}

/// Where both ways of `POST /bookings/{id}` meet, whose id is the event's.
pub(in crate::http) async fn buy(
    app: &App,
    event: EventId,
    caller: Customer,
    key: IdempotencyKey,
    body: ApiJson<NewOneCall>,
) -> Result<Response, Problem> {
    let scene = app.scene(event)?;
    let idempotency = key.of_body(&body.raw);
    let seats = seats(event, &body.value.ticket_ids)?;
    let payment = body.value.payment_details.terms(app, "paymentDetails")?;
    let command = Command::HoldAndBook { seats, payment };
    let reply = decided(app, event, command, caller.into(), idempotency).await?;
    render_paid(&scene, StatusCode::CREATED, &reply, BookingBody::with_booking_id)
}

/// The answer to whoever pays later; what costs nothing is paid already.
fn render_made(scene: &Scene, reply: &Reply) -> Result<Response, Problem> {
    let (Reply::Booking(view) | Reply::Pending(view)) = reply else { return Err(unexpected(reply)) };
    let body = BookingBody::new(scene, view.number, &view.booking, view.booking.buyer);
    Ok((StatusCode::CREATED, Json(body)).into_response())
}

/// The answer to whoever pays: `status` when the money is taken, 202 while that is open or came to nothing late.
pub(super) fn render_paid<'a>(
    scene: &'a Scene,
    status: StatusCode,
    reply: &'a Reply,
    finish: impl FnOnce(BookingBody<'a>) -> BookingBody<'a>,
) -> Result<Response, Problem> {
    let (status, view) = match reply {
        Reply::Booking(view) if view.booking.booked_at.is_some() => (status, view),
        Reply::Booking(view) | Reply::Pending(view) => (StatusCode::ACCEPTED, view),
        Reply::Declined => return Err(declined()),
        other => return Err(unexpected(other)),
    };
    let body = finish(BookingBody::new(scene, view.number, &view.booking, view.booking.buyer));
    Ok((status, Json(body)).into_response())
}

/// The provider has refused.
pub(super) fn declined() -> Problem {
    let detail = "The provider declined this means of payment. Try another one: a hold, or a booking that was made \
        without a payment, is as it was; seats that were to be held and paid in one call are free again.";
    Problem::new(Code::PaymentDeclined, detail)
}

pub(super) async fn show(
    State(app): State<App>,
    ApiPath(Id(booking)): ApiPath<Id<BookingId>>,
    caller: Customer,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let scene = app.scene(booking.event)?;
    let seen = seen(&app, booking, &caller).await?;
    let contact = app.people.contact(&seen).map_err(Problem::from)?;
    let body = BookingBody::new(&scene, booking.part, &seen, caller.user).with_contact(contact);
    cache::json(&headers, Audience::Private, &body)
}

/// A booking from committed facts: for the buyer, the event's organizer and operators; for others there is no such
/// booking.
pub(super) async fn seen(app: &App, booking: BookingId, caller: &Customer) -> Result<Booking, Problem> {
    app.dispatch.caught_up(ways::State::Sale(booking.event)).await;
    let seen = app.cluster.with_sale(booking.event, |sale| {
        let sale = sale?;
        sale.booking(booking.part).filter(|found| may_see(sale, found, caller)).cloned()
    });
    seen.ok_or_else(|| Problem::not_found("booking"))
}

fn may_see(sale: &Sale, booking: &Booking, caller: &Customer) -> bool {
    booking.buyer == caller.user || caller.runs_event_of(sale.terms().organizer)
}

/// Says who the tickets are for.
pub(super) async fn change(
    State(app): State<App>,
    ApiPath(Id(booking)): ApiPath<Id<BookingId>>,
    caller: Customer,
    key: IdempotencyKey,
    body: ApiJson<BookingChange>,
) -> Result<Response, Problem> {
    let scene = app.scene(booking.event)?;
    let ContactBody { name, email } = body.value.contact;
    let contact = Contact { name, email };
    contact.check().map_err(|errors| Problem::invalid(&errors))?;
    let buyer = seen(&app, booking, &caller).await?.buyer;
    // Who was erased has bookings still, and nobody to write to.
    let sealed = app.people.seal_contact(buyer, &contact)?.ok_or_else(|| Problem::not_found("buyer"))?;
    let command = Command::NameContact { booking: booking.part, contact: sealed };
    let reply = decided(&app, booking.event, command, caller.into(), key.of_body(&body.raw)).await?;
    let (Reply::Booking(view) | Reply::Pending(view)) = &reply else { return Err(unexpected(&reply)) };
    let contact = app.people.contact(&view.booking)?;
    let body = BookingBody::new(&scene, view.number, &view.booking, caller.user).with_contact(contact);
    Ok(Json(body).into_response())
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
