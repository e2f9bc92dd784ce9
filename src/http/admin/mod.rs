//! Step ①, the admin listener: metrics and health for machines, the cluster and the history of seats for operators.
//!
//! Owns its routes, and in `bodies` what its answers look like, which `onsale cluster` reads. What an order does is
//! decided by the layout of the cluster; here it is only asked for, in the caller's name.

pub mod bodies;
mod history;
mod operations;
mod orders;
mod outbox;
mod payments;

use axum::Json;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use self::bodies::{
    AuditBody, ClusterBody, OperationBody, OrderedBody, PaidEventBody, PaymentsBody, RecordsBody,
};
pub(crate) use self::outbox::answer as answer_outbox;
use super::App;
use super::auth::Operator;
use super::cache::{self, Audience};
use super::openapi::{Part, Routes, delete, get, post};
use super::problem::{Code, Problem};

/// What operators ask for and order; JSON only.
pub(super) fn routes() -> Routes {
    let ok = StatusCode::OK;
    Routes::of(Part::Operators)
        .route("/admin/cluster", get(cluster, "Nodes and shards").gives::<ClusterBody>(ok))
        .route(
            "/admin/cluster/rebalance",
            post(orders::rebalance, "Spread replicas and leaders evenly")
                .gives::<OrderedBody>(ok)
                .refuses(NO_ORDER),
        )
        .route(
            "/admin/nodes/{id}/drain",
            post(orders::drain, "Move everything away from a node")
                .gives::<OrderedBody>(ok)
                .refuses(NO_ORDER),
        )
        .route(
            "/admin/nodes/{id}",
            delete(orders::remove, "Take a drained or dead node out")
                .gives::<OrderedBody>(ok)
                .refuses(NO_ORDER),
        )
        .route(
            "/admin/shards/{id}/move",
            post(orders::move_shard, "Move one replica").gives::<OrderedBody>(ok).refuses(NO_ORDER),
        )
        .route(
            "/admin/operations",
            get(operations::list, "Operations, latest first").gives_page::<OperationBody>(),
        )
        .route("/admin/operations/{id}", get(operations::show, "How far one is").gives::<OperationBody>(ok))
        .route(
            "/admin/operations/{id}",
            delete(orders::abort, "Set an operation back").gives::<OrderedBody>(ok).refuses(NO_ORDER),
        )
        .route("/admin/audit", get(operations::audit, "Who did what, latest first").gives_page::<AuditBody>())
        .route(
            "/admin/payments",
            get(payments::events, "The events that may have payments").gives_page::<PaidEventBody>(),
        )
        .route(
            "/admin/payments/records",
            get(payments::records, "What a payment provider has on record")
                .gives::<RecordsBody>(ok)
                .refuses(&[Code::NotFound]),
        )
        .route(
            "/admin/outbox",
            get(outbox::show, "What is still to be told, and what could not be")
                .gives::<outbox::OutboxBody>(ok),
        )
}

/// Why an order may be refused.
const NO_ORDER: &[Code] = &[
    Code::NotFound,
    Code::NoRoom,
    Code::NoReplica,
    Code::HasReplica,
    Code::TakesNoReplicas,
    Code::NodeIsGateway,
    Code::AlreadyDraining,
    Code::NodeGone,
    Code::StillDraining,
    Code::DrainFirst,
    Code::CannotAbort,
    Code::OperationOver,
    Code::OrderRefused,
];

/// What operators read of one event; a node without it asks one that has it.
pub(super) fn event_routes() -> Routes {
    Routes::of(Part::Operators)
        .route(
            "/admin/events/{id}/seats/{ticketId}/history",
            get(history::show, "Every fact about one seat, in order")
                .gives::<history::HistoryBody>(StatusCode::OK),
        )
        .route(
            "/admin/events/{id}/payments",
            get(payments::of_event, "The payments of an event, oldest first, a thousand at a time")
                .gives::<PaymentsBody>(StatusCode::OK),
        )
}

/// What Prometheus reads.
pub(super) fn metrics_routes() -> Routes {
    Routes::of(Part::Operators).route(
        "/metrics",
        get(metrics, "What is counted").gives_bytes(StatusCode::OK, prometheus::TEXT_FORMAT),
    )
}

/// Whether the process runs, and whether it can serve; on both listeners.
pub(super) fn health_routes() -> Routes {
    Routes::of(Part::Service)
        .route("/healthz", get(alive, "Whether the process runs").gives::<Health>(StatusCode::OK))
        .route("/readyz", get(ready, "Whether it can serve").gives::<Health>(StatusCode::OK))
}

/// How the node is.
#[derive(Serialize, ToSchema)]
struct Health {
    #[schema(pattern = "^(ok|ready)$")]
    status: &'static str,
}

async fn alive() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// The listeners open only once every group is led and every committed fact applied, so whoever is answered is ready,
/// until the journal has failed or the node is stopping.
async fn ready(State(app): State<App>) -> Result<Json<Health>, Problem> {
    app.require_ready()?;
    Ok(Json(Health { status: "ready" }))
}

async fn metrics(State(app): State<App>) -> Result<Response, Problem> {
    let text = app
        .metrics
        .render(&app.cluster, app.feeds.figures(), app.live.figures())
        .map_err(Problem::internal)?;
    Ok(([(CONTENT_TYPE, prometheus::TEXT_FORMAT)], text).into_response())
}

/// The cluster as this node sees it.
async fn cluster(State(app): State<App>, _: Operator, headers: HeaderMap) -> Result<Response, Problem> {
    let view = app.cluster.view();
    let (id, me) = (app.cluster.cluster_id(), app.cluster.me());
    let body = app.cluster.with_layout(|layout| ClusterBody::of(id, me, layout, &view));
    cache::json(&headers, Audience::Private, &body)
}
