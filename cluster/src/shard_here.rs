//! One replica of a shard on this node: its raft group, the way into its journal, its time.

use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};

use domain::ports::Clock;
use tokio::task::JoinHandle;

use crate::journal::LogDisk;
use crate::owners_time::OwnersTime;
use crate::proposer::Proposer;
use crate::raft::group::Group;
use crate::raft::machines::Shard;
use crate::raft::types::NodeId;
use crate::timekeeping::Timekeeper;

/// A replica of a shard.
pub(crate) struct ShardHere<D: LogDisk> {
    pub(crate) group: Group<Shard, D>,
    pub(crate) timekeeper: Arc<Timekeeper>,
    /// Gone when the replica is being stopped.
    proposer: RwLock<Option<Proposer>>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl<D: LogDisk> ShardHere<D> {
    /// Takes `group` of node `me` into service; so many proposals may wait for it. To be called where the groups run.
    pub(crate) fn begin(
        me: NodeId,
        group: Group<Shard, D>,
        clock: &Arc<dyn Clock>,
        queue_capacity: usize,
    ) -> Self {
        let timekeeper = Arc::new(Timekeeper::start(me, clock.read()));
        let time = OwnersTime { group: group.clone(), timekeeper: timekeeper.clone(), clock: clock.clone() };
        let (proposer, task) = Proposer::start(time, queue_capacity);
        let (proposer, task) = (RwLock::new(Some(proposer)), Mutex::new(Some(task)));
        Self { group, timekeeper, proposer, task }
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
