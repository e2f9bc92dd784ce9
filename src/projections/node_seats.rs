//! ⑧ The seats of events as this node knows them best: from its own replica, or else from the feed.
//!
//! Owns the choice between the two. Hazard: a replica without a leader goes on showing what it has; how old that is, is said
//! beside it.

use std::sync::Arc;
use std::time::Duration;

use domain::ids::EventId;

use super::feeds::Feeds;
use super::replicas::{Replicas, Seats};

/// A shard has another leader within two seconds of losing one. What nobody has led for longer is old.
const LED: Duration = Duration::from_secs(3);
/// From here on it is worth saying how old a feed is.
const OLD: Duration = Duration::from_secs(1);

/// The seats; clones are the same.
#[derive(Clone)]
pub struct NodeSeats {
    replicas: Arc<dyn Replicas>,
    feeds: Feeds,
}

impl NodeSeats {
    /// From these.
    #[must_use]
    pub fn new(replicas: Arc<dyn Replicas>, feeds: Feeds) -> Self {
        Self { replicas, feeds }
    }

    /// How many facts of `event` this node knows, with all that it was told of by others; waits for that, within bounds.
    /// `None` where nobody could be asked.
    pub async fn facts(&self, event: EventId) -> Option<u64> {
        match self.replicas.facts(event) {
            Some(facts) => Some(facts),
            None => self.feeds.facts(event).await,
        }
    }

    /// The seats of `event` right now, if so many facts are `wanted`.
    #[must_use]
    pub fn look(&self, event: EventId, wanted: impl FnOnce(u64) -> bool) -> Option<Seats> {
        match self.replicas.facts(event) {
            Some(facts) => wanted(facts).then(|| self.replicas.seats(event)),
            None => self.feeds.look(event, wanted),
        }
    }

    /// How old that is, where it is worth saying.
    #[must_use]
    pub fn age(&self, event: EventId) -> Option<Duration> {
        let unled = Some(self.replicas.unled(event)).filter(|age| *age >= LED);
        let here = self.replicas.facts(event).is_some();
        let told = if here { None } else { self.feeds.age(event).filter(|age| *age >= OLD) };
        unled.max(told)
    }

    /// Whether there is such an event.
    #[must_use]
    pub fn lists(&self, event: EventId) -> bool {
        self.replicas.lists(event)
    }
}
