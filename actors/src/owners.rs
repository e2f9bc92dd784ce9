//! ④ The supervisor: knows the actor of every event owned here, spawns it at the first command, and again when it dies
//! while its sale still has holds to expire or outside work to finish.
//!
//! Hazard: an actor may only start on state that includes everything proposed before; `Journal::open` waits for that.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockWriteGuard, Weak};
use std::time::Duration;

use actix::dev::channel::channel;
use actix::{Addr, Context};
use domain::event::{self, Caller, Command, Fact, Key, Refusal, Sale, Stamped};
use domain::ids::EventId;
use domain::planted::{self, Bug};
use domain::ports::{
    Clock, Courier, Journal, JournalFault, Listing, Listings, Opened, PaymentGateway, Proposal, Random, Term,
};
use domain::time::ShardTime;
use tokio::sync::{Notify, oneshot};

use crate::answer::{Answer, Answered, Fault, Lost};
use crate::event::{EventActor, Listed, Wake};
use crate::executor::Executor;
use crate::inbox::{Ask, Inbox};

/// How long a dead actor's event waits before it gets the next one, so that a sale that always fails costs little.
const RESPAWN_PAUSE: Duration = Duration::from_millis(50);

/// Outcomes of payments that wait for one actor, whose workers wait in turn. Commands wait in the inbox.
const MAILBOX: usize = 64;

/// How often the supervisor looks for sales that need an owner and have none: those of a shard that this node has begun
/// to lead, or leads again.
const LOOK_AROUND: Duration = Duration::from_secs(1);

/// Told what the actors do, for metrics. Called on their threads: must not block.
pub trait Observer: Send + Sync {
    /// A command of this kind came to this: `ok`, or the code of a refusal.
    fn decided(&self, kind: &'static str, outcome: &'static str);
    /// So many commands were put into a queue in front of an actor.
    fn entered_mailbox(&self, commands: usize);
    /// So many commands were taken out of one.
    fn left_mailbox(&self, commands: usize);
    /// A delivery of this kind came to this: `again`, or how it ended.
    fn delivered(&self, kind: &'static str, outcome: &'static str) {
        let _uncounted = (kind, outcome);
    }
}

/// What surrounds every actor.
pub struct Shell {
    /// Where facts become true.
    pub journal: Arc<dyn Journal>,
    /// What is for sale.
    pub listings: Arc<dyn Listings>,
    /// Where the money is.
    pub gateway: Arc<dyn PaymentGateway>,
    /// Who tells people.
    pub courier: Arc<dyn Courier>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where ticket codes come from.
    pub random: Arc<dyn Random>,
    /// Who counts.
    pub observer: Arc<dyn Observer>,
    /// Commands that may wait for one actor; more are refused as overload.
    pub mailbox_capacity: usize,
}

/// Held by whoever makes an event's actor.
type Turn = tokio::sync::Mutex<()>;

/// Why an event has no actor.
enum NoOwner {
    Unknown,
    Fault(Fault),
}

impl NoOwner {
    /// What whoever asked is told.
    fn answers(&self) -> Answered {
        match self {
            Self::Unknown => Ok(Answer::Refused(Refusal::NotFound)),
            Self::Fault(fault) => Err(*fault),
        }
    }
}

impl From<JournalFault> for NoOwner {
    fn from(fault: JournalFault) -> Self {
        Self::Fault(fault.into())
    }
}

/// The actors of this node.
pub struct Owners {
    shell: Arc<Shell>,
    executor: Arc<dyn Executor>,
    owners: RwLock<HashMap<EventId, Arc<Owner>>>,
    /// One lock an event while its actor is being made, so that there is only ever one.
    opening: Mutex<HashMap<EventId, Weak<Turn>>>,
    ended: Arc<Ended>,
    /// Some owner could not take what the directory says of its event.
    behind: AtomicBool,
}

/// The newest actor of an event, alive or not, and of the term in which it was made. Shared: a clone of an address costs an allocation and widens its mailbox.
struct Owner {
    address: Addr<EventActor>,
    inbox: Arc<Inbox>,
    term: Term,
    lost: Arc<Lost>,
    /// The newest revision of the event that it has been told of.
    revision: AtomicU64,
}

impl Owner {
    /// Tells the actor what the directory says of its event; whether it has taken that.
    async fn list(&self, listing: Option<Listing>) -> bool {
        let revision = listing.as_ref().map(|listing| listing.revision);
        let taken = matches!(self.address.send(Listed(listing)).await, Ok(Ok(())));
        if let Some(revision) = revision.filter(|_| taken) {
            self.revision.store(revision, Ordering::Relaxed);
        }
        taken
    }

    /// Puts `asks` before the actor and calls it, unless it has been called already.
    fn tell(&self, asks: impl Iterator<Item = Ask>) -> Result<(), Fault> {
        if self.inbox.push(asks)? {
            #[allow(
                clippy::disallowed_methods,
                reason = "one call is under way at most: the inbox is the bound"
            )]
            self.address.do_send(Wake);
        }
        Ok(())
    }
}

#[derive(Default)]
struct Ended {
    events: Mutex<Vec<EventId>>,
    notify: Notify,
    count: AtomicU64,
}

impl Owners {
    /// No actors yet.
    #[must_use]
    pub fn new(shell: Shell, executor: Arc<dyn Executor>) -> Self {
        Self {
            shell: Arc::new(shell),
            executor,
            owners: RwLock::default(),
            opening: Mutex::default(),
            ended: Arc::default(),
            behind: AtomicBool::new(false),
        }
    }

    /// Asks the owner of `event`. The future completes when the answer is on disk; dropping it withdraws a command
    /// that has not been decided yet.
    ///
    /// # Errors
    /// [`Fault`]: a retry is safe when the command carries a key.
    pub async fn ask(&self, event: EventId, command: Command, caller: Caller, key: Option<Key>) -> Answered {
        let (answer, answered) = oneshot::channel();
        match self.owner(event).await {
            Ok(owner) => owner.tell(std::iter::once(Ask { command, caller, key, answer }))?,
            Err(nobody) => return nobody.answers(),
        }
        answered.await.unwrap_or(Err(Fault::OwnerUnavailable))
    }

    /// Asks the owner of `event` several things at once, which it decides in order, each for itself; the answers are in
    /// that order too. See [`Self::ask`].
    pub async fn ask_many(
        &self,
        event: EventId,
        caller: Caller,
        commands: Vec<(Command, Option<Key>)>,
    ) -> Vec<Answered> {
        let asked = || commands.into_iter().map(|(command, key)| (command, caller, key)).collect();
        let waiting = self.put(event, asked).await;
        let mut answers = Vec::with_capacity(waiting.len());
        for answered in waiting {
            answers.push(answered.await.unwrap_or(Err(Fault::OwnerUnavailable)));
        }
        answers
    }

    /// Puts what `commands` gives before the owner of `event`, which decides it in order, each for itself; they are asked
    /// for when the owner is there to take them at once, which may have taken time. Each answer comes by itself, when it
    /// is on disk; one that never comes has met an owner that died. Dropping where an answer comes withdraws a command
    /// that has not been decided yet.
    pub async fn put(
        &self,
        event: EventId,
        commands: impl FnOnce() -> Vec<(Command, Caller, Option<Key>)>,
    ) -> Vec<oneshot::Receiver<Answered>> {
        let owner = self.owner(event).await;
        let commands = commands();
        let mut waiting = Vec::with_capacity(commands.len());
        let asks = commands.into_iter().map(|(command, caller, key)| {
            let (answer, answered) = oneshot::channel();
            waiting.push(answered);
            Ask { command, caller, key, answer }
        });
        let asks: Vec<Ask> = asks.collect();
        match owner {
            // Those that a dead actor did not take have lost their sender, and are answered by that.
            Ok(owner) => drop(owner.tell(asks.into_iter())),
            Err(nobody) => asks.into_iter().for_each(|ask| drop(ask.answer.send(nobody.answers()))),
        }
        waiting
    }

    /// Gives every sale that needs one its actor, and a new one whenever one dies; runs until dropped.
    pub async fn supervise(&self) {
        loop {
            self.retire();
            for event in self.shell.journal.busy() {
                self.revive(event).await;
            }
            if tokio::time::timeout(LOOK_AROUND, self.ended.notify.notified()).await.is_err() {
                continue;
            }
            tokio::time::sleep(RESPAWN_PAUSE).await;
            // Busy or not: what an actor had under way when it died may make its sale busy only now.
            let ended = std::mem::take(&mut *lock(&self.ended.events));
            for event in ended {
                self.revive(event).await;
            }
        }
    }

    /// Has the supervisor look for sales that need an owner now and not in a while.
    pub fn look_around(&self) {
        self.ended.notify.notify_one();
    }

    /// Tells the owner of `event`, if it is here, what the directory says of it now. It takes effect before whatever is asked
    /// of the owner after this.
    pub async fn listed(&self, event: EventId) {
        let Some(owner) = self.live_owner(event) else { return };
        if self.shell.listings.revision(event) == Some(owner.revision.load(Ordering::Relaxed)) {
            return;
        }
        let taken = match self.shell.listings.listing(event).await {
            Ok(listing) => owner.list(listing).await,
            Err(_) => false,
        };
        if !taken {
            self.behind.store(true, Ordering::Relaxed);
        }
    }

    /// The same for all owners here.
    pub async fn all_listed(&self) {
        self.behind.store(false, Ordering::Relaxed);
        let events: Vec<EventId> = {
            let owners = self.owners.read().unwrap_or_else(PoisonError::into_inner);
            owners.keys().copied().collect()
        };
        for event in events {
            self.listed(event).await;
        }
    }

    /// Whether some owner is still to be told what the directory says of its event.
    #[must_use]
    pub fn are_behind(&self) -> bool {
        self.behind.load(Ordering::Relaxed)
    }

    /// How many actors have ended since the start: by panic or by lost ownership.
    #[must_use]
    pub fn ended(&self) -> u64 {
        self.ended.count.load(Ordering::Relaxed)
    }

    /// Ends the actors of events that this node no longer owns: they decide nothing that can ever commit.
    fn retire(&self) {
        self.owners_mut().retain(|event, owner| {
            let term = self.shell.journal.term(*event);
            let owns = term == Some(owner.term) || planted::is(Bug::ProposeUnderLaterTerm);
            if !owns {
                owner.lost.tell();
            }
            owns
        });
    }

    fn owners_mut(&self) -> RwLockWriteGuard<'_, HashMap<EventId, Arc<Owner>>> {
        self.owners.write().unwrap_or_else(PoisonError::into_inner)
    }

    async fn revive(&self, event: EventId) {
        match self.owner(event).await {
            Ok(_) | Err(NoOwner::Unknown) => {}
            Err(NoOwner::Fault(Fault::Overloaded)) => self.ended.tell(event),
            // Whoever owns it now revives it there; should that be this node again, it will be found busy.
            Err(NoOwner::Fault(Fault::OwnerUnavailable)) => {}
        }
    }

    async fn owner(&self, event: EventId) -> Result<Arc<Owner>, NoOwner> {
        if let Some(owner) = self.live_owner(event) {
            return Ok(owner);
        }
        let turn = self.turn(event);
        let _opening = turn.lock().await;
        match self.live_owner(event) {
            Some(owner) => Ok(owner),
            None => self.open(event).await,
        }
    }

    /// The lock under which `event` gets its actor: one and the same for as long as anyone has it or waits for it.
    fn turn(&self, event: EventId) -> Arc<Turn> {
        let mut opening = lock(&self.opening);
        if opening.len() == opening.capacity() {
            opening.retain(|_, turn| turn.strong_count() > 0);
        }
        let turn = opening.get(&event).and_then(Weak::upgrade).unwrap_or_default();
        opening.insert(event, Arc::downgrade(&turn));
        turn
    }

    fn live_owner(&self, event: EventId) -> Option<Arc<Owner>> {
        // An actor of an earlier term is no owner, even where nothing has told it so yet.
        let term = self.shell.journal.term(event)?;
        let owners = self.owners.read().unwrap_or_else(PoisonError::into_inner);
        let made_in = |owner: &Owner| owner.term == term || planted::is(Bug::ProposeUnderLaterTerm);
        owners.get(&event).filter(|owner| made_in(owner) && owner.address.connected()).cloned()
    }

    async fn open(&self, event: EventId) -> Result<Arc<Owner>, NoOwner> {
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

impl Ended {
    fn tell(&self, event: EventId) {
        lock(&self.events).push(event);
        self.notify.notify_one();
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

/// A poisoned lock is a lock: what panicked here was an actor, and left no value half changed.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
