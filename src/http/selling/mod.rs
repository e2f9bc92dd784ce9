//! ① to ⑦ of everything that sells: holds, bookings and their short-hand. Each handler reads its request, has one
//! command decided, and renders the reply; the same reply always renders to the same bytes, which is what lets an
//! answer be given again word for word.

mod booking_views;
mod bookings;
mod hold_batch;
mod hold_views;
mod holds;
mod own_bookings;
mod seats;
mod shorthand;

use axum::Router;
use axum::routing::{delete, get, patch, post, put};
use domain::event::{Caller, Command, Key, Reply};
use domain::ids::EventId;

use super::App;
use super::extract::Idempotency;
use super::problem::Problem;

pub(super) use holds::hold;

pub(super) use hold_batch::routes as batch_routes;
pub(crate) use own_bookings::answer as answer_bookings;

/// The routes of this module.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/events/{id}/holds", post(holds::create))
        .route("/holds/{id}", get(holds::show))
        .route("/holds/{id}", patch(holds::change))
        .route("/holds/{id}", delete(holds::release))
        .route("/holds/{id}/extend", post(holds::extend))
        .route("/bookings", post(bookings::create).get(bookings::list))
        .route("/bookings/{id}", post(bookings::one_call))
        .route("/bookings/{id}", get(bookings::show))
        .route("/bookings/{id}", delete(bookings::cancel))
        .route("/bookings/{id}/tickets/{ticket}", delete(bookings::cancel_ticket))
        .route("/booking/reserve", post(shorthand::reserve))
        .route("/booking/confirm", put(shorthand::confirm))
}

/// ③ Has a command of `caller` decided.
async fn decided(
    app: &App,
    event: EventId,
    command: Command,
    caller: Caller,
    idempotency: Option<Idempotency>,
) -> Result<Reply, Problem> {
    let key =
        idempotency.map(|given| Key { caller: caller.user, hash: given.key, fingerprint: given.fingerprint });
    app.dispatch.command(event, command, caller, key).await.map_err(|no| Problem::no_reply(event, no))
}

/// The reply is not one that the command can have: a fault of ours.
fn unexpected(reply: &Reply) -> Problem {
    Problem::internal(format!("an unexpected reply: {reply:?}"))
}
