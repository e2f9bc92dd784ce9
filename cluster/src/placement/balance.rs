//! Step ②: which nodes get a shard's replicas: the ring proposes, even loads and little movement decide.
//!
//! Sixteen shards are far too few for hashing alone to be even. So missing replicas are placed by consistent hashing with
//! bounded loads (Mirrokni, Thorup, Zadimoghaddam: "Consistent Hashing with Bounded Loads", SODA 2018): the first node on
//! the ring that is not full yet, where full is the node's fair share rounded up. Replicas that are there stay where they
//! are, unless evening out is asked for; then as few move as possible, those first that the ring wants elsewhere.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::layout::Targets;
use super::level::{Bounds, Loads, level};
use super::nodes::NodeRing;

/// Targets being worked on.
pub(super) struct Balance {
    targets: Targets,
    /// The nodes that may have replicas, with their weights.
    weights: BTreeMap<u32, u32>,
    replicas: usize,
    /// For each shard all nodes, the ring's favourite first.
    order: BTreeMap<u16, Vec<u32>>,
}

impl Balance {
    /// Takes up `targets`, to give every shard `replicas` replicas on the nodes of `weights`.
    pub(super) fn new(targets: Targets, weights: BTreeMap<u32, u32>, replicas: usize) -> Self {
        let nodes: Vec<(u32, u32)> = weights.iter().map(|(number, weight)| (*number, *weight)).collect();
        let ring = NodeRing::new(&nodes);
        let order = targets.keys().map(|shard| (*shard, ring.replicas(*shard, nodes.len()))).collect();
        Self { targets, weights, replicas: replicas.min(nodes.len()), order }
    }

    /// Takes replicas off nodes that may have none and places what is missing; nothing else moves.
    pub(super) fn fill(&mut self) {
        for target in self.targets.values_mut() {
            target.retain(|number| self.weights.contains_key(number));
        }
        let kept = self.targets.clone();
        let bounds = self.replica_bounds();
        let mut loads = self.counted(kept.values().flatten());
        for (shard, order) in &self.order {
            let target = self.targets.entry(*shard).or_default();
            while target.len() < self.replicas {
                let free = || order.iter().copied().filter(|number| !target.contains(number));
                let load = |number: &u32| loads.get(number).copied().unwrap_or(0);
                let full = |number: &u32| bounds.get(number).is_none_or(|(_, most)| load(number) >= *most);
                let Some(chosen) = free().find(|number| !full(number)).or_else(|| free().min_by_key(load))
                else {
                    break;
                };
                target.push(chosen);
                *loads.entry(chosen).or_default() += 1;
            }
        }
        // The last ones may have found only full nodes left: what was just placed may still be placed otherwise.
        level(&mut Replicas { balance: self, fixed: &kept }, &bounds);
    }

    /// Moves as few replicas as it takes for every node to have its share.
    pub(super) fn even(&mut self) {
        let bounds = self.replica_bounds();
        level(&mut Replicas { balance: self, fixed: &Targets::new() }, &bounds);
    }

    /// Gives every shard whose preferred leader was taken away the replica that leads least, given `before`.
    pub(super) fn mend_leaders(&mut self, before: &Targets) {
        let kept =
            |shard: &u16, target: &[u32]| target.first() == before.get(shard).and_then(|old| old.first());
        let mut leads: BTreeMap<u32, usize> = BTreeMap::new();
        for (shard, target) in &self.targets {
            if let Some(leader) = target.first().filter(|_| kept(shard, target)) {
                *leads.entry(*leader).or_default() += 1;
            }
        }
        for (shard, target) in &mut self.targets {
            if kept(shard, target) {
                continue;
            }
            let least =
                target.iter().enumerate().min_by_key(|(_, number)| leads.get(number).copied().unwrap_or(0));
            if let Some((place, leader)) = least.map(|(place, number)| (place, *number)) {
                target.swap(0, place);
                *leads.entry(leader).or_default() += 1;
            }
        }
    }

    /// Changes as few preferred leaders as it takes for every node to lead its share of what it has.
    pub(super) fn even_leaders(&mut self) {
        let replicas = self.replicas.max(1);
        let share = |has: usize| (has / replicas, has.div_ceil(replicas));
        let bounds = self
            .counted(self.targets.values().flatten())
            .into_iter()
            .map(|(number, has)| (number, share(has)))
            .collect();
        level(&mut Leaders(self), &bounds);
    }

    /// What came out.
    pub(super) fn into_targets(self) -> Targets {
        self.targets
    }

    /// Every node's fair share of the replicas, rounded down and up. No node can have more than one of each shard, so
    /// the share of one too heavy goes to the others.
    fn replica_bounds(&self) -> Bounds {
        let shards = self.targets.len();
        let mut left: BTreeMap<u32, u128> =
            self.weights.iter().map(|(number, weight)| (*number, u128::from((*weight).max(1)))).collect();
        let mut replicas = (shards * self.replicas) as u128;
        let mut bounds = Bounds::new();
        loop {
            let total: u128 = left.values().sum();
            let heavy = |weight: u128| replicas * weight >= shards as u128 * total;
            let Some(number) = left.iter().find(|(_, weight)| heavy(**weight)).map(|(number, _)| *number)
            else {
                for (number, weight) in left {
                    let share = replicas * weight;
                    bounds.insert(number, ((share / total) as usize, share.div_ceil(total) as usize));
                }
                return bounds;
            };
            left.remove(&number);
            replicas = replicas.saturating_sub(shards as u128);
            bounds.insert(number, (shards, shards));
        }
    }

    fn rank(&self, shard: u16, number: u32) -> usize {
        let order = self.order.get(&shard).map_or(&[][..], Vec::as_slice);
        order.iter().position(|other| *other == number).unwrap_or(order.len())
    }

    fn counted<'a>(&self, numbers: impl Iterator<Item = &'a u32>) -> BTreeMap<u32, usize> {
        let mut loads: BTreeMap<u32, usize> = self.weights.keys().map(|number| (*number, 0)).collect();
        for number in numbers {
            *loads.entry(*number).or_default() += 1;
        }
        loads
    }
}

/// Replicas, to be moved unless they are among the fixed ones.
struct Replicas<'a> {
    balance: &'a mut Balance,
    fixed: &'a Targets,
}

impl Replicas<'_> {
    fn movable(&self, from: u32, to: u32) -> impl Iterator<Item = (u16, &Vec<u32>)> {
        let is_fixed = move |shard| self.fixed.get(shard).is_some_and(|fixed| fixed.contains(&from));
        let has_gap = move |target: &[u32]| target.contains(&from) && !target.contains(&to);
        let targets = self.balance.targets.iter();
        targets
            .filter(move |(shard, target)| has_gap(target) && !is_fixed(shard))
            .map(|(shard, target)| (*shard, target))
    }
}

impl Loads for Replicas<'_> {
    fn loads(&self) -> BTreeMap<u32, usize> {
        self.balance.counted(self.balance.targets.values().flatten())
    }

    fn possible(&self, from: u32, to: u32) -> bool {
        self.movable(from, to).next().is_some()
    }

    fn candidate(&self, from: u32, to: u32) -> Option<u16> {
        let rank = |shard, number| self.balance.rank(shard, number);
        let price = |shard: u16, target: &[u32]| {
            (target.first() == Some(&from), rank(shard, to), Reverse(rank(shard, from)), shard)
        };
        self.movable(from, to).map(|(shard, target)| price(shard, target)).min().map(|(.., shard)| shard)
    }

    fn shift(&mut self, shard: u16, from: u32, to: u32) {
        let target = self.balance.targets.entry(shard).or_default();
        target.iter_mut().filter(|number| **number == from).for_each(|number| *number = to);
    }
}

/// Preferred leaders, to be changed among a shard's replicas.
struct Leaders<'a>(&'a mut Balance);

impl Loads for Leaders<'_> {
    fn loads(&self) -> BTreeMap<u32, usize> {
        self.0.counted(self.0.targets.values().filter_map(|target| target.first()))
    }

    fn possible(&self, from: u32, to: u32) -> bool {
        self.candidate(from, to).is_some()
    }

    fn candidate(&self, from: u32, to: u32) -> Option<u16> {
        let changes = |target: &[u32]| target.first() == Some(&from) && from != to && target.contains(&to);
        self.0.targets.iter().find(|(_, target)| changes(target)).map(|(shard, _)| *shard)
    }

    fn shift(&mut self, shard: u16, _from: u32, to: u32) {
        let target = self.0.targets.entry(shard).or_default();
        if let Some(place) = target.iter().position(|number| *number == to) {
            target.swap(0, place);
        }
    }
}

#[cfg(test)]
#[path = "balance_test.rs"]
mod test;
