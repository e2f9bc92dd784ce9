//! ⑧ The telling side of the feed: how the seats of events change here, to nodes that have no replica of them.
//!
//! Looks at every event that is followed twenty times a second and says what is different from what it said last. So
//! changes are coalesced by themselves, nothing is done on the way of a commit, and seats that came by a snapshot are
//! found like any others. Owns what was said, to whom, and how much: who reads slowly is told less often and never gets
//! a queue. Hazard: a round may take several messages, and says how old everything is only with its last one.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cluster::peer::{Bytes, CallError, Messages};
use cluster::raft::types::NodeId;
use cluster::wire::{Counted, WireError};
use domain::ids::EventId;
use domain::ports::Clock;
use futures_util::{StreamExt, stream};
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::replicas::{Replicas, Seats};
use super::wire::{CHANGE_BYTES, MAX_CHANGES, MAX_FOLLOWED, News, Said, Wishes};

/// From one look at all events to the next; the source is heard of as often.
const EVERY: Duration = Duration::from_millis(50);
/// A message has hardly more bytes than this.
const MESSAGE_BYTES: usize = 1 << 20;
/// Conversations of one peer: one that is broken may not have been missed yet.
const TALKS_A_PEER: usize = 4;

type Peers = Arc<Mutex<BTreeMap<NodeId, usize>>>;

/// Tells other nodes of the seats here; clones are the same.
#[derive(Clone)]
pub struct Source {
    replicas: Arc<dyn Replicas>,
    clock: Arc<dyn Clock>,
    peers: Peers,
}

/// A conversation that counts among those of its peer as long as it lives.
struct Place {
    from: NodeId,
    peers: Peers,
}

/// The conversation with one peer.
struct Talk {
    replicas: Arc<dyn Replicas>,
    clock: Arc<dyn Clock>,
    input: Messages,
    /// What was said of every event that is followed.
    followed: BTreeMap<EventId, Option<Told>>,
    ticks: Interval,
    round: Option<Round>,
    /// When the last whole round began.
    at_ms: u64,
    place: Place,
}

/// What was said of an event last.
enum Told {
    Seats { owned: bool, seats: Seats },
    Gone,
}

/// A look at all events that has not come to its end.
#[derive(Clone, Copy)]
struct Round {
    began_ms: u64,
    after: Option<EventId>,
}

impl Source {
    /// Of `replicas`; `clock` is the one that this node's peers are told of.
    #[must_use]
    pub fn new(replicas: Arc<dyn Replicas>, clock: Arc<dyn Clock>) -> Self {
        Self { replicas, clock, peers: Peers::default() }
    }

    /// Tells `from` of the events that it wishes for in `input`, as long as it is heard.
    ///
    /// # Errors
    /// [`CallError::Declined`] where it has too many conversations already.
    pub fn stream(&self, from: NodeId, input: Messages) -> Result<Messages, CallError> {
        let place = Place::take(from, self.peers.clone()).ok_or_else(|| {
            CallError::Declined(format!("{TALKS_A_PEER} conversations about seats are enough"))
        })?;
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let talk = Talk {
            replicas: self.replicas.clone(),
            clock: self.clock.clone(),
            input,
            followed: BTreeMap::new(),
            ticks,
            round: None,
            at_ms: 0,
            place,
        };
        Ok(Box::pin(stream::unfold(Some(talk), |talk| async { talk?.step().await })))
    }
}

impl Place {
    fn take(from: NodeId, peers: Peers) -> Option<Self> {
        let mut counted = lock(&peers);
        let talks = counted.entry(from).or_insert(0);
        if *talks == TALKS_A_PEER {
            return None;
        }
        *talks += 1;
        drop(counted);
        Some(Self { from, peers })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counted = lock(&self.peers);
        if let Some(talks) = counted.get_mut(&self.from) {
            *talks -= 1;
        }
        counted.retain(|_, talks| *talks > 0);
    }
}

fn lock(peers: &Peers) -> MutexGuard<'_, BTreeMap<NodeId, usize>> {
    peers.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Talk {
    /// The next message: as soon as something is wished for, and with every tick.
    async fn step(mut self) -> Option<(Result<Bytes, CallError>, Option<Self>)> {
        let round = loop {
            if let Some(round) = self.round.take() {
                break round;
            }
            tokio::select! {
                biased;
                heard = self.input.next() => match heard {
                    Some(Ok(frame)) => if let Err(error) = self.hear(&frame) {
                        tracing::warn!(from = self.place.from, %error, "a wish for seats could not be read");
                        return Some((Err(CallError::Declined(error.to_string())), None));
                    },
                    Some(Err(_)) | None => return None,
                },
                _ = self.ticks.tick() => {
                    break Round { began_ms: self.clock.read().monotonic_ms, after: None };
                }
            }
        };
        let news = self.news(round);
        Some((Ok(news.encode().into()), Some(self)))
    }

    fn hear(&mut self, frame: &[u8]) -> Result<(), WireError> {
        let wishes = Wishes::decode(frame)?;
        for event in wishes.leave.as_slice() {
            self.followed.remove(event);
        }
        for event in wishes.follow.into_vec() {
            self.followed.insert(event, None);
        }
        if self.followed.len() > MAX_FOLLOWED {
            return Err(WireError::Body(format!("more than {MAX_FOLLOWED} events")));
        }
        // Somebody waits for it.
        self.ticks.reset_immediately();
        Ok(())
    }

    /// Goes on with the round, as far as one message goes. Only the last one says that all of it has been looked at.
    fn news(&mut self, mut round: Round) -> News {
        let (mut each, mut bytes) = (Vec::new(), 0);
        let rest = (round.after.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded);
        for (event, told) in self.followed.range_mut(rest) {
            if bytes > MESSAGE_BYTES {
                self.round = Some(round);
                break;
            }
            if let Some(said) = say(told, &*self.replicas, *event) {
                bytes += said.bytes();
                each.push((*event, said));
            }
            round.after = Some(*event);
        }
        if self.round.is_none() {
            self.at_ms = round.began_ms;
        }
        let each = Counted::new(each).expect("no more events are followed than a message may be about");
        News { at_ms: self.at_ms, each }
    }
}

/// What is to be said of `event` to a peer that was `told` this of it.
fn say(told: &mut Option<Told>, replicas: &dyn Replicas, event: EventId) -> Option<Said> {
    let Some(facts) = replicas.facts(event) else {
        let known = matches!(told, Some(Told::Gone));
        *told = Some(Told::Gone);
        return (!known).then_some(Said::Gone);
    };
    let seats = match told {
        Some(Told::Seats { seats, .. }) if seats.facts == facts => None,
        _ => Some(replicas.seats(event)),
    };
    // Asked only after the seats were looked at: who owns the event now has not missed what was committed before.
    let owns = replicas.owns(event);
    let Some(Told::Seats { owned, seats: last }) = told else {
        let seats = seats.unwrap_or_default();
        let said = Said::whole(owns, &seats);
        *told = Some(Told::Seats { owned: owns, seats });
        return Some(said);
    };
    if seats.is_none() && *owned == owns {
        return None;
    }
    let seats = seats.unwrap_or_else(|| last.clone());
    let said = Said::from(last, owns, &seats);
    (*owned, *last) = (owns, seats);
    Some(said)
}

impl Said {
    fn whole(owned: bool, seats: &Seats) -> Self {
        let Seats { facts, version, statuses } = seats;
        let packed = Counted::new(statuses.packed().to_vec()).expect("a seat map has at most 200,000 seats");
        Self::Whole { owned, facts: *facts, version: *version, seats: statuses.seats(), packed }
    }

    /// What is different from `last`, or everything where that is shorter.
    fn from(last: &Seats, owned: bool, seats: &Seats) -> Self {
        if last.statuses.seats() != seats.statuses.seats() {
            return Self::whole(owned, seats);
        }
        let changes = last.statuses.changes(&seats.statuses);
        if changes.len() > MAX_CHANGES.min(seats.statuses.packed().len() / CHANGE_BYTES + 1) {
            return Self::whole(owned, seats);
        }
        let changes = Counted::new(changes).expect("so many have just been found to be allowed");
        Self::Changed {
            owned,
            before: last.facts,
            facts: seats.facts,
            version: seats.version,
            seats: changes,
        }
    }

    /// About.
    fn bytes(&self) -> usize {
        64 + match self {
            Self::Whole { packed, .. } => packed.as_slice().len(),
            Self::Changed { seats, .. } => seats.as_slice().len() * CHANGE_BYTES,
            Self::Gone => 0,
        }
    }
}

#[cfg(test)]
#[path = "source_test.rs"]
mod test;
