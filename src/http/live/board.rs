//! ⑧ The board of one event on this node: how its seats are, and the last changes, in the bytes that clients are told them
//! in. However many watch, a change is looked for once and encoded once.
//!
//! Owns what leads from one version to the next. Versions never go back: what is older than what is shown is not taken, so
//! it does not matter whose replica is looked at. Hazard: only the versions that were shown can be gone on from, as seats
//! that were taken and freed between two looks are in no change; whoever has another one gets a snapshot.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::event::SeatStatus;
use domain::ids::{EventId, SeatIndex};
use tokio::sync::watch;

use super::frame::Frame;
use crate::clock::Moment;
use crate::projections::{Seats, Statuses};

/// Changes that are kept, to go on from.
const KEPT: usize = 512;
/// And so many bytes of them.
const KEPT_BYTES: usize = 256 << 10;
/// More seats than this are told as all seats, where that is shorter.
const MANY: usize = 256;
/// About what a change takes.
const CHANGE_BYTES: usize = 56;
/// Ten updates a second.
const PACE: Duration = Duration::from_millis(100);

/// What watchers wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Mark {
    /// Facts behind what is shown.
    pub(super) facts: u64,
    /// What is shown; `None` before the first look.
    pub(super) version: Option<u64>,
    /// How often there was nothing to say for long.
    pub(super) beats: u64,
    /// Nothing more will be shown.
    pub(super) ended: bool,
}

/// What comes after a version.
#[derive(Debug)]
pub(super) enum Next {
    /// Nothing yet.
    Nothing,
    /// What leads to this version.
    Update(u64, Frame),
    /// It cannot be gone on from.
    Unknown,
}

/// One event.
pub(super) struct Board {
    pub(super) event: EventId,
    /// The seats that it has according to the catalogue, for before its sale has begun.
    seats: u32,
    state: Mutex<State>,
    mark: watch::Sender<Mark>,
}

struct State {
    shown: Seats,
    updates: VecDeque<Update>,
    bytes: usize,
    /// Of what is shown, once somebody has asked for it.
    snapshot: Option<Frame>,
    /// When watchers were told anything last.
    told_at: Moment,
    /// When somebody watched last, to a look or so.
    watched_at: Moment,
}

struct Update {
    before: u64,
    after: u64,
    /// `None` where all seats were told.
    changes: Option<Vec<(SeatIndex, SeatStatus)>>,
    frame: Frame,
}

impl Board {
    /// Of an event with so many seats; nothing is shown yet.
    pub(super) fn new(event: EventId, seats: u32) -> Self {
        let state = State {
            shown: Seats::default(),
            updates: VecDeque::new(),
            bytes: 0,
            snapshot: None,
            told_at: Moment::now(),
            watched_at: Moment::now(),
        };
        Self { event, seats, state: Mutex::new(state), mark: watch::Sender::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// To wait for what comes next.
    pub(super) fn marks(&self) -> watch::Receiver<Mark> {
        self.mark.subscribe()
    }

    /// What is shown.
    pub(super) fn mark(&self) -> Mark {
        *self.mark.borrow()
    }

    /// Whether another update may be told by now.
    pub(super) fn is_due(&self) -> bool {
        self.mark().version.is_none() || self.state().told_at.age() >= PACE
    }

    /// Shows `seats`, unless that is old.
    pub(super) fn take(&self, mut seats: Seats) {
        if seats.statuses.seats() == 0 {
            seats.statuses = Statuses::all_free(self.seats);
        }
        let mut state = self.state();
        let shown = self.mark();
        if shown.version.is_some() && (seats.facts <= shown.facts || seats.version < state.shown.version) {
            return;
        }
        let mark = Mark { facts: seats.facts, version: Some(seats.version), ..shown };
        if shown.version.is_some_and(|version| version != seats.version) {
            state.update(self.event, &seats);
        }
        (state.shown, state.told_at) = (seats, Moment::now());
        drop(state);
        self.mark.send_replace(mark);
    }

    /// Has watchers told that all is well, if they were told nothing for so long.
    pub(super) fn beat(&self, every: Duration) {
        let mut state = self.state();
        if state.told_at.age() >= every {
            state.told_at = Moment::now();
            drop(state);
            self.mark.send_modify(|mark| mark.beats += 1);
        }
    }

    /// Nothing more will be shown.
    pub(super) fn end(&self) {
        self.mark.send_modify(|mark| mark.ended = true);
    }

    /// Whether anybody watches.
    pub(super) fn is_watched(&self) -> bool {
        self.mark.receiver_count() > 0
    }

    /// How long nobody has watched.
    pub(super) fn idle(&self) -> Duration {
        let mut state = self.state();
        if self.is_watched() {
            state.watched_at = Moment::now();
        }
        state.watched_at.age()
    }

    /// What comes after `version`.
    pub(super) fn after(&self, version: u64) -> Next {
        let state = self.state();
        if version == state.shown.version {
            return Next::Nothing;
        }
        match state.updates.iter().rev().find(|update| update.before == version) {
            Some(update) => Next::Update(update.after, update.frame.clone()),
            None => Next::Unknown,
        }
    }

    /// All that comes after `version`, in one; `None` where it cannot be gone on from, or nothing does.
    pub(super) fn all_after(&self, version: u64) -> Option<Frame> {
        let state = self.state();
        let first = state.updates.iter().rposition(|update| update.before == version)?;
        let mut updates = state.updates.range(first..);
        if updates.len() == 1 {
            return updates.next().map(|update| update.frame.clone());
        }
        let mut changed = BTreeMap::new();
        for update in updates {
            changed.extend(update.changes.as_ref()?.iter().copied());
        }
        let changes: Vec<_> = changed.into_iter().collect();
        Some(Frame::changes(self.event, state.shown.version, &changes))
    }

    /// All seats as they are shown, and the version that is.
    pub(super) fn snapshot(&self) -> (u64, Frame) {
        let mut state = self.state();
        let Seats { version, statuses, .. } = &state.shown;
        let version = *version;
        let frame = match &state.snapshot {
            Some(frame) => frame.clone(),
            None => Frame::snapshot(version, statuses),
        };
        state.snapshot = Some(frame.clone());
        (version, frame)
    }
}

impl State {
    /// Keeps what leads from what is shown to `seats`.
    fn update(&mut self, event: EventId, seats: &Seats) {
        self.snapshot = None;
        let (before, after) = (self.shown.version, seats.version);
        let same_map = self.shown.statuses.seats() == seats.statuses.seats();
        let changes = same_map.then(|| self.shown.statuses.changes(&seats.statuses));
        let whole_bytes = seats.statuses.packed().len() * 4 / 3;
        let few = |changes: &Vec<_>| changes.len() <= MANY || changes.len() * CHANGE_BYTES < whole_bytes;
        let changes = changes.filter(few);
        let frame = match &changes {
            Some(changes) => Frame::changes(event, after, changes),
            None => Frame::snapshot(after, &seats.statuses),
        };
        self.bytes += frame.piece().len();
        self.updates.push_back(Update { before, after, changes, frame });
        while self.updates.len() > KEPT || (self.bytes > KEPT_BYTES && self.updates.len() > 1) {
            let gone = self.updates.pop_front();
            self.bytes -= gone.map_or(0, |update| update.frame.piece().len());
        }
    }
}

#[cfg(test)]
#[path = "board_test.rs"]
mod test;
