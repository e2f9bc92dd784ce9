//! Step ②: who owns an event, leads the directory, leads the accounts; and who else could answer.
//!
//! Owns nothing: it asks `routes`, whose word on other nodes is a hint, and the groups that run here.

use std::sync::Arc;
use std::time::Duration;

use domain::ids::EventId;
use tokio::sync::watch;

use crate::groups::Cluster;
use crate::journal::{GroupId, LogDisk};
use crate::raft::types::NodeId;
use crate::routes::Owner;
use crate::shard_here::ShardHere;

impl<D: LogDisk> Cluster<D> {
    /// The shard that `event` belongs to.
    #[must_use]
    pub fn shard_of(&self, event: EventId) -> u16 {
        self.routes.group_of(event).number()
    }

    pub(crate) fn home(&self, event: EventId) -> Option<Arc<ShardHere<D>>> {
        self.here.shard(self.shard_of(event))
    }

    /// Whether there is a replica of the shard of `event` here.
    #[must_use]
    pub fn has_replica(&self, event: EventId) -> bool {
        self.home(event).is_some_and(|home| home.group.is_whole())
    }

    /// Whether there is a replica of every shard here.
    #[must_use]
    pub fn has_every_shard(&self) -> bool {
        self.here.has_every_shard()
    }

    /// Who owns `event`.
    #[must_use]
    pub fn owner(&self, event: EventId) -> Owner {
        self.routes.owner(self.routes.group_of(event))
    }

    /// How long nobody has led the shard of `event`, as far as this node has heard; zero while it does so itself.
    #[must_use]
    pub fn unled(&self, event: EventId) -> Duration {
        self.routes.unled(self.routes.group_of(event))
    }

    /// Takes the word of a node that was asked in vain for who owns `event`.
    pub fn learn_owner(&self, event: EventId, owner: NodeId) {
        self.routes.learn(self.routes.group_of(event), owner);
    }

    /// Who leads the directory, and so changes the catalogue.
    #[must_use]
    pub fn directory_owner(&self) -> Owner {
        self.routes.owner(GroupId::DIRECTORY)
    }

    /// Who leads the accounts, and so changes them.
    #[must_use]
    pub fn accounts_owner(&self) -> Owner {
        self.routes.owner(GroupId::ACCOUNTS)
    }

    /// Changes whenever somebody may own something else than before.
    #[must_use]
    pub fn route_changes(&self) -> watch::Receiver<u64> {
        self.routes.changes()
    }

    /// The living nodes that have a replica of the shard of `event`, its owner first; without this one.
    #[must_use]
    pub fn replicas(&self, event: EventId) -> Vec<NodeId> {
        self.routes.replicas(self.routes.group_of(event))
    }

    /// All other nodes of the cluster, as the layout says; gateways too.
    #[must_use]
    pub fn others(&self) -> Vec<NodeId> {
        self.here.members().into_iter().filter(|node| *node != self.here.me).collect()
    }

    /// The living nodes that have the accounts, their leader first; without this one.
    #[must_use]
    pub fn members(&self) -> Vec<NodeId> {
        self.routes.replicas(GroupId::ACCOUNTS)
    }

    /// Whether every shard has a replica on one of `nodes`, which may be this one.
    #[must_use]
    pub fn covers(&self, nodes: &[NodeId]) -> bool {
        self.routes.covers(nodes)
    }
}
