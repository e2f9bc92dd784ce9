//! What may happen to accounts: pure functions from the state and a wish to facts or a refusal.

use super::{AccountFact, Accounts, PasswordHash, Role, SignUp, TokenId, User};
use crate::ids::UserId;
use crate::time::UnixMillis;

/// Why a wish about an account is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountRefusal {
    /// Somebody else logs in with this user name.
    UsernameTaken,
    /// Somebody else logs in with this e-mail address.
    EmailTaken,
    /// There is no such account.
    NotFound,
    /// The configured operator's name belongs to an account that is no operator.
    NotAnOperator,
}

type Decided<T> = Result<(Vec<AccountFact>, T), AccountRefusal>;

/// Whether nobody has the user name or the e-mail address of `wish` yet.
///
/// # Errors
/// [`AccountRefusal::UsernameTaken`] or [`AccountRefusal::EmailTaken`].
pub fn check_free(accounts: &Accounts, wish: &SignUp) -> Result<(), AccountRefusal> {
    if accounts.by_login(&wish.username).is_some() {
        return Err(AccountRefusal::UsernameTaken);
    }
    if accounts.by_login(&wish.email).is_some() {
        return Err(AccountRefusal::EmailTaken);
    }
    Ok(())
}

/// A new customer. The fields of `wish` have been checked.
///
/// # Errors
/// As [`check_free`].
pub fn sign_up(
    accounts: &Accounts,
    id: UserId,
    wish: &SignUp,
    password: &PasswordHash,
    now: UnixMillis,
) -> Decided<User> {
    check_free(accounts, wish)?;
    let user = User {
        id,
        name: wish.name.clone(),
        email: Some(wish.email.clone()),
        username: wish.username.clone(),
        phone: wish.phone.clone(),
        role: Role::Customer,
        password: password.clone(),
        created_at: now,
    };
    Ok((vec![AccountFact::SignedUp { user: user.clone() }], user))
}

/// Another role for `id`.
///
/// # Errors
/// [`AccountRefusal::NotFound`].
pub fn set_role(accounts: &Accounts, id: UserId, role: Role, now: UnixMillis) -> Decided<User> {
    let mut user = User::clone(accounts.user(id).ok_or(AccountRefusal::NotFound)?);
    if user.role == role {
        return Ok((Vec::new(), user));
    }
    user.role = role;
    Ok((vec![AccountFact::RoleSet { user: id, role, at: now }], user))
}

/// The token is void from now on; one that is so already stays so.
///
/// # Errors
/// Never.
pub fn revoke_token(
    accounts: &Accounts,
    token: TokenId,
    expires_at: UnixMillis,
    now: UnixMillis,
) -> Decided<()> {
    if accounts.is_revoked(token) {
        return Ok((Vec::new(), ()));
    }
    Ok((vec![AccountFact::TokenRevoked { token, expires_at, at: now }], ()))
}

/// The operator of the configuration: a new account under `id`, or the existing one with the configured password.
///
/// # Errors
/// [`AccountRefusal::NotAnOperator`] where the name belongs to somebody else: nobody becomes operator by having chosen
/// a name early, and no configuration takes an account over.
pub fn bootstrap_operator(
    accounts: &Accounts,
    id: UserId,
    username: &str,
    password: &PasswordHash,
    now: UnixMillis,
) -> Decided<UserId> {
    if let Some(existing) = accounts.by_login(username) {
        if existing.role != Role::Operator {
            return Err(AccountRefusal::NotAnOperator);
        }
        let fact = AccountFact::PasswordSet { user: existing.id, password: password.clone(), at: now };
        return Ok((vec![fact], existing.id));
    }
    let user = User {
        id,
        name: username.to_owned(),
        email: None,
        username: username.to_owned(),
        phone: None,
        role: Role::Operator,
        password: password.clone(),
        created_at: now,
    };
    Ok((vec![AccountFact::SignedUp { user }], id))
}
