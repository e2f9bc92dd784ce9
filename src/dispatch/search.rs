//! ③ Finds who is to be asked, once more when who was asked had to turn it away.
//!
//! Owns how often and how long: at most two nodes are asked on behalf of a request, and half a second is waited for
//! somebody to ask.

use std::sync::Arc;
use std::time::Duration;

use cluster::raft::types::NodeId;
use tokio::sync::watch;

use cluster::Owner;

use super::ways::{State, Ways};
use crate::clock::Deadline;

/// Nodes that one request is sent to.
const MAX_ASKED: usize = 2;
/// How long a request waits for somebody to ask.
const WAIT_FOR_OWNER: Duration = Duration::from_millis(500);

/// The search on behalf of one request.
pub(super) struct Search {
    ways: Arc<dyn Ways>,
    of: State,
    changed: watch::Receiver<u64>,
    /// Until then somebody may be waited for.
    patience: Deadline,
    /// Who has turned it away, since the ways changed last.
    turned_away: Option<NodeId>,
    asked: usize,
}

impl Search {
    /// Who decides about `of`, for a request that has to be answered by `until`.
    pub(super) fn new(ways: Arc<dyn Ways>, of: State, until: Deadline) -> Self {
        let patience = Deadline::within(WAIT_FOR_OWNER).min(until);
        let changed = ways.changed();
        Self { ways, of, changed, patience, turned_away: None, asked: 0 }
    }

    /// Who is to be asked next, once there is somebody; nobody where that took too long or enough have been asked.
    pub(super) async fn next(&mut self) -> Owner {
        loop {
            self.changed.borrow_and_update();
            match self.ways.owner(self.of) {
                Owner::Here => return Owner::Here,
                Owner::There(_) if self.asked == MAX_ASKED => return Owner::Nobody,
                Owner::There(node) if self.turned_away != Some(node) => {
                    self.asked += 1;
                    return Owner::There(node);
                }
                Owner::There(_) | Owner::Nobody => {}
            }
            let changed = tokio::time::timeout_at(self.patience.instant(), self.changed.changed()).await;
            if !matches!(changed, Ok(Ok(()))) {
                return Owner::Nobody;
            }
            self.turned_away = None;
        }
    }

    /// `node` has said no, or could not be asked: nothing has happened there.
    pub(super) fn turned_away(&mut self, node: NodeId) {
        self.turned_away = Some(node);
    }
}
