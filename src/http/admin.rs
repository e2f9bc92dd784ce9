//! The admin listener: metrics and health for machines, the history of a seat for operators.

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use domain::event::{Fact, Stamped};
use domain::ids::{BookingId, EventId, HoldId, TicketId};
use domain::views::SeatHistory;
use serde_json::{Map, Value, json};

use super::App;
use super::auth::Operator;
use super::extract::ApiPath;
use super::problem::Problem;
use super::wire::{Id, Timestamp};

/// The routes of the admin listener.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/admin/events/{id}/seats/{ticket}/history", get(history))
}

/// Whether the process runs, and whether it can serve; on both listeners.
pub(super) fn health_routes() -> Router<App> {
    Router::new().route("/healthz", get(alive)).route("/readyz", get(ready))
}

async fn alive() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

/// The listeners open only once every group is led and every committed fact applied, so whoever is answered is ready,
/// until the journal has failed or the node is stopping.
async fn ready(State(app): State<App>) -> Result<Json<Value>, Problem> {
    app.require_ready()?;
    Ok(Json(json!({ "status": "ready" })))
}

async fn metrics(State(app): State<App>) -> Result<Response, Problem> {
    let text = app.metrics.render(&app.cluster).map_err(Problem::internal)?;
    Ok(([(CONTENT_TYPE, prometheus::TEXT_FORMAT)], text).into_response())
}

async fn history(
    State(app): State<App>,
    ApiPath((Id(event), Id(ticket))): ApiPath<(Id<EventId>, Id<TicketId>)>,
    _operator: Operator,
) -> Result<Json<Value>, Problem> {
    let scene = app.scene(event)?;
    if ticket.event != event || ticket.part.number() >= scene.map.len() {
        return Err(Problem::not_found("ticket"));
    }
    let cluster = app.cluster.clone();
    // The archive is on disk, and a hot event has millions of facts.
    let facts =
        tokio::task::spawn_blocking(move || cluster.history(event)).await.map_err(Problem::internal)?;
    let facts = facts.map_err(Problem::internal)?;
    let mut about = SeatHistory::of(ticket.part);
    let seen = facts.iter().filter(|(_, stamped)| about.concerns(&stamped.fact));
    let items: Vec<Value> = seen.map(|(sequence, stamped)| fact_body(event, *sequence, stamped)).collect();
    Ok(Json(json!({ "eventId": Id(event), "ticketId": Id(ticket), "facts": items })))
}

fn fact_body(event: EventId, sequence: u64, stamped: &Stamped) -> Value {
    let mut body = Map::new();
    let mut put = |name: &str, value: Value| drop(body.insert(name.to_owned(), value));
    put("sequence", json!(sequence));
    put("at", json!(Timestamp(stamped.at)));
    put("fact", json!(name(&stamped.fact)));
    if let Some(hold) = stamped.fact.hold() {
        put("holdId", json!(Id(HoldId::new(event, hold))));
    }
    if let Some(booking) = stamped.fact.booking() {
        put("bookingId", json!(Id(BookingId::new(event, booking))));
    }
    if let Fact::Held { buyer, .. } = &stamped.fact {
        put("userId", json!(Id(*buyer)));
    }
    if let Fact::Held { expires_at, .. } | Fact::HoldExtended { expires_at, .. } = &stamped.fact {
        put("expiresAt", json!(Timestamp(*expires_at)));
    }
    Value::Object(body)
}

fn name(fact: &Fact) -> &'static str {
    match fact {
        Fact::SaleOpened { .. } => "sale-opened",
        Fact::Held { .. } => "held",
        Fact::HoldChanged { .. } => "hold-changed",
        Fact::HoldExtended { .. } => "hold-extended",
        Fact::HoldReleased { .. } => "hold-released",
        Fact::HoldExpired { .. } => "hold-expired",
        Fact::PaymentStarted { .. } => "payment-started",
        Fact::PaymentDeclined { .. } => "payment-declined",
        Fact::PaymentTimedOut { .. } => "payment-timed-out",
        Fact::Booked { .. } => "booked",
        Fact::PaymentCaptured { .. } => "payment-captured",
        Fact::PaymentVoided { .. } => "payment-voided",
        Fact::TicketsCancelled { .. } => "tickets-cancelled",
        Fact::RefundPaid { .. } => "refund-paid",
        Fact::SeatsBlocked { .. } => "seats-blocked",
        Fact::SeatsUnblocked { .. } => "seats-unblocked",
        Fact::Answered { .. } | Fact::HoldAnswered { .. } => "answered",
    }
}
