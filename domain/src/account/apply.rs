//! What a fact about an account changes. Total: a fact about an account that is not there changes nothing.

use std::sync::Arc;

use super::{Account, AccountFact, Changes, MAX_REVOKED, Registry, Revoked};
use crate::ids::UserId;

/// Makes `fact` so in `changes`, which lie over `under`.
pub fn apply(under: &dyn Registry, changes: &mut Changes, fact: &AccountFact) {
    match fact {
        AccountFact::SignedUp { account } => {
            changes.logins.extend(account.logins.each().map(|login| (login, Some(account.id))));
            changes.accounts.insert(account.id, Some(account.clone()));
        }
        AccountFact::RoleSet { user, role, .. } => {
            with(under, changes, *user, |account| account.role = *role);
        }
        AccountFact::PasswordSet { user, password, .. } => with(under, changes, *user, |account| {
            account.password = password.clone();
            account.reset = None;
            void_all(account);
        }),
        AccountFact::TokenRevoked { user, token, expires_at, at } => {
            with(under, changes, *user, |account| {
                account.revoked.retain(|revoked| revoked.until > *at);
                account.revoked.push(Revoked { token: *token, until: *expires_at });
                if account.revoked.len() > MAX_REVOKED {
                    void_all(account);
                }
            });
        }
        AccountFact::ProfileSet { user, logins, person, .. } => {
            let Some(before) = changes.over(under).account(*user) else { return };
            changes.logins.extend(before.logins.each().map(|login| (login, None)));
            changes.logins.extend(logins.each().map(|login| (login, Some(*user))));
            with(under, changes, *user, |account| {
                // What was mailed is in a mailbox that may be somebody else's by now.
                account.reset.take_if(|_| account.logins.email != logins.email);
                account.logins = *logins;
                account.person = person.clone();
            });
        }
        AccountFact::Erased { user, .. } => {
            let Some(before) = changes.over(under).account(*user) else { return };
            changes.logins.extend(before.logins.each().map(|login| (login, None)));
            changes.accounts.insert(*user, None);
        }
        AccountFact::ResetAsked { user, reset, .. } => {
            with(under, changes, *user, |account| account.reset = Some(reset.clone()));
        }
        AccountFact::SealNamed { seal } => changes.seal = Some(*seal),
    }
}

/// Tokens of another generation are void, so those of this one need not be remembered.
fn void_all(account: &mut Account) {
    account.generation = account.generation.wrapping_add(1);
    account.revoked.clear();
}

fn with(under: &dyn Registry, changes: &mut Changes, user: UserId, change: impl FnOnce(&mut Account)) {
    if let Some(mut account) = changes.over(under).account(user) {
        change(Arc::make_mut(&mut account));
        changes.accounts.insert(user, Some(account));
    }
}
