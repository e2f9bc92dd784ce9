//! ① Who a token belongs to and what they may do, on a node that has no accounts: another node is asked, and its answer
//! believed for a moment.
//!
//! Owns that moment: a change of role or a logout reaches every node within a second. Hazard: a node that cannot ask
//! lets nobody in.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use cluster::peer::{CallError, Lane, Service};
use cluster::wire::{decode, encode};
use domain::account::{Account, Role, TokenId};
use domain::ids::UserId;
use serde::{Deserialize, Serialize};

use super::App;
use super::problem::{Code, Problem};
use crate::auth::Token;
use crate::clock::Deadline;
use crate::dispatch::ways::State;

/// What it is asked as.
const IDENTITY: Service = Service { name: "identity", lane: Lane::Commands };
/// How long an answer is believed; the replica that gave it may be a little behind as well.
const BELIEVED: Duration = Duration::from_millis(500);
/// How long one node is waited for.
const PATIENCE: Duration = Duration::from_secs(1);
/// Answers that are kept.
const CAPACITY: usize = 65_536;

#[derive(Serialize, Deserialize)]
struct Asked {
    user: UserId,
    token: TokenId,
    generation: u32,
}

/// What others have answered lately.
#[derive(Default)]
pub struct Identities(Mutex<Known>);

#[derive(Default)]
struct Known {
    answers: BTreeMap<TokenId, (Option<Role>, Deadline)>,
    /// Counts how often all was forgotten.
    forgotten: u64,
}

impl Identities {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is believed of `token`; where that is nothing, what to say with the answer of whoever is asked then.
    fn believed(&self, token: TokenId) -> Result<Option<Role>, u64> {
        let known = self.known();
        let believed = known.answers.get(&token).filter(|(_, until)| !until.left().is_zero());
        believed.map(|(role, _)| *role).ok_or(known.forgotten)
    }

    /// Something about accounts has been changed on behalf of a client of this node: it is not to be told old things, nor
    /// what is on its way here.
    pub(super) fn forget(&self) {
        let mut known = self.known();
        known.answers.clear();
        known.forgotten += 1;
    }

    /// Believes an answer to what was asked when all had been forgotten `asked` times.
    fn believe(&self, token: TokenId, role: Option<Role>, asked: u64) {
        let mut known = self.known();
        if known.forgotten != asked {
            return;
        }
        if known.answers.len() >= CAPACITY {
            known.answers.retain(|_, (_, until)| !until.left().is_zero());
        }
        if known.answers.len() >= CAPACITY {
            known.answers.pop_first();
        }
        known.answers.insert(token, (role, Deadline::within(BELIEVED)));
    }
}

/// What the owner of `token` may do; `None` where it is revoked, or its owner is gone.
pub(super) async fn role(app: &App, token: Token) -> Result<Option<Role>, Problem> {
    if app.dispatch.ways().applied(State::Accounts).is_some() {
        return known_role(app, token.into()).await;
    }
    // A node with accounts is not to make room for the waiting at every request.
    Box::pin(told_role(app, token)).await
}

/// What another node has said lately, or says now.
async fn told_role(app: &App, token: Token) -> Result<Option<Role>, Problem> {
    let asked = match app.identities.believed(token.id) {
        Ok(role) => return Ok(role),
        Err(asked) => asked,
    };
    let question = Bytes::from(encode(&Asked::from(token)));
    let answer = app.dispatch.ask_any(IDENTITY, question, PATIENCE).await;
    let role = answer.and_then(|answer| decode::<Option<Role>>(&answer).ok()).ok_or_else(|| {
        Problem::new(Code::OwnerUnavailable, "No node that knows the accounts can be reached. Try again.")
    })?;
    app.identities.believe(token.id, role, asked);
    Ok(role)
}

/// Waits for all accounts that there are by now: somebody who has signed up at another node is not to be told here that
/// they do not exist.
pub(super) async fn hear_of_newcomers(app: &App) -> Result<(), Problem> {
    Ok(app.cluster.follow_accounts().await?)
}

impl From<Token> for Asked {
    fn from(token: Token) -> Self {
        Self { user: token.user, token: token.id, generation: token.generation }
    }
}

/// What this node's own accounts say. A token of a later generation than they know of comes from a node that knows more.
async fn known_role(app: &App, asked: Asked) -> Result<Option<Role>, Problem> {
    let known = || app.people.account(asked.user);
    let is_behind = |account: &Account| account.generation < asked.generation;
    let mut account = known()?;
    if account.as_deref().is_none_or(is_behind) {
        Box::pin(hear_of_newcomers(app)).await?;
        account = known()?;
    }
    let account = account.filter(|account| account.accepts(asked.token, asked.generation));
    Ok(account.map(|account| account.role))
}

/// Answers another node.
///
/// # Errors
/// [`CallError::Declined`] where the question cannot be read, or this node has no accounts or may not have heard of all.
pub(crate) async fn answer(app: &App, message: &Bytes) -> Result<Bytes, CallError> {
    let asked = decode::<Asked>(message);
    let asked = asked.map_err(|error| CallError::Declined(format!("no token: {error}")))?;
    if app.dispatch.ways().applied(State::Accounts).is_none() {
        return Err(CallError::Declined("this node has no accounts".to_owned()));
    }
    let behind = |_| CallError::Declined("this node may not have heard of everybody".to_owned());
    Ok(encode(&known_role(app, asked).await.map_err(behind)?).into())
}

#[cfg(test)]
mod test {
    use super::*;

    const TOKEN: TokenId = TokenId(7);

    #[test]
    fn an_answer_is_believed_until_something_is_forgotten_and_so_is_none_that_was_on_its_way() {
        let identities = Identities::default();
        let asked = identities.believed(TOKEN).unwrap_err();
        identities.believe(TOKEN, Some(Role::Customer), asked);
        assert_eq!(identities.believed(TOKEN), Ok(Some(Role::Customer)));
        identities.forget();
        let again = identities.believed(TOKEN).unwrap_err();
        identities.believe(TOKEN, Some(Role::Customer), asked);
        assert_eq!(identities.believed(TOKEN), Err(again), "it was asked before the log-out");
        identities.believe(TOKEN, None, again);
        assert_eq!(identities.believed(TOKEN), Ok(None));
    }
}
