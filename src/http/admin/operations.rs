//! What was ordered of the cluster, how far it has come, and who ordered it.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use cluster::placement::layout::Layout;

use super::bodies::{AuditBody, Memberships, OperationBody};
use crate::http::App;
use crate::http::auth::Operator;
use crate::http::cache::{self, Audience};
use crate::http::extract::{ApiPath, ApiQuery};
use crate::http::page::PageQuery;
use crate::http::problem::Problem;

/// The operations that are remembered, latest first.
pub(super) async fn list(
    State(app): State<App>,
    _: Operator,
    ApiQuery(page): ApiQuery<PageQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let actual = Memberships::of(&app.cluster.view());
    let (items, total) = app.cluster.with_layout(|layout| {
        let (operations, total) = page.cut(layout.operations().values().rev());
        (operations.into_iter().map(|operation| actual.body(operation)).collect::<Vec<_>>(), total)
    });
    page.respond(&headers, Audience::Private, "/admin/operations", &items, total)
}

/// One operation, and what it waits for.
pub(super) async fn show(
    State(app): State<App>,
    ApiPath(id): ApiPath<u64>,
    _: Operator,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let actual = Memberships::of(&app.cluster.view());
    let find = |layout: &Layout| layout.operations().get(&id).map(|operation| actual.body(operation));
    let mut found: Option<OperationBody> = app.cluster.with_layout(find);
    if found.is_none() && app.cluster.follow_directory().await.is_ok() {
        // Another node has just begun it, and this one had not heard.
        found = app.cluster.with_layout(find);
    }
    let body = found.ok_or_else(|| Problem::not_found("operation, or it is too long ago"))?;
    cache::json(&headers, Audience::Private, &body)
}

/// Who did what to the cluster, latest first.
pub(super) async fn audit(
    State(app): State<App>,
    _: Operator,
    ApiQuery(page): ApiQuery<PageQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (items, total) = app.cluster.with_layout(|layout| {
        let (records, total) = page.cut(layout.audit().rev());
        (records.into_iter().map(AuditBody::of).collect::<Vec<_>>(), total)
    });
    page.respond(&headers, Audience::Private, "/admin/audit", &items, total)
}
