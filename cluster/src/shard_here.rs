//! One replica of a shard on this node: its raft group, the way into its journal, its time.

use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};

use domain::ports::Clock;
use domain::time::{ShardTime, SharedTime};
use tokio::task::JoinHandle;

use crate::journal::LogDisk;
use crate::proposer::Proposer;
use crate::raft::group::Group;
use crate::raft::machines::Shard;

/// A replica of a shard.
pub(crate) struct ShardHere<D: LogDisk> {
    pub(crate) group: Group<Shard, D>,
    pub(crate) time: SharedTime,
    /// Gone when the replica is being stopped.
    proposer: RwLock<Option<Proposer>>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl<D: LogDisk> ShardHere<D> {
    /// Takes `group` into service; so many proposals may wait for it. To be called where the groups run.
    pub(crate) fn begin(group: Group<Shard, D>, clock: &dyn Clock, queue_capacity: usize) -> Self {
        let reading = clock.read();
        let time = Arc::new(Mutex::new(ShardTime::resume(reading.wall, reading)));
        let (proposer, task) = Proposer::start(group.clone(), time.clone(), queue_capacity);
        let (proposer, task) = (RwLock::new(Some(proposer)), Mutex::new(Some(task)));
        Self { group, time, proposer, task }
    }

    /// The way into its journal, while it is not being stopped.
    pub(crate) fn proposer(&self) -> RwLockReadGuard<'_, Option<Proposer>> {
        self.proposer.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns when everything that was proposed before is committed, or can no longer be.
    pub(crate) async fn settled(&self) {
        let settled = self.proposer().as_ref().map(Proposer::settled);
        if let Some(Ok(settled)) = settled {
            // Gone means settled too.
            let _ = settled.await;
        }
    }

    /// Settles what is queued and takes nothing more.
    pub(crate) async fn close(&self) {
        drop(self.proposer.write().unwrap_or_else(PoisonError::into_inner).take());
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task
            && let Err(error) = task.await
        {
            tracing::error!(%error, "a proposer ended badly");
        }
    }
}
