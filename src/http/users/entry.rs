//! The way in and out: sign-up, log-in, log-out.
//!
//! Hazard: how long a log-in takes must not tell whether there is such an account. So a password is always verified, if
//! need be against nobody's, and newcomers are always asked for, meanwhile.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use domain::account::{self, Account, Person, Role};
use domain::ids::UserId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{UserBody, person_of};
use crate::dispatch::Asking;
use crate::http::auth::Customer;
use crate::http::extract::ApiJson;
use crate::http::problem::{Code, Problem};
use crate::http::{App, audited, identity, selling};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewUser {
    name: String,
    email: String,
    username: String,
    password: String,
    phone: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Credentials {
    username: String,
    password: String,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct LoggedIn {
    access_token: String,
    token_type: &'static str,
    expires_in: u64,
    user: UserBody,
}

pub(super) async fn sign_up(State(app): State<App>, body: ApiJson<NewUser>) -> Result<Response, Problem> {
    let NewUser { name, email, username, password, phone } = body.value;
    let person = Person { name, email: Some(email), username, phone };
    person.check(Some(&password))?;
    if let Some(client) = Asking::current_client() {
        app.limits.sign_up(client)?;
    }
    let logins = app.people.sealer().logins(&person);
    // Asked before the costly hash, and again when it counts.
    app.cluster.with_accounts(|accounts| account::check_free(accounts, &logins, None))??;
    let password = app.passwords.hash(password).await?;
    let new =
        app.people.new_account(UserId::new(app.new_number()), &person, Role::Customer, password, app.now());
    let account = app.cluster.update_accounts(move |accounts| account::sign_up(accounts, new)).await??;
    let location = [(LOCATION, format!("/users/{}", account.id))];
    let body = UserBody::new(&account, person, Some(Vec::new()));
    Ok((StatusCode::CREATED, location, Json(body)).into_response())
}

pub(super) async fn log_in(State(app): State<App>, body: ApiJson<Credentials>) -> Result<Response, Problem> {
    let Credentials { username, password } = body.value;
    app.limits.log_in(&username)?;
    let account = verified(&app, &username, password).await?;
    // Others may have used the last attempt up meanwhile: then not even the right password is told from a wrong one.
    app.limits.log_in(&username)?;
    let Some(account) = account else {
        app.limits.log_in_failed(&username);
        return Err(Problem::new(Code::Unauthenticated, "The username or the password is wrong."));
    };
    if account.role == Role::Operator {
        audited::logged_in(&app, account.id);
    }
    let token = app.tokens.issue(account.id, account.generation, app.now(), app.random.as_ref());
    // Who may log in is not kept out because a sale has no owner right now.
    let bookings = selling::booking_ids(&app, account.id).await.ok();
    let body = LoggedIn {
        access_token: token.text,
        token_type: "Bearer",
        expires_in: token.expires_in.as_secs(),
        user: UserBody::new(&account, person_of(&app, &account)?, bookings),
    };
    Ok(Json(body).into_response())
}

/// The account that logs in with `username`, if `password` is its.
async fn verified(app: &App, username: &str, password: String) -> Result<Option<Arc<Account>>, Problem> {
    let login = app.people.sealer().login(username);
    let known = || app.cluster.with_accounts(|accounts| accounts.by_login(login));
    let before = known()?;
    let hash = before.as_ref().map(|account| account.password.clone());
    let verifying = app.passwords.verify(password.clone(), hash);
    let (right, heard) = tokio::join!(verifying, identity::hear_of_newcomers(app));
    let (mut right, mut account) = (right?, before);
    if account.is_none() {
        heard?;
        account = known()?;
        if let Some(newcomer) = &account {
            right = app.passwords.verify(password, Some(newcomer.password.clone())).await?;
        }
    }
    Ok(account.filter(|_| right))
}

pub(super) async fn log_out(State(app): State<App>, caller: Customer) -> Result<StatusCode, Problem> {
    let (token, now) = (caller.token, app.now());
    let decide = move |accounts: &dyn account::Registry| {
        account::revoke_token(accounts, token.user, token.id, token.expires_at, now)
    };
    app.cluster.update_accounts(decide).await??;
    Ok(StatusCode::NO_CONTENT)
}
