//! One account: seeing, changing and erasing it, and what its owner may do.
//!
//! Hazard: a change is made of what was read before it. Whoever decides compares, and what was made of something older is
//! made again.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::account::{self, Account, AccountRefusal, Change, PasswordHash, Person, Registry};
use domain::ids::UserId;
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use super::{UserBody, account_for, person_of};
use crate::http::auth::{Customer, Operator};
use crate::http::cache::{self, Audience, Tag};
use crate::http::extract::{ApiJson, ApiPath, IfMatch};
use crate::http::problem::{Code, Problem};
use crate::http::wire::{Id, RoleName};
use crate::http::{App, selling};
use crate::notify::Letter;

/// So often a change is made again of what others have changed meanwhile.
const TRIES: usize = 4;

/// What is left out stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = UserChange)]
pub(super) struct Wish {
    name: Option<String>,
    email: Option<String>,
    username: Option<String>,
    /// `null` takes it away.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    phone: Option<Option<String>>,
    password: Option<String>,
    current_password: Option<String>,
}

fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewRole {
    role: RoleName,
}

pub(super) async fn show(
    State(app): State<App>,
    ApiPath(Id(id)): ApiPath<Id<UserId>>,
    caller: Customer,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let account = account_for(&app, id, &caller)?;
    cache::json(&headers, Audience::Private, &shown(&app, &account).await?)
}

async fn shown(app: &App, account: &Account) -> Result<UserBody, Problem> {
    let bookings = selling::booking_ids(app, account.id).await?;
    Ok(UserBody::new(account, person_of(app, account)?, Some(bookings)))
}

pub(super) async fn change(
    State(app): State<App>,
    ApiPath(Id(id)): ApiPath<Id<UserId>>,
    caller: Customer,
    matching: IfMatch,
    body: ApiJson<Wish>,
) -> Result<Response, Problem> {
    let wish = body.value;
    let mut password = None;
    for _ in 0..TRIES {
        let seen = account_for(&app, id, &caller)?;
        let before = person_of(&app, &seen)?;
        let after = wish.person(&before);
        after.check(wish.password.as_deref())?;
        matching.require(&Tag::of_json(&shown(&app, &seen).await?)?)?;
        if let (Some(new), None) = (&wish.password, &password) {
            wish.require_current(&app, &caller, (&seen, &before)).await?;
            password = Some(app.passwords.hash(new.clone()).await?);
        }
        let address = seen.logins.email;
        match decided(&app, seen, (&before, &after), password.clone()).await? {
            Err(AccountRefusal::Changed) => {}
            Err(refusal) => return Err(refusal.into()),
            Ok(account) => {
                if account.logins.email != address {
                    tell_old_address(&app, account.id, before);
                }
                return Ok(Json(shown(&app, &account).await?).into_response());
            }
        }
    }
    Err(Problem::new(Code::Overloaded, "Others are changing this account. Try again."))
}

async fn decided(
    app: &App,
    seen: Arc<Account>,
    (before, after): (&Person, &Person),
    password: Option<PasswordHash>,
) -> Result<Result<Arc<Account>, AccountRefusal>, Problem> {
    let sealer = app.people.sealer();
    let profile = if before == after {
        None
    } else {
        let sealed = sealer.seal_person(seen.id, &seen.key, after);
        let sealed = sealed.ok_or_else(|| Problem::internal("a key that opened does so no longer"))?;
        Some((sealer.logins(after), sealed))
    };
    let (change, names, now) = (Change { seen, profile, password }, app.people.bootstrap(), app.now());
    let decide = move |accounts: &dyn Registry| account::change(accounts, change, names, now);
    Ok(app.cluster.update_accounts(decide).await?)
}

/// Mails to where the account was: who finds an open session must not take it over unseen, and a password can be had by
/// mail. Behind the answer, and once: whether the old address takes mail is nothing to wait for.
fn tell_old_address(app: &App, user: UserId, before: Person) {
    let (Some(address), Some(mailer)) = (before.email, app.mailer.clone()) else { return };
    let letter = Letter::new()
        .paragraph("Your account has another e-mail address now. From here on all mail goes there.")
        .paragraph("If it was not you, somebody else has access to your account: tell us at once.");
    let id = format!("moved.{user}.{}", app.now().millis());
    let mail = letter.to(&before.name, &address, "Your e-mail address was changed", id);
    tokio::spawn(async move {
        if let Err(error) = mailer.send(mail).await {
            tracing::warn!(%error, "nobody could be told that their address was changed");
        }
    });
}

impl Wish {
    fn person(&self, before: &Person) -> Person {
        let pick = |wish: &Option<String>, before: &String| wish.as_ref().unwrap_or(before).clone();
        Person {
            name: pick(&self.name, &before.name),
            email: self.email.clone().or_else(|| before.email.clone()),
            username: pick(&self.username, &before.username),
            phone: self.phone.clone().unwrap_or_else(|| before.phone.clone()),
        }
    }

    /// Whoever finds an open session must not be able to lock its owner out, nor to guess the password as often as they
    /// like: a wrong one is a failed log-in.
    async fn require_current(
        &self,
        app: &App,
        caller: &Customer,
        (seen, person): (&Account, &Person),
    ) -> Result<(), Problem> {
        if caller.user != seen.id {
            return Ok(());
        }
        let Some(current) = &self.current_password else {
            let message = "is needed for another password of your own";
            return Err(Problem::invalid_field("/currentPassword", message));
        };
        app.limits.log_in(&person.username)?;
        let right = app.passwords.verify(current.clone(), Some(seen.password.clone())).await?;
        // Others may have used the last attempt up meanwhile.
        app.limits.log_in(&person.username)?;
        if right {
            return Ok(());
        }
        app.limits.log_in_failed(&person.username);
        Err(Problem::invalid_field("/currentPassword", "is not your password"))
    }
}

pub(super) async fn erase(
    State(app): State<App>,
    ApiPath(Id(id)): ApiPath<Id<UserId>>,
    caller: Customer,
) -> Result<StatusCode, Problem> {
    super::require_own(id, &caller)?;
    let (names, now) = (app.people.bootstrap(), app.now());
    let decide = move |accounts: &dyn Registry| account::erase(accounts, id, names, now);
    app.cluster.update_accounts(decide).await??;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn set_role(
    State(app): State<App>,
    ApiPath(Id(id)): ApiPath<Id<UserId>>,
    Operator(_): Operator,
    body: ApiJson<NewRole>,
) -> Result<Response, Problem> {
    let (role, names, now) = (body.value.role.0, app.people.bootstrap(), app.now());
    let decide = move |accounts: &dyn Registry| account::set_role(accounts, id, role, names, now);
    let account = app.cluster.update_accounts(decide).await??;
    Ok(Json(shown(&app, &account).await?).into_response())
}
