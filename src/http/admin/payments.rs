//! Payments, for whoever compares them with what the providers have: ours by event, and theirs by provider.
//!
//! Hazard: both are snapshots of what goes on. A payment with work left is told as open, and nobody should wonder at it.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use domain::event::{Booking, PaymentStatus};
use domain::ids::{BookingNumber, EventId, PaymentId};
use serde::Deserialize;
use utoipa::IntoParams;

use super::bodies::{PaidEventBody, PaymentRecordBody, PaymentRow, PaymentsBody, RecordsBody};
use crate::dispatch::ways;
use crate::gateway::Stripe;
use crate::http::App;
use crate::http::auth::Operator;
use crate::http::cache::Audience;
use crate::http::extract::{ApiPath, ApiQuery};
use crate::http::page::PageQuery;
use crate::http::problem::{Code, Problem};
use crate::http::selling::payment_status;
use crate::http::wire::Id;

/// Rows of one answer.
const AT_ONCE: usize = 1_000;

#[derive(Debug, Deserialize, IntoParams)]
pub(super) struct After {
    after: Option<u32>,
}

#[derive(Debug, Deserialize, IntoParams)]
pub(super) struct OfProvider {
    provider: String,
    after: Option<String>,
}

/// The events that may have payments.
pub(super) async fn events(
    State(app): State<App>,
    _: Operator,
    ApiQuery(page): ApiQuery<PageQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (events, total) = app.cluster.with_catalogue(|catalogue| {
        let events = catalogue.events().map(|event| PaidEventBody {
            event_id: event.id.to_string(),
            currency: event.terms.currency.to_string(),
        });
        page.cut(events)
    });
    page.respond(&headers, Audience::Private, "/admin/payments", &events, total)
}

/// Our payments of one event, oldest first.
pub(super) async fn of_event(
    State(app): State<App>,
    ApiPath(Id(event)): ApiPath<Id<EventId>>,
    Operator(operator): Operator,
    ApiQuery(After { after }): ApiQuery<After>,
) -> Result<Json<PaymentsBody>, Problem> {
    app.scene(event)?;
    tracing::info!(user = %operator.user, %event, "the payments of an event are read");
    app.dispatch.caught_up(ways::State::Sale(event)).await;
    let after = after.map(BookingNumber::new);
    let items: Vec<PaymentRow> = app.cluster.with_sale(event, |sale| {
        let all = sale.into_iter().flat_map(|sale| sale.bookings());
        let rest = all.skip_while(|(number, _)| after.is_some_and(|after| *number <= after));
        rest.take(AT_ONCE).map(|(number, booking)| row(event, number, booking)).collect()
    });
    let next = items.last().filter(|_| items.len() == AT_ONCE).map(|last| last.number);
    Ok(Json(PaymentsBody { items, next }))
}

fn row(event: EventId, number: BookingNumber, booking: &Booking) -> PaymentRow {
    let payment = &booking.payment;
    let total = booking.total_minor();
    PaymentRow {
        payment_id: PaymentId::new(event, number).to_string(),
        number: number.number(),
        provider: payment.method.as_ref().map(|method| method.provider.clone()),
        reference: payment.reference.clone(),
        attempt: payment.attempt,
        status: payment_status(payment, total).to_owned(),
        captured: if payment.status == PaymentStatus::Captured { total } else { 0 },
        refunded: payment.refunded_minor,
        disputed: !payment.disputes.is_empty(),
        open: payment.open_work().is_some(),
    }
}

/// What a provider has on record, a page at a time.
pub(super) async fn records(
    State(app): State<App>,
    Operator(operator): Operator,
    ApiQuery(OfProvider { provider, after }): ApiQuery<OfProvider>,
) -> Result<Json<RecordsBody>, Problem> {
    let stripe = app.providers.stripe().filter(|_| provider == Stripe::NAME);
    let stripe = stripe.ok_or_else(|| Problem::not_found("provider with records here"))?;
    tracing::info!(user = %operator.user, provider, "the records of a payment provider are read");
    let (records, next) = stripe.records(after.as_deref()).await.map_err(|why| {
        tracing::warn!(why, "stripe does not tell its records");
        Problem::new(Code::OwnerUnavailable, "The provider does not tell its records right now. Try again.")
    })?;
    let items = records.into_iter().map(|record| PaymentRecordBody {
        payment_id: record.payment.to_string(),
        attempt: record.attempt,
        reference: record.reference,
        status: record.status,
        captured: record.captured_minor,
        refunded: record.refunded_minor,
        currency: record.currency,
    });
    Ok(Json(RecordsBody { items: items.collect(), next }))
}
