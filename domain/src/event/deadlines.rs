//! When something must happen to which hold: the deadlines of all live holds, soonest first.
//!
//! Owns one queue a millisecond, since holds are made in order and mostly end in order: what comes is put at the end of
//! the last queue, what is due is taken from the front of the first. Stored as the ordered pairs it stands for.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize, Serializer};

use crate::ids::HoldNumber;
use crate::planted::{self, Bug};
use crate::time::UnixMillis;

#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(from = "Vec<(UnixMillis, HoldNumber)>")]
pub(super) struct Deadlines {
    /// No queue is empty, and each is in order.
    queues: BTreeMap<UnixMillis, VecDeque<HoldNumber>>,
}

impl Deadlines {
    pub(super) fn insert(&mut self, at: UnixMillis, hold: HoldNumber) {
        let queue = self.queues.entry(at).or_default();
        match queue.back() {
            Some(last) if *last >= hold => {
                if let Err(place) = queue.binary_search(&hold) {
                    queue.insert(place, hold);
                }
            }
            _ => queue.push_back(hold),
        }
    }

    pub(super) fn remove(&mut self, at: UnixMillis, hold: HoldNumber) {
        let Some(queue) = self.queues.get_mut(&at) else { return };
        if let Ok(place) = queue.binary_search(&hold) {
            queue.remove(place);
        }
        if queue.is_empty() {
            self.queues.remove(&at);
        }
    }

    /// The soonest.
    pub(super) fn next(&self) -> Option<UnixMillis> {
        self.queues.first_key_value().map(|(at, _)| *at)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (UnixMillis, HoldNumber)> + '_ {
        self.queues.iter().flat_map(|(at, queue)| queue.iter().map(|hold| (*at, *hold)))
    }
}

impl From<Vec<(UnixMillis, HoldNumber)>> for Deadlines {
    fn from(pairs: Vec<(UnixMillis, HoldNumber)>) -> Self {
        pairs.into_iter().collect()
    }
}

impl FromIterator<(UnixMillis, HoldNumber)> for Deadlines {
    fn from_iter<I: IntoIterator<Item = (UnixMillis, HoldNumber)>>(pairs: I) -> Self {
        let mut deadlines = Self::default();
        pairs.into_iter().for_each(|(at, hold)| deadlines.insert(at, hold));
        deadlines
    }
}

impl Serialize for Deadlines {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let kept = |_: &_| !planted::is(Bug::SnapshotWithoutDeadlines);
        serializer.collect_seq(self.iter().filter(kept).collect::<Vec<_>>())
    }
}

#[cfg(test)]
mod test {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Against its naive twin, an ordered set of pairs.
        #[test]
        fn it_is_an_ordered_set_of_pairs(changes in prop::collection::vec((any::<bool>(), 0_u64..4, 0_u32..8), 0..60)) {
            let (mut deadlines, mut twin) = (Deadlines::default(), BTreeSet::new());
            for (comes, at, hold) in changes {
                let pair = (UnixMillis::new(at), HoldNumber(hold));
                if comes {
                    deadlines.insert(pair.0, pair.1);
                    twin.insert(pair);
                } else {
                    deadlines.remove(pair.0, pair.1);
                    twin.remove(&pair);
                }
                prop_assert!(deadlines.iter().eq(twin.iter().copied()));
                prop_assert_eq!(deadlines.next(), twin.first().map(|(at, _)| *at));
                prop_assert_eq!(&deadlines, &twin.iter().copied().collect());
            }
        }
    }
}
