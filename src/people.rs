//! Who the owners of accounts are: what is sealed in their accounts, opened for whoever has a reason to know.
//!
//! Owns the way from an id to a name and an address, and to whatever else is sealed for somebody. Hazard: works on nodes
//! that have accounts only; on a gateway everybody is unknown. What it gives must not reach a log or a fact.

use std::sync::Arc;

use cluster::Cluster;
use domain::account::{Account, Contact, Login, PasswordHash, Person, Role, Sealed};
use domain::event::Booking;
use domain::ids::UserId;
use domain::ports::JournalFault;
use domain::time::UnixMillis;

use crate::auth::Sealer;

/// Finds people by their accounts; clones are the same.
#[derive(Clone)]
pub struct People {
    cluster: Arc<Cluster>,
    sealer: Arc<Sealer>,
    bootstrap: Login,
}

impl People {
    /// Those with an account in `cluster`, where the operator of the configuration is called `operator`.
    #[must_use]
    pub fn new(cluster: Arc<Cluster>, sealer: Arc<Sealer>, operator: &str) -> Self {
        let bootstrap = sealer.login(operator);
        Self { cluster, sealer, bootstrap }
    }

    /// What the operator of the configuration logs in with.
    #[must_use]
    pub fn bootstrap(&self) -> Login {
        self.bootstrap
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

    /// Seals `contact` for the buyer of a booking: nobody can read it once they are erased. `None` where they are unknown.
    ///
    /// # Errors
    /// When the accounts cannot be read.
    pub fn seal_contact(&self, buyer: UserId, contact: &Contact) -> Result<Option<Vec<u8>>, JournalFault> {
        let bytes = serde_json::to_vec(contact).expect("texts serialise");
        let sealed = self.account(buyer)?.and_then(|account| self.sealer.seal(buyer, &account.key, &bytes));
        Ok(sealed.map(|sealed| sealed.bytes().to_vec()))
    }

    /// Whom the booking's tickets are for: `None` where nobody was named, or the buyer is unknown or erased.
    ///
    /// # Errors
    /// When the accounts cannot be read.
    pub fn contact(&self, booking: &Booking) -> Result<Option<Contact>, JournalFault> {
        if booking.contact.is_empty() {
            return Ok(None);
        }
        let sealed = Sealed::new(booking.contact.clone());
        let account = self.account(booking.buyer)?;
        let opened = account.and_then(|account| self.sealer.open(booking.buyer, &account.key, &sealed));
        Ok(opened.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
    }
}
