//! Where actors run: on actix arbiters in production, on the current thread in tests and simulation.

use std::future::Future;
use std::pin::Pin;

use actix_rt::{Arbiter, ArbiterHandle};
use domain::ids::EventId;

/// A future that stays on the thread it was made on.
pub type LocalFuture = Pin<Box<dyn Future<Output = ()>>>;

/// Makes the future to run, on the thread that will run it.
pub type Start = Box<dyn FnOnce() -> LocalFuture + Send>;

/// Runs actors.
pub trait Executor: Send + Sync {
    /// Runs what `start` makes, always on the same thread for the same event.
    fn spawn(&self, event: EventId, start: Start);
}

/// Actix arbiters: a thread each, with a single-threaded tokio runtime.
#[derive(Debug)]
pub struct Arbiters(Vec<ArbiterHandle>);

impl Arbiters {
    /// Starts `threads` arbiters, at least one; needs a running actix `System` on this thread.
    #[must_use]
    pub fn start(threads: usize) -> Self {
        Self((0..threads.max(1)).map(|_| Arbiter::new().handle()).collect())
    }
}

impl Executor for Arbiters {
    fn spawn(&self, event: EventId, start: Start) {
        // Event numbers are drawn at random, so their remainder spreads evenly.
        let arbiter = &self.0[(event.number() % self.0.len() as u64) as usize];
        let running = arbiter.spawn_fn(move || {
            tokio::task::spawn_local(start());
        });
        if !running {
            tracing::warn!(%event, "the arbiter has stopped; the event has no owner here");
        }
    }
}

/// The caller's own thread, inside a tokio `LocalSet`.
#[derive(Debug, Clone, Copy, Default)]
pub struct CurrentThread;

impl Executor for CurrentThread {
    fn spawn(&self, _event: EventId, start: Start) {
        tokio::task::spawn_local(start());
    }
}
