//! What has happened to accounts: the unit of their journal.

use serde::{Deserialize, Serialize};

use super::{PasswordHash, Role, TokenId, User};
use crate::ids::UserId;
use crate::time::UnixMillis;

/// Something that has happened to an account. Stored: variants are only ever added at the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum AccountFact {
    /// Somebody is new here.
    SignedUp {
        /// Who.
        user: User,
    },
    /// An operator gave somebody another role.
    RoleSet {
        /// Whose.
        user: UserId,
        /// From now on.
        role: Role,
        /// When.
        at: UnixMillis,
    },
    /// A password was replaced.
    PasswordSet {
        /// Whose.
        user: UserId,
        /// From now on.
        password: PasswordHash,
        /// When.
        at: UnixMillis,
    },
    /// A token was logged out.
    TokenRevoked {
        /// Which.
        token: TokenId,
        /// When it would have expired: the revocation can be forgotten then.
        expires_at: UnixMillis,
        /// When.
        at: UnixMillis,
    },
}
