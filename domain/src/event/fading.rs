//! A map that remembers each entry for [`MEMORY_MS`](super::MEMORY_MS) and then forgets it, by stamped time only, so
//! that every replica forgets the same.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::MEMORY_MS;
use crate::time::UnixMillis;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Fading<K: Ord, V> {
    entries: BTreeMap<K, (UnixMillis, V)>,
    order: VecDeque<(UnixMillis, K)>,
}

impl<K: Ord, V> Default for Fading<K, V> {
    fn default() -> Self {
        Self { entries: BTreeMap::new(), order: VecDeque::new() }
    }
}

impl<K: Ord + Copy, V> Fading<K, V> {
    /// Remembers `value` from `at` on, in the place of an older one.
    pub(super) fn insert(&mut self, at: UnixMillis, key: K, value: V) {
        self.entries.insert(key, (at, value));
        self.order.push_back((at, key));
    }

    /// What is remembered at `now`.
    pub(super) fn get(&self, key: &K, now: UnixMillis) -> Option<&V> {
        self.entries.get(key).filter(|(at, _)| now < at.plus_ms(MEMORY_MS)).map(|(_, value)| value)
    }

    /// Drops what is older than the memory at `now`.
    pub(super) fn forget(&mut self, now: UnixMillis) {
        while let Some((at, key)) = self.order.front() {
            if now < at.plus_ms(MEMORY_MS) {
                break;
            }
            if self.entries.get(key).is_some_and(|(since, _)| since == at) {
                self.entries.remove(key);
            }
            self.order.pop_front();
        }
    }
}
