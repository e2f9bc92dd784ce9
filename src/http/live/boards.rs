//! ⑧ The boards of this node: one an event that somebody watches, kept up to date by one task, from the replica here or
//! else from the one feed that this node has of it.
//!
//! Owns which events have a board and how often they are looked at. Hazard: a look copies the seats while their shard is
//! locked, so it is taken only where facts have come since, and no oftener than watchers may be told.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use domain::ids::EventId;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::board::Board;
use crate::config::LiveConfig;
use crate::projections::NodeSeats;

/// From one look at all boards to the next.
const LOOK: Duration = Duration::from_millis(50);
/// And after so many, whether the events are still there.
const LOOKS: u32 = 20;
/// A board is kept for so long after the last watcher, for those who come back.
const IDLE: Duration = Duration::from_secs(60);
/// Events with a board at a time: as many as can be followed.
const MOST: usize = 2_048;
/// How long somebody who comes waits to be shown what this node has told.
const WAIT: Duration = Duration::from_secs(1);

/// The boards; clones are the same.
#[derive(Clone)]
pub struct Boards(Arc<Inner>);

struct Inner {
    seats: NodeSeats,
    heartbeat: Duration,
    book: RwLock<BTreeMap<EventId, Arc<Board>>>,
    opened: Notify,
    /// One for every stream.
    places: Arc<Semaphore>,
    streams: usize,
    ended: AtomicBool,
}

/// Why there is no board.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoBoard {
    /// Nobody who knows the seats can be asked.
    Unknown,
    /// There are enough.
    TooMany,
    /// The node is stopping.
    Ended,
}

/// For whoever watches over the node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LiveFigures {
    /// Streams that are open.
    pub streams: usize,
    /// Events that somebody watches, or has just watched.
    pub boards: usize,
}

impl Boards {
    /// None so far. To be made on the runtime on which events are to be looked at.
    #[must_use]
    pub fn new(seats: NodeSeats, config: &LiveConfig) -> Self {
        let inner = Arc::new(Inner {
            seats,
            heartbeat: config.heartbeat,
            book: RwLock::default(),
            opened: Notify::new(),
            places: Arc::new(Semaphore::new(config.streams)),
            streams: config.streams,
            ended: AtomicBool::new(false),
        });
        drop(tokio::spawn(look_around(Arc::downgrade(&inner))));
        Self(inner)
    }

    /// The board of `event`, which has so many seats; it shows whatever this node has told of them.
    pub(super) async fn open(&self, event: EventId, seats: u32) -> Result<Arc<Board>, NoBoard> {
        let inner = &self.0;
        let facts = inner.seats.facts(event).await.ok_or(NoBoard::Unknown)?;
        let board = inner.board(event, seats)?;
        if board.mark().version.is_none() {
            inner.look(&board);
        }
        let mut marks = board.marks();
        let shown = marks.wait_for(|mark| mark.ended || (mark.version.is_some() && mark.facts >= facts));
        // What takes longer is told as it is.
        let _behind = timeout(WAIT, shown).await.is_err();
        match board.mark().version {
            Some(_) => Ok(board),
            None => Err(NoBoard::Unknown),
        }
    }

    /// A place for one more stream.
    pub(super) fn place(&self) -> Option<OwnedSemaphorePermit> {
        self.0.places.clone().try_acquire_owned().ok()
    }

    /// Ends everything that waits here; nobody else is let in.
    pub fn end(&self) {
        self.0.ended.store(true, Ordering::Release);
        let boards = std::mem::take(&mut *self.0.write());
        boards.into_values().for_each(|board| board.end());
    }

    /// How much there is.
    #[must_use]
    pub fn figures(&self) -> LiveFigures {
        let streams = self.0.streams - self.0.places.available_permits();
        LiveFigures { streams, boards: self.0.read().len() }
    }
}

impl Inner {
    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<EventId, Arc<Board>>> {
        self.book.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, BTreeMap<EventId, Arc<Board>>> {
        self.book.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn board(&self, event: EventId, seats: u32) -> Result<Arc<Board>, NoBoard> {
        if let Some(board) = self.read().get(&event) {
            return Ok(board.clone());
        }
        let mut book = self.write();
        // Looked at under the lock that `end` takes after it has said so.
        if self.ended.load(Ordering::Acquire) {
            return Err(NoBoard::Ended);
        }
        if book.len() >= MOST && !book.contains_key(&event) {
            let unwatched = book.values().filter(|board| !board.is_watched());
            let longest = unwatched.max_by_key(|board| board.idle()).map(|board| board.event);
            let gives_way = longest.ok_or(NoBoard::TooMany)?;
            book.remove(&gives_way);
        }
        let board = book.entry(event).or_insert_with(|| Arc::new(Board::new(event, seats))).clone();
        drop(book);
        self.opened.notify_one();
        Ok(board)
    }

    /// Shows what is known of its seats by now, where that is more than it shows.
    fn look(&self, board: &Board) {
        let shown = board.mark();
        let news = |facts: u64| shown.version.is_none() || facts > shown.facts;
        if let Some(seats) = self.seats.look(board.event, news) {
            board.take(seats);
        }
    }

    fn look_at_all(&self, boards: &[Arc<Board>]) {
        for board in boards {
            if board.is_due() {
                self.look(board);
            }
            board.beat(self.heartbeat);
        }
    }

    /// Ends the boards that nobody watches any more, and those of events that are no more.
    fn clear_away(&self, boards: &[Arc<Board>]) {
        let idle = |board: &Board| board.idle() >= IDLE;
        for board in boards.iter().filter(|board| idle(board) || !self.seats.lists(board.event)) {
            let mut book = self.write();
            let same = book.get(&board.event).is_some_and(|known| Arc::ptr_eq(known, board));
            if same {
                book.remove(&board.event);
            }
            drop(book);
            board.end();
        }
    }
}

/// Until the boards are gone.
async fn look_around(boards: std::sync::Weak<Inner>) {
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut looked = 0;
    loop {
        looks.tick().await;
        let Some(inner) = boards.upgrade() else { return };
        let all: Vec<Arc<Board>> = inner.read().values().cloned().collect();
        if all.is_empty() {
            inner.opened.notified().await;
            continue;
        }
        inner.look_at_all(&all);
        looked = (looked + 1) % LOOKS;
        if looked == 0 {
            inner.clear_away(&all);
        }
    }
}

#[cfg(test)]
#[path = "boards_test.rs"]
mod test;
