//! What may happen to accounts: pure functions from the state and a wish to facts or a refusal.

use std::sync::Arc;

use super::{
    Account, AccountFact, Login, Logins, PasswordHash, Registry, Reset, Role, SealName, Sealed, TokenId,
};
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
    /// The account is not as it was when the wish was made.
    Changed,
    /// What was mailed is of no use: it was used, replaced, is too old, or never was.
    ResetVoid,
    /// Personal data is sealed with another secret than the one of this node.
    OtherSeal,
    /// The operator whom the configuration names keeps name and role, so that there always is one.
    Bootstrap,
}

type Decided<T> = Result<(Vec<AccountFact>, T), AccountRefusal>;

/// Whether nobody but `me` has these yet.
///
/// # Errors
/// [`AccountRefusal::UsernameTaken`] or [`AccountRefusal::EmailTaken`].
pub fn check_free(
    accounts: &dyn Registry,
    logins: &Logins,
    me: Option<UserId>,
) -> Result<(), AccountRefusal> {
    let is_taken = |login: Login| accounts.owner_of(login).is_some_and(|owner| Some(owner) != me);
    if is_taken(logins.username) {
        return Err(AccountRefusal::UsernameTaken);
    }
    if logins.email.is_some_and(is_taken) {
        return Err(AccountRefusal::EmailTaken);
    }
    Ok(())
}

/// A new account. What is sealed in it has been checked.
///
/// # Errors
/// As [`check_free`].
pub fn sign_up(accounts: &dyn Registry, new: Account) -> Decided<Arc<Account>> {
    check_free(accounts, &new.logins, None)?;
    let account = Arc::new(new);
    Ok((vec![AccountFact::SignedUp { account: account.clone() }], account))
}

/// Another role for `id`, unless that is the operator whom the configuration `names`.
///
/// # Errors
/// [`AccountRefusal::NotFound`] and [`AccountRefusal::Bootstrap`].
pub fn set_role(
    accounts: &dyn Registry,
    id: UserId,
    role: Role,
    names: Login,
    now: UnixMillis,
) -> Decided<Arc<Account>> {
    let mut account = known(accounts, id)?;
    if account.role == role {
        return Ok((Vec::new(), account));
    }
    not_bootstrap(&account, names)?;
    Arc::make_mut(&mut account).role = role;
    Ok((vec![AccountFact::RoleSet { user: id, role, at: now }], account))
}

/// What somebody wants to be otherwise about an account.
#[derive(Debug, Clone)]
pub struct Change {
    /// The account as they saw it.
    pub seen: Arc<Account>,
    /// Other names.
    pub profile: Option<(Logins, Sealed)>,
    /// Another password.
    pub password: Option<PasswordHash>,
}

/// All of `change`, or nothing. The operator whom the configuration `names` stays called so.
///
/// # Errors
/// [`AccountRefusal::NotFound`], [`AccountRefusal::Changed`], [`AccountRefusal::Bootstrap`], and as [`check_free`].
pub fn change(
    accounts: &dyn Registry,
    change: Change,
    names: Login,
    now: UnixMillis,
) -> Decided<Arc<Account>> {
    let Change { seen, profile, password } = change;
    let mut account = known(accounts, seen.id)?;
    if (&account.person, &account.password) != (&seen.person, &seen.password) {
        return Err(AccountRefusal::Changed);
    }
    let (user, mut facts) = (account.id, Vec::new());
    let after = Arc::make_mut(&mut account);
    if let Some((logins, person)) = profile {
        if logins.username != after.logins.username {
            not_bootstrap(after, names)?;
        }
        check_free(accounts, &logins, Some(user))?;
        (after.logins, after.person) = (logins, person.clone());
        facts.push(AccountFact::ProfileSet { user, logins, person, at: now });
    }
    if let Some(password) = password {
        facts.push(AccountFact::PasswordSet { user, password, at: now });
    }
    Ok((facts, account))
}

/// The token of `user` is void from now on; one that is so already stays so.
///
/// # Errors
/// [`AccountRefusal::NotFound`].
pub fn revoke_token(
    accounts: &dyn Registry,
    user: UserId,
    token: TokenId,
    expires_at: UnixMillis,
    now: UnixMillis,
) -> Decided<()> {
    let account = known(accounts, user)?;
    if account.revoked.iter().any(|revoked| revoked.token == token) {
        return Ok((Vec::new(), ()));
    }
    Ok((vec![AccountFact::TokenRevoked { user, token, expires_at, at: now }], ()))
}

/// `user` is to be gone, unless that is the operator whom the configuration `names`.
///
/// # Errors
/// [`AccountRefusal::NotFound`] and [`AccountRefusal::Bootstrap`].
pub fn erase(accounts: &dyn Registry, user: UserId, names: Login, now: UnixMillis) -> Decided<()> {
    not_bootstrap(&*known(accounts, user)?, names)?;
    Ok((vec![AccountFact::Erased { user, at: now }], ()))
}

/// Nobody is mailed again before.
const ASK_AGAIN_AFTER_MS: u64 = 60_000;

/// `user` may set a new password with what is to be mailed to them, unless that has just been done.
///
/// # Errors
/// [`AccountRefusal::NotFound`].
pub fn ask_reset(accounts: &dyn Registry, user: UserId, reset: Reset, now: UnixMillis) -> Decided<bool> {
    let before = known(accounts, user)?.reset.as_ref().map(|before| before.asked_at);
    if before.is_some_and(|before| before <= now && before.plus_ms(ASK_AGAIN_AFTER_MS) > now) {
        return Ok((Vec::new(), false));
    }
    Ok((vec![AccountFact::ResetAsked { user, reset, at: now }], true))
}

/// Whether whoever has what was mailed, of which `digest` is the hash, may set a new password.
///
/// # Errors
/// [`AccountRefusal::ResetVoid`].
pub fn check_reset(
    accounts: &dyn Registry,
    user: UserId,
    digest: [u8; 32],
    now: UnixMillis,
) -> Result<(), AccountRefusal> {
    let account = accounts.account(user).ok_or(AccountRefusal::ResetVoid)?;
    let good = account.reset.as_ref().is_some_and(|reset| reset.digest == digest && reset.until > now);
    if good { Ok(()) } else { Err(AccountRefusal::ResetVoid) }
}

/// The new password.
///
/// # Errors
/// As [`check_reset`].
pub fn reset_password(
    accounts: &dyn Registry,
    user: UserId,
    digest: [u8; 32],
    password: PasswordHash,
    now: UnixMillis,
) -> Decided<()> {
    check_reset(accounts, user, digest, now)?;
    Ok((vec![AccountFact::PasswordSet { user, password, at: now }], ()))
}

/// The operator of the configuration: the new account, or the existing one with the configured password.
///
/// # Errors
/// [`AccountRefusal::NotAnOperator`] where the name belongs to somebody else: nobody becomes operator by having chosen
/// a name early, and no configuration takes an account over.
pub fn bootstrap_operator(accounts: &dyn Registry, new: Account, now: UnixMillis) -> Decided<UserId> {
    let Some(existing) = accounts.by_login(new.logins.username) else {
        let id = new.id;
        return Ok((vec![AccountFact::SignedUp { account: Arc::new(new) }], id));
    };
    if existing.role != Role::Operator {
        return Err(AccountRefusal::NotAnOperator);
    }
    let fact = AccountFact::PasswordSet { user: existing.id, password: new.password, at: now };
    Ok((vec![fact], existing.id))
}

/// All personal data is sealed with `seal`; the first to say so is believed.
///
/// # Errors
/// [`AccountRefusal::OtherSeal`]: with another secret nobody could be read, and everybody would be unknown.
pub fn name_seal(accounts: &dyn Registry, seal: SealName) -> Decided<()> {
    match accounts.seal() {
        None => Ok((vec![AccountFact::SealNamed { seal }], ())),
        Some(named) if named == seal => Ok((Vec::new(), ())),
        Some(_) => Err(AccountRefusal::OtherSeal),
    }
}

/// Whoever takes the operator's rights or name away from the only one who is sure to have them leaves a cluster that nobody
/// runs, and nodes that do not start.
fn not_bootstrap(account: &Account, names: Login) -> Result<(), AccountRefusal> {
    let is_bootstrap = account.role == Role::Operator && account.logins.username == names;
    if is_bootstrap { Err(AccountRefusal::Bootstrap) } else { Ok(()) }
}

fn known(accounts: &dyn Registry, id: UserId) -> Result<Arc<Account>, AccountRefusal> {
    accounts.account(id).ok_or(AccountRefusal::NotFound)
}
