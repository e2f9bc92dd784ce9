//! Orders of operators to the cluster: each is a plan first (`dryRun`), then a deed in the caller's name.
//!
//! Hazard: a deed taken for a dry run. So `dryRun` counts wherever it stands, in the query or in the body, and a query
//! with any other word in it is refused instead of being ignored as elsewhere.

use axum::Json;
use axum::extract::State;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use cluster::LayoutOrder;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::bodies::OrderedBody;
use crate::http::App;
use crate::http::auth::Operator;
use crate::http::extract::{ApiJson, ApiPath, ApiQuery, OptionalJson};
use crate::http::problem::Problem;

/// Whether only to say what would be done.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct How {
    #[serde(default)]
    dry_run: bool,
}

#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct MoveBody {
    from: Option<u32>,
    to: u32,
    #[serde(default)]
    dry_run: bool,
}

pub(super) async fn rebalance(
    State(app): State<App>,
    operator: Operator,
    ApiQuery(how): ApiQuery<How>,
    body: OptionalJson<How>,
) -> Result<Response, Problem> {
    give(&app, operator, LayoutOrder::Rebalance, how.dry_run || body.value.dry_run).await
}

pub(super) async fn drain(
    State(app): State<App>,
    ApiPath(node): ApiPath<u32>,
    operator: Operator,
    ApiQuery(how): ApiQuery<How>,
    body: OptionalJson<How>,
) -> Result<Response, Problem> {
    give(&app, operator, LayoutOrder::Drain(node), how.dry_run || body.value.dry_run).await
}

pub(super) async fn remove(
    State(app): State<App>,
    ApiPath(node): ApiPath<u32>,
    operator: Operator,
    ApiQuery(how): ApiQuery<How>,
    body: OptionalJson<How>,
) -> Result<Response, Problem> {
    give(&app, operator, LayoutOrder::Remove(node), how.dry_run || body.value.dry_run).await
}

pub(super) async fn move_shard(
    State(app): State<App>,
    ApiPath(shard): ApiPath<u16>,
    operator: Operator,
    ApiQuery(how): ApiQuery<How>,
    body: ApiJson<MoveBody>,
) -> Result<Response, Problem> {
    let MoveBody { from, to, dry_run } = body.value;
    give(&app, operator, LayoutOrder::Move { shard, from, to }, how.dry_run || dry_run).await
}

pub(super) async fn abort(
    State(app): State<App>,
    ApiPath(operation): ApiPath<u64>,
    operator: Operator,
    ApiQuery(how): ApiQuery<How>,
    body: OptionalJson<How>,
) -> Result<Response, Problem> {
    give(&app, operator, LayoutOrder::Abort(operation), how.dry_run || body.value.dry_run).await
}

async fn give(
    app: &App,
    Operator(operator): Operator,
    order: LayoutOrder,
    dry_run: bool,
) -> Result<Response, Problem> {
    // Not the name, which an erasure could not take back.
    let by = operator.user.to_string();
    let ordered = app.cluster.order(&by, order, dry_run).await?;
    let body = OrderedBody::of(ordered, dry_run);
    let Some(id) = body.operation_id else { return Ok(Json(body).into_response()) };
    // So that who asks this node next finds the operation. It is taken, whether or not this node hears of it in time.
    let _heard = app.cluster.follow_directory().await;
    Ok(([(LOCATION, format!("/admin/operations/{id}"))], Json(body)).into_response())
}
