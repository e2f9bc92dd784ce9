//! Which path goes where, on both listeners, and what surrounds all of them.
//!
//! ```text
//! envelope (id, limits, deadline, panics, problem bodies) ─► audit ─► [CORS] ─► relay ─► body limit ─► route ─► [JSON only] ─► extractors ─► handler
//! ```

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{Method, Uri};
use axum::middleware::from_fn_with_state;

use super::audited::audited;
use super::cors::cors;
use super::envelope::{Envelope, envelope};
use super::openapi::{self, Routes};
use super::problem::Problem;
use super::relay::{relay, relay_admin};
use super::{
    App, admin, catalogue_batch, event_plan, event_seats, events, live, performers, search, selling, users,
    venues, web, webhooks,
};
use crate::config::HttpConfig;

/// What clients reach.
pub(super) fn public_router(app: &App) -> Router {
    surround(public_routes(&app.config.http), app, |routes| {
        let routes = routes.layer(from_fn_with_state(app.clone(), relay));
        // Pages of others are for clients: operators give no page of another origin their token.
        match cors(&app.config.http.cors_origins) {
            Some(allowed) => routes.layer(allowed),
            None => routes,
        }
    })
}

/// What other nodes reach: requests of their clients, and of their operators, that this one can answer.
pub(crate) fn relayed_router(app: &App) -> Router {
    let routes = public_routes(&app.config.http).merge(admin::event_routes().json_only());
    surround(routes, app, |routes| routes.layer(from_fn_with_state(app.clone(), relay)))
}

/// What operators and Prometheus reach.
pub(super) fn admin_router(app: &App) -> Router {
    let routes = admin_routes().merge(users::login_routes().json_only()).merge(admin::health_routes());
    surround(routes, app, |routes| routes.layer(from_fn_with_state(app.clone(), relay_admin)))
}

/// Everything that there is, to be described.
pub(super) fn described(limits: &HttpConfig) -> Routes {
    public_routes(limits).merge(admin_routes())
}

fn public_routes(limits: &HttpConfig) -> Routes {
    let json = users::routes()
        .merge(venues::routes(limits.seat_map_limit_bytes))
        .merge(performers::routes())
        .merge(events::routes())
        .merge(event_plan::routes())
        .merge(webhooks::routes())
        .merge(search::routes())
        .merge(live::routes())
        .merge(catalogue_batch::routes(limits.batch_limit_bytes))
        .merge(selling::routes())
        .json_only();
    let any_form = event_seats::routes().merge(selling::batch_routes(limits.batch_limit_bytes));
    let any_form = any_form.merge(selling::webhook_routes()).merge(selling::picture_routes());
    let any_form = any_form.merge(live::stream_routes());
    json.merge(any_form).merge(admin::health_routes()).merge(openapi::pages()).merge(web::routes())
}

fn admin_routes() -> Routes {
    admin::routes().merge(admin::event_routes()).json_only().merge(admin::metrics_routes())
}

fn surround(routes: Routes, app: &App, inside: impl FnOnce(Router<App>) -> Router<App>) -> Router {
    let around = Envelope::new(app.config.http.request_deadline, app.random.as_ref(), app.limits.clone());
    let routes = routes
        .into_router()
        .fallback(|uri: Uri| async move { Problem::not_found(&format!("path as {}", uri.path())) })
        .method_not_allowed_fallback(|method: Method| async move { Problem::method_not_allowed(&method) })
        .layer(DefaultBodyLimit::max(app.config.http.body_limit_bytes));
    let routes = inside(routes).layer(from_fn_with_state(app.clone(), audited));
    routes.layer(from_fn_with_state(around, envelope)).with_state(app.clone())
}
