//! What tells whether two replicas of a group are the same, without sending either.

use openraft::LogIdOptionExt;

use crate::groups::Cluster;
use crate::journal::{GroupId, LogDisk};
use crate::raft::group::Group;
use crate::raft::machines::Machine;

impl<D: LogDisk> Cluster<D> {
    /// How many entries of `group` are applied here, and the CRC-32C of the state that they have led to: replicas with the
    /// same number have the same sum. Encodes all of the state while it is locked: not for a busy node. `None` where
    /// there is no replica.
    #[must_use]
    pub fn state_hash(&self, group: GroupId) -> Option<(u64, u32)> {
        match group {
            GroupId::DIRECTORY => hash(&self.here.directory.group),
            GroupId::ACCOUNTS => hash(&self.here.accounts.as_ref()?.group),
            shard => hash(&self.here.shard(shard.number())?.group),
        }
    }
}

fn hash<M: Machine, D: LogDisk>(group: &Group<M, D>) -> Option<(u64, u32)> {
    group.read(|state| {
        let digest = state.machine.digest().ok()?;
        Some((state.applied.next_index(), digest))
    })
}
