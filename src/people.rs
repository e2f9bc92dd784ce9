//! Who the owners of accounts are: what is sealed in their accounts, opened for whoever has a reason to know.
//!
//! Owns the way from an id to a name and an address, and to whatever else is sealed for somebody. Hazard: works on nodes
//! that have accounts only; on a gateway everybody is unknown. What it gives must not reach a log or a fact.

use std::sync::Arc;

use cluster::Cluster;
use domain::account::{Account, PasswordHash, Person, Role, Sealed};
use domain::ids::UserId;
use domain::ports::JournalFault;
use domain::time::UnixMillis;

use crate::auth::Sealer;

/// Finds people by their accounts; clones are the same.
#[derive(Clone)]
pub struct People {
    cluster: Arc<Cluster>,
    sealer: Arc<Sealer>,
}

impl People {
    /// Those with an account in `cluster`.
    #[must_use]
    pub fn new(cluster: Arc<Cluster>, sealer: Arc<Sealer>) -> Self {
        Self { cluster, sealer }
    }

    /// What opens their data.
    #[must_use]
    pub fn sealer(&self) -> &Sealer {
        &self.sealer
    }

    /// An account for `person`, with a key of their own.
    #[must_use]
    pub fn new_account(
        &self,
        id: UserId,
        person: &Person,
        role: Role,
        password: PasswordHash,
        now: UnixMillis,
    ) -> Account {
        let key = self.sealer.new_key(id);
        let sealed = self.sealer.seal_person(id, &key, person).expect("a key that was just made opens");
        Account {
            id,
            logins: self.sealer.logins(person),
            key,
            person: sealed,
            role,
            password,
            created_at: now,
            generation: 0,
            revoked: Vec::new(),
            reset: None,
        }
    }

    /// The account of `user`, as far as this node has heard.
    ///
    /// # Errors
    /// When the accounts cannot be read.
    pub fn account(&self, user: UserId) -> Result<Option<Arc<Account>>, JournalFault> {
        self.cluster.with_accounts(|accounts| accounts.account(user))
    }

    /// Who `user` is; `None` where they are unknown, or erased.
    ///
    /// # Errors
    /// When the accounts cannot be read.
    pub fn person(&self, user: UserId) -> Result<Option<Person>, JournalFault> {
        Ok(self.account(user)?.and_then(|account| self.sealer.person(&account)))
    }

    /// Seals `bytes` for `user`: nobody can read them once the user is erased. `None` where they are unknown.
    ///
    /// # Errors
    /// When the accounts cannot be read.
    pub fn seal_for(&self, user: UserId, bytes: &[u8]) -> Result<Option<Sealed>, JournalFault> {
        Ok(self.account(user)?.and_then(|account| self.sealer.seal(user, &account.key, bytes)))
    }

    /// What [`Self::seal_for`] has sealed; `None` where `user` is unknown, or erased.
    ///
    /// # Errors
    /// When the accounts cannot be read.
    pub fn open_for(&self, user: UserId, sealed: &Sealed) -> Result<Option<Vec<u8>>, JournalFault> {
        Ok(self.account(user)?.and_then(|account| self.sealer.open(user, &account.key, sealed)))
    }
}
