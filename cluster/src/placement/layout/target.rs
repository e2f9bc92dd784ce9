//! Step ②: what each raft group should look like, as raft knows nodes: numbers with their present lives.

use super::Layout;
use crate::raft::types::{NodeId, node_id};

/// What a group should look like.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Target {
    /// Who should vote, the preferred leader first.
    pub voters: Vec<NodeId>,
    /// Who should follow without a vote.
    pub learners: Vec<NodeId>,
}

impl Layout {
    /// What the group of `shard` should look like; empty for a shard that there is not.
    #[must_use]
    pub fn shard_target(&self, shard: u16) -> Target {
        let Some(target) = self.targets.get(&shard) else { return Target::default() };
        let eligible = self.eligible();
        // Two nodes cannot outvote a third that is dead, so the second only follows until there are three.
        let learners = if eligible.len() < 3 {
            eligible.into_keys().filter(|number| !target.contains(number)).collect()
        } else {
            Vec::new()
        };
        Target { voters: self.ids(target), learners: self.ids(&learners) }
    }

    /// What the directory's group should look like: everyone else who takes part follows, gateways too.
    #[must_use]
    pub fn directory_target(&self) -> Target {
        self.voted_by_directory(true)
    }

    /// What the group of the accounts should look like: voted on as the directory is, and not for gateways.
    #[must_use]
    pub fn accounts_target(&self) -> Target {
        self.voted_by_directory(false)
    }

    /// The present id of node `number`, if there is such a node and it was not removed.
    #[must_use]
    pub fn id_of(&self, number: u32) -> Option<NodeId> {
        let member = self.members.get(&number)?;
        (member.state != super::MemberState::Removed).then(|| node_id(number, member.life))
    }

    fn voted_by_directory(&self, gateways: bool) -> Target {
        let follows = |number: &u32, member: &super::Member| {
            member.takes_part() && (gateways || !member.gateway) && !self.directory.contains(number)
        };
        let learners: Vec<u32> =
            self.members.iter().filter(|(number, member)| follows(number, member)).map(|(n, _)| *n).collect();
        Target { voters: self.ids(&self.directory), learners: self.ids(&learners) }
    }

    fn ids(&self, numbers: &[u32]) -> Vec<NodeId> {
        numbers.iter().filter_map(|number| self.id_of(*number)).collect()
    }
}

#[cfg(test)]
#[path = "target_test.rs"]
mod test;
