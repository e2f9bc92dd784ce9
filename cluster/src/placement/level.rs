//! Step ②: evens out loads by as few shifts as it takes, along paths where no direct shift is possible.
//!
//! The search is that of augmenting paths in a flow: as long as some node is beyond its bounds and bounds can be kept at
//! all, there is a chain of shifts from a node that can give to one that can take. Each chain takes one unit of excess or
//! want away, so it ends. Hazard: what is within bounds is never touched, which is what makes planning twice plan nothing.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The least and the most that a node should have.
pub(super) type Bounds = BTreeMap<u32, (usize, usize)>;

/// Loads that can be shifted from node to node, one unit at a time.
pub(super) trait Loads {
    /// What every node of the bounds has.
    fn loads(&self) -> BTreeMap<u32, usize>;
    /// Whether any shard can be shifted from one node to another.
    fn possible(&self, from: u32, to: u32) -> bool;
    /// The shard best shifted, if any can be.
    fn candidate(&self, from: u32, to: u32) -> Option<u16>;
    /// Shifts it.
    fn shift(&mut self, shard: u16, from: u32, to: u32);
}

/// Brings every load within its bounds, as far as that can be.
pub(super) fn level(loads: &mut impl Loads, bounds: &Bounds) {
    while let Some(path) = next_path(loads, bounds) {
        for step in path.windows(2) {
            if let &[from, to] = step
                && let Some(shard) = loads.candidate(from, to)
            {
                loads.shift(shard, from, to);
            }
        }
    }
}

fn next_path(loads: &impl Loads, bounds: &Bounds) -> Option<Vec<u32>> {
    let now = loads.loads();
    let those = |picked: &dyn Fn(usize, usize, usize) -> bool| -> BTreeSet<u32> {
        let has = |number: &u32| now.get(number).copied().unwrap_or(0);
        bounds
            .iter()
            .filter(|(number, (least, most))| picked(has(number), *least, *most))
            .map(|(n, _)| *n)
            .collect()
    };
    let too_full = those(&|has, _, most| has > most);
    let too_empty = those(&|has, least, _| has < least);
    let can_take = those(&|has, _, most| has < most);
    let can_give = those(&|has, least, _| has > least);
    [(&too_full, &too_empty), (&too_full, &can_take), (&can_give, &too_empty)]
        .into_iter()
        .find_map(|(from, to)| shortest(loads, bounds, from, to))
}

/// The shortest chain of possible shifts from one of `sources` to one of `sinks`.
fn shortest(
    loads: &impl Loads,
    bounds: &Bounds,
    sources: &BTreeSet<u32>,
    sinks: &BTreeSet<u32>,
) -> Option<Vec<u32>> {
    if sinks.is_empty() {
        return None;
    }
    let mut came_from: BTreeMap<u32, Option<u32>> = sources.iter().map(|source| (*source, None)).collect();
    let mut open: VecDeque<u32> = sources.iter().copied().collect();
    while let Some(at) = open.pop_front() {
        for &next in bounds.keys() {
            if came_from.contains_key(&next) || !loads.possible(at, next) {
                continue;
            }
            came_from.insert(next, Some(at));
            if sinks.contains(&next) {
                return Some(way_to(next, &came_from));
            }
            open.push_back(next);
        }
    }
    None
}

fn way_to(end: u32, came_from: &BTreeMap<u32, Option<u32>>) -> Vec<u32> {
    let mut way: Vec<u32> =
        std::iter::successors(Some(end), |at| came_from.get(at).copied().flatten()).collect();
    way.reverse();
    way
}
