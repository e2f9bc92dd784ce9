//! Where accounts are looked up, and what changes on the way from one state of them to the next.
//!
//! [`Changes`] lie over a [`Registry`] that does not change: over nothing they are all accounts there are, over what is on
//! a disk they are what is not there yet, and over those a decision sees what was decided just before it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Account, AccountFact, Login, SealName, apply};
use crate::ids::UserId;

/// Accounts, to be looked up.
pub trait Registry {
    /// The account with this id.
    fn account(&self, id: UserId) -> Option<Arc<Account>>;

    /// Who logs in with this.
    fn owner_of(&self, login: Login) -> Option<UserId>;

    /// What personal data is sealed with, once anything is.
    fn seal(&self) -> Option<SealName>;

    /// The account that logs in with this.
    fn by_login(&self, login: Login) -> Option<Arc<Account>> {
        self.account(self.owner_of(login)?)
    }
}

/// No accounts at all.
struct Nobody;

impl Registry for Nobody {
    fn account(&self, _id: UserId) -> Option<Arc<Account>> {
        None
    }

    fn owner_of(&self, _login: Login) -> Option<UserId> {
        None
    }

    fn seal(&self) -> Option<SealName> {
        None
    }
}

/// What is otherwise than in the registry below; `None` is gone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    /// By id.
    pub accounts: BTreeMap<UserId, Option<Arc<Account>>>,
    /// By login.
    pub logins: BTreeMap<Login, Option<UserId>>,
    /// Once it is named.
    pub seal: Option<SealName>,
}

impl Changes {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.accounts.len() + self.logins.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0 && self.seal.is_none()
    }

    /// The registry below with these changes.
    pub fn over<'a>(&'a self, under: &'a dyn Registry) -> Layered<'a> {
        Layered { under, changes: self }
    }
}

/// A registry as changes have left it.
pub struct Layered<'a> {
    under: &'a dyn Registry,
    changes: &'a Changes,
}

impl Registry for Layered<'_> {
    fn account(&self, id: UserId) -> Option<Arc<Account>> {
        match self.changes.accounts.get(&id) {
            Some(changed) => changed.clone(),
            None => self.under.account(id),
        }
    }

    fn owner_of(&self, login: Login) -> Option<UserId> {
        match self.changes.logins.get(&login) {
            Some(changed) => *changed,
            None => self.under.owner_of(login),
        }
    }

    fn seal(&self) -> Option<SealName> {
        self.changes.seal.or_else(|| self.under.seal())
    }
}

/// All accounts, in memory: the twin that others are held against.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accounts(Changes);

impl Accounts {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Makes `fact` so.
    pub fn apply(&mut self, fact: &AccountFact) {
        apply(&Nobody, &mut self.0, fact);
    }

    /// Every account.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Account>> {
        self.0.accounts.values().flatten()
    }
}

impl Registry for Accounts {
    fn account(&self, id: UserId) -> Option<Arc<Account>> {
        self.0.over(&Nobody).account(id)
    }

    fn owner_of(&self, login: Login) -> Option<UserId> {
        self.0.over(&Nobody).owner_of(login)
    }

    fn seal(&self) -> Option<SealName> {
        self.0.seal
    }
}
