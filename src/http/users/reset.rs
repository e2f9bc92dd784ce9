//! A new password for whoever has lost theirs: a mail with a token that sets one, once, for half an hour.
//!
//! Hazard: nobody may learn from the answer, or from how long it takes, whether there is such an account. So what there is
//! to do is done behind the answer, by at most so many tasks at a time, and lost if the node ends meanwhile: whoever gets no
//! mail asks again. The accounts have a hash of the token only, and no account is mailed twice a minute.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use domain::account::{self, Person, Registry, Reset, is_password};
use domain::ids::UserId;
use domain::ports::Mail;
use domain::time::UnixMillis;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use utoipa::ToSchema;

use crate::http::App;
use crate::http::extract::ApiJson;
use crate::http::problem::{Code, Problem};
use crate::notify::Letter;

/// A token is good for so long.
const GOOD_FOR_MS: u64 = 30 * 60 * 1000;
/// Requests that are worked on at a time; more are turned away.
const AT_A_TIME: usize = 64;
const SECRET_BYTES: usize = 32;

/// What the resets of a node share.
pub struct Resets(Arc<Semaphore>);

impl Default for Resets {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_A_TIME)))
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Lost {
    email: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Found {
    token: String,
    password: String,
}

pub(super) async fn ask(State(app): State<App>, body: ApiJson<Lost>) -> Result<StatusCode, Problem> {
    let place = app.resets.0.clone().try_acquire_owned();
    let place = place
        .map_err(|_| Problem::new(Code::Overloaded, "Too many are asking for new passwords. Try again."))?;
    tokio::spawn(async move {
        if let Err(problem) = mail(&app, &body.value.email).await {
            let why = problem.cause().unwrap_or_default();
            tracing::warn!(code = problem.code().as_str(), why, "a new password could not be offered");
        }
        drop(place);
    });
    Ok(StatusCode::ACCEPTED)
}

/// Mails a token to whoever has this address, if anybody has.
async fn mail(app: &App, email: &str) -> Result<(), Problem> {
    let sealer = app.people.sealer();
    let login = sealer.login(email);
    let account = app.cluster.with_accounts(|accounts| accounts.by_login(login))?;
    let Some(account) = account.filter(|account| account.logins.email == Some(login)) else { return Ok(()) };
    let (Some(mailer), Some(person)) = (app.mailer.clone(), sealer.person(&account)) else {
        return Err(Problem::internal("without a mail server nobody gets a new password"));
    };
    let mut secret = [0; SECRET_BYTES];
    app.random.fill(&mut secret);
    let (user, now) = (account.id, app.now());
    let reset =
        Reset { digest: Sha256::digest(secret).into(), asked_at: now, until: now.plus_ms(GOOD_FOR_MS) };
    let decide = move |accounts: &dyn Registry| account::ask_reset(accounts, user, reset, now);
    if app.cluster.update_accounts(decide).await?? {
        let sent = mailer.send(letter(&person, &token_of(user, &secret), user, now)).await;
        sent.map_err(Problem::internal)?;
    }
    Ok(())
}

fn letter(person: &Person, token: &str, user: UserId, now: UnixMillis) -> Mail {
    let address = person.email.as_deref().unwrap_or_default();
    let letter = Letter::new()
        .paragraph("Somebody, we hope you, has asked for a new password for your account. This token sets one, once:")
        .paragraph(token)
        .paragraph("It is good for half an hour. If it was not you, do nothing: your password stays as it is.");
    letter.to(&person.name, address, "Your new password", format!("reset.{user}.{}", now.millis()))
}

pub(super) async fn confirm(State(app): State<App>, body: ApiJson<Found>) -> Result<StatusCode, Problem> {
    let Found { token, password } = body.value;
    if !is_password(&password) {
        return Err(Problem::invalid_field("/password", &format!("must have {}", account::PASSWORD_RULE)));
    }
    let (user, digest) = read(&token).ok_or(account::AccountRefusal::ResetVoid)?;
    let now = app.now();
    // Asked before the costly hash, and again when it counts.
    app.cluster.with_accounts(|accounts| account::check_reset(accounts, user, digest, now))??;
    let password = app.passwords.hash(password).await?;
    let decide =
        move |accounts: &dyn Registry| account::reset_password(accounts, user, digest, password, now);
    app.cluster.update_accounts(decide).await??;
    Ok(StatusCode::NO_CONTENT)
}

/// Whose it is, and what nobody else knows.
fn token_of(user: UserId, secret: &[u8]) -> String {
    let secret: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{user}.{secret}")
}

/// Whose a token is, and the hash of its secret.
fn read(token: &str) -> Option<(UserId, [u8; 32])> {
    let (user, secret) = token.split_once('.')?;
    if secret.len() != SECRET_BYTES * 2 || !secret.is_ascii() {
        return None;
    }
    let byte = |at: usize| u8::from_str_radix(secret.get(at..at + 2)?, 16).ok();
    let secret: Vec<u8> = (0..secret.len()).step_by(2).map(byte).collect::<Option<_>>()?;
    Some((user.parse().ok()?, Sha256::digest(secret).into()))
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn a_token_says_whose_it_is_and_proves_it() {
        let token = token_of(UserId::new(5), &[7; SECRET_BYTES]);
        assert_eq!(read(&token), Some((UserId::new(5), Sha256::digest([7; SECRET_BYTES]).into())));
        for wrong in
            ["", ".", "usr_0000000000005", "usr_0000000000005.07", &token[1..], &token[..token.len() - 1]]
        {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        let odd = format!("usr_0000000000005.{}", "é".repeat(SECRET_BYTES));
        assert_eq!(read(&odd), None);
    }
}
