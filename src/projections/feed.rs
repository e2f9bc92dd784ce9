//! ⑧ What this node was told of the seats of one event that it has no replica of, and how old that is.
//!
//! Owns what is shown of it and what is refused from it. It is refused from only while its source owned the event less
//! than [`FRESH`] ago, and while it shows whatever this node has said to be free again. Hazard: reading it must be quick,
//! as whoever is refused is answered from here.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::event::{Command, MAX_BEST_AVAILABLE, MAX_HOLD_TICKETS, Refusal, SeatStatus};
use domain::ids::SeatIndex;
use tokio::sync::watch;

use super::replicas::Seats;
use super::statuses::Statuses;
use super::wire::Said;
use crate::clock::Moment;

/// Only what is younger is refused from.
pub const FRESH: Duration = Duration::from_millis(250);

/// One event.
pub(super) struct Feed {
    /// Since it was looked at last.
    used: AtomicBool,
    used_at: Mutex<Moment>,
    /// Facts that this node has told its clients of.
    told: AtomicU64,
    /// The same of those that may have freed seats.
    freed: AtomicU64,
    view: watch::Sender<Option<View>>,
}

/// What is shown.
struct View {
    seats: Seats,
    /// Whether its source owned the event then.
    owned: bool,
    as_of: Moment,
}

/// The seats of an event, as far as is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The seats.
    pub seats: Seats,
    /// How long ago they were so.
    pub age: Duration,
}

/// What came of something that was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// It is shown now.
    Shown,
    /// More is shown already.
    Known,
    /// Something before it is missing.
    Gap,
}

impl Feed {
    pub(super) fn new() -> Self {
        Self {
            used: AtomicBool::new(true),
            used_at: Mutex::new(Moment::now()),
            told: AtomicU64::new(0),
            freed: AtomicU64::new(0),
            view: watch::Sender::new(None),
        }
    }

    /// Somebody asks.
    pub(super) fn mark_used(&self) {
        // Written only where it changes, for the sake of all the others who read it.
        if !self.used.load(Ordering::Relaxed) {
            self.used.store(true, Ordering::Relaxed);
        }
    }

    fn used_at(&self) -> MutexGuard<'_, Moment> {
        self.used_at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When somebody asked last, to a look or so.
    pub(super) fn last_used(&self) -> Moment {
        let mut used_at = self.used_at();
        if self.used.swap(false, Ordering::Relaxed) {
            *used_at = Moment::now();
        }
        *used_at
    }

    /// This node has given an answer that rests on so many facts; `frees` where seats may be free again by them.
    pub(super) fn told(&self, facts: u64, frees: bool) {
        self.told.fetch_max(facts, Ordering::Relaxed);
        if frees {
            self.freed.fetch_max(facts, Ordering::Relaxed);
        }
    }

    /// Waits until it shows something, and all that this node has told; for at most `within`.
    pub(super) async fn caught_up(&self, within: Duration) {
        let told = self.told.load(Ordering::Relaxed);
        let mut view = self.view.subscribe();
        let caught_up = view.wait_for(|view| view.as_ref().is_some_and(|view| view.seats.facts >= told));
        // What takes longer is told as it is.
        let _behind = tokio::time::timeout(within, caught_up).await;
    }

    /// What it shows.
    pub(super) fn seen(&self) -> Option<Seen> {
        let view = self.view.borrow();
        view.as_ref().map(|view| Seen { seats: view.seats.clone(), age: view.as_of.age() })
    }

    /// Reads what it shows, in place.
    pub(super) fn read<T>(&self, read: impl FnOnce(&Seats, Duration) -> T) -> Option<T> {
        self.view.borrow().as_ref().map(|view| read(&view.seats, view.as_of.age()))
    }

    /// Why the owner would refuse a hold without a key, where that is certain enough.
    pub(super) fn refusal(&self, command: &Command) -> Option<Refusal> {
        let view = self.view.borrow();
        let view = view.as_ref().filter(|view| view.owned && view.as_of.age() < FRESH)?;
        if view.seats.facts < self.freed.load(Ordering::Relaxed) {
            return None;
        }
        let statuses = &view.seats.statuses;
        match command {
            Command::HoldExact { seats, .. } => unavailable(statuses, seats).map(Refusal::SeatUnavailable),
            Command::HoldBest { wish, .. } => {
                let right = (1..=MAX_BEST_AVAILABLE).contains(&wish.quantity) && statuses.seats() > 0;
                (right && statuses.counts().available < wish.quantity).then_some(Refusal::SoldOut)
            }
            _ => None,
        }
    }

    /// Takes what a source says.
    pub(super) fn take(&self, said: Said, as_of: Moment) -> Taken {
        let mut taken = Taken::Known;
        self.view.send_if_modified(|view| {
            taken = match said {
                Said::Whole { owned, facts, version, seats, packed } => {
                    let statuses = Statuses::from_packed(seats, packed.into_vec());
                    statuses.map_or(Taken::Gap, |statuses| {
                        whole(view, owned, Seats { facts, version, statuses }, as_of)
                    })
                }
                Said::Changed { owned, before, facts, version, seats } => match view {
                    Some(view) if view.seats.facts == before => {
                        seats
                            .into_vec()
                            .into_iter()
                            .for_each(|(seat, status)| view.seats.statuses.set(seat, status));
                        (view.seats.facts, view.seats.version) = (facts, version);
                        view.vouch(owned, as_of);
                        Taken::Shown
                    }
                    Some(view) if view.seats.facts >= facts => Taken::Known,
                    _ => Taken::Gap,
                },
                Said::Gone => Taken::Gap,
            };
            taken == Taken::Shown
        });
        taken
    }

    /// What it shows was still so at `as_of`.
    pub(super) fn vouch(&self, owned: bool, as_of: Moment) {
        // Nobody waits for that.
        self.view.send_if_modified(|view| {
            view.iter_mut().for_each(|view| view.vouch(owned, as_of));
            false
        });
    }
}

impl View {
    fn vouch(&mut self, owned: bool, as_of: Moment) {
        (self.owned, self.as_of) = (owned, self.as_of.max(as_of));
    }
}

/// What clients have seen does not go back, whatever another source knows.
fn whole(view: &mut Option<View>, owned: bool, seats: Seats, as_of: Moment) -> Taken {
    match view {
        Some(view) if view.seats.facts > seats.facts => Taken::Known,
        Some(view) => {
            view.seats = seats;
            view.vouch(owned, as_of);
            Taken::Shown
        }
        None => {
            *view = Some(View { seats, owned, as_of });
            Taken::Shown
        }
    }
}

/// Those of `seats` that are not to be had, where there are any and the wish is one that the owner would look at.
fn unavailable(statuses: &Statuses, seats: &[SeatIndex]) -> Option<Vec<(SeatIndex, SeatStatus)>> {
    let free = |seat: &SeatIndex| statuses.get(*seat) == Some(SeatStatus::Available);
    if seats.len() > MAX_HOLD_TICKETS || seats.iter().all(free) {
        return None;
    }
    let repeated = (1..seats.len()).any(|at| seats[..at].contains(&seats[at]));
    if repeated {
        return None;
    }
    let mut unavailable = Vec::with_capacity(seats.len());
    for seat in seats {
        match statuses.get(*seat)? {
            SeatStatus::Available => {}
            status => unavailable.push((*seat, status)),
        }
    }
    Some(unavailable)
}

#[cfg(test)]
#[path = "feed_test.rs"]
mod test;
