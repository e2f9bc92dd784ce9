//! Step ⑥: who leads a group, in which term, for how long that is certain; and how far this replica has followed.
//!
//! Hazard: [`Group::term`] is what this node last heard. Only [`Group::leased_term`] excludes a successor, and only
//! [`Group::confirm`] says that everything committed is here.

use std::io;
use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::planted::{self, Bug};
use domain::ports::JournalFault;
use openraft::async_runtime::WatchReceiver;
use openraft::errors::{LinearizableReadError, RaftError};
use openraft::{Instant, LogIdOptionExt, ReadPolicy, ServerState};

use super::group::Group;
use super::machines::Machine;
use super::settings::LEASE;
use super::types::NodeId;
use crate::journal::LogDisk;

/// A cluster of one that does not lead by then never will.
const LEAD_WITHIN: Duration = Duration::from_secs(20);

impl<M: Machine, D: LogDisk> Group<M, D> {
    /// Where this node is the only voter: leads without waiting for an election timeout, and returns when everything
    /// that was ever committed is applied.
    pub(crate) async fn lead_alone(&self) -> io::Result<()> {
        // From the core itself: the metrics may not know yet of a membership that was just made.
        let voters = self
            .raft
            .with_raft_state(|state| state.membership_state.effective().voter_ids().collect::<Vec<_>>());
        if voters.await.map_err(io::Error::other)? != [self.node] {
            return Ok(());
        }
        self.raft.trigger().elect(false).await.map_err(io::Error::other)?;
        let wait = self.raft.wait(Some(LEAD_WITHIN));
        let led = wait.state(ServerState::Leader, "a lone voter leads").await;
        led.map_err(|error| io::Error::other(format!("{} has no leader: {error}", self.id)))?;
        let confirmed = tokio::time::timeout(LEAD_WITHIN, self.confirm()).await.map_err(io::Error::other)?;
        confirmed.map(drop).map_err(|fault| io::Error::other(format!("{} cannot lead: {fault}", self.id)))
    }

    /// The term in which this node leads, as last heard: without asking anyone.
    pub(crate) fn term(&self) -> Option<u64> {
        // Not by the vote alone: after a restart it still names this node for a term that it no longer leads.
        let metrics = self.raft.metrics();
        let metrics = metrics.borrow_watched();
        (metrics.state.is_leader() && metrics.vote.is_committed()).then_some(metrics.current_term)
    }

    /// The term in which this node leads and can have no successor yet: a majority has heard of it within the time that
    /// it gives every leader.
    pub(crate) fn leased_term(&self) -> Option<u64> {
        let metrics = self.raft.metrics();
        let metrics = metrics.borrow_watched();
        let leads = metrics.state.is_leader() && metrics.vote.is_committed();
        if !leads || self.yielded.load(Ordering::Acquire) == metrics.current_term {
            return None;
        }
        let alone = || metrics.membership_config.membership().voter_ids().all(|voter| voter == self.node);
        let heard = metrics.last_quorum_acked.is_some_and(|acked| acked.elapsed() < LEASE);
        (heard || alone() || planted::is(Bug::ServeWithoutLease)).then_some(metrics.current_term)
    }

    /// Who leads, as far as this replica knows.
    pub(crate) fn believed_leader(&self) -> Option<NodeId> {
        self.raft.metrics().borrow_watched().current_leader
    }

    /// The latest term that this replica has heard of.
    pub(crate) fn latest_term(&self) -> u64 {
        self.raft.metrics().borrow_watched().current_term
    }

    /// Makes sure that this node leads and that everything committed before this call is applied here; gives the term.
    pub(crate) async fn confirm(&self) -> Result<u64, JournalFault> {
        match self.raft.ensure_linearizable(ReadPolicy::ReadIndex).await {
            Ok(_) => self.term().ok_or(JournalFault::NotOwner),
            Err(RaftError::APIError(
                LinearizableReadError::ForwardToLeader(_) | LinearizableReadError::QuorumNotEnough(_),
            )) => Err(JournalFault::NotOwner),
            Err(RaftError::Fatal(_)) => Err(JournalFault::Closed),
        }
    }

    /// Waits until the group has a leader and this replica has applied what was committed by then.
    pub(crate) async fn caught_up(&self) {
        let mut changes = self.raft.metrics();
        let known = loop {
            let metrics = changes.borrow_watched().clone();
            let led = metrics.current_leader.is_some();
            // What a follower hears first from its leader may be older than what that one has committed.
            if let Some(committed) = metrics.cluster_committed.filter(|_| led) {
                break committed;
            }
            if changes.changed().await.is_err() {
                return;
            }
        };
        self.applied(known.index + 1).await;
    }

    /// Waits until every entry before `next` is applied here.
    pub(crate) async fn applied(&self, next: u64) {
        let mut changes = self.raft.metrics();
        while changes.borrow_watched().last_applied.next_index() < next {
            if changes.changed().await.is_err() {
                return;
            }
        }
    }
}
