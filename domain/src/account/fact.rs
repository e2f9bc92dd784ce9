//! What has happened to accounts: the unit of their journal.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Account, Logins, PasswordHash, Reset, Role, SealName, Sealed, TokenId};
use crate::ids::UserId;
use crate::time::UnixMillis;

/// Something that has happened to an account. Stored: variants are only ever added at the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum AccountFact {
    /// Somebody is new here.
    SignedUp {
        /// Who.
        account: Arc<Account>,
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
    /// A password was replaced; all tokens given before are void.
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
        /// Whose.
        user: UserId,
        /// Which.
        token: TokenId,
        /// When it would have expired: the revocation can be forgotten then.
        expires_at: UnixMillis,
        /// When.
        at: UnixMillis,
    },
    /// Somebody calls themselves otherwise, or is reached elsewhere.
    ProfileSet {
        /// Who.
        user: UserId,
        /// From now on.
        logins: Logins,
        /// From now on.
        person: Sealed,
        /// When.
        at: UnixMillis,
    },
    /// Somebody is gone, with all that said who they were, and the key to whatever else is sealed for them.
    Erased {
        /// Who.
        user: UserId,
        /// When.
        at: UnixMillis,
    },
    /// A new password may be set with what was mailed; what was mailed before is void.
    ResetAsked {
        /// Whose.
        user: UserId,
        /// With what, and until when.
        reset: Reset,
        /// When.
        at: UnixMillis,
    },
    /// What all personal data is sealed with, from the first account on.
    SealNamed {
        /// Its name.
        seal: SealName,
    },
}
