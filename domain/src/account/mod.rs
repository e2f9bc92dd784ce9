//! Accounts: who people are, what they may do, and which of their tokens are void.
//!
//! Owns uniqueness of user names and e-mail addresses: both live in one namespace, as either logs in. What says who
//! somebody is comes in sealed, with a key of their own, and logins as keyed hashes: nothing here can read them, and an
//! account that is gone takes its key with it. Passwords come in as PHC hash strings only. Where accounts are kept is up
//! to whoever provides a [`Registry`]. Hazard: hashes and keys are part of the state; nothing here may print them.

mod apply;
mod decide;
mod fact;
mod registry;
mod rules;

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::UserId;
use crate::time::UnixMillis;

pub use apply::apply;
pub use decide::{
    AccountRefusal, Change, ask_reset, bootstrap_operator, change, check_free, check_reset, erase, name_seal,
    reset_password, revoke_token, set_role, sign_up,
};
pub use fact::AccountFact;
pub use registry::{Accounts, Changes, Layered, Registry};
pub use rules::{Contact, PASSWORD_RULE, Person, USERNAME_RULE, fold, is_password, is_username};

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

/// Bytes that only those can read who have the key. They do not print themselves.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed(Vec<u8>);

impl Sealed {
    /// Wraps sealed bytes.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The sealed bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealed(..)")
    }
}

/// What somebody logs in with, folded and hashed with a key: equal where the texts are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Login(pub [u8; 16]);

/// What somebody logs in with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logins {
    /// Everybody has one.
    pub username: Login,
    /// The bootstrap operator has none.
    pub email: Option<Login>,
}

impl Logins {
    fn each(&self) -> impl Iterator<Item = Login> {
        [Some(self.username), self.email].into_iter().flatten()
    }
}

/// Tells the secret that personal data is sealed with from another one, and nothing else of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealName(pub [u8; 8]);

/// A new password may be set with what was mailed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reset {
    /// SHA-256 of what was mailed.
    pub digest: [u8; 32],
    /// When it was asked for.
    pub asked_at: UnixMillis,
    /// Not from then on.
    pub until: UnixMillis,
}

/// A token that was logged out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revoked {
    /// Which.
    pub token: TokenId,
    /// It would be void anyway from then on.
    pub until: UnixMillis,
}

/// More tokens logged out within the life of one void all that there are: the list must end, and whoever logs out so
/// often is a program.
pub const MAX_REVOKED: usize = 128;

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Its id.
    pub id: UserId,
    /// Unique.
    pub logins: Logins,
    /// The key of all that is sealed for this person, sealed itself.
    pub key: Sealed,
    /// The [`Person`], sealed with that key.
    pub person: Sealed,
    /// What they may do.
    pub role: Role,
    /// Of their password.
    pub password: PasswordHash,
    /// When they signed up.
    pub created_at: UnixMillis,
    /// Tokens of other generations are void.
    pub generation: u32,
    /// Tokens of this one that are void before their time.
    pub revoked: Vec<Revoked>,
    /// Waits for a new password.
    pub reset: Option<Reset>,
}

impl Account {
    /// Whether the token, of this account, is not void.
    #[must_use]
    pub fn accepts(&self, token: TokenId, generation: u32) -> bool {
        self.generation == generation && !self.revoked.iter().any(|revoked| revoked.token == token)
    }
}

#[cfg(test)]
#[path = "account_test.rs"]
mod test;
