//! What every handler shares: the parts of the node that answer requests.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cluster::Cluster;
use domain::ids::EventId;
use domain::ports::{Clock, Mailer, Random};
use domain::time::UnixMillis;

use super::encoded::Encoded;
use super::identity::Identities;
use super::live::Boards;
use super::problem::{Code, Problem};
use super::search_cache::SearchCache;
use super::ticket::Scene;
use super::users::Resets;
use crate::auth::{Passwords, Tokens};
use crate::config::Config;
use crate::dispatch::Dispatch;
use crate::gateway::Providers;
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::notify::webhook::Webhooks;
use crate::people::People;
use crate::projections::Feeds;
use crate::search::SearchIndex;

/// The parts, shared by all requests.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// What an [`App`] is made of.
pub struct Parts {
    /// Every setting.
    pub config: Config,
    /// Where committed facts are read, and accounts and catalogue are changed.
    pub cluster: Arc<Cluster>,
    /// Where commands to sales go.
    pub dispatch: Dispatch,
    /// The seats of events that have no replica here.
    pub feeds: Feeds,
    /// Events and their seats as everybody reads them.
    pub encoded: Encoded,
    /// The seats of events that somebody watches.
    pub live: Boards,
    /// Where events are found.
    pub search: SearchIndex,
    /// What was found a moment ago.
    pub answers: SearchCache,
    /// The payment providers that this node speaks to.
    pub providers: Providers,
    /// How often clients may ask.
    pub limits: Arc<Limits>,
    /// Who the owners of accounts are.
    pub people: People,
    /// Access tokens.
    pub tokens: Tokens,
    /// What other nodes have said of tokens, on a node without accounts.
    pub identities: Identities,
    /// Who has lost their password.
    pub resets: Resets,
    /// Password hashes.
    pub passwords: Passwords,
    /// Who carries mail; `None`: nobody does.
    pub mailer: Option<Arc<dyn Mailer>>,
    /// Where organizers' programs are told, and what signs that.
    pub webhooks: Webhooks,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where new ids come from.
    pub random: Arc<dyn Random>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Whether requests can be served.
    pub readiness: Readiness,
}

/// Whether the node can serve; set by whoever starts and stops it.
#[derive(Debug, Default)]
pub struct Readiness(AtomicBool);

impl Readiness {
    /// From now on it can, or cannot.
    pub fn set(&self, ready: bool) {
        self.0.store(ready, Ordering::Release);
    }

    /// Whether it can.
    #[must_use]
    pub fn get(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl App {
    /// Shares `parts`.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// The wall clock.
    #[must_use]
    pub fn now(&self) -> UnixMillis {
        self.clock.read().wall
    }

    /// A number for a new id. With 64 random bits nobody meets one twice.
    #[must_use]
    pub fn new_number(&self) -> u64 {
        let mut bytes = [0; 8];
        self.random.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    /// Refuses what only a node in service can do.
    ///
    /// # Errors
    /// 503 while the node starts or stops or its disk is full, and for good once its journal has failed.
    pub fn require_ready(&self) -> Result<(), Problem> {
        if !self.readiness.get() {
            return Err(Problem::new(Code::Overloaded, "The node is starting or stopping; try another one."));
        }
        if self.cluster.waits_for_space() {
            return Err(Problem::new(Code::Overloaded, "The disk of the node is full; try another one."));
        }
        Ok(())
    }

    /// What is needed to show tickets of `event`.
    ///
    /// # Errors
    /// 404 where there is no such event.
    pub fn scene(&self, event: EventId) -> Result<Scene, Problem> {
        let listing = self.cluster.with_catalogue(|catalogue| catalogue.listing(event));
        let listing = listing.ok_or_else(|| Problem::not_found("event"))?;
        Ok(Scene::new(event, listing.terms.currency, listing.map))
    }
}
