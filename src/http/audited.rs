//! ① The audit log of privileged acts: who used the rights of an operator or an organizer over others, on what, and from
//! where. Orders to the cluster write their own line; everything else is written here, once it has been done.
//!
//! Owns which acts those are. Hazard: the log is in the directory, which may have no leader when an operator is needed
//! most: so nobody waits for the line, and one that cannot be written is in the log of the process.

use std::cell::Cell;

use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use cluster::LayoutOrder;
use domain::account::Role;
use domain::ids::UserId;

use super::App;
use super::auth::Customer;
use crate::dispatch::Asking;

tokio::task_local! {
    static CALLER: Cell<Option<Customer>>;
}

/// `caller` is who the request is of. Outside of one this is of no account.
pub(super) fn identified(caller: Customer) {
    let _outside = CALLER.try_with(|current| current.set(Some(caller)));
}

/// Another node answers, and writes down what has to be.
pub(super) fn answered_elsewhere() {
    let _outside = CALLER.try_with(|current| current.set(None));
}

/// The layer; goes inside of the envelope and outside of everything that asks who it is.
pub(super) async fn audited(State(app): State<App>, request: Request, next: Next) -> Response {
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        return next.run(request).await;
    }
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let answering = async {
        let response = next.run(request).await;
        (response, CALLER.with(Cell::get))
    };
    let (response, caller) = CALLER.scope(Cell::new(None), answering).await;
    let path = uri.path();
    if let Some(caller) = caller.filter(|caller| is_privileged(caller.role(), &method, path))
        && response.status().is_success()
    {
        record(&app, caller.user, &method, format!("{path}, {}", response.status().as_u16()));
    }
    response
}

/// Whether somebody with `role` does this to others, or for the house. Making a venue, a performer or an event is everyday
/// work, and so is what operators and organizers buy for themselves; where they give it back it is written down all the same.
fn is_privileged(role: Role, method: &Method, path: &str) -> bool {
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    match (segments.as_slice(), role) {
        (["admin", ..] | ["users"] | ["users", "login" | "logout"], _) => false,
        (["events", _, "holds", ..] | ["holds", ..] | ["booking", ..], _) => false,
        (["events" | "venues" | "performers"] | ["bookings" | "payments"] | ["bookings", _], _)
            if method == Method::POST =>
        {
            false
        }
        (_, Role::Operator) => true,
        (["events" | "bookings" | "payments", ..], Role::Organizer) => true,
        _ => false,
    }
}

/// Somebody has logged in with the rights of an operator.
pub(super) fn logged_in(app: &App, user: UserId) {
    record(app, user, &"login", String::new());
}

fn record(app: &App, by: UserId, what: &impl ToString, on: String) {
    let asking = Asking::current(app.config.http.request_deadline);
    let client = asking.client.map_or_else(|| "an unknown address".to_owned(), |client| client.to_string());
    let id = asking.id.to_str().unwrap_or_default();
    let on = if on.is_empty() { on } else { format!("{on}, ") };
    let (what, detail) = (what.to_string(), format!("{on}from {client}, request {id}"));
    let (cluster, by) = (app.cluster.clone(), by.to_string());
    tokio::spawn(async move {
        let note = LayoutOrder::Note { what: what.clone(), detail: detail.clone() };
        if let Err(fault) = cluster.order(&by, note, false).await {
            tracing::error!(by, what, detail, ?fault, "a privileged act is missing in the audit log");
        }
    });
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn what_is_done_to_others_or_for_the_house_is_privileged() {
        use Role::{Customer, Operator, Organizer};
        for (role, method, path, privileged) in [
            (Operator, "PUT", "/users/usr_1/role", true),
            (Operator, "DELETE", "/users/usr_1", true),
            (Operator, "DELETE", "/bookings/bkg_1", true),
            (Operator, "DELETE", "/payments/pay_1", true),
            (Operator, "DELETE", "/events/evt_1", true),
            (Operator, "POST", "/events/evt_1/blocks", true),
            (Organizer, "DELETE", "/events/evt_1", true),
            (Organizer, "PUT", "/events/evt_1", true),
            (Organizer, "POST", "/events/evt_1/blocks", true),
            (Organizer, "DELETE", "/bookings/bkg_1", true),
            (Organizer, "POST", "/bookings/bkg_1/tickets/tkt_1/move", true),
            (Organizer, "DELETE", "/payments/pay_1", true),
            (Organizer, "POST", "/bookings/evt_1", false),
            (Organizer, "POST", "/payments", false),
            (Organizer, "PUT", "/booking/confirm", false),
            (Customer, "DELETE", "/payments/pay_1", false),
            (Organizer, "POST", "/events", false),
            (Operator, "POST", "/events", false),
            (Operator, "POST", "/events/evt_1/holds", false),
            (Operator, "POST", "/bookings", false),
            (Operator, "POST", "/users/logout", false),
            (Operator, "POST", "/admin/cluster/rebalance", false),
            (Customer, "DELETE", "/bookings/bkg_1", false),
        ] {
            let method = method.parse().unwrap();
            assert_eq!(is_privileged(role, &method, path), privileged, "{role:?} {method} {path}");
        }
    }
}
