//! ② What dispatch has to know of the cluster: who decides about what, and how far this node has followed.
//!
//! Owns the questions; the cluster answers them, and a test makes its answers up. Hazard: an answer is what this node
//! knows, and may be old by the time it is used. Whoever is asked knows better, and says so.

use cluster::journal::LogDisk;
use cluster::raft::types::NodeId;
use cluster::{Cluster, Owner};
use domain::ids::EventId;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// What the cluster decides about, each by the leader of one group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum State {
    /// The sale of an event.
    Sale(EventId),
    /// Venues, performers and events.
    Catalogue,
    /// Accounts, their roles and the revoked tokens.
    Accounts,
}

/// The ways of the cluster, seen from this node. Everything is answered from memory, at once.
pub trait Ways: Send + Sync + 'static {
    /// This node.
    fn me(&self) -> NodeId;

    /// Whether it has no replicas and no accounts.
    fn is_gateway(&self) -> bool;

    /// Who decides about `of` now.
    fn owner(&self, of: State) -> Owner;

    /// Another node says that `owner` owns `event`. An older word than the one that is known may be ignored.
    fn learn_owner(&self, event: EventId, owner: NodeId);

    /// Changes whenever [`Self::owner`] may answer otherwise than before.
    fn changed(&self) -> watch::Receiver<u64>;

    /// The live nodes that are no gateways, without this one; the nearest to hand first.
    fn members(&self) -> Vec<NodeId>;

    /// The live nodes that have a replica of the sale of `event`, its owner first.
    fn replicas(&self, event: EventId) -> Vec<NodeId>;

    /// Whether every sale there is has a replica on one of `nodes`.
    fn covers(&self, nodes: &[NodeId]) -> bool;

    /// How far this node has applied what was decided about `of`: the number of facts of a sale, zero before its first;
    /// the index in the log of anything else. `None` where it has no replica.
    fn applied(&self, of: State) -> Option<u64>;

    /// Changes at least whenever [`Self::applied`] does.
    fn progress(&self, of: State) -> watch::Receiver<u64>;
}

impl<D: LogDisk> Ways for Cluster<D> {
    fn me(&self) -> NodeId {
        self.me()
    }

    fn is_gateway(&self) -> bool {
        self.is_gateway()
    }

    fn owner(&self, of: State) -> Owner {
        match of {
            State::Sale(event) => self.owner(event),
            State::Catalogue => self.directory_owner(),
            State::Accounts => self.accounts_owner(),
        }
    }

    fn learn_owner(&self, event: EventId, owner: NodeId) {
        self.learn_owner(event, owner);
    }

    fn changed(&self) -> watch::Receiver<u64> {
        self.route_changes()
    }

    fn members(&self) -> Vec<NodeId> {
        self.members()
    }

    fn replicas(&self, event: EventId) -> Vec<NodeId> {
        self.replicas(event)
    }

    fn covers(&self, nodes: &[NodeId]) -> bool {
        self.covers(nodes)
    }

    fn applied(&self, of: State) -> Option<u64> {
        match of {
            State::Sale(event) => self.has_replica(event).then(|| self.facts(event)),
            State::Catalogue => Some(self.directory_applied()),
            State::Accounts => self.accounts_applied(),
        }
    }

    fn progress(&self, _of: State) -> watch::Receiver<u64> {
        self.progress()
    }
}
