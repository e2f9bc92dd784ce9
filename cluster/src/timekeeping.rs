//! Step ②: the time of a shard at one of its replicas, and how a new owner comes to it.
//!
//! A replica that has followed an owner, or was told by one that has, goes on from there with its own monotonic clock,
//! whoever leads next. One that has just started knows nothing but its wall clock, which may be wrong: should it lead, it
//! asks the others first. Owns what they said of it. Hazard: when every process is a new one nobody knows, and what most
//! clocks say is taken; it is a guess, and must not be made while somebody who knows may still be heard.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::planted::{self, Bug};
use domain::time::{Reading, ShardTime, SharedTime, UnixMillis};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::beats::{ALIVE, EVERY};
use crate::raft::types::NodeId;

/// After its start a replica waits so long for others that may know the time: whoever can be reached is heard by then.
const PATIENCE: Duration = EVERY.saturating_mul(4);
/// No message comes later than this. What is further behind is no late message, but another time.
const LATEST: Duration = Duration::from_secs(10);
/// Two monotonic clocks part by less than a thousandth, and a time drifts to a wall clock by as much.
const DRIFT: u64 = ShardTime::SLEW / 2;

/// What a node says of the time of a shard of which it has a replica.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Told {
    /// The number of the shard's group.
    pub(crate) group: u16,
    /// The latest term that the node has heard of there: it votes in none before, and will not hear of their owners.
    pub(crate) heard: u64,
    /// The term of the owner from whom it has the time; 0 where it knows of none.
    pub(crate) of: u64,
    /// The time, where it knows it.
    pub(crate) now: UnixMillis,
}

/// The time of one shard, at one replica.
pub(crate) struct Timekeeper {
    me: NodeId,
    /// What the owners of the shard's events go by.
    pub(crate) time: SharedTime,
    known: Mutex<Known>,
    news: watch::Sender<()>,
}

struct Known {
    /// The term of the owner whose time this is; 0 while it is only what the wall clock said at the start.
    of: u64,
    /// When it was taken over, on the monotonic clock.
    taken_ms: u64,
    /// Until then, on the monotonic clock, somebody may be heard who knows better.
    patient_until_ms: u64,
    /// What the other nodes said last, those without a replica too.
    others: BTreeMap<NodeId, Other>,
}

struct Other {
    /// The latest term that it has heard of here; 0 where it has no replica.
    heard: u64,
    /// What its wall clock said when this node's monotonic one was at `at_ms`.
    wall: UnixMillis,
    at_ms: u64,
}

impl Timekeeper {
    /// Of a replica at node `me` that starts now.
    pub(crate) fn start(me: NodeId, reading: Reading) -> Self {
        let time = Arc::new(Mutex::new(ShardTime::resume(reading.wall, reading)));
        let patient_until_ms = reading.monotonic_ms + ms(PATIENCE);
        let known = Known { of: 0, taken_ms: 0, patient_until_ms, others: BTreeMap::new() };
        let known = Mutex::new(known);
        Self { me, time, known, news: watch::Sender::default() }
    }

    /// Changes whenever somebody was heard.
    pub(crate) fn news(&self) -> watch::Receiver<()> {
        self.news.subscribe()
    }

    /// What this replica says of the time, which has heard of term `heard`.
    pub(crate) fn tell(&self, group: u16, heard: u64, reading: Reading) -> Told {
        let known = self.known();
        Told { group, heard, of: known.of, now: self.time().advance(reading) }
    }

    /// Takes what `node` said: the time here, its own wall clock, and in which term it leads the shard, if it does. This
    /// node leads in term `leading`.
    pub(crate) fn hear(
        &self,
        node: NodeId,
        (told, wall, leads): (Option<&Told>, UnixMillis, Option<u64>),
        leading: Option<u64>,
        reading: Reading,
    ) {
        let mut known = self.known();
        known.others.retain(|_, other| other.age_ms(reading) < ms(ALIVE));
        // An owner gives the time and takes none, until it knows that its own is over.
        if let Some(told) = told.filter(|_| leading != Some(known.of)) {
            // Of one owner it is itself who knows best. Before a later one any earlier one's is over.
            let by_the_owner = told.of > 0 && told.of == known.of && leads == Some(told.of);
            if told.of > known.of || by_the_owner {
                self.follow(&mut known, told, reading);
            }
        }
        let heard = told.map_or(0, |told| told.heard);
        known.others.insert(node, Other { heard, wall, at_ms: reading.monotonic_ms });
        drop(known);
        self.news.send_replace(());
    }

    /// Takes over what was told, unless it comes late: an owner goes on from the time of the one before, and is always ahead of
    /// what its messages say, so whichever came fastest is nearest to it.
    fn follow(&self, known: &mut Known, told: &Told, reading: Reading) {
        let mut time = self.time();
        let behind_ms = time.advance(reading).since_ms(told.now);
        let drift_ms = reading.monotonic_ms.saturating_sub(known.taken_ms) / DRIFT;
        if known.of == 0 || behind_ms <= drift_ms || behind_ms > ms(LATEST) {
            time.follow(told.now, reading);
            known.taken_ms = reading.monotonic_ms;
        }
        known.of = told.of;
    }

    /// From now on the time is that of the owner of `term`, which this node is; says whether it is. Until then it has to hear
    /// more of `voters`. Where nobody knows the time it is what most clocks say, and not before `last_stamp`.
    pub(crate) fn begin(
        &self,
        term: u64,
        voters: &BTreeSet<NodeId>,
        last_stamp: impl FnOnce() -> UnixMillis,
        reading: Reading,
    ) -> bool {
        let mut known = self.known();
        if known.of == 0 && !planted::is(Bug::AskNobodyTheTime) {
            if !known.may_guess(term, self.me, voters, reading) {
                return false;
            }
            self.time().follow(known.clocks(reading).max(last_stamp()), reading);
        }
        // A later one than its own: somebody else owns the shard by now.
        let begun = known.of <= term;
        known.of = known.of.max(term);
        begun
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn time(&self) -> MutexGuard<'_, ShardTime> {
        self.time.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Whether nobody is left who could know: most voters have said that they do not and will not from any earlier owner, and
    /// the others have said so too or were not heard for long enough.
    fn may_guess(&self, term: u64, me: NodeId, voters: &BTreeSet<NodeId>, reading: Reading) -> bool {
        // What they know they have said too, and it was taken.
        let said = |node: &NodeId| self.others.get(node).is_some_and(|other| other.heard >= term);
        let asked = voters.iter().filter(|node| **node == me || said(node)).count();
        asked == voters.len() || (2 * asked > voters.len() && reading.monotonic_ms >= self.patient_until_ms)
    }

    /// What the clocks of all nodes say that were heard lately: the one in the middle, of two the earlier. So one wrong clock
    /// among three is of no account; and of two it is when it is slow, where the last stamp is a better bound than a hold
    /// that ends early.
    fn clocks(&self, reading: Reading) -> UnixMillis {
        let lately = self.others.values().filter(|other| other.age_ms(reading) < ms(ALIVE));
        let mut clocks: Vec<_> = lately.map(|other| other.wall.plus_ms(other.age_ms(reading))).collect();
        clocks.push(reading.wall);
        clocks.sort_unstable();
        clocks[(clocks.len() - 1) / 2]
    }
}

impl Other {
    fn age_ms(&self, reading: Reading) -> u64 {
        reading.monotonic_ms.saturating_sub(self.at_ms)
    }
}

const fn ms(span: Duration) -> u64 {
    span.as_millis() as u64
}

#[cfg(test)]
#[path = "timekeeping_test.rs"]
mod test;
