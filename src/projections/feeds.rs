//! ⑧ The feeds of this node: one an event, however many ask, from the first question on.
//!
//! Owns which events are followed, and how many: the one that nobody has asked about for longest gives way. Hazard: it
//! is to be asked only about events without a replica here; of the others this node knows better.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use cluster::peer::Calls;
use domain::event::{Command, Refusal};
use domain::ids::EventId;
use tokio::sync::mpsc;

use super::feed::{Feed, Seen};
use super::following::Following;
use super::replicas::Seats;
use super::wire::MAX_FOLLOWED;
use crate::dispatch::ways::Ways;

/// How long a reader waits for what it may expect to see.
const WAIT: Duration = Duration::from_secs(1);
/// Events that were asked about and have not been looked at yet; more are found a moment later.
const STARTS: usize = 256;

/// The feeds; clones are the same.
#[derive(Clone)]
pub struct Feeds {
    book: Arc<Book>,
    starts: mpsc::Sender<EventId>,
    pub(super) ways: Arc<dyn Ways>,
    pub(super) calls: Arc<dyn Calls>,
}

/// Every feed, by its event.
#[derive(Default)]
pub(super) struct Book(RwLock<BTreeMap<EventId, Arc<Feed>>>);

/// For whoever watches over the node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figures {
    /// Events that are followed.
    pub subscriptions: usize,
    /// The age of the oldest that shows anything.
    pub oldest: Duration,
}

impl Feeds {
    /// None so far. To be made on the runtime on which events are to be followed.
    #[must_use]
    pub fn new(ways: Arc<dyn Ways>, calls: Arc<dyn Calls>) -> Self {
        let book = Arc::<Book>::default();
        let (starts, started) = mpsc::channel(STARTS);
        drop(tokio::spawn(Following::new(book.clone(), ways.clone(), calls.clone(), started).run()));
        Self { book, starts, ways, calls }
    }

    /// The seats of `event`, as far as is known, with all that this node has said of them; waits for it, within bounds.
    /// `None` where nobody could be asked.
    pub async fn seats(&self, event: EventId) -> Option<Seen> {
        let feed = self.asked(event);
        feed.caught_up(WAIT).await;
        feed.seen()
    }

    /// How many facts of `event` are shown, once that is all that this node has told; waits for it, within bounds.
    pub async fn facts(&self, event: EventId) -> Option<u64> {
        let feed = self.asked(event);
        feed.caught_up(WAIT).await;
        feed.read(|seats, _| seats.facts)
    }

    /// The seats of `event` as they are shown right now, if anything is, and if so many facts are `wanted`.
    pub fn look(&self, event: EventId, wanted: impl FnOnce(u64) -> bool) -> Option<Seats> {
        self.asked(event).read(|seats, _| wanted(seats.facts).then(|| seats.clone())).flatten()
    }

    /// How long ago the seats of `event` were as they are shown.
    #[must_use]
    pub fn age(&self, event: EventId) -> Option<Duration> {
        self.known(event)?.read(|_, age| age)
    }

    /// Why the owner of `event` would refuse `command` if it came without a key, where that is certain enough.
    pub fn refusal(&self, event: EventId, command: &Command) -> Option<Refusal> {
        self.asked(event).refusal(command)
    }

    /// This node has given an answer that rests on so many facts of `event`; `frees` where seats may be free again.
    pub fn told(&self, event: EventId, facts: u64, frees: bool) {
        self.asked(event).told(facts, frees);
    }

    /// How many there are, and how old.
    #[must_use]
    pub fn figures(&self) -> Figures {
        let feeds = self.book.read();
        let oldest = feeds.values().filter_map(|feed| feed.read(|_, age| age)).max();
        Figures { subscriptions: feeds.len(), oldest: oldest.unwrap_or_default() }
    }

    /// The feed of `event`, if there is one already.
    pub(super) fn known(&self, event: EventId) -> Option<Arc<Feed>> {
        self.book.read().get(&event).cloned()
    }

    fn asked(&self, event: EventId) -> Arc<Feed> {
        if let Some(feed) = self.book.read().get(&event) {
            feed.mark_used();
            return feed.clone();
        }
        let feed = self.book.begin(event);
        // Where the queue is full it is found at the next look around.
        let _full = self.starts.try_send(event);
        feed
    }
}

impl Book {
    pub(super) fn read(&self) -> RwLockReadGuard<'_, BTreeMap<EventId, Arc<Feed>>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn write(&self) -> RwLockWriteGuard<'_, BTreeMap<EventId, Arc<Feed>>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, event: EventId) -> Arc<Feed> {
        let mut feeds = self.write();
        if feeds.len() >= MAX_FOLLOWED && !feeds.contains_key(&event) {
            let oldest = feeds.iter().min_by_key(|(_, feed)| feed.last_used()).map(|(event, _)| *event);
            oldest.and_then(|oldest| feeds.remove(&oldest));
        }
        feeds.entry(event).or_insert_with(|| Arc::new(Feed::new())).clone()
    }
}
