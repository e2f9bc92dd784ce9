//! Accounts over HTTP: sign-up, log-in, log-out, roles.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header::LOCATION};
use axum::response::{IntoResponse, Response};
use domain::account::{self, Role, SignUp, User};
use domain::ids::UserId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::auth::{Customer, Operator};
use super::cache::{self, Audience};
use super::extract::{ApiJson, ApiPath};
use super::openapi::{Part, Routes, get, post, put};
use super::problem::{Code, Problem};
use super::wire::{Id, RoleName, Timestamp, ids};
use super::{App, audited, identity};
use crate::dispatch::Asking;

/// The routes of this module.
pub(super) fn routes() -> Routes {
    login_routes()
        .route(
            "/users",
            post(sign_up, "Sign up")
                .gives::<UserBody<'_>>(StatusCode::CREATED)
                .refuses(&[Code::UsernameTaken, Code::EmailTaken]),
        )
        .route("/users/logout", post(log_out, "Make the token void").gives_nothing(StatusCode::NO_CONTENT))
        .route(
            "/users/{id}",
            get(show, "An account: one's own, or any to an operator").gives::<UserBody<'_>>(StatusCode::OK),
        )
        .route(
            "/users/{id}/role",
            put(set_role, "Change what somebody may do").gives::<UserBody<'_>>(StatusCode::OK),
        )
}

/// The login, which operators need at the admin listener too.
pub(super) fn login_routes() -> Routes {
    Routes::of(Part::Accounts).route(
        "/users/login",
        post(log_in, "Log in with user name or e-mail address")
            .gives::<LoggedIn<'_>>(StatusCode::OK)
            .refuses(&[Code::Unauthenticated]),
    )
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewUser {
    name: String,
    email: String,
    username: String,
    password: String,
    phone: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Credentials {
    username: String,
    password: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewRole {
    role: RoleName,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = User)]
struct UserBody<'a> {
    id: ids::User,
    name: &'a str,
    email: Option<&'a str>,
    username: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<&'a str>,
    role: RoleName,
    created_at: Timestamp,
}

impl<'a> UserBody<'a> {
    fn new(user: &'a User) -> Self {
        Self {
            id: Id(user.id),
            name: &user.name,
            email: user.email.as_deref(),
            username: &user.username,
            phone: user.phone.as_deref(),
            role: RoleName(user.role),
            created_at: Timestamp(user.created_at),
        }
    }
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct LoggedIn<'a> {
    access_token: String,
    token_type: &'static str,
    expires_in: u64,
    user: UserBody<'a>,
}

async fn sign_up(State(app): State<App>, body: ApiJson<NewUser>) -> Result<Response, Problem> {
    let NewUser { name, email, username, password, phone } = body.value;
    let wish = SignUp { name, email, username, phone };
    wish.check(&password)?;
    if let Some(client) = Asking::current_client() {
        app.limits.sign_up(client)?;
    }
    // Asked before the costly hash, and again when it counts.
    app.cluster.with_accounts(|accounts| account::check_free(accounts, &wish))?;
    let password = app.passwords.hash(password).await?;
    let (id, now) = (UserId::new(app.new_number()), app.now());
    let decide = move |accounts: &_| account::sign_up(accounts, id, &wish, &password, now);
    let user = app.cluster.update_accounts(decide).await??;
    let location = [(LOCATION, format!("/users/{}", user.id))];
    Ok((StatusCode::CREATED, location, Json(UserBody::new(&user))).into_response())
}

async fn log_in(State(app): State<App>, body: ApiJson<Credentials>) -> Result<Response, Problem> {
    let Credentials { username, password } = body.value;
    app.limits.log_in(&username)?;
    let known = || app.cluster.with_accounts(|accounts| accounts.by_login(&username).cloned());
    let mut user = known();
    if user.is_none() {
        identity::hear_of_newcomers(&app).await?;
        user = known();
    }
    let hash = user.as_ref().map(|user| user.password.clone());
    let right = app.passwords.verify(password, hash).await?;
    // Others may have used the last attempt up meanwhile: then not even the right password is told from a wrong one.
    app.limits.log_in(&username)?;
    let Some(user) = user.filter(|_| right) else {
        app.limits.log_in_failed(&username);
        return Err(Problem::new(Code::Unauthenticated, "The username or the password is wrong."));
    };
    if user.role == Role::Operator {
        audited::logged_in(&app, user.id);
    }
    let token = app.tokens.issue(user.id, app.now(), app.random.as_ref());
    let body = LoggedIn {
        access_token: token.text,
        token_type: "Bearer",
        expires_in: token.expires_in.as_secs(),
        user: UserBody::new(&user),
    };
    Ok(Json(body).into_response())
}

async fn log_out(State(app): State<App>, caller: Customer) -> Result<StatusCode, Problem> {
    let (token, now) = (caller.token, app.now());
    let decide = move |accounts: &_| account::revoke_token(accounts, token.id, token.expires_at, now);
    app.cluster.update_accounts(decide).await??;
    Ok(StatusCode::NO_CONTENT)
}

async fn show(
    State(app): State<App>,
    ApiPath(Id(id)): ApiPath<Id<UserId>>,
    caller: Customer,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let user = app.cluster.with_accounts(|accounts| accounts.user(id).cloned());
    let user = user.filter(|user| user.id == caller.user || caller.is_operator());
    let user = user.ok_or_else(|| Problem::not_found("user"))?;
    cache::json(&headers, Audience::Private, &UserBody::new(&user))
}

async fn set_role(
    State(app): State<App>,
    ApiPath(Id(id)): ApiPath<Id<UserId>>,
    Operator(_): Operator,
    body: ApiJson<NewRole>,
) -> Result<Response, Problem> {
    let (role, now) = (body.value.role.0, app.now());
    let user =
        app.cluster.update_accounts(move |accounts: &_| account::set_role(accounts, id, role, now)).await??;
    Ok(Json(UserBody::new(&user)).into_response())
}
