//! Step ②: shard → nodes, by a weighted ring over the nodes.
//!
//! It only proposes an order; [`super::balance`] decides with it, so that loads stay even and little moves. What is hashed
//! is spelled out byte by byte, little-endian, and golden vectors in the tests pin the result. Hazard: two versions of
//! the program must propose alike, or a plan made on one node looks wrong on the next.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};

use consistent_hash::{Node, StaticHashRing};

use super::ring::Bytes;

/// Points on the ring for each unit of a node's weight.
const POINTS_PER_WEIGHT: usize = 256;

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Number(u32);

impl Hash for Number {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(b"node");
        state.write(&self.0.to_le_bytes());
    }
}

struct Replicas(u16);

impl Hash for Replicas {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(b"replicas");
        state.write(&self.0.to_le_bytes());
    }
}

/// The ring of a cluster's storage nodes.
pub struct NodeRing(StaticHashRing<'static, Number, (), Bytes>);

impl NodeRing {
    /// The ring of these nodes, each a number and a weight. A node that is named twice counts once, with the last weight.
    #[must_use]
    pub fn new(nodes: &[(u32, u32)]) -> Self {
        let weights: BTreeMap<u32, u32> = nodes.iter().copied().collect();
        let points = |weight: u32| (weight as usize).saturating_mul(POINTS_PER_WEIGHT);
        let nodes =
            weights.into_iter().map(|(number, weight)| Node::new(Number(number)).quantity(points(weight)));
        Self(StaticHashRing::new(Bytes, nodes))
    }

    /// The first `n` different nodes for `shard`, the ring's favourite first; fewer where there are fewer.
    #[must_use]
    pub fn replicas(&self, shard: u16, n: usize) -> Vec<u32> {
        self.0.calc_candidates(&Replicas(shard)).take(n).map(|node| node.key.0).collect()
    }
}

#[cfg(test)]
mod test {
    use super::*;

    const SHARDS: u16 = 1_024;

    fn proposed(nodes: &[(u32, u32)]) -> Vec<Vec<u32>> {
        let ring = NodeRing::new(nodes);
        (0..SHARDS).map(|shard| ring.replicas(shard, 3)).collect()
    }

    #[test]
    fn every_node_proposes_the_same_for_ever() {
        let ring = NodeRing::new(&[(1, 1), (2, 1), (3, 2), (4, 1), (0xdead_beef, 1)]);
        let found: Vec<Vec<u32>> = [0, 1, 15, 255, 256, u16::MAX].map(|shard| ring.replicas(shard, 3)).into();
        assert_eq!(found, GOLDEN);
    }

    const GOLDEN: [[u32; 3]; 6] =
        [[0xdead_beef, 4, 3], [3, 1, 2], [3, 0xdead_beef, 4], [3, 2, 4], [4, 2, 3], [3, 4, 1]];

    #[test]
    fn nodes_are_different_and_no_more_than_there_are() {
        let ring = NodeRing::new(&[(7, 1), (5, 1), (7, 3)]);
        for shard in 0..100 {
            let mut found = ring.replicas(shard, 9);
            found.sort_unstable();
            assert_eq!(found, [5, 7]);
        }
        assert!(ring.replicas(0, 0).is_empty());
        assert!(NodeRing::new(&[]).replicas(0, 3).is_empty());
        assert!(NodeRing::new(&[(1, 0)]).replicas(0, 3).is_empty());
    }

    #[test]
    fn the_order_in_which_nodes_are_named_does_not_matter() {
        assert_eq!(proposed(&[(1, 1), (2, 2), (3, 1)]), proposed(&[(3, 1), (2, 9), (1, 1), (2, 2)]));
    }

    #[test]
    fn a_heavier_node_is_first_more_often() {
        let firsts = |number| move |found: &Vec<u32>| found[0] == number;
        let found = proposed(&[(1, 1), (2, 2), (3, 1)]);
        let share = found.iter().filter(|found| firsts(2)(found)).count();
        assert!((420..600).contains(&share), "{share} of {SHARDS}, and half would be fair");
    }

    #[test]
    fn a_node_more_takes_and_disturbs_little() {
        let before = proposed(&[(1, 1), (2, 1), (3, 1), (4, 1)]);
        let after = proposed(&[(1, 1), (2, 1), (3, 1), (4, 1), (5, 1)]);
        let mut moved = 0;
        for (before, after) in before.iter().zip(&after) {
            let new: Vec<&u32> = after.iter().filter(|number| !before.contains(number)).collect();
            assert!(new.iter().all(|number| **number == 5), "{before:?} {after:?}");
            moved += new.len();
        }
        let fair = usize::from(SHARDS) * 3 / 5;
        assert!(moved * 10 < fair * 13 && moved * 10 > fair * 7, "{moved} moved, {fair} would be fair");
    }
}
