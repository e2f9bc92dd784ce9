//! ⑧ What a source has to know of the replicas on its node.
//!
//! Owns the questions; the cluster answers them, and a test makes its answers up. Hazard: a replica that only follows
//! does not know how far behind it is; that only the owner does, who is not behind at all.

use std::time::Duration;

use cluster::journal::LogDisk;
use cluster::{Cluster, Owner};
use domain::event::{Counts, Sale};
use domain::ids::EventId;

use super::statuses::Statuses;

/// The seats of a sale at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seats {
    /// How many facts made them so.
    pub facts: u64,
    /// What clients see as the version.
    pub version: u64,
    /// All of them; none before the sale has begun.
    pub statuses: Statuses,
}

/// The replicas on this node. Everything is answered from committed state, at once.
pub trait Replicas: Send + Sync + 'static {
    /// How many facts `event` has here; `None` without a replica of it.
    fn facts(&self, event: EventId) -> Option<u64>;

    /// Its seats as they are here; without a sale there are none.
    fn seats(&self, event: EventId) -> Seats;

    /// How many seats are in each status; `None` before the sale has begun.
    fn counts(&self, event: EventId) -> Option<Counts>;

    /// How long nobody has led the shard of `event`, as far as this node has heard.
    fn unled(&self, event: EventId) -> Duration;

    /// Whether there is such an event at all.
    fn lists(&self, event: EventId) -> bool;

    /// Whether this node owns it, so that nobody knows of a later fact.
    fn owns(&self, event: EventId) -> bool;
}

impl<D: LogDisk> Replicas for Cluster<D> {
    fn facts(&self, event: EventId) -> Option<u64> {
        self.has_replica(event).then(|| self.facts(event))
    }

    fn seats(&self, event: EventId) -> Seats {
        let seats = |sale: &Sale| Seats {
            facts: sale.facts(),
            version: sale.version(),
            statuses: Statuses::of(sale.seats(), sale.statuses()),
        };
        self.with_sale(event, |sale| sale.map(seats).unwrap_or_default())
    }

    fn counts(&self, event: EventId) -> Option<Counts> {
        self.with_sale(event, |sale| sale.map(Sale::counts))
    }

    fn unled(&self, event: EventId) -> Duration {
        self.unled(event)
    }

    fn lists(&self, event: EventId) -> bool {
        self.with_catalogue(|catalogue| catalogue.event(event).is_some())
    }

    fn owns(&self, event: EventId) -> bool {
        self.owner(event) == Owner::Here
    }
}
