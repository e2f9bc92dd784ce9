//! Where actors run: on actix arbiters in production, on the current thread in tests and simulation.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

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

/// Actix arbiters: a thread each, with a single-threaded tokio runtime. Clones are the same threads.
#[derive(Debug, Clone)]
pub struct Arbiters {
    threads: Arc<[ArbiterHandle]>,
    turn: Arc<AtomicUsize>,
}

impl Arbiters {
    /// Starts `threads` arbiters, at least one; needs a running actix `System` on this thread.
    #[must_use]
    pub fn start(threads: usize) -> Self {
        let threads = (0..threads.max(1)).map(|_| Arbiter::new().handle());
        Self { threads: threads.collect(), turn: Arc::default() }
    }

    /// Runs `task`, such as a client's connection, beside the actors, on each thread in turn.
    pub fn run(&self, task: impl Future<Output = ()> + Send + 'static) {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        if !self.threads[turn % self.threads.len()].spawn(task) {
            tracing::warn!("the arbiter has stopped; a task is dropped");
        }
    }
}

impl Executor for Arbiters {
    fn spawn(&self, event: EventId, start: Start) {
        // Event numbers are drawn at random, so their remainder spreads evenly.
        let arbiter = &self.threads[(event.number() % self.threads.len() as u64) as usize];
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
