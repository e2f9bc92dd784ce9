//! ② What dispatch has to know of the cluster: who decides about what, and how far this node has followed.
//!
//! Owns the questions; the cluster answers them, and a test makes its answers up. Hazard: an answer is what this node
//! knows, and may be old by the time it is used. Whoever is asked knows better, and says so.

use std::future::ready;
use std::time::Duration;

use bytes::Bytes;
use cluster::peer::{CallError, Calls, Messages, Service};
use cluster::raft::types::NodeId;
use domain::ids::EventId;
use domain::ports::BoxFuture;
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

/// Who decides, as far as this node knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// This node.
    Here,
    /// Another one.
    There(NodeId),
    /// Nobody, or nobody knows.
    Nobody,
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

/// The ways of a node that is by itself: everything is decided here.
pub struct Alone {
    me: NodeId,
    never: watch::Sender<u64>,
}

impl Alone {
    /// Of node `me`.
    #[must_use]
    pub fn new(me: NodeId) -> Self {
        Self { me, never: watch::Sender::new(0) }
    }
}

impl Ways for Alone {
    fn me(&self) -> NodeId {
        self.me
    }

    fn is_gateway(&self) -> bool {
        false
    }

    fn owner(&self, _of: State) -> Owner {
        Owner::Here
    }

    fn learn_owner(&self, _event: EventId, _owner: NodeId) {}

    fn changed(&self) -> watch::Receiver<u64> {
        self.never.subscribe()
    }

    fn members(&self) -> Vec<NodeId> {
        Vec::new()
    }

    fn replicas(&self, _event: EventId) -> Vec<NodeId> {
        vec![self.me]
    }

    fn covers(&self, nodes: &[NodeId]) -> bool {
        nodes.contains(&self.me)
    }

    fn applied(&self, _of: State) -> Option<u64> {
        Some(u64::MAX)
    }

    fn progress(&self, _of: State) -> watch::Receiver<u64> {
        self.never.subscribe()
    }
}

impl Calls for Alone {
    fn call(
        &self,
        _to: NodeId,
        _service: Service,
        _body: Bytes,
        _within: Duration,
    ) -> BoxFuture<Result<Bytes, CallError>> {
        Box::pin(ready(Err(nobody())))
    }

    fn stream(
        &self,
        _to: NodeId,
        _service: Service,
        _input: Messages,
        _within: Duration,
    ) -> BoxFuture<Result<Messages, CallError>> {
        Box::pin(ready(Err(nobody())))
    }

    fn clock_of(&self, _to: NodeId) -> Option<u64> {
        None
    }
}

fn nobody() -> CallError {
    CallError::Unreachable("this node is by itself".to_owned())
}
