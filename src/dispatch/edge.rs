//! ③ What a node without a replica refuses by itself: holds of seats that the feed of their event shows as taken, so that
//! only real contenders reach the owner, and refusals grow with the number of gateways.
//!
//! Owns when that is allowed. Never with a key: the key's first request may have had its success, which has to be given
//! again, and only the owner remembers. Never from a feed that is older than 250 ms. And only what the owner would refuse
//! for this very reason, if it were asked: what the catalogue says of the sale and of the time to live comes first.
//! One thing cannot be known here, how many tickets the buyer has: of the best seats, who is over the limit may be told that
//! they are sold out, which they are.
//! Hazard: such a "no" may be one that the owner would no longer give, as a seat may just have become free; a "yes" is
//! never given here.

use std::sync::Arc;

use domain::event::{Command, Key, Refusal, Reply};
use domain::ids::EventId;

use super::ways::{State, Ways};
use crate::projections::Feeds;

/// What the catalogue says of sales.
pub trait OnSale: Send + Sync + 'static {
    /// Whether seats of `event` can be held now, for so long or for as long as its terms say.
    fn is_on_sale(&self, event: EventId, ttl_ms: Option<u64>) -> bool;
}

/// Told of every refusal.
pub trait EdgeObserver: Send + Sync + 'static {
    /// A hold was refused without asking its owner.
    fn refused_at_the_edge(&self);
}

/// What is needed to refuse.
#[derive(Clone)]
pub struct Edge {
    feeds: Feeds,
    sales: Arc<dyn OnSale>,
    observer: Arc<dyn EdgeObserver>,
}

impl Edge {
    /// Refuses from `feeds` what `sales` has nothing against.
    #[must_use]
    pub fn new(feeds: Feeds, sales: Arc<dyn OnSale>, observer: Arc<dyn EdgeObserver>) -> Self {
        Self { feeds, sales, observer }
    }

    /// Why `command`, which another node would have to decide, is refused here and now.
    pub(super) fn refusal(
        &self,
        ways: &dyn Ways,
        event: EventId,
        (command, key): (&Command, Option<&Key>),
    ) -> Option<Refusal> {
        let (Command::HoldExact { ttl_ms, .. } | Command::HoldBest { ttl_ms, .. }) = command else {
            return None;
        };
        if key.is_some() || has_replica(ways, event) {
            return None;
        }
        let refusal = self.feeds.refusal(event, command)?;
        if !self.sales.is_on_sale(event, *ttl_ms) {
            return None;
        }
        self.observer.refused_at_the_edge();
        Some(refusal)
    }

    /// Another node had applied `facts` of `event` when it gave an answer that this node passes on; `frees` where seats
    /// may be free again by it, so that they are not refused from what was known before.
    pub(super) fn told(&self, ways: &dyn Ways, event: EventId, facts: u64, frees: bool) {
        if !has_replica(ways, event) {
            self.feeds.told(event, facts, frees);
        }
    }
}

fn has_replica(ways: &dyn Ways, event: EventId) -> bool {
    ways.applied(State::Sale(event)).is_some()
}

/// Whether `command` may give seats back, whatever is replied.
pub(super) fn may_free(command: &Command) -> bool {
    match command {
        Command::ChangeHold { remove, .. } => !remove.is_empty(),
        Command::ReleaseHold { .. }
        | Command::Cancel { .. }
        | Command::Unblock { .. }
        | Command::HearProvider { .. }
        | Command::Restore { .. }
        | Command::MoveTicket { .. } => true,
        _ => false,
    }
}

/// Whether `reply` says that seats were given back.
pub(super) fn frees(reply: &Reply) -> bool {
    matches!(reply, Reply::Released | Reply::Declined)
}

#[cfg(test)]
#[path = "edge_test.rs"]
mod test;
