//! Which path goes where, on both listeners, and what surrounds all of them.
//!
//! ```text
//! envelope (id, deadline, panics, problem bodies) ─► relay ─► body limit ─► route ─► [JSON only] ─► extractors ─► handler
//! ```

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{Method, Uri};
use axum::middleware::{from_fn, from_fn_with_state};

use super::envelope::{Envelope, envelope};
use super::extract::require_json;
use super::problem::Problem;
use super::relay::{relay, relay_admin};
use super::{App, admin, event_seats, events, performers, search, selling, users, venues};

/// What clients reach.
pub(super) fn public_router(app: &App) -> Router {
    surround(public_routes(app), app, |routes| routes.layer(from_fn_with_state(app.clone(), relay)))
}

/// What other nodes reach: requests of their clients, and of their operators, that this one can answer.
pub(crate) fn relayed_router(app: &App) -> Router {
    let routes = public_routes(app).merge(admin::history_routes().route_layer(from_fn(require_json)));
    surround(routes, app, |routes| routes.layer(from_fn_with_state(app.clone(), relay)))
}

fn public_routes(app: &App) -> Router<App> {
    let json = Router::new()
        .merge(users::routes())
        .merge(venues::routes(app.config.http.seat_map_limit_bytes))
        .merge(performers::routes())
        .merge(events::routes())
        .merge(search::routes())
        .merge(selling::routes())
        .route_layer(from_fn(require_json));
    let any_form = event_seats::routes().merge(selling::batch_routes(app.config.http.batch_limit_bytes));
    json.merge(any_form).merge(admin::health_routes())
}

/// What operators and Prometheus reach.
pub(super) fn admin_router(app: &App) -> Router {
    let json = admin::routes().merge(admin::history_routes()).merge(users::login_routes());
    let routes = json.route_layer(from_fn(require_json)).merge(admin::metrics_routes());
    surround(routes.merge(admin::health_routes()), app, |routes| {
        routes.layer(from_fn_with_state(app.clone(), relay_admin))
    })
}

fn surround(routes: Router<App>, app: &App, inside: impl FnOnce(Router<App>) -> Router<App>) -> Router {
    let around = Envelope::new(app.config.http.request_deadline, app.random.as_ref());
    let routes = routes
        .fallback(|uri: Uri| async move { Problem::not_found(&format!("path as {}", uri.path())) })
        .method_not_allowed_fallback(|method: Method| async move { Problem::method_not_allowed(&method) })
        .layer(DefaultBodyLimit::max(app.config.http.body_limit_bytes));
    inside(routes).layer(from_fn_with_state(around, envelope)).with_state(app.clone())
}
