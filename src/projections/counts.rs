//! ⑧ How many seats of many events are in each status, for lists: asked of the nodes that have replicas of them, a call
//! a node, so that a page of events does not make this node follow them.
//!
//! Owns whom to ask and how often. Hazard: what nobody answers is not known, and must not be shown as free.

use std::collections::BTreeMap;
use std::time::Duration;

use cluster::peer::{Bytes, CallError, Lane, Service};
use cluster::raft::types::NodeId;
use cluster::wire::{Counted, decode, encode};
use domain::event::Counts;
use domain::ids::EventId;
use futures_util::future::join_all;

use super::feeds::Feeds;
use super::replicas::Replicas;

/// The name of the service.
pub const COUNTS_SERVICE: &str = "counts";
const COUNTS: Service = Service { name: COUNTS_SERVICE, lane: Lane::Commands };
/// A page has no more events.
const MAX_EVENTS: usize = 100;
/// How long each node has.
const WITHIN: Duration = Duration::from_secs(1);
/// Nodes that are asked about an event, one after the other.
const ROUNDS: usize = 2;
/// What a feed shows is as good as an answer while it is no older.
const RECENT: Duration = Duration::from_secs(1);

type Asked = Counted<EventId, 0, MAX_EVENTS>;
/// Those of which there is a replica; no counts before the sale has begun.
type Answered = Counted<(EventId, Option<Counts>), 0, MAX_EVENTS>;

/// How many seats of some events are in each status, as far as anybody has told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Known {
    /// By event; no counts of a sale that has not begun.
    pub counts: BTreeMap<EventId, Option<Counts>>,
    /// The age of the oldest that rests on a feed, because nobody has answered.
    pub age: Option<Duration>,
}

impl Feeds {
    /// The counts of `events`: of those that are followed from their feeds, of the others by asking. Where nobody answers,
    /// a feed that has stopped is better than nothing.
    pub async fn counts(&self, events: &[EventId]) -> Known {
        let mut known = Known::default();
        let followed = |event: &EventId| {
            let feed = self.known(*event)?;
            feed.read(|seats, age| ((seats.statuses.seats() > 0).then(|| seats.statuses.counts()), age))
        };
        for event in events {
            if let Some((counts, _)) = followed(event).filter(|(_, age)| *age < RECENT) {
                known.counts.insert(*event, counts);
            }
        }
        for round in 0..ROUNDS {
            let mut by_node = BTreeMap::<NodeId, Vec<EventId>>::new();
            for event in events.iter().filter(|event| !known.counts.contains_key(event)) {
                if let Some(node) = self.ways.replicas(*event).get(round) {
                    by_node.entry(*node).or_default().push(*event);
                }
            }
            let answers = join_all(by_node.into_iter().map(|(node, events)| self.ask(node, events))).await;
            known.counts.extend(answers.into_iter().flatten());
        }
        for event in events {
            if !known.counts.contains_key(event)
                && let Some((counts, age)) = followed(event)
            {
                known.counts.insert(*event, counts);
                known.age = known.age.max(Some(age));
            }
        }
        known
    }

    async fn ask(&self, node: NodeId, events: Vec<EventId>) -> Vec<(EventId, Option<Counts>)> {
        let asked = events.chunks(MAX_EVENTS).filter_map(|some| Asked::new(some.to_vec()));
        let answers = asked.map(|asked| self.calls.call(node, COUNTS, encode(&asked).into(), WITHIN));
        let read = |answer: Result<Bytes, CallError>| {
            let answer = answer.map_err(|error| error.to_string());
            let answered =
                answer.and_then(|answer| decode::<Answered>(&answer).map_err(|error| error.to_string()));
            answered.inspect_err(|error| tracing::debug!(to = node, error, "no counts")).ok()
        };
        let answers = join_all(answers).await.into_iter().filter_map(read);
        let asked = |(event, _): &(EventId, _)| events.contains(event);
        answers.flat_map(Answered::into_vec).filter(asked).collect()
    }
}

/// Answers another node that asks for counts.
///
/// # Errors
/// [`CallError::Declined`] where that is not what it asks.
pub fn answer(replicas: &dyn Replicas, body: &[u8]) -> Result<Bytes, CallError> {
    let asked: Asked = decode(body).map_err(|error| CallError::Declined(format!("no events: {error}")))?;
    let here = asked.as_slice().iter().filter(|event| replicas.facts(**event).is_some());
    let answered = here.map(|event| (*event, replicas.counts(*event))).collect();
    let answered = Answered::new(answered).expect("no more is answered than was asked");
    Ok(encode(&answered).into())
}

#[cfg(test)]
#[path = "counts_test.rs"]
mod test;
