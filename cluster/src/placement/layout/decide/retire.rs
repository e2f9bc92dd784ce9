//! Step ②: taking nodes out: drained by an operator, removed, or replaced because they are dead for long.

use domain::time::UnixMillis;

use super::place::{self, Moving};
use super::{Begun, CLUSTER, Decided, Order, Refused, member};
use crate::placement::layout::operation::OperationKind;
use crate::placement::layout::plan::Plan;
use crate::placement::layout::{Layout, LayoutFact, MemberState};

/// Moves the replicas of a node elsewhere, so that it can be stopped without anyone noticing.
///
/// # Errors
/// There is no such storage node that is active, or no room for its replicas.
pub fn drain(layout: &Layout, number: u32, order: Order<'_>) -> Decided<Begun> {
    let node = member(layout, number)?;
    if node.gateway {
        let text = format!("node {number} is a gateway and has no replicas; stop it whenever you like");
        return Err(Refused::new("node-is-gateway", text));
    }
    match node.state {
        MemberState::Draining => {
            let text =
                format!("node {number} is draining already; `onsale cluster watch` shows how far it is");
            return Err(Refused::new("already-draining", text));
        }
        MemberState::Gone => {
            let text = format!("node {number} is gone and its replicas were placed anew; remove it");
            return Err(Refused::new("node-gone", text));
        }
        MemberState::Active | MemberState::Removed => {}
    }
    retire(layout, number, MemberState::Draining, OperationKind::Drain(number), order)
}

/// Takes a node out of the cluster. One that is dead has its replicas placed anew.
///
/// # Errors
/// There is no such node, it is running and not drained, or there is no room for its replicas.
pub fn remove(layout: &Layout, number: u32, alive: bool, order: Order<'_>) -> Decided<Begun> {
    let node = member(layout, number)?;
    if alive && drains(layout, number) {
        let text = format!(
            "node {number} is still draining; wait until that operation is done, then remove the node"
        );
        return Err(Refused::new("still-draining", text));
    }
    let has_replicas = layout.targets.values().any(|target| target.contains(&number));
    if alive && has_replicas {
        let text = format!("node {number} is running and has replicas; drain it first");
        return Err(Refused::new("drain-first", text));
    }
    if node.gateway || !has_replicas && !layout.directory.contains(&number) {
        let facts = vec![
            LayoutFact::StateChanged { number, state: MemberState::Removed },
            order.audit("remove", format!("node {number}")),
        ];
        return Ok((facts, Begun { operation: None, plan: Plan::default() }));
    }
    retire(layout, number, MemberState::Removed, OperationKind::Remove(number), order)
}

/// Places the replicas of a node anew that is dead for longer than the cluster waits. The node may still come back.
///
/// # Errors
/// It has been replaced already, has no replicas by its kind, or there is no room.
pub fn replace_dead(layout: &Layout, number: u32, now: UnixMillis) -> Decided<Begun> {
    let node = member(layout, number)?;
    if node.gateway || node.state == MemberState::Gone {
        let text = format!("node {number} has no replicas to place anew; there is nothing to do");
        return Err(Refused::new("nothing-to-replace", text));
    }
    retire(layout, number, MemberState::Gone, OperationKind::Replace(number), Order { by: CLUSTER, now })
}

fn drains(layout: &Layout, number: u32) -> bool {
    let is_it = |kind: OperationKind| kind == OperationKind::Drain(number);
    layout.operations.values().any(|operation| operation.is_running() && is_it(operation.kind))
}

fn retire(
    layout: &Layout,
    number: u32,
    state: MemberState,
    kind: OperationKind,
    order: Order<'_>,
) -> Decided<Begun> {
    let mut eligible = layout.eligible();
    eligible.remove(&number);
    let wanted = place::targets(layout, &eligible, Moving::Needed)?;
    let mut facts = vec![LayoutFact::StateChanged { number, state }];
    facts.extend(place::directory(layout, &eligible));
    let (started, begun) = place::start(layout, kind, wanted, order, &format!("node {number}"));
    facts.extend(started);
    Ok((facts, begun))
}

#[cfg(test)]
#[path = "retire_test.rs"]
mod test;
