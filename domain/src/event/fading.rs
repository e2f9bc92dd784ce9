//! A map that remembers each entry for [`MEMORY_MS`](super::MEMORY_MS) and then forgets it, by stamped time only, so
//! that every replica forgets the same.
//!
//! Owns the entries in the order in which they came, which is that in which they go, and beside it where in this line a
//! key's entry stands. So what is large is only ever added at one end and taken from the other, and never moved.

use core::hash::Hash;
use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::MEMORY_MS;
use super::table::Table;
use crate::planted::{self, Bug};
use crate::time::UnixMillis;

#[derive(Debug, Clone)]
pub(super) struct Fading<K: Hash + Eq, V> {
    /// By the number of the key's newest entry, counted from the first that ever came.
    places: Table<K, u64>,
    /// A value is gone from its place once its key has a newer one.
    line: VecDeque<(UnixMillis, K, Option<V>)>,
    /// How many have left the line.
    left: u64,
}

/// As it is stored: what is remembered, and every arrival.
#[derive(Serialize, Deserialize)]
#[serde(bound(
    serialize = "K: Ord + Serialize, V: Serialize",
    deserialize = "K: Ord + Deserialize<'de>, V: Deserialize<'de>"
))]
struct Stored<K, V> {
    entries: BTreeMap<K, (UnixMillis, V)>,
    order: Vec<(UnixMillis, K)>,
}

impl<K: Hash + Eq, V> Default for Fading<K, V> {
    fn default() -> Self {
        Self { places: Table::default(), line: VecDeque::new(), left: 0 }
    }
}

impl<K: Hash + Eq, V: PartialEq> PartialEq for Fading<K, V> {
    /// The line tells everything; how many have left it does not matter.
    fn eq(&self, other: &Self) -> bool {
        self.line == other.line
    }
}

impl<K: Hash + Eq, V: Eq> Eq for Fading<K, V> {}

impl<K: Hash + Ord + Copy, V> Fading<K, V> {
    /// Remembers `value` from `at` on, in the place of an older one.
    pub(super) fn insert(&mut self, at: UnixMillis, key: K, value: V) {
        let place = self.left + self.line.len() as u64;
        if let Some(older) = self.places.insert(key, place)
            && let Some((_, _, value)) = self.line.get_mut((older - self.left) as usize)
        {
            *value = None;
        }
        self.line.push_back((at, key, Some(value)));
    }

    /// What is remembered at `now`.
    pub(super) fn get(&self, key: &K, now: UnixMillis) -> Option<&V> {
        let place = self.places.get(key)?;
        let (at, _, value) = self.line.get((place - self.left) as usize)?;
        value.as_ref().filter(|_| now < at.plus_ms(MEMORY_MS))
    }

    /// Drops what is older than the memory at `now`, and gives memory back where little is left.
    pub(super) fn forget(&mut self, now: UnixMillis) {
        const SMALL: usize = 64;
        while self.line.front().is_some_and(|(at, _, _)| now >= at.plus_ms(MEMORY_MS)) {
            let Some((_, key, value)) = self.line.pop_front() else { return };
            self.left += 1;
            if value.is_some() {
                self.places.remove(&key);
            }
            if self.line.capacity() > SMALL.max(8 * self.line.len()) {
                self.line.shrink_to(2 * self.line.len());
            }
        }
    }
}

impl<K: Hash + Ord + Copy + Serialize, V: Serialize> Serialize for Fading<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if planted::is(Bug::SnapshotWithoutKeys) {
            return Stored::<K, V> { entries: BTreeMap::new(), order: Vec::new() }.serialize(serializer);
        }
        let entries = self.line.iter();
        let entries = entries.filter_map(|(at, key, value)| Some((*key, (*at, value.as_ref()?)))).collect();
        let order = self.line.iter().map(|(at, key, _)| (*at, *key)).collect();
        Stored { entries, order }.serialize(serializer)
    }
}

impl<'de, K, V> Deserialize<'de> for Fading<K, V>
where
    K: Hash + Ord + Copy + Deserialize<'de>,
    V: Deserialize<'de>,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Stored { mut entries, order } = Stored::<K, V>::deserialize(deserializer)?;
        // From the newest on: the last arrival of a key is the one that counts.
        let arrivals = order.into_iter().rev();
        let newest_first = arrivals.map(|(at, key)| (at, key, entries.remove(&key).map(|(_, value)| value)));
        let mut line: VecDeque<_> = newest_first.collect();
        line.make_contiguous().reverse();
        let mut places = Table::default();
        for (place, (_, key, _)) in (0..).zip(&line) {
            places.insert(*key, place);
        }
        Ok(Self { places, line, left: 0 })
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
        assert_eq!((memory.places.len(), memory.line.len()), (1, 1));
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
