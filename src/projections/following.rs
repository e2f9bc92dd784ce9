//! ⑧ The one task that follows events: it finds a source for each, the owner where there is one, hears what the sources
//! say, and lets go of what nobody asks about any more.
//!
//! Owns which node each event is followed at. Hazard: the sources may know less than this node was told before, by
//! another one. What clients have seen never goes back, and what does not fit is asked for anew, as a whole.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use cluster::peer::{Bytes, CallError, Calls};
use cluster::raft::types::NodeId;
use domain::ids::EventId;
use futures_util::StreamExt;
use futures_util::stream::{BoxStream, SelectAll};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

use super::feed::{Feed, Taken};
use super::feeds::Book;
use super::line::{Heard, Line, LineId};
use super::wire::{News, Said};
use crate::clock::Moment;
use crate::dispatch::ways::Ways;

/// How often silence, idleness and what has no source are looked for.
const LOOK: Duration = Duration::from_millis(100);
/// And after so many looks, whether another source is better.
const LOOKS: u32 = 10;
/// An event is followed for so long after the last question.
const IDLE: Duration = Duration::from_secs(60);
/// A source that failed is not tried again before; by then the cluster has noticed as well.
const REST: Duration = Duration::from_secs(2);

/// The task.
pub(super) struct Following {
    book: Arc<Book>,
    ways: Arc<dyn Ways>,
    calls: Arc<dyn Calls>,
    starts: mpsc::Receiver<EventId>,
    places: BTreeMap<EventId, Place>,
    lines: BTreeMap<NodeId, Line>,
    heard: SelectAll<BoxStream<'static, Heard>>,
    /// Lines that were ever opened.
    opened: u64,
    failed: BTreeMap<NodeId, Moment>,
    wishes: BTreeMap<NodeId, Wished>,
}

/// Where an event is followed.
struct Place {
    feed: Arc<Feed>,
    at: Option<NodeId>,
    /// Whether the source owns it, as it said last.
    owned: bool,
    /// Whether the feed shows just what the source has said.
    synced: bool,
}

#[derive(Default)]
struct Wished {
    leave: Vec<EventId>,
    follow: Vec<EventId>,
}

impl Following {
    pub(super) fn new(
        book: Arc<Book>,
        ways: Arc<dyn Ways>,
        calls: Arc<dyn Calls>,
        starts: mpsc::Receiver<EventId>,
    ) -> Self {
        Self {
            book,
            ways,
            calls,
            starts,
            places: BTreeMap::new(),
            lines: BTreeMap::new(),
            heard: SelectAll::new(),
            opened: 0,
            failed: BTreeMap::new(),
            wishes: BTreeMap::new(),
        }
    }

    /// Until nobody can ask any more.
    pub(super) async fn run(mut self) {
        let mut changed = self.ways.changed();
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut looked = 0;
        loop {
            tokio::select! {
                event = self.starts.recv() => match event {
                    Some(event) => self.begin(event),
                    None => return,
                },
                Some((line, said)) = self.heard.next(), if !self.heard.is_empty() => self.hear(line, said),
                Ok(()) = changed.changed() => self.choose_again(),
                _ = looks.tick() => {
                    looked = (looked + 1) % LOOKS;
                    self.look();
                    if looked == 0 {
                        self.choose_again();
                    }
                }
            }
            self.send_wishes();
        }
    }

    fn begin(&mut self, event: EventId) {
        let feed = self.book.read().get(&event).cloned();
        let Some(feed) = feed else { return };
        self.places.entry(event).or_insert(Place { feed, at: None, owned: false, synced: false });
        self.choose(event);
    }

    /// Finds the best source there is for `event`, and goes there.
    fn choose(&mut self, event: EventId) {
        let rests = |node: &NodeId| self.failed.get(node).is_some_and(|failed| failed.age() < REST);
        let best = self.ways.replicas(event).into_iter().find(|node| !rests(node));
        let Some(place) = self.places.get_mut(&event) else { return };
        let Some(best) = best.filter(|best| place.at != Some(*best)) else { return };
        if let Some(before) = place.at.replace(best) {
            self.wishes.entry(before).or_default().leave.push(event);
        }
        (place.owned, place.synced) = (false, false);
        self.wishes.entry(best).or_default().follow.push(event);
    }

    fn choose_again(&mut self) {
        let events: Vec<EventId> = self.places.keys().copied().collect();
        events.into_iter().for_each(|event| self.choose(event));
    }

    fn look(&mut self) {
        let silent: Vec<LineId> =
            self.lines.values().filter(|line| line.is_silent()).map(|line| line.id).collect();
        silent.into_iter().for_each(|line| self.lose(line, "it says nothing"));
        self.failed.retain(|_, failed| failed.age() < REST);
        self.let_go();
        let known: Vec<EventId> = self.book.read().keys().copied().collect();
        let homeless = |event: &EventId| self.places.get(event).is_none_or(|place| place.at.is_none());
        let homeless: Vec<EventId> = known.into_iter().filter(homeless).collect();
        homeless.into_iter().for_each(|event| self.begin(event));
        let used: BTreeSet<NodeId> = self.places.values().filter_map(|place| place.at).collect();
        self.lines.retain(|node, _| used.contains(node));
    }

    /// Ends what nobody has asked about for long, and what had to give way.
    fn let_go(&mut self) {
        let idle = |feed: &Feed| feed.last_used().age() >= IDLE;
        // Written only where it changes, for the sake of all the others who read it.
        if self.book.read().values().any(|feed| idle(feed)) {
            self.book.write().retain(|_, feed| !idle(feed));
        }
        let kept = self.book.read();
        let same = |event: &EventId, place: &Place| {
            kept.get(event).is_some_and(|feed| Arc::ptr_eq(feed, &place.feed))
        };
        let wishes = &mut self.wishes;
        self.places.retain(|event, place| {
            let stays = same(event, place);
            if !stays && let Some(node) = place.at {
                wishes.entry(node).or_default().leave.push(*event);
            }
            stays
        });
    }

    fn hear(&mut self, id: LineId, said: Option<Result<Bytes, CallError>>) {
        let Some(line) = self.lines.get_mut(&id.to).filter(|line| line.id == id) else { return };
        let news = match said {
            Some(Ok(frame)) => News::decode(&frame).map_err(|error| error.to_string()),
            Some(Err(error)) => Err(error.to_string()),
            None => Err("it has ended".to_owned()),
        };
        let News { at_ms, each } = match news {
            Ok(news) => news,
            Err(why) => return self.lose(id, &why),
        };
        line.was_heard();
        let Some(as_of) = line.clock.moment(at_ms, self.calls.clock_of(id.to)) else { return };
        for (event, said) in each.into_vec() {
            self.take(id.to, event, said, as_of);
        }
        let here = self.places.values().filter(|place| place.at == Some(id.to) && place.synced);
        here.for_each(|place| place.feed.vouch(place.owned, as_of));
    }

    fn take(&mut self, from: NodeId, event: EventId, said: Said, as_of: Moment) {
        let Some(place) = self.places.get_mut(&event).filter(|place| place.at == Some(from)) else { return };
        match said {
            // The next look finds another one, or this one again when it has a replica.
            Said::Gone => {
                (place.at, place.synced) = (None, false);
                self.wishes.entry(from).or_default().leave.push(event);
            }
            Said::Whole { owned, facts, .. } | Said::Changed { owned, facts, .. } => {
                let taken = place.feed.take(said, as_of);
                let same = place.feed.read(|seats, _| seats.facts == facts).unwrap_or(false);
                (place.owned, place.synced) = (owned, same);
                if taken == Taken::Gap {
                    self.wishes.entry(from).or_default().follow.push(event);
                }
            }
        }
    }

    /// The line is broken; what was followed over it is followed elsewhere.
    fn lose(&mut self, id: LineId, why: &str) {
        tracing::debug!(source = id.to, why, "a feed of seats broke");
        self.lines.remove(&id.to);
        self.wishes.remove(&id.to);
        self.failed.insert(id.to, Moment::now());
        let here = self.places.iter_mut().filter(|(_, place)| place.at == Some(id.to));
        let here: Vec<EventId> = here
            .map(|(event, place)| {
                (place.at, place.synced) = (None, false);
                *event
            })
            .collect();
        here.into_iter().for_each(|event| self.choose(event));
    }

    fn send_wishes(&mut self) {
        while let Some((node, Wished { leave, follow })) = self.wishes.pop_first() {
            if !self.lines.contains_key(&node) && !follow.is_empty() {
                self.opened += 1;
                let (line, heard) = Line::open(LineId { to: node, number: self.opened }, &*self.calls);
                self.lines.insert(node, line);
                self.heard.push(heard);
            }
            let Some(line) = self.lines.get(&node) else { continue };
            let (id, taken) = (line.id, line.wish(&leave, &follow));
            if !taken {
                self.lose(id, "it takes no more wishes");
            }
        }
    }
}

#[cfg(test)]
#[path = "following_test.rs"]
mod test;
