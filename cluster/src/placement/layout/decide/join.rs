//! Step ②: how a cluster comes to be and how nodes enter it: for the first time, again, or again without their data.

use domain::planted::{self, Bug};
use domain::time::UnixMillis;
use serde::{Deserialize, Serialize};

use super::place::{self, Moving};
use super::{CLUSTER, Decided, Order, Refused};
use crate::placement::layout::operation::OperationKind;
use crate::placement::layout::{Addresses, Layout, LayoutFact, Member, MemberState};

/// An address is a host name and a port, so not longer than this.
const ADDRESS_MOST: usize = 300;
/// Weights are relative; the ring has 256 points for each unit.
const WEIGHT_MOST: u32 = 64;

/// What a cluster is formed with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forming {
    /// How many shards it has, for ever; at least one.
    pub shards: u16,
    /// How many replicas a shard gets where there are nodes enough.
    pub replication: u16,
    /// The first node.
    pub number: u32,
    /// Where it listens.
    pub addresses: Addresses,
    /// Its share of the replicas, relative to others.
    pub weight: u32,
}

/// A node that wants in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Joining {
    /// Its number.
    pub number: u32,
    /// The life that its data is of; none where it has no data.
    pub known_life: Option<u32>,
    /// Where it listens.
    pub addresses: Addresses,
    /// Whether it only serves HTTP.
    pub gateway: bool,
    /// Its share of the replicas, relative to others.
    pub weight: u32,
}

/// How a node is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Joined {
    /// The life that it is in from now on. Data of another life is not to be used.
    pub life: u32,
    /// The operation that gives it replicas, if one was started.
    pub operation: Option<u64>,
}

/// A cluster of one node. Nothing, where there is a cluster already.
#[must_use]
pub fn form(layout: &Layout, forming: &Forming, now: UnixMillis) -> Vec<LayoutFact> {
    if layout.is_formed() {
        return Vec::new();
    }
    let Forming { shards, replication, number, ref addresses, weight } = *forming;
    let addresses = addresses.clone();
    let (weight, state) = (weight.clamp(1, WEIGHT_MOST), MemberState::Active);
    let member = Member { life: 0, addresses, gateway: false, weight, state, joined_at: now };
    let (shards, replication) = (shards.max(1), replication.max(1));
    let audit = Order { by: CLUSTER, now }.audit("form", format!("node {number}, {shards} shards"));
    vec![LayoutFact::Formed { shards, replication, number, member }, audit]
}

/// Lets a node in. `alive` says whether a node of that number is heard of now. While there are no more storage nodes than
/// a shard has replicas, the newcomer gets replicas at once; beyond that only with `auto_rebalance`.
///
/// # Errors
/// The number is in use, the node is of another kind than it was, or what it says of itself cannot be.
pub fn join(
    layout: &Layout,
    joining: &Joining,
    alive: impl Fn(u32) -> bool,
    auto_rebalance: bool,
    now: UnixMillis,
) -> Decided<Joined> {
    if !layout.is_formed() {
        return Err(Refused::new(
            "not-formed",
            "there is no cluster to join yet; start its first node without --join",
        ));
    }
    check(joining)?;
    let known = layout.members.get(&joining.number);
    let life = match known {
        None => 0,
        Some(member) => life(joining, member, alive)?,
    };
    let order = Order { by: CLUSTER, now };
    let member = entered(joining, known, life, now);
    let newcomer = known.is_none_or(|old| old.life != life);
    let gains = member.takes_replicas() && !known.is_some_and(Member::takes_replicas);
    let mut facts = Vec::new();
    if known != Some(&member) {
        facts.push(LayoutFact::Joined { number: joining.number, member });
    }
    if newcomer {
        let kind = if joining.gateway { "gateway" } else { "storage node" };
        facts.push(order.audit("join", format!("{kind} {}, life {life}", joining.number)));
    }
    let operation =
        if gains { give_replicas(layout, joining, auto_rebalance, order, &mut facts)? } else { None };
    Ok((facts, Joined { life, operation }))
}

fn check(joining: &Joining) -> Result<(), Refused> {
    let Addresses { http, admin, peer } = &joining.addresses;
    if peer.is_empty() || [http, admin, peer].iter().any(|address| address.len() > ADDRESS_MOST) {
        let text = format!(
            "a node needs a peer address, and addresses of at most {ADDRESS_MOST} bytes; check --peer"
        );
        return Err(Refused::new("bad-address", text));
    }
    if !(1..=WEIGHT_MOST).contains(&joining.weight) {
        let text = format!("a node's weight is 1 to {WEIGHT_MOST}, not {}", joining.weight);
        return Err(Refused::new("bad-weight", text));
    }
    Ok(())
}

/// The life in which a node goes on whose number is known.
fn life(joining: &Joining, old: &Member, alive: impl Fn(u32) -> bool) -> Result<u32, Refused> {
    let number = joining.number;
    let removed = old.state == MemberState::Removed;
    let same = joining.known_life == Some(old.life) || planted::is(Bug::SameLife);
    let restarted = !removed && same;
    // At the same address there can only be the node itself, stopped and started again before it was missed.
    let itself = restarted && joining.addresses.peer == old.addresses.peer;
    if !itself && !removed && alive(number) {
        let text = format!(
            "node {number} is running at {}; give this node another number, or stop that one and wait some seconds",
            old.addresses.peer
        );
        return Err(Refused::new("node-id-in-use", text));
    }
    if !removed && joining.gateway != old.gateway {
        let (was, other) =
            if old.gateway { ("gateway", "storage node") } else { ("storage node", "gateway") };
        let text = format!(
            "node {number} is known as a {was} and cannot come back as a {other}; \
             give it another number, or remove node {number} first"
        );
        return Err(Refused::new("other-kind", text));
    }
    if restarted {
        return Ok(old.life);
    }
    let worn_out =
        || Refused::new("worn-out", format!("node {number} has no lives left; give it another number"));
    old.life.checked_add(1).ok_or_else(worn_out)
}

fn entered(joining: &Joining, known: Option<&Member>, life: u32, now: UnixMillis) -> Member {
    let kept = known.filter(|old| old.life == life);
    let drains = known.is_some_and(|old| old.state == MemberState::Draining);
    Member {
        life,
        addresses: joining.addresses.clone(),
        gateway: joining.gateway,
        weight: joining.weight,
        state: if drains { MemberState::Draining } else { MemberState::Active },
        joined_at: kept.map_or(now, |old| old.joined_at),
    }
}

fn give_replicas(
    layout: &Layout,
    joining: &Joining,
    auto_rebalance: bool,
    order: Order<'_>,
    facts: &mut Vec<LayoutFact>,
) -> Result<Option<u64>, Refused> {
    let mut eligible = layout.eligible();
    eligible.insert(joining.number, joining.weight);
    facts.extend(place::directory(layout, &eligible));
    let at_once = eligible.len() <= usize::from(layout.replication);
    if !at_once && !auto_rebalance {
        return Ok(None);
    }
    let wanted = place::targets(layout, &eligible, Moving::Evened)?;
    if wanted.is_empty() {
        return Ok(None);
    }
    if at_once {
        facts.push(LayoutFact::Placed { targets: wanted });
        return Ok(None);
    }
    let detail = format!("for node {}", joining.number);
    let (started, begun) = place::start(layout, OperationKind::Rebalance, wanted, order, &detail);
    facts.extend(started);
    Ok(begun.operation)
}

#[cfg(test)]
#[path = "join_test.rs"]
mod test;
