//! Step ⑤, for the rest of the node: changes what is replicated. The actors change sales, as their [`Journal`]; the
//! catalogue, the layout and the accounts are changed by whoever leads them.
//!
//! Owns nothing. Hazard: with a full disk nothing may be begun, for nobody could say when it would be done.

use domain::account::{AccountFact, Registry};
use domain::catalogue::{Catalogue, CatalogueFact};
use domain::ids::EventId;
use domain::ports::{BoxFuture, Journal, JournalFault, Opened, Place, Term};

use crate::groups::Cluster;
use crate::journal::{LogDisk, Space};
use crate::placement::layout::{Layout, LayoutFact};
use crate::raft::types::Entry;

impl<D: LogDisk> Cluster<D> {
    /// Changes the catalogue: `decide` sees it as all changes before left it, and gives facts and an answer, or refuses.
    /// Returns the answer when the facts are committed and applied here, or the refusal.
    ///
    /// # Errors
    /// A [`JournalFault`] when this node cannot change the catalogue now; the change may yet have happened when it is
    /// [`JournalFault::Closed`] or [`JournalFault::NotOwner`].
    pub async fn update_catalogue<T, R>(
        &self,
        decide: impl FnOnce(&Catalogue) -> Result<(Vec<CatalogueFact>, T), R>,
    ) -> Result<Result<T, R>, JournalFault> {
        self.require_space()?;
        let change = self.here.directory.update(|directory| {
            let (facts, answer) = decide(&directory.catalogue)?;
            Ok(((!facts.is_empty()).then_some(Entry::Catalogue(facts)), answer))
        });
        change.await
    }

    /// Changes the layout, as [`Self::update_catalogue`] changes the catalogue.
    ///
    /// # Errors
    /// As there.
    pub async fn update_layout<T, R>(
        &self,
        decide: impl FnOnce(&Layout) -> Result<(Vec<LayoutFact>, T), R>,
    ) -> Result<Result<T, R>, JournalFault> {
        self.require_space()?;
        let change = self.here.directory.update(|directory| {
            let (facts, answer) = decide(&directory.layout)?;
            Ok(((!facts.is_empty()).then_some(Entry::Layout(facts)), answer))
        });
        change.await
    }

    /// Changes the accounts, as [`Self::update_catalogue`] changes the catalogue.
    ///
    /// # Errors
    /// As there; and a gateway can change none.
    pub async fn update_accounts<T, R>(
        &self,
        decide: impl FnOnce(&dyn Registry) -> Result<(Vec<AccountFact>, T), R> + Send + 'static,
    ) -> Result<Result<T, R>, JournalFault>
    where
        T: Send + 'static,
        R: Send + 'static,
    {
        self.require_space()?;
        let accounts = self.here.accounts.as_ref().ok_or(JournalFault::NotOwner)?;
        accounts.update(decide).await
    }

    /// Whether the disk has no space: until it has, nothing is acknowledged and every change is refused.
    #[must_use]
    pub fn waits_for_space(&self) -> bool {
        self.journal.space().is_some_and(Space::is_full)
    }

    /// From now on the reserve is checked also where nobody writes, or no longer.
    pub(crate) fn keep_reserve(&self, whole: bool) {
        if let Some(space) = self.journal.space() {
            space.guard(whole);
        }
    }

    /// Whoever waited would wait for the operator.
    fn require_space(&self) -> Result<(), JournalFault> {
        if self.waits_for_space() { Err(JournalFault::Full) } else { Ok(()) }
    }
}

impl<D: LogDisk> Journal for Cluster<D> {
    fn reserve(&self, event: EventId) -> Result<Place, JournalFault> {
        self.require_space()?;
        let home = self.home(event).ok_or(JournalFault::NotOwner)?;
        home.proposer().as_ref().ok_or(JournalFault::Closed)?.reserve()
    }

    fn open(&self, event: EventId) -> BoxFuture<Result<Opened, JournalFault>> {
        let asked = match self.home(event) {
            Some(home) => self.require_space().and_then(|()| match &*home.proposer() {
                Some(proposer) => proposer.open(event),
                None => Err(JournalFault::Closed),
            }),
            None => Err(JournalFault::NotOwner),
        };
        Box::pin(async move { asked?.await.map_err(|_| JournalFault::Closed)? })
    }

    fn term(&self, event: EventId) -> Option<Term> {
        self.home(event)?.group.leased_term().map(Term)
    }

    fn busy(&self) -> Vec<EventId> {
        let shards = self.here.shards();
        let owned = shards.iter().filter(|(_, shard)| shard.group.leased_term().is_some());
        let busy = owned.flat_map(|(_, shard)| {
            shard.group.read(|state| {
                let busy = state.machine.sales.iter().filter(|(_, sale)| sale.is_busy());
                busy.map(|(event, _)| *event).collect::<Vec<_>>()
            })
        });
        busy.collect()
    }
}
