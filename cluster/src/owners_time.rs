//! Step ⑤: the time that a new owner begins with. Owns the wait for it: a replica that was just started may have to hear
//! from others first, and nothing is owned until it has.

use std::sync::Arc;
use std::time::Duration;

use domain::event::Sale;
use domain::ports::{Clock, JournalFault};
use domain::time::{SharedTime, UnixMillis};

use crate::journal::LogDisk;
use crate::raft::group::Group;
use crate::raft::machines::Shard;
use crate::timekeeping::Timekeeper;

/// By then enough was heard, or whoever asks is told to come again.
const WITHIN: Duration = Duration::from_secs(3);
/// How often it is looked whether to wait on, where nobody is heard.
const LOOK: Duration = Duration::from_millis(50);

/// The time of a shard for its owners.
pub(crate) struct OwnersTime<D: LogDisk> {
    pub(crate) group: Group<Shard, D>,
    pub(crate) timekeeper: Arc<Timekeeper>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl<D: LogDisk> OwnersTime<D> {
    /// The time as the owner of `term`, which this node is, has to go by. Whatever was committed before must be applied here.
    ///
    /// # Errors
    /// [`JournalFault::NotOwner`] when this node no longer leads in `term`, or hears of nobody.
    pub(crate) async fn begin(&self, term: u64) -> Result<SharedTime, JournalFault> {
        let begun = tokio::time::timeout(WITHIN, self.begun(term));
        begun.await.unwrap_or(Err(JournalFault::NotOwner)).map(|()| self.timekeeper.time.clone())
    }

    async fn begun(&self, term: u64) -> Result<(), JournalFault> {
        let mut news = self.timekeeper.news();
        loop {
            let replicas = self.group.replicas().ok_or(JournalFault::NotOwner)?;
            if self.timekeeper.begin(term, &replicas.voters, || self.last_stamp(), self.clock.read()) {
                return Ok(());
            }
            if self.group.term() != Some(term) {
                return Err(JournalFault::NotOwner);
            }
            // Nobody is heard: time passes all the same.
            let _news = tokio::time::timeout(LOOK, news.changed()).await;
        }
    }

    fn last_stamp(&self) -> UnixMillis {
        let stamps = |sale: &Arc<Sale>| sale.last_stamp();
        self.group.read(|state| state.machine.sales.values().map(stamps).max().unwrap_or_default())
    }
}
