//! ⑧ The search index of this node: follows the committed catalogue, also on a gateway, and answers queries.
//!
//! Owns the thread that follows (`follower`) and how many searches run at a time. Selling knows nothing of it: a fault here is
//! told to those who search, and nobody else. Hazard: what is found is a number; whether there still is such an event says
//! the catalogue.

mod follower;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cluster::Cluster;
use domain::ports::Clock;
use domain::time::UnixMillis;
use search::{Found, Gazetteer, Query, Searcher};
use tokio::sync::{Semaphore, watch};

use crate::config::{ConfigError, SearchConfig};
use follower::Follower;

/// Where the index is, below the data directory.
const DIR: &str = "search";
/// How long a search waits for what has just changed, or for an index that is being made.
const PATIENCE: Duration = Duration::from_secs(2);
/// Searches that may wait for one that runs.
const QUEUE: usize = 256;

/// How far the index is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Progress {
    /// Entries of the directory that can be found.
    applied: u64,
    /// Whether nothing is missing from before.
    complete: bool,
}

/// The search index; its clones are the same.
#[derive(Clone)]
pub struct SearchIndex(Arc<Inner>);

struct Inner {
    cluster: Arc<Cluster>,
    searcher: Searcher,
    progress: watch::Receiver<Progress>,
    signals: Arc<Signals>,
    running: Semaphore,
    waiting: Semaphore,
}

/// What the follower is told.
#[derive(Default)]
pub(super) struct Signals {
    stop: AtomicBool,
    /// The index could not be read.
    damaged: AtomicBool,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoAnswer {
    /// Too many search already.
    Busy,
    /// There is no index yet, or none any more.
    NoIndex,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.signals.stop.store(true, Ordering::Release);
    }
}

impl SearchIndex {
    /// Begins to follow the catalogue of `cluster`, with the index below `data`.
    ///
    /// # Errors
    /// Where the file of places cannot be read.
    pub fn start(
        cluster: Arc<Cluster>,
        clock: Arc<dyn Clock>,
        config: &SearchConfig,
        data: &Path,
    ) -> Result<Self, ConfigError> {
        let searcher = Searcher::unopened(Arc::new(places(config.places_file.as_deref())?));
        let (tell, progress) = watch::channel(Progress::default());
        let signals = Arc::new(Signals::default());
        let dir = data.join(DIR);
        let directory = cluster.clone();
        Follower { cluster, clock, searcher: searcher.clone(), dir, tell, signals: signals.clone() }.spawn();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self(Arc::new(Inner {
            cluster: directory,
            searcher,
            progress,
            signals,
            running: Semaphore::new(cores),
            waiting: Semaphore::new(QUEUE),
        })))
    }

    /// A number that changes whenever something else may be found.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.0.searcher.position().1
    }

    /// Whether everything can be found that the catalogue of this node has.
    #[must_use]
    pub fn is_up_to_date(&self) -> bool {
        let Progress { applied, complete } = *self.0.progress.borrow();
        complete && applied >= self.0.cluster.directory_applied()
    }

    /// What fits `query` at `now`.
    ///
    /// # Errors
    /// [`NoAnswer`].
    pub async fn search(&self, query: Query, now: UnixMillis) -> Result<Found, NoAnswer> {
        let _place = self.0.waiting.try_acquire().map_err(|_| NoAnswer::Busy)?;
        self.wait().await?;
        let _turn = self.0.running.acquire().await.map_err(|_| NoAnswer::Busy)?;
        let searcher = self.0.searcher.clone();
        let found = tokio::task::spawn_blocking(move || searcher.search(&query, now.millis()));
        // A damaged file may end in a fault or in a panic.
        match found.await {
            Ok(Ok(found)) => Ok(found),
            Ok(Err(fault)) => Err(self.give_up(&fault)),
            Err(panic) => Err(self.give_up(&panic)),
        }
    }

    /// The node stops.
    pub fn stop(&self) {
        self.0.signals.stop.store(true, Ordering::Release);
    }

    /// Waits until everything is found that this node's other reads show, within bounds: reading your writes.
    async fn wait(&self) -> Result<(), NoAnswer> {
        let mut progress = self.0.progress.clone();
        let shown = self.0.cluster.directory_applied();
        let ready = progress.wait_for(|progress| progress.complete && progress.applied >= shown);
        if tokio::time::timeout(PATIENCE, ready).await.is_ok_and(|told| told.is_ok()) {
            return Ok(());
        }
        // What takes longer is answered from what there is.
        let has_none = !self.0.progress.borrow().complete && self.0.searcher.is_empty();
        if has_none { Err(NoAnswer::NoIndex) } else { Ok(()) }
    }

    fn give_up(&self, fault: &dyn std::fmt::Display) -> NoAnswer {
        tracing::error!("a search failed: {fault}; the index is checked");
        self.0.signals.damaged.store(true, Ordering::Release);
        NoAnswer::NoIndex
    }
}

/// The built-in places and those of the operator's file.
fn places(file: Option<&Path>) -> Result<Gazetteer, ConfigError> {
    let mut places = Gazetteer::built_in();
    if let Some(path) = file {
        let refused = |error: &dyn std::fmt::Display| {
            ConfigError::new(format!("search.places_file = {:?}: {error}", path.display()))
        };
        let file = std::fs::File::open(path).map_err(|error| refused(&error))?;
        let count = places.read(file).map_err(|error| refused(&error))?;
        tracing::info!("{count} places are known from {}", path.display());
    }
    Ok(places)
}

impl Signals {
    fn stops(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }

    fn takes_damage(&self) -> bool {
        self.damaged.swap(false, Ordering::AcqRel)
    }
}
