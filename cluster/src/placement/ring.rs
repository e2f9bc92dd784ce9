//! Step ②: event → shard, by a ring over the shards.
//!
//! Every node must come to the same shard for ever, so what is hashed is spelled out byte by byte, little-endian, and
//! golden vectors in the tests pin the result. Hazard: the number of shards is part of the function; it is fixed when a
//! cluster is formed.

use std::hash::{Hash, Hasher};

use consistent_hash::{DefaultHash, Node, RingHash, StaticHashRing};
use domain::ids::EventId;

/// More points on the ring make shares more even: with 512 a shard's share is within a fifth of fair.
const POINTS_PER_SHARD: usize = 512;

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Shard(u16);

impl Hash for Shard {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(&self.0.to_le_bytes());
    }
}

struct Point<'a, K>(&'a K, u64);

impl<K: Hash> Hash for Point<'_, K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(b"point");
        self.0.hash(state);
        state.write(&self.1.to_le_bytes());
    }
}

struct Event(EventId);

impl Hash for Event {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(b"event");
        state.write(&self.0.number().to_le_bytes());
    }
}

/// SipHash-1-3 with a fixed key over bytes that do not depend on the machine.
pub(super) struct Bytes;

impl RingHash for Bytes {
    fn hash_item<T: Hash>(&self, item: &T) -> u64 {
        DefaultHash.hash_item(item)
    }

    fn hash_vnode<K: Hash>(&self, key: &K, sequence: usize) -> u64 {
        self.hash_item(&Point(key, sequence as u64))
    }
}

/// The ring of a cluster.
pub struct ShardRing(StaticHashRing<'static, Shard, (), Bytes>);

impl ShardRing {
    /// The ring of `shards` shards, at least one.
    #[must_use]
    pub fn new(shards: u16) -> Self {
        let nodes = (0..shards.max(1)).map(|shard| Node::new(Shard(shard)).quantity(POINTS_PER_SHARD));
        Self(StaticHashRing::new(Bytes, nodes))
    }

    /// The shard that `event` belongs to.
    #[must_use]
    pub fn shard_of(&self, event: EventId) -> u16 {
        self.0.calc_candidates(&Event(event)).next().map_or(0, |node| node.key.0)
    }
}

#[cfg(test)]
mod test {
    use super::*;

    fn scattered(count: u64) -> impl Iterator<Item = EventId> {
        (0..count).map(|n| EventId::new(n.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
    }

    #[test]
    fn every_node_comes_to_the_same_shard_for_ever() {
        let ring = ShardRing::new(16);
        let found: Vec<u16> = [0, 1, 2, 3, 255, 256, 0xdead_beef, u64::MAX]
            .map(EventId::new)
            .map(|id| ring.shard_of(id))
            .into();
        assert_eq!(found, GOLDEN);
    }

    const GOLDEN: [u16; 8] = [12, 9, 14, 6, 0, 0, 6, 0];

    #[test]
    fn shares_are_even() {
        let ring = ShardRing::new(16);
        let mut share = [0_u32; 16];
        for event in scattered(160_000) {
            share[usize::from(ring.shard_of(event))] += 1;
        }
        assert!(share.iter().all(|share| (8_000..12_000).contains(share)), "{share:?}");
    }

    #[test]
    fn one_shard_takes_everything() {
        assert!(scattered(100).all(|event| ShardRing::new(1).shard_of(event) == 0));
    }
}
