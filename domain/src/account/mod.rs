//! Accounts: who people are, what they may do, and which of their tokens are void.
//!
//! Owns uniqueness of user names and e-mail addresses: both live in one namespace, as either logs in. Passwords come in
//! as PHC hash strings only. Hazard: the hash is part of the state; nothing here may print it.

mod decide;
mod fact;
mod rules;

use core::fmt;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ids::UserId;
use crate::time::UnixMillis;

pub use decide::{AccountRefusal, bootstrap_operator, check_free, revoke_token, set_role, sign_up};
pub use fact::AccountFact;
pub use rules::{PASSWORD_RULE, SignUp, USERNAME_RULE, is_password, is_username};

/// What an account may do; each has all rights of those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Role {
    /// Buys.
    Customer,
    /// Makes venues, performers and events.
    Organizer,
    /// Runs the cluster.
    Operator,
}

/// The number of an access token, drawn at random.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TokenId(pub u128);

/// A password as argon2id's PHC string. Does not print itself.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Wraps a PHC string.
    #[must_use]
    pub fn new(phc: String) -> Self {
        Self(phc)
    }

    /// The PHC string.
    #[must_use]
    pub fn as_phc(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

/// A person with an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// As they want to be called.
    pub name: String,
    /// As they wrote it; unique without regard to case. The bootstrap operator has none.
    pub email: Option<String>,
    /// As they wrote it; unique without regard to case.
    pub username: String,
    /// As they wrote it.
    pub phone: Option<String>,
    /// What they may do.
    pub role: Role,
    /// Of their password.
    pub password: PasswordHash,
    /// When they signed up.
    pub created_at: UnixMillis,
}

/// Every account, as the committed facts made it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accounts {
    users: BTreeMap<UserId, Arc<User>>,
    /// User names and e-mail addresses, folded.
    logins: BTreeMap<String, UserId>,
    /// Void before their time, with the instant from which they would be void anyway.
    revoked: BTreeMap<TokenId, UnixMillis>,
}

impl Accounts {
    /// The account with this id.
    #[must_use]
    pub fn user(&self, id: UserId) -> Option<&Arc<User>> {
        self.users.get(&id)
    }

    /// The account with this user name or e-mail address.
    #[must_use]
    pub fn by_login(&self, login: &str) -> Option<&Arc<User>> {
        self.users.get(self.logins.get(&fold(login))?)
    }

    /// Whether the token was logged out.
    #[must_use]
    pub fn is_revoked(&self, token: TokenId) -> bool {
        self.revoked.contains_key(&token)
    }

    /// Number of accounts.
    #[must_use]
    pub fn len(&self) -> usize {
        self.users.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.users.is_empty()
    }

    /// Makes `fact` so. Total: a fact about an account that is not there changes nothing.
    pub fn apply(&mut self, fact: &AccountFact) {
        match fact {
            AccountFact::SignedUp { user } => self.add(user),
            AccountFact::RoleSet { user, role, .. } => self.change(*user, |user| user.role = *role),
            AccountFact::PasswordSet { user, password, .. } => {
                self.change(*user, |user| user.password = password.clone());
            }
            AccountFact::TokenRevoked { token, expires_at, at } => {
                self.revoked.retain(|_, expires_at| *expires_at > *at);
                self.revoked.insert(*token, *expires_at);
            }
        }
    }

    fn add(&mut self, user: &User) {
        self.logins.insert(fold(&user.username), user.id);
        if let Some(email) = &user.email {
            self.logins.insert(fold(email), user.id);
        }
        self.users.insert(user.id, Arc::new(user.clone()));
    }

    fn change(&mut self, id: UserId, change: impl FnOnce(&mut User)) {
        if let Some(user) = self.users.get_mut(&id) {
            change(Arc::make_mut(user));
        }
    }
}

/// The form in which user names and e-mail addresses are compared.
fn fold(login: &str) -> String {
    login.trim().to_lowercase()
}

#[cfg(test)]
#[path = "account_test.rs"]
mod test;
