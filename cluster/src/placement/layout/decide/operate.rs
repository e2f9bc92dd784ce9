//! Step ②: what operators order of shards: even loads, a move, an end of what was begun.

use domain::time::UnixMillis;
use serde::{Deserialize, Serialize};

use super::place::{self, Moving};
use super::{Begun, CLUSTER, Decided, Order, Refused, member};
use crate::placement::layout::operation::{Operation, OperationKind};
use crate::placement::layout::plan::Plan;
use crate::placement::layout::{Layout, LayoutFact, MemberState, Targets};

/// What a rebalance would change: as few replicas as it takes for loads to be even, then leaderships.
///
/// # Errors
/// There are too few storage nodes for what is placed.
pub fn plan_rebalance(layout: &Layout) -> Result<Plan, Refused> {
    Ok(Plan::between(&layout.targets, &evened(layout)?))
}

/// Makes loads and leaderships even. Where they are, nothing begins.
///
/// # Errors
/// There are too few storage nodes for what is placed.
pub fn rebalance(layout: &Layout, order: Order<'_>) -> Decided<Begun> {
    let wanted = evened(layout)?;
    if wanted.is_empty() {
        return Ok((Vec::new(), Begun { operation: None, plan: Plan::default() }));
    }
    Ok(place::start(layout, OperationKind::Rebalance, wanted, order, "all shards"))
}

fn evened(layout: &Layout) -> Result<Targets, Refused> {
    place::targets(layout, &layout.eligible(), Moving::Evened)
}

/// Moves one replica of `shard`; `from` none takes the node that has most. Between the preferred leader and another node
/// with a replica it is the leadership that moves.
///
/// # Errors
/// There is no such shard or node, `from` has no replica of it, or `to` has one or may have none.
pub fn move_shard(
    layout: &Layout,
    shard: u16,
    from: Option<u32>,
    to: u32,
    order: Order<'_>,
) -> Decided<Begun> {
    let Some(target) = layout.targets.get(&shard) else {
        let text = format!("there is no shard {shard}; shards are 0 to {}", layout.shards.saturating_sub(1));
        return Err(Refused::new("unknown-shard", text));
    };
    let load = |number: &u32| layout.targets.values().filter(|target| target.contains(number)).count();
    let from = from.or_else(|| target.iter().copied().max_by_key(load)).unwrap_or_default();
    let Some(place) = target.iter().position(|number| *number == from) else {
        let text = format!("node {from} has no replica of shard {shard}; these nodes do: {}", list(target));
        return Err(Refused::new("no-replica", text));
    };
    let node = member(layout, to)?;
    let heir = target.iter().position(|number| *number == to);
    if let Some(heir) = heir.filter(|heir| place == 0 && *heir != 0 && node.takes_replicas()) {
        // Both have a replica, and `from` leads: what moves is the leadership.
        let mut wanted = target.clone();
        wanted.swap(0, heir);
        let detail = format!("the leadership of shard {shard} from node {from} to node {to}");
        let kind = OperationKind::Move { shard, from, to };
        return Ok(place::start(layout, kind, Targets::from([(shard, wanted)]), order, &detail));
    }
    if target.contains(&to) {
        let text =
            format!("node {to} has a replica of shard {shard} already; these nodes do: {}", list(target));
        return Err(Refused::new("has-replica", text));
    }
    if !node.takes_replicas() {
        let why = match node.state {
            _ if node.gateway => "is a gateway",
            MemberState::Draining => "is draining",
            _ => "is gone",
        };
        let text = format!("node {to} {why} and takes no replicas; choose another node");
        return Err(Refused::new("takes-no-replicas", text));
    }
    let mut wanted = target.clone();
    wanted.splice(place..=place, [to]);
    let detail = format!("shard {shard} from node {from} to node {to}");
    let kind = OperationKind::Move { shard, from, to };
    Ok(place::start(layout, kind, Targets::from([(shard, wanted)]), order, &detail))
}

fn list(numbers: &[u32]) -> String {
    numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")
}

/// What aborting an operation did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aborted {
    /// The changes that set its targets back.
    pub plan: Plan,
    /// How many shards stay as they are, because they were changed by others since or a node is not there any more.
    pub kept: usize,
}

/// Sets the targets of an operation back to what they were before it.
///
/// # Errors
/// There is no such operation under way, or nothing of it can be set back.
pub fn abort(layout: &Layout, id: u64, order: Order<'_>) -> Decided<Aborted> {
    let operation = running(layout, id)?;
    let mut eligible = layout.eligible();
    let taken_back = match operation.kind {
        OperationKind::Drain(number) => layout
            .members
            .get(&number)
            .filter(|node| node.state == MemberState::Draining)
            .map(|node| (number, node.weight)),
        _ => None,
    };
    eligible.extend(taken_back);
    let fits = |target: &[u32]| target.iter().all(|number| eligible.contains_key(number));
    let mut restored = operation.before.clone();
    restored.retain(|_, target| fits(target));
    if restored.is_empty() && taken_back.is_none() {
        let text = format!(
            "operation {id} cannot be taken back: its nodes are not in the cluster any more, or its shards were \
             changed by others since; rebalance or move shards instead"
        );
        return Err(Refused::new("cannot-abort", text));
    }
    let kept = operation.wanted.len().saturating_sub(restored.len());
    let plan = Plan::between(&operation.wanted, &restored);
    let mut facts: Vec<LayoutFact> = taken_back
        .map(|(number, _)| LayoutFact::StateChanged { number, state: MemberState::Active })
        .into_iter()
        .collect();
    facts.extend(place::directory(layout, &eligible));
    facts.push(LayoutFact::Aborted { id, at: order.now, restored });
    facts.push(order.audit("abort", format!("operation {id}, {kept} shards stay as they are")));
    Ok((facts, Aborted { plan, kept }))
}

/// Notes that all memberships are as an operation wants them. Nothing, where it is over already.
///
/// # Errors
/// There is no such operation.
pub fn finish(layout: &Layout, id: u64, now: UnixMillis) -> Decided<()> {
    let Some(operation) = layout.operations.get(&id) else { return Err(unknown(id)) };
    if !operation.is_running() {
        return Ok((Vec::new(), ()));
    }
    let audit =
        Order { by: CLUSTER, now }.audit("finish", format!("operation {id}, {}", operation.kind.name()));
    Ok((vec![LayoutFact::Finished { id, at: now }, audit], ()))
}

fn running(layout: &Layout, id: u64) -> Result<&Operation, Refused> {
    let operation = layout.operations.get(&id).ok_or_else(|| unknown(id))?;
    if operation.is_running() {
        return Ok(operation);
    }
    Err(Refused::new(
        "operation-over",
        format!("operation {id} is over; to change what it did, order the opposite"),
    ))
}

fn unknown(id: u64) -> Refused {
    Refused::new("unknown-operation", format!("there is no operation {id}, or it is too long ago"))
}

#[cfg(test)]
#[path = "operate_test.rs"]
mod test;
