//! ④ Making an event's actor: from what the journal has of the sale and what the directory says of the event.
//!
//! Hazard: an actor may only start on state that includes everything proposed before; `Journal::open` waits for that.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use actix::dev::channel::channel;
use actix::{Addr, Context};
use domain::event::{self, Fact, Sale, Stamped};
use domain::ids::EventId;
use domain::planted::{self, Bug};
use domain::ports::{JournalFault, Listing, Opened, Proposal};
use domain::time::ShardTime;
use tokio::sync::oneshot;

use super::{Ended, NoOwner, Owner, Owners, lock};
use crate::answer::Fault;
use crate::event::EventActor;
use crate::inbox::Inbox;

/// Outcomes of payments that wait for one actor, whose workers wait in turn. Commands wait in the inbox.
const MAILBOX: usize = 64;

impl Owners {
    pub(super) async fn open(&self, event: EventId) -> Result<Arc<Owner>, NoOwner> {
        let opened = self.shell.journal.open(event).await?;
        let listings = &self.shell.listings;
        let known = if opened.sale.is_some() { listings.listing(event).await? } else { None };
        let latest = if known.is_none() { listings.latest(event).await? } else { known };
        let Some(listing) = latest else {
            self.purge(event, opened).await?;
            return Err(NoOwner::Unknown);
        };
        let map = listing.map.clone();
        let (term, time) = (opened.term, opened.time.clone());
        let sale = self.sale(event, opened, &listing).await?;
        lock(&time).continue_after(sale.last_stamp(), self.shell.clock.read());
        if planted::is(Bug::TimeFromWallClock) {
            *lock(&time) = ShardTime::resume(sale.last_stamp(), self.shell.clock.read());
        }
        if sale.seats() != map.len() {
            tracing::error!(%event, sale = sale.seats(), map = map.len(), "the sale and its seat map differ");
            return Err(NoOwner::Fault(Fault::OwnerUnavailable));
        }
        let (mailbox, receiver) = channel(MAILBOX);
        let inbox = Arc::new(Inbox::new(self.shell.mailbox_capacity, self.shell.observer.clone()));
        let is_behind = !event::amend(&sale, Some(&listing)).facts.is_empty();
        let revision = AtomicU64::new(sale.revision());
        let (address, lost) = (Addr::new(mailbox), Arc::default());
        let owner = Arc::new(Owner { address, inbox, term, lost, revision });
        let (shell, inbox, lost) = (self.shell.clone(), owner.inbox.clone(), owner.lost.clone());
        let ended = EndGuard { ended: self.ended.clone(), inbox: inbox.clone(), event };
        self.executor.spawn(
            event,
            Box::new(move || {
                let context = Context::with_receiver(receiver);
                let actor = context.into_future(EventActor::new(shell, inbox, map, term, sale, time, lost));
                Box::pin(async move {
                    let _ended = ended;
                    actor.await;
                })
            }),
        );
        let before = self.owners_mut().insert(event, owner.clone());
        before.into_iter().for_each(|before| before.lost.tell());
        if is_behind && !owner.list(Some(listing)).await {
            self.behind.store(true, Ordering::Relaxed);
        }
        Ok(owner)
    }

    /// The sale to own: as replicated, or opened now from the directory's listing.
    async fn sale(&self, event: EventId, opened: Opened, listing: &Listing) -> Result<Sale, NoOwner> {
        if let Some(mut sale) = opened.sale {
            planted::spoil(Bug::ForgetKeys, &mut sale);
            planted::spoil(Bug::ReuseHoldNumbers, &mut sale);
            return Ok(sale);
        }
        let now = lock(&opened.time).advance(self.shell.clock.read());
        let (terms, revision) = (listing.terms.clone(), listing.revision);
        let fact = Fact::SaleOpened { terms, seats: listing.map.len(), revision };
        let first = Stamped { at: now, fact };
        let mut sale = None;
        event::apply(&mut sale, event, &first);
        self.write(Proposal { event, term: opened.term, base: 0, facts: vec![first] }).await?;
        sale.ok_or(NoOwner::Fault(Fault::OwnerUnavailable))
    }

    /// What is left of an event that the directory has let go of.
    async fn purge(&self, event: EventId, opened: Opened) -> Result<(), NoOwner> {
        let Some(sale) = opened.sale else { return Ok(()) };
        let decision = event::amend(&sale, None);
        if decision.facts.is_empty() {
            return Ok(());
        }
        let now = lock(&opened.time).advance(self.shell.clock.read());
        let facts = decision.facts.into_iter().map(|fact| Stamped { at: now, fact }).collect();
        self.write(Proposal { event, term: opened.term, base: sale.facts(), facts }).await
    }

    /// Returns when `proposal` is on disk.
    async fn write(&self, proposal: Proposal) -> Result<(), NoOwner> {
        let (done, committed) = oneshot::channel();
        let done = Box::new(move |result| {
            let _abandoned = done.send(result);
        });
        self.shell.journal.reserve(proposal.event)?(proposal, done);
        Ok(committed.await.unwrap_or(Err(JournalFault::Closed))?)
    }
}

/// Tells those who wait for it and the supervisor that an actor is gone, however it went.
struct EndGuard {
    ended: Arc<Ended>,
    inbox: Arc<Inbox>,
    event: EventId,
}

impl Drop for EndGuard {
    fn drop(&mut self) {
        self.inbox.close();
        self.ended.count.fetch_add(1, Ordering::Relaxed);
        self.ended.tell(self.event);
    }
}
