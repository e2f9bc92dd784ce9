//! ① What this node neither decides nor knows is answered by another one: the request is relayed as a whole, and
//! answered there after the caller is verified again.
//!
//! Owns which requests that are, by method and path, before any handler runs; and both edges of the way, where headers
//! that are for nodes alone are stripped. Commands are not relayed: their handlers run here, and dispatch finds the owner.
//! Hazard: a relayed request is never relayed on. Who cannot answer it either says so.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequestParts, Request, State as Shared};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use cluster::peer::CallError;
use cluster::raft::types::NodeId;
use domain::ids::{BookingId, EventId, PaymentId};
use http_body_util::{BodyExt, Limited};
use tower::ServiceExt;

use super::auth::{Organizer, require_sane_token};
use super::envelope::REQUEST_ID;
use super::extract::read_at_most;
use super::problem::{Code, Problem};
use super::{App, audited};
use crate::dispatch::Asking;
use crate::dispatch::relay::{MAX_BODY_BYTES, Relayed, Size, fits, is_internal};
use crate::dispatch::ways::{State, Ways};
use cluster::Owner;

/// What operators read of one event.
const ADMIN_EVENTS: &str = "/admin/events/";

/// Who answers a request.
#[derive(Debug, PartialEq, Eq)]
enum Way {
    /// This node, from what it has or by asking an owner.
    Here,
    /// Whoever decides about this, and that is not here.
    Owner(State),
    /// Any of these, which have what it is about.
    Any(Vec<NodeId>),
}

/// The layer: relays what is not for this node. Goes inside of the envelope and outside of the limit on bodies.
pub(super) async fn relay(Shared(app): Shared<App>, mut request: Request, next: Next) -> Response {
    strip(request.headers_mut());
    let way = way(&**app.dispatch.ways(), request.method(), request.uri().path(), request.headers());
    pass(&app, way, request, next).await
}

/// The same at the admin listener. What operators may see has its way from here only, so that no public listener leads
/// there.
pub(super) async fn relay_admin(Shared(app): Shared<App>, mut request: Request, next: Next) -> Response {
    strip(request.headers_mut());
    let way = admin_way(&**app.dispatch.ways(), request.method(), request.uri().path(), request.headers());
    pass(&app, way, request, next).await
}

async fn pass(app: &App, way: Way, request: Request, next: Next) -> Response {
    let relayed = request.extensions().get::<Relayed>().is_some();
    match way {
        Way::Here => next.run(request).await,
        _ if relayed => nobody().into_response(),
        way => elsewhere(app, request, way).await.unwrap_or_else(IntoResponse::into_response),
    }
}

fn strip(headers: &mut HeaderMap) {
    if headers.keys().any(is_internal) {
        let internal: Vec<_> = headers.keys().filter(|name| is_internal(name)).cloned().collect();
        internal.iter().for_each(|name| drop(headers.remove(name)));
    }
}

fn nobody() -> Problem {
    Problem::new(
        Code::OwnerUnavailable,
        "No node that could answer this can be reached right now. Try again.",
    )
}

fn way(ways: &dyn Ways, method: &Method, path: &str, headers: &HeaderMap) -> Way {
    let decided = |of| if ways.owner(of) == Owner::Here { Way::Here } else { Way::Owner(of) };
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let reads = matches!(*method, Method::GET | Method::HEAD);
    match segments[..] {
        ["users", "login"] => with_accounts(ways),
        ["users", ..] if reads => with_accounts(ways),
        ["users", ..] => decided(State::Accounts),
        // What a payment provider tells is for the sale, which is found from what it says.
        ["webhooks", "stripe"] => Way::Here,
        ["venues" | "performers" | "catalogue" | "webhooks", ..] | ["events"] | ["events", _] if !reads => {
            decided(State::Catalogue)
        }
        // Whoever is to get seats must be known, which only nodes with accounts can say.
        ["events", _, "seats", "comp"] => with_accounts(ways),
        // What everybody may see comes by the feed of seats; who has them does not.
        ["event", id] | ["events", id] | ["events", id, "seats"] if headers.contains_key(AUTHORIZATION) => {
            id.parse().map_or(Way::Here, |event| with_sale(ways, event))
        }
        ["events", id, "bookings" | "payments"] | ["bookings", "event", id] if reads => {
            id.parse().map_or(Way::Here, |event| with_sale(ways, event))
        }
        ["bookings", id]
        | ["bookings", id, "payment"]
        | ["bookings", id, "tickets", _, "qr"]
        | ["payments", "booking", id]
            if reads =>
        {
            id.parse().map_or(Way::Here, |booking: BookingId| with_sale(ways, booking.event))
        }
        // Who the tickets are for is sealed for the buyer, whom only the sale knows, and so where both can be read.
        ["bookings", id] if *method == Method::PUT => {
            id.parse().map_or(Way::Here, |booking: BookingId| with_sale(ways, booking.event))
        }
        ["payments", id] if reads => {
            id.parse().map_or(Way::Here, |payment: PaymentId| with_sale(ways, payment.event))
        }
        _ => Way::Here,
    }
}

fn admin_way(ways: &dyn Ways, method: &Method, path: &str, headers: &HeaderMap) -> Way {
    match path.strip_prefix(ADMIN_EVENTS).and_then(|rest| rest.split('/').next()) {
        Some(id) => id.parse().map_or(Way::Here, |event| with_sale(ways, event)),
        None => way(ways, method, path, headers),
    }
}

fn with_accounts(ways: &dyn Ways) -> Way {
    if ways.applied(State::Accounts).is_some() { Way::Here } else { Way::Any(ways.members()) }
}

fn with_sale(ways: &dyn Ways, event: EventId) -> Way {
    if ways.applied(State::Sale(event)).is_some() { Way::Here } else { Way::Any(ways.replicas(event)) }
}

async fn elsewhere(app: &App, request: Request, way: Way) -> Result<Response, Problem> {
    let path = request.uri().path();
    let (is_venue, is_batch, sale) =
        (path.starts_with("/venues"), path == "/catalogue/batch", event_of(path));
    let (mut parts, body) = request.into_parts();
    require_sane_token(&parts.headers)?;
    if way == Way::Owner(State::Catalogue) {
        // Verified again there; but nobody has this node carry megabytes who may not.
        Organizer::from_request_parts(&mut parts, app).await?;
    }
    let config = &app.config.http;
    let most = match (is_venue, is_batch) {
        (true, _) => config.seat_map_limit_bytes,
        (_, true) => config.batch_limit_bytes,
        _ => config.body_limit_bytes,
    };
    let body = read_at_most(body, most).await?;
    let id = Asking::current(config.request_deadline).id;
    if !id.is_empty() {
        parts.headers.insert(REQUEST_ID, id);
    }
    let request = Request::from_parts(parts, body);
    if !fits(&request) {
        return Err(Problem::malformed("The head of the request is too long."));
    }
    let answered = match way {
        Way::Owner(of) => {
            let size = if is_venue || is_batch { Size::Large } else { Size::Small };
            let answered = app.dispatch.relay_to_owner(of, request, size).await;
            // Reading your writes: what this node answers, it shows.
            app.dispatch.caught_up(of).await;
            if of == State::Accounts {
                app.identities.forget();
            }
            if let Some(event) = sale {
                app.dispatch.caught_up(State::Sale(event)).await;
            }
            answered
        }
        Way::Any(nodes) => {
            let path = request.uri().path();
            let is_sale =
                ["/event", "/bookings/event/", ADMIN_EVENTS].iter().any(|sale| path.starts_with(sale));
            let size = if is_sale { Size::Large } else { Size::Small };
            app.dispatch.relay_to_any(&nodes, request, size).await
        }
        Way::Here => return Err(Problem::internal("a request for this node was to be relayed")),
    };
    audited::answered_elsewhere();
    let mut response = answered.map_err(|_| nobody())?.map(Body::from);
    strip(response.headers_mut());
    Ok(response)
}

/// Answers what another node relays, by `router`.
///
/// # Errors
/// [`CallError::Declined`] where it is no request or comes late, [`CallError::Lost`] where the answer cannot be carried.
pub(crate) async fn answer(app: &App, router: Router, message: Bytes) -> Result<Bytes, CallError> {
    let request = app.dispatch.relayed_request(&message)?;
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD);
    let sale = event_of(request.uri().path());
    let response = match router.oneshot(request.map(Body::from)).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    let (parts, body) = response.into_parts();
    let body = Limited::new(body, MAX_BODY_BYTES).collect().await;
    let body = body.map_err(|error| CallError::Lost(format!("the answer broke off: {error}")))?.to_bytes();
    if let Some(event) = sale.filter(|_| changes) {
        // What was decided by the event's owner was to be seen here before anybody is told.
        app.dispatch.caught_up(State::Sale(event)).await;
    }
    app.dispatch.relayed_answer(&Response::from_parts(parts, body), changes, sale)
}

/// The event that a path is about.
fn event_of(path: &str) -> Option<EventId> {
    path.strip_prefix("/events/")?.split('/').next()?.parse().ok()
}

#[cfg(test)]
#[path = "relay_test.rs"]
mod test;
