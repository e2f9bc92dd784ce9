//! Who is asking, from the `Authorization` header: one extractor for each role, so that a handler's signature says who
//! may call it.
//!
//! The token only says who; what they may do is read from the accounts at every request.

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use domain::account::Role;
use domain::event::Caller;
use domain::ids::UserId;

use super::problem::{Code, Problem};
use super::{App, audited, identity};
use crate::auth::{Token, TokenFault};
use crate::dispatch::Asking;

/// Anybody who is logged in.
#[derive(Debug, Clone, Copy)]
pub struct Customer {
    /// Who.
    pub user: UserId,
    role: Role,
    /// What they came with.
    pub token: Token,
}

impl Customer {
    pub(super) fn role(&self) -> Role {
        self.role
    }

    /// Whether they have all rights of an operator.
    #[must_use]
    pub fn is_operator(&self) -> bool {
        self.role >= Role::Operator
    }

    /// Whether they may see who has the seats of an event by `organizer`.
    #[must_use]
    pub fn runs_event_of(&self, organizer: UserId) -> bool {
        Caller::from(*self).runs_event_of(organizer)
    }

    fn require(self, role: Role) -> Result<Self, Problem> {
        if self.role >= role {
            return Ok(self);
        }
        let needed = if role == Role::Operator { "an operator" } else { "an organizer" };
        Err(Problem::forbidden(format!("This needs the role of {needed}; an operator can give it to you.")))
    }
}

impl From<Customer> for Caller {
    fn from(customer: Customer) -> Self {
        Self { user: customer.user, role: customer.role }
    }
}

/// Somebody who makes venues, performers and events.
#[derive(Debug, Clone, Copy)]
pub struct Organizer(pub Customer);

/// Somebody who runs the cluster.
#[derive(Debug, Clone, Copy)]
pub struct Operator(pub Customer);

/// Anybody at all. A token that is there must be good.
#[derive(Debug, Clone, Copy)]
pub struct Visitor(pub Option<Customer>);

impl FromRequestParts<App> for Customer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        identify(parts, app).await?.ok_or_else(Problem::unauthenticated)
    }
}

impl FromRequestParts<App> for Organizer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        Customer::from_request_parts(parts, app).await?.require(Role::Organizer).map(Self)
    }
}

impl FromRequestParts<App> for Operator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        Customer::from_request_parts(parts, app).await?.require(Role::Operator).map(Self)
    }
}

impl FromRequestParts<App> for Visitor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        identify(parts, app).await.map(Self)
    }
}

/// No token of ours is nearly as long.
const MOST_TOKEN_BYTES: usize = 4_096;

/// Refuses a token that is too long to be one, before anybody carries it anywhere.
pub(super) fn require_sane_token(headers: &HeaderMap) -> Result<(), Problem> {
    let too_long = |header: &HeaderValue| header.len() > MOST_TOKEN_BYTES;
    if headers.get(AUTHORIZATION).is_some_and(too_long) { Err(Problem::unauthenticated()) } else { Ok(()) }
}

async fn identify(parts: &Parts, app: &App) -> Result<Option<Customer>, Problem> {
    require_sane_token(&parts.headers)?;
    let Some(header) = parts.headers.get(AUTHORIZATION) else { return Ok(None) };
    let token = header.to_str().ok().and_then(bearer).ok_or_else(Problem::unauthenticated)?;
    let token = app.tokens.read(token, app.now()).map_err(|fault| match fault {
        TokenFault::Invalid => Problem::unauthenticated(),
        TokenFault::Expired => Problem::new(Code::TokenExpired, "Log in again with POST /users/login."),
    })?;
    let role = identity::role(app, token).await?.ok_or_else(Problem::unauthenticated)?;
    if let Some(client) = Asking::current_client() {
        app.limits.caller(client, token.user)?;
    }
    let caller = Customer { user: token.user, role, token };
    audited::identified(caller);
    Ok(Some(caller))
}

fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn only_a_bearer_token_is_one() {
        assert_eq!(bearer("Bearer abc"), Some("abc"));
        assert_eq!(bearer("bearer  abc "), Some("abc"));
        for other in ["abc", "Basic abc", "Bearerabc", ""] {
            assert_eq!(bearer(other), None, "{other}");
        }
    }
}
