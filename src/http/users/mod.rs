//! Accounts over HTTP: who people are, what they may do, and all that is known of them.
//!
//! Owns how an account looks in JSON, and who may see it: its owner and operators; for others there is no such account.

mod entry;
mod export;
mod profile;
mod reset;

pub use reset::Resets;

use std::sync::Arc;

use axum::http::StatusCode;
use domain::account::{Account, Person};
use domain::ids::{BookingId, UserId};
use serde::Serialize;
use utoipa::ToSchema;

use super::App;
use super::auth::Customer;
use super::openapi::{Part, Routes, delete, get, post, put};
use super::problem::{Code, Problem};
use super::wire::{Id, RoleName, Timestamp, ids};

/// The routes of this module.
pub(super) fn routes() -> Routes {
    let (created, ok, nothing) = (StatusCode::CREATED, StatusCode::OK, StatusCode::NO_CONTENT);
    let taken = &[Code::UsernameTaken, Code::EmailTaken];
    login_routes()
        .route("/users", post(entry::sign_up, "Sign up").gives::<UserBody>(created).refuses(taken))
        .route("/users/logout", post(entry::log_out, "Make the token void").gives_nothing(nothing))
        .route(
            "/users/{id}",
            get(profile::show, "An account: one's own, or any to an operator").gives::<UserBody>(ok),
        )
        .route(
            "/users/{id}",
            put(profile::change, "Change an account; what is left out stays")
                .says("Another password of one's own needs the current one, and makes all tokens void.")
                .gives::<UserBody>(ok)
                .refuses(taken)
                .refuses(&[Code::InUse]),
        )
        .route(
            "/users/{id}",
            delete(profile::erase, "Erase who somebody is; what they have bought stays")
                .gives_nothing(nothing)
                .refuses(&[Code::InUse]),
        )
        .route(
            "/users/{id}/role",
            put(profile::set_role, "Change what somebody may do")
                .says("The operator whom the configuration names keeps that role.")
                .gives::<UserBody>(ok)
                .refuses(&[Code::InUse]),
        )
        .route(
            "/users/{id}/export",
            get(export::show, "All that is known of somebody, in one document").gives::<export::Export>(ok),
        )
        .merge(reset_routes())
        .merge(super::selling::user_routes())
}

fn reset_routes() -> Routes {
    Routes::of(Part::Accounts)
        .route(
            "/users/password-reset",
            post(reset::ask, "Have a token for a new password mailed, good for half an hour")
                .says("The answer is the same whether or not there is such an account.")
                .gives_nothing(StatusCode::ACCEPTED),
        )
        .route(
            "/users/password-reset/confirm",
            post(
                reset::confirm,
                "Set a new password with the token that was mailed; all access tokens are void then",
            )
            .gives_nothing(StatusCode::NO_CONTENT),
        )
}

/// The login, which operators need at the admin listener too.
pub(super) fn login_routes() -> Routes {
    Routes::of(Part::Accounts).route(
        "/users/login",
        post(entry::log_in, "Log in with user name or e-mail address")
            .gives::<entry::LoggedIn>(StatusCode::OK)
            .refuses(&[Code::Unauthenticated]),
    )
}

/// An account, to whoever may see it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = User)]
struct UserBody {
    id: ids::User,
    name: String,
    email: Option<String>,
    username: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    role: RoleName,
    created_at: Timestamp,
    /// Left out where not every sale can be looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    bookings: Option<Vec<ids::Booking>>,
}

impl UserBody {
    fn new(account: &Account, person: Person, bookings: Option<Vec<BookingId>>) -> Self {
        Self {
            id: Id(account.id),
            name: person.name,
            email: person.email,
            username: person.username,
            phone: person.phone,
            role: RoleName(account.role),
            created_at: Timestamp(account.created_at),
            bookings: bookings.map(|ids| ids.into_iter().map(Id).collect()),
        }
    }
}

/// The account of `id`, if `caller` may see it.
pub(super) fn account_for(app: &App, id: UserId, caller: &Customer) -> Result<Arc<Account>, Problem> {
    require_own(id, caller)?;
    app.people.account(id)?.ok_or_else(|| Problem::not_found("user"))
}

pub(super) fn require_own(id: UserId, caller: &Customer) -> Result<(), Problem> {
    if id == caller.user || caller.is_operator() { Ok(()) } else { Err(Problem::not_found("user")) }
}

/// Who its owner is.
fn person_of(app: &App, account: &Account) -> Result<Person, Problem> {
    let person = app.people.sealer().person(account);
    person.ok_or_else(|| Problem::internal(format!("the data of {} cannot be opened", account.id)))
}
