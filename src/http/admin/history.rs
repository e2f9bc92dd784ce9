//! The history of a seat: every fact about it, for operators.
//!
//! Hazard: it says who had the seat. Who asks is logged; the audit log has changes only, or a script that reads every
//! seat would push them out of it.

use axum::Json;
use axum::extract::State;
use domain::event::{Fact, Stamped};
use domain::ids::{BookingId, EventId, HoldId, TicketId};
use domain::views::SeatHistory;
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::http::App;
use crate::http::auth::Operator;
use crate::http::extract::ApiPath;
use crate::http::problem::Problem;
use crate::http::wire::{Id, Timestamp, ids};

/// Every fact about a seat.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SeatHistory)]
pub(super) struct HistoryBody {
    event_id: ids::Event,
    ticket_id: ids::Ticket,
    /// In order: `{sequence, at, fact}` and what it names.
    #[schema(value_type = Vec<Object>)]
    facts: Vec<Value>,
}

pub(super) async fn show(
    State(app): State<App>,
    ApiPath((Id(event), Id(ticket))): ApiPath<(Id<EventId>, Id<TicketId>)>,
    Operator(operator): Operator,
) -> Result<Json<HistoryBody>, Problem> {
    let scene = app.scene(event)?;
    if ticket.event != event || ticket.part.number() >= scene.map.len() {
        return Err(Problem::not_found("ticket"));
    }
    tracing::info!(user = %operator.user, ticket = %ticket, "the history of a seat is read");
    let cluster = app.cluster.clone();
    // The archive is on disk, and a hot event has millions of facts.
    let facts =
        tokio::task::spawn_blocking(move || cluster.history(event)).await.map_err(Problem::internal)?;
    let facts = facts.map_err(Problem::internal)?;
    let mut about = SeatHistory::of(ticket.part);
    let seen = facts.iter().filter(|(_, stamped)| about.concerns(&stamped.fact));
    let facts = seen.map(|(sequence, stamped)| fact_body(event, *sequence, stamped)).collect();
    Ok(Json(HistoryBody { event_id: Id(event), ticket_id: Id(ticket), facts }))
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
        Fact::BookingMade { .. } => "booking-made",
        Fact::PaymentAttempted { .. } => "payment-attempted",
        Fact::BookingLapsed { .. } => "booking-lapsed",
        Fact::PaymentActionRequired { .. } => "payment-action-required",
        Fact::ChargeNamed { .. } => "charge-named",
        Fact::PaymentLost { .. } => "payment-lost",
        Fact::PaymentDisputed { .. } => "payment-disputed",
        Fact::ContactNamed { .. } => "contact-named",
        Fact::MetadataKept { .. } => "metadata-kept",
        Fact::SaleAmended { .. } => "sale-amended",
        Fact::SaleClosed { .. } => "sale-closed",
        Fact::SalePurged => "sale-purged",
        Fact::SeatsKilled { .. } => "seats-killed",
        Fact::SeatsRestored { .. } => "seats-restored",
        Fact::TicketMoved { .. } => "ticket-moved",
        Fact::Answered { .. } | Fact::HoldAnswered { .. } => "answered",
        Fact::DeliveriesDue { .. } => "deliveries-due",
        Fact::DeliveryEnded { .. } => "delivery-ended",
    }
}
