//! A map for what is looked up far more often than listed: hashed, but the same in every process.
//!
//! Owns the hash function, which has no seed, and the order in which entries come out, which is that of their keys: so
//! states that are equal are stored as equal bytes, and as a `BTreeMap` would be. Hazard: without a seed, whoever chose
//! keys freely could make them collide. Ids are drawn or counted by us, and of what clients send only half of a
//! SHA-256 is a key, for a request that has succeeded.

use core::hash::{BuildHasherDefault, Hash, Hasher};
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use serde::{Deserialize, Serialize, Serializer};

use crate::planted::{self, Bug};

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent, bound(deserialize = "K: Hash + Eq + Deserialize<'de>, V: Deserialize<'de>"))]
pub(super) struct Table<K, V>(HashMap<K, V, BuildHasherDefault<Folding>>)
where
    K: Hash + Eq;

impl<K: Hash + Eq, V> Default for Table<K, V> {
    fn default() -> Self {
        Self(HashMap::default())
    }
}

impl<K: Hash + Eq + Ord + Copy, V> Table<K, V> {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.0.get(key)
    }

    pub(super) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.0.get_mut(key)
    }

    /// Gives the value that was there before.
    pub(super) fn insert(&mut self, key: K, value: V) -> Option<V> {
        self.0.insert(key, value)
    }

    pub(super) fn entry(&mut self, key: K) -> Entry<'_, K, V> {
        self.0.entry(key)
    }

    /// Removes an entry, and gives memory back where little of it is in use any more.
    pub(super) fn remove(&mut self, key: &K) -> Option<V> {
        const SMALL: usize = 64;
        let value = self.0.remove(key)?;
        if self.0.capacity() > SMALL.max(8 * self.0.len()) {
            self.0.shrink_to(2 * self.0.len());
        }
        Some(value)
    }

    /// The entries in the order of their keys.
    pub(super) fn in_order(&self) -> impl ExactSizeIterator<Item = (&K, &V)> {
        let mut entries: Vec<_> = self.0.iter().collect();
        entries.sort_unstable_by_key(|(key, _)| **key);
        entries.into_iter()
    }
}

impl<K: Hash + Eq + Ord + Copy + Serialize, V: Serialize> Serialize for Table<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if planted::is(Bug::SnapshotWithoutHolds) {
            return serializer.collect_map(core::iter::empty::<(&K, &V)>());
        }
        serializer.collect_map(self.in_order())
    }
}

const HIGH_BITS: u64 = !(u32::MAX as u64);

/// Multiplies each word by a large odd number and folds the halves of the product onto each other, which lets every
/// bit of the word reach every bit of the hash.
#[derive(Clone, Copy)]
pub(super) struct Folding(u64);

impl Default for Folding {
    fn default() -> Self {
        Self(0x243f_6a88_85a3_08d3)
    }
}

impl Hasher for Folding {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    /// Counted numbers keep their order in the low bits, which say where the entry is looked for: what comes one after
    /// the other lies side by side in memory. The high bits tell entries apart.
    fn write_u32(&mut self, word: u32) {
        self.write_u64(u64::from(word));
        self.0 = self.0 & HIGH_BITS | u64::from(word);
    }

    fn write_u64(&mut self, word: u64) {
        let product = u128::from(self.0 ^ word) * 0x9e37_79b9_7f4a_7c15;
        self.0 = product as u64 ^ (product >> 64) as u64;
    }

    fn write_usize(&mut self, word: usize) {
        self.write_u64(word as u64);
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn entries_come_out_in_the_order_of_their_keys_however_they_came_in() {
        let (mut upwards, mut downwards) = (Table::default(), Table::default());
        assert!((0..1_000_u32).all(|key| upwards.insert(key, key).is_none()));
        assert!((0..1_000_u32).rev().all(|key| downwards.insert(key, key).is_none()));
        assert_eq!(upwards, downwards);
        assert!(upwards.in_order().map(|(key, _)| *key).eq(0..1_000));
        assert!(downwards.in_order().eq(upwards.in_order()));
    }

    #[test]
    fn memory_is_given_back() {
        let mut table = Table::default();
        assert!((0..10_000_u32).all(|key| table.insert(key, key).is_none()));
        (10..10_000).for_each(|key| assert_eq!(table.remove(&key), Some(key)));
        assert_eq!(table.remove(&10), None);
        assert!(table.in_order().map(|(key, _)| *key).eq(0..10));
        assert!(table.0.capacity() <= 128, "{}", table.0.capacity());
    }

    #[test]
    fn keys_that_differ_little_have_hashes_that_differ_much() {
        let hash = |key: u64| {
            let mut hasher = Folding::default();
            hasher.write_u64(key);
            hasher.finish()
        };
        let buckets = |shift: u32| {
            let mut hit = [false; 128];
            (0..1_024).for_each(|key| hit[(hash(key << shift) >> 57) as usize] = true);
            hit.into_iter().filter(|hit| *hit).count()
        };
        assert!([0, 8, 32, 54].into_iter().all(|shift| buckets(shift) > 100));
    }
}
