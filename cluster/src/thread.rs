//! The thread that all raft groups of a node run on, with the proposers in front of them.
//!
//! A commit is handed from task to task half a dozen times (proposer, raft core, state machine and back). Here each hand-over
//! is a push on a queue of the same thread; among the threads that serve HTTP it would wake another one, each time. What
//! blocks does not belong here: flushes have the journal's thread, and reading, encoding and writing of files the pool
//! for blocking work.

use std::future::Future;
use std::io;

use tokio::runtime::{Builder, EnterGuard, Handle};
use tokio::sync::oneshot;

/// The running thread. It ends, and every task on it, when this is dropped.
pub(crate) struct GroupsThread {
    runtime: Handle,
    _end: oneshot::Sender<()>,
}

impl GroupsThread {
    pub(crate) fn start() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let (end, ended) = oneshot::channel::<()>();
        let handle = runtime.handle().clone();
        let run = move || {
            // The sender is dropped and never used, so this is always an error.
            let _ = runtime.block_on(ended);
        };
        std::thread::Builder::new().name("groups".to_owned()).spawn(run)?;
        Ok(Self { runtime: handle, _end: end })
    }
}

/// Where the groups of a node run.
pub(crate) enum Place {
    /// On a thread of their own, with a pool for what blocks.
    Thread(GroupsThread),
    /// On the thread of whoever opens the cluster, with what blocks in between: a simulation has but one thread, and its
    /// clock stands still meanwhile.
    Here(Handle),
}

impl Place {
    /// Runs `work` there and waits for it.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> io::Result<T> {
        self.runtime().spawn(work).await.map_err(io::Error::other)
    }

    /// While the guard lives, what the caller spawns runs there.
    pub(crate) fn enter(&self) -> EnterGuard<'_> {
        self.runtime().enter()
    }

    /// Where work that blocks is done.
    pub(crate) fn blocking(&self) -> Blocking {
        match self {
            Self::Thread(_) => Blocking::Pool,
            Self::Here(_) => Blocking::InPlace,
        }
    }

    fn runtime(&self) -> &Handle {
        match self {
            Self::Thread(thread) => &thread.runtime,
            Self::Here(runtime) => runtime,
        }
    }
}

/// Where work that blocks is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blocking {
    /// On the pool of threads for it, beside the groups.
    Pool,
    /// Right where it is asked for.
    InPlace,
}

impl Blocking {
    /// Runs `work`, which blocks.
    pub(crate) async fn run<T: Send + 'static>(
        self,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        match self {
            Self::Pool => tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?,
            Self::InPlace => work(),
        }
    }

    /// Runs `work`, which blocks and also waits.
    pub(crate) async fn finish<T: Send + 'static>(
        self,
        work: impl Future<Output = io::Result<T>> + Send + 'static,
    ) -> io::Result<T> {
        match self {
            Self::Pool => {
                let waiting = Handle::current();
                self.run(move || waiting.block_on(work)).await
            }
            Self::InPlace => work.await,
        }
    }
}
