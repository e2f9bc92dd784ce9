//! Step ⑤ for the directory: one change at a time, decided on committed state.
//!
//! These groups have no actor in front. Whoever changes them brings a function that looks at the committed state and
//! gives facts or a refusal; it runs when every change before it is applied, and nothing comes between.

use domain::ports::JournalFault;
use tokio::sync::Mutex;

use crate::journal::LogDisk;
use crate::journal::format::bare_len;
use crate::raft::group::Group;
use crate::raft::machines::Machine;
use crate::raft::types::{Applied, Entry};

/// A change beyond this is refused: it would hold up every group of the node. A seat map has 16 MiB at most.
const MAX_CHANGE_BYTES: u64 = 64 * 1024 * 1024;

/// The way to change the state of a group.
pub(crate) struct Updater<M: Machine, D: LogDisk> {
    pub(crate) group: Group<M, D>,
    turn: Mutex<()>,
}

impl<M: Machine, D: LogDisk> Updater<M, D> {
    pub(crate) fn new(group: Group<M, D>) -> Self {
        Self { group, turn: Mutex::new(()) }
    }

    /// Runs `decide` on the committed state and writes the facts it gives; `None` writes nothing. Returns what `decide`
    /// returns beside them, once the facts are applied, or its refusal.
    pub(crate) async fn update<T, R>(
        &self,
        decide: impl FnOnce(&M) -> Result<(Option<Entry>, T), R>,
    ) -> Result<Result<T, R>, JournalFault> {
        let _turn = self.turn.lock().await;
        let term = self.group.confirm().await?;
        let (entry, answer) = match self.group.read(|state| decide(&state.machine)) {
            Ok(decided) => decided,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let Some(entry) = entry else { return Ok(Ok(answer)) };
        if bare_len(&entry).is_ok_and(|bytes| bytes > MAX_CHANGE_BYTES) {
            tracing::error!(group = %self.group.id, %entry, "a change is too large for the journal");
            return Err(JournalFault::Full);
        }
        match self.group.write(term, entry).await? {
            Applied::Whole => Ok(Ok(answer)),
            Applied::Sales(_) | Applied::Foreign => Err(JournalFault::NotOwner),
        }
    }
}
