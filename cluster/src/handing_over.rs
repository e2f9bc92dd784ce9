//! Gives leaderships away: before this node stops, or while its disk is full.
//!
//! Owns to whom. Hazard: a full disk makes everything that is under way here wait, so nothing can be waited for then; what
//! the others have by that time is committed, and the rest is refused.

use std::collections::BTreeSet;
use std::future::ready;
use std::time::Duration;

use crate::here::Here;
use crate::journal::{GroupId, LogDisk};
use crate::raft::group::Group;
use crate::raft::machines::Machine;
use crate::raft::types::NodeId;

/// So long after a node was asked to lead, it or another one is asked again.
const HAND_OVER_AGAIN: Duration = Duration::from_millis(500);

impl<D: LogDisk> Here<D> {
    /// Asks one of `others` once to lead instead of this node, in every group where nobody is known to do so already.
    pub(crate) async fn make_way(
        &self,
        others: &BTreeSet<NodeId>,
        is_led_elsewhere: impl Fn(GroupId, u64) -> bool,
    ) {
        let led_here = |id, term: Option<u64>| term.is_some_and(|term| !is_led_elsewhere(id, term));
        if led_here(GroupId::DIRECTORY, self.directory.group.term()) {
            hand_over(&self.directory.group, others, ready(())).await;
        }
        if let Some(accounts) = &self.accounts
            && led_here(GroupId::ACCOUNTS, accounts.group.term())
        {
            hand_over(&accounts.group, others, ready(())).await;
        }
        for (shard, replica) in self.shards() {
            if led_here(GroupId::shard(shard), replica.group.term()) {
                hand_over(&replica.group, others, ready(())).await;
            }
        }
    }

    /// Gives every leadership to one of `others` and waits until none is left that somebody could take.
    pub(crate) async fn hand_over(&self, others: impl Fn() -> BTreeSet<NodeId>) {
        let mut changes = self.changed().subscribe();
        loop {
            let others = others();
            let mut left = hand_over(&self.directory.group, &others, ready(())).await;
            if let Some(accounts) = &self.accounts {
                left |= hand_over(&accounts.group, &others, ready(())).await;
            }
            for (_, replica) in self.shards() {
                left |= hand_over(&replica.group, &others, replica.settled()).await;
            }
            if !left {
                return;
            }
            // Whether or not anything changes: who was asked may have died.
            let _changed = tokio::time::timeout(HAND_OVER_AGAIN, changes.changed()).await;
        }
    }
}

/// Gives the leadership of `group` to one of `others`; says whether this node leads and somebody else could.
async fn hand_over<M: Machine, D: LogDisk>(
    group: &Group<M, D>,
    others: &BTreeSet<NodeId>,
    settled: impl Future<Output = ()>,
) -> bool {
    let Some(replicas) = group.term().and_then(|_| group.replicas()) else { return false };
    let able = |node: &&NodeId| others.contains(node) && replicas.caught_up.contains(node);
    let heirs: Vec<&NodeId> = replicas.voters.iter().filter(able).collect();
    // Not all to the same one.
    let Some(heir) = heirs.get(usize::from(group.id.number()) % heirs.len().max(1)) else { return false };
    if let Err(error) = group.hand_over(**heir, settled).await {
        tracing::warn!(group = %group.id, %error, "the leadership could not be handed over");
    }
    true
}
