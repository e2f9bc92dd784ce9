//! ④ The supervisor: knows the actor of every event owned here, spawns it at the first command, and again when it dies
//! while its sale still has holds to expire or outside work to finish.
//!
//! Owns which actor is the event's; how one is made is in `opening`. Hazard: an actor of an earlier term is no owner any more,
//! even where nothing has told it so.

mod listing;
mod opening;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockWriteGuard, Weak};
use std::time::Duration;

use actix::Addr;
use domain::event::{Caller, Command, Key, Refusal};
use domain::ids::EventId;
use domain::planted::{self, Bug};
use domain::ports::{JournalFault, Term};
use tokio::sync::{Notify, oneshot};

use crate::answer::{Answer, Answered, Fault, Lost};
use crate::event::{EventActor, Wake};
use crate::executor::Executor;
use crate::inbox::{Ask, Inbox};
use crate::shell::Shell;

/// How long a dead actor's event waits before it gets the next one, so that a sale that always fails costs little.
const RESPAWN_PAUSE: Duration = Duration::from_millis(50);

/// How often the supervisor looks for sales that need an owner and have none: those of a shard that this node has begun
/// to lead, or leads again.
const LOOK_AROUND: Duration = Duration::from_secs(1);

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
}

impl Ended {
    fn tell(&self, event: EventId) {
        lock(&self.events).push(event);
        self.notify.notify_one();
    }
}

/// A poisoned lock is a lock: what panicked here was an actor, and left no value half changed.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
