//! Step ①, the admin listener: metrics and health for machines, the cluster and the history of seats for operators.
//!
//! Owns its routes, and in `bodies` what its answers look like, which `onsale cluster` reads. What an order does is
//! decided by the layout of the cluster; here it is only asked for, in the caller's name.

pub mod bodies;
mod history;
mod operations;
mod orders;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use self::bodies::ClusterBody;
use super::App;
use super::auth::Operator;
use super::cache::{self, Audience};
use super::problem::Problem;

/// What operators ask for and order; JSON only.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/admin/cluster", get(cluster))
        .route("/admin/cluster/rebalance", post(orders::rebalance))
        .route("/admin/nodes/{id}/drain", post(orders::drain))
        .route("/admin/nodes/{id}", delete(orders::remove))
        .route("/admin/shards/{id}/move", post(orders::move_shard))
        .route("/admin/operations", get(operations::list))
        .route("/admin/operations/{id}", get(operations::show).delete(orders::abort))
        .route("/admin/audit", get(operations::audit))
}

/// What operators read of one seat; a node without the event asks one that has it.
pub(super) fn history_routes() -> Router<App> {
    Router::new().route("/admin/events/{id}/seats/{ticket}/history", get(history::show))
}

/// What Prometheus reads.
pub(super) fn metrics_routes() -> Router<App> {
    Router::new().route("/metrics", get(metrics))
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
    let text = app.metrics.render(&app.cluster, app.feeds.figures()).map_err(Problem::internal)?;
    Ok(([(CONTENT_TYPE, prometheus::TEXT_FORMAT)], text).into_response())
}

/// The cluster as this node sees it.
async fn cluster(State(app): State<App>, _: Operator, headers: HeaderMap) -> Result<Response, Problem> {
    let view = app.cluster.view();
    let (id, me) = (app.cluster.cluster_id(), app.cluster.me());
    let body = app.cluster.with_layout(|layout| ClusterBody::of(id, me, layout, &view));
    cache::json(&headers, Audience::Private, &body)
}
