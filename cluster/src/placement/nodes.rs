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
