//! Orders of operators: decided by the leader of the directory, whichever node they reach, and written down with who gave
//! them.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::ports::{Clock, JournalFault};
use serde::{Deserialize, Serialize};

use crate::groups::Cluster;
use crate::here::Here;
use crate::journal::{GroupId, LogDisk};
use crate::peer::{CallError, Calls, Lane, Service, frame};
use crate::placement::layout::decide::{self, Decided, Order, Refused};
use crate::placement::layout::plan::Plan;
use crate::placement::layout::{Layout, LayoutFact};
use crate::raft::types::{Entry, NodeId, node_number};
use crate::routes::{Owner, Routes, now};

/// An order for the leader of the directory.
pub(crate) const ORDER: Service = Service { name: "order", lane: Lane::Raft };

/// The version of these messages.
const VERSION: u8 = 1;
/// The layout has to be committed by then.
const WITHIN: Duration = Duration::from_secs(5);

/// What an operator may order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum LayoutOrder {
    /// Even out who has what.
    Rebalance,
    /// Take everything away from a node.
    Drain(u32),
    /// Take a node out of the cluster.
    Remove(u32),
    /// Move a replica; without `from`, from the node that has most.
    Move {
        /// Which shard.
        shard: u16,
        /// Who has it.
        from: Option<u32>,
        /// Who is to have it.
        to: u32,
    },
    /// Set an operation back.
    Abort(u64),
    /// Nothing but a line in the audit log.
    Note {
        /// The act in a word.
        what: String,
        /// On what.
        detail: String,
    },
}

/// What an order came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ordered {
    /// The operation to wait for; none where there is nothing to wait for.
    pub operation: Option<u64>,
    /// What changes.
    pub plan: Plan,
    /// What cannot be taken back, or whatever else there is to say.
    pub note: String,
}

/// Why an order was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum OrderFault {
    /// It makes no sense as things are.
    Refused(Refused),
    /// The directory has no leader, or lost it over this: whether the order was taken has to be looked up.
    Unavailable(String),
}

#[derive(Serialize, Deserialize)]
struct Sent {
    by: String,
    order: LayoutOrder,
    dry_run: bool,
}

impl<D: LogDisk> Cluster<D> {
    /// Has `order` decided by the leader of the directory, in the name of user `by`; with `dry_run` only says what would
    /// be done.
    ///
    /// # Errors
    /// See [`OrderFault`].
    pub async fn order(&self, by: &str, order: LayoutOrder, dry_run: bool) -> Result<Ordered, OrderFault> {
        let sent = Sent { by: by.to_owned(), order, dry_run };
        match self.routes.owner(GroupId::DIRECTORY) {
            Owner::Here => carry_out(&self.here, &self.routes, &*self.clock, sent).await,
            Owner::There(leader) => self.pass_on(leader, &sent).await,
            Owner::Nobody => Err(OrderFault::Unavailable(
                "the directory has no leader; it needs a majority of its voters alive".to_owned(),
            )),
        }
    }

    async fn pass_on(&self, leader: NodeId, sent: &Sent) -> Result<Ordered, OrderFault> {
        let answer = self.channel.call(leader, ORDER, frame::encode(VERSION, sent), WITHIN).await;
        let answer = answer.map_err(|error| OrderFault::Unavailable(error.to_string()))?;
        let read: Result<Result<Ordered, OrderFault>, _> =
            frame::decode("the answer to an order", VERSION, &answer);
        read.unwrap_or_else(|error| Err(OrderFault::Unavailable(error.to_string())))
    }
}

/// Answers an order that another node has passed on.
pub(crate) async fn answer<D: LogDisk>(
    here: Arc<Here<D>>,
    routes: Arc<Routes<D>>,
    clock: Arc<dyn Clock>,
    body: Bytes,
) -> Result<Bytes, CallError> {
    let sent =
        frame::decode("an order", VERSION, &body).map_err(|error| CallError::Declined(error.to_string()))?;
    Ok(frame::encode(VERSION, &carry_out(&here, &routes, &*clock, sent).await))
}

async fn carry_out<D: LogDisk>(
    here: &Here<D>,
    routes: &Routes<D>,
    clock: &dyn Clock,
    Sent { by, order, dry_run }: Sent,
) -> Result<Ordered, OrderFault> {
    let alive = routes.table().alive(now());
    let is_alive =
        |number| alive.iter().any(|id| node_number(*id) == number) || node_number(here.me) == number;
    let at = Order { by: &by, now: clock.read().wall };
    let decided = here.directory.update(|directory| {
        let (facts, ordered) = decided(&directory.layout, &order, is_alive, at)?;
        let facts = if dry_run { Vec::new() } else { facts };
        Ok::<_, Refused>(((!facts.is_empty()).then_some(Entry::Layout(facts)), ordered))
    });
    match decided.await {
        Ok(ordered) => ordered.map_err(OrderFault::Refused),
        Err(fault @ (JournalFault::Full | JournalFault::NotOwner | JournalFault::Closed)) => {
            Err(OrderFault::Unavailable(fault.to_string()))
        }
    }
}

fn decided(
    layout: &Layout,
    order: &LayoutOrder,
    alive: impl Fn(u32) -> bool,
    at: Order<'_>,
) -> Decided<Ordered> {
    let begun = |(facts, begun): (Vec<LayoutFact>, decide::Begun)| {
        (facts, Ordered { operation: begun.operation, plan: begun.plan, note: String::new() })
    };
    match order {
        LayoutOrder::Rebalance => decide::rebalance(layout, at).map(begun),
        LayoutOrder::Drain(node) => decide::drain(layout, *node, at).map(begun),
        LayoutOrder::Remove(node) => decide::remove(layout, *node, alive(*node), at).map(begun),
        LayoutOrder::Move { shard, from, to } => {
            decide::move_shard(layout, *shard, *from, *to, at).map(begun)
        }
        LayoutOrder::Abort(operation) => {
            let (facts, aborted) = decide::abort(layout, *operation, at)?;
            let ordered = Ordered {
                operation: Some(*operation),
                plan: aborted.plan.clone(),
                note: left_alone(aborted.kept),
            };
            Ok((facts, ordered))
        }
        LayoutOrder::Note { what, detail } => {
            let fact = LayoutFact::Audited {
                at: at.now,
                who: at.by.to_owned(),
                what: what.clone(),
                detail: detail.clone(),
            };
            Ok((vec![fact], Ordered { operation: None, plan: Plan::default(), note: String::new() }))
        }
    }
}

fn left_alone(shards: usize) -> String {
    match shards {
        0 => String::new(),
        shards => {
            format!("{shards} shards stay as they are: others have changed them since, or a node has gone")
        }
    }
}
