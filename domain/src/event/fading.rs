//! A map that remembers each entry for [`MEMORY_MS`](super::MEMORY_MS) and then forgets it, by stamped time only, so
//! that every replica forgets the same.

use core::hash::Hash;
use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::MEMORY_MS;
use super::table::Table;
use crate::time::UnixMillis;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound(
    serialize = "K: Hash + Ord + Copy + Serialize, V: Serialize",
    deserialize = "K: Hash + Eq + Deserialize<'de>, V: Deserialize<'de>"
))]
pub(super) struct Fading<K: Hash + Eq, V> {
    entries: Table<K, (UnixMillis, V)>,
    order: VecDeque<(UnixMillis, K)>,
}

impl<K: Hash + Eq, V> Default for Fading<K, V> {
    fn default() -> Self {
        Self { entries: Table::default(), order: VecDeque::new() }
    }
}

impl<K: Hash + Ord + Copy, V> Fading<K, V> {
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

#[cfg(test)]
mod test {
    use super::*;

    const fn at(millis: u64) -> UnixMillis {
        UnixMillis::new(millis)
    }

    #[test]
    fn an_entry_fades_a_day_after_it_was_made() {
        let mut memory = Fading::default();
        memory.insert(at(5), 1, "one");
        memory.insert(at(6), 2, "two");
        memory.forget(at(5 + MEMORY_MS - 1));
        assert_eq!(memory.get(&1, at(5 + MEMORY_MS - 1)), Some(&"one"));
        assert_eq!(memory.get(&1, at(5 + MEMORY_MS)), None, "also where it was not dropped yet");
        memory.forget(at(5 + MEMORY_MS));
        assert_eq!((memory.entries.len(), memory.order.len()), (1, 1));
        memory.forget(at(6 + MEMORY_MS));
        assert_eq!(memory, Fading::default());
    }

    #[test]
    fn an_entry_that_is_made_again_lasts_from_then_on() {
        let mut memory = Fading::default();
        memory.insert(at(0), 1, "pending");
        memory.insert(at(9), 1, "settled");
        memory.forget(at(MEMORY_MS));
        assert_eq!(memory.get(&1, at(MEMORY_MS)), Some(&"settled"));
        memory.forget(at(9 + MEMORY_MS));
        assert_eq!(memory, Fading::default());
    }
}
