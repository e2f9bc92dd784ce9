//! Step ②: what would change, for people to look at before it does: replicas that move, leaders that change.

use serde::{Deserialize, Serialize};

use super::Targets;

/// What an operation changes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Plan {
    /// Replicas that move.
    pub moves: Vec<Move>,
    /// Shards that get another preferred leader.
    pub leaders: Vec<LeaderChange>,
}

/// A replica that moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    /// Of this shard.
    pub shard: u16,
    /// Away from this node; none where the shard gets one replica more.
    pub from: Option<u32>,
    /// To this node.
    pub to: u32,
}

/// A shard that gets another preferred leader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaderChange {
    /// The shard.
    pub shard: u16,
    /// Who was preferred.
    pub from: Option<u32>,
    /// Who is.
    pub to: u32,
}

impl Plan {
    /// What `wanted` changes, given the targets `before`.
    #[must_use]
    pub fn between(before: &Targets, wanted: &Targets) -> Self {
        let mut plan = Self::default();
        for (&shard, target) in wanted {
            let old = before.get(&shard).map_or(&[][..], Vec::as_slice);
            let mut leaving = old.iter().copied().filter(|number| !target.contains(number));
            let coming = target.iter().copied().filter(|number| !old.contains(number));
            plan.moves.extend(coming.map(|to| Move { shard, from: leaving.next(), to }));
            if let Some(&to) = target.first()
                && old.first() != Some(&to)
            {
                plan.leaders.push(LeaderChange { shard, from: old.first().copied(), to });
            }
        }
        plan
    }

    /// Whether nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.moves.is_empty() && self.leaders.is_empty()
    }
}
