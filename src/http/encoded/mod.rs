//! Step ⑦ of what is read most: an event with its tickets and the seats of an event, made once a version for everybody, plain
//! and packed.
//!
//! `rendered` is an event at one version, in pieces; `gzip` and `brotli` put packed pieces together; `chunks` is a body that is
//! shared.
//! Owns which events are kept, and that each is made by one reader at a time, whose work all others share: who comes
//! meanwhile waits, so that no answer is older than its question. Hazard: what is told to one caller alone must not get in
//! here.

mod block;
mod brotli;
mod chunks;
mod gzip;
mod rendered;

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use domain::ids::EventId;
use moka::sync::Cache;

use rendered::Rendered;
pub(super) use rendered::{Answer, Shape, What};

use super::event_view::{Found, unknown};
use super::extract::Coding;
use super::problem::Problem;
use crate::projections::{NodeSeats, Seats, Statuses};

/// About what a seat takes, plain and packed.
const SEAT_BYTES: u32 = 224;
/// What nobody has asked for in so long is let go.
const IDLE: Duration = Duration::from_secs(600);
/// From so many seats on they are rendered off the threads that serve requests.
const ELSEWHERE_SEATS: u32 = 1_024;

/// The events that somebody reads; clones are the same.
#[derive(Clone)]
pub struct Encoded {
    seats: NodeSeats,
    events: Cache<EventId, Arc<Entry>>,
}

/// One event.
#[derive(Default)]
struct Entry {
    /// How much room it takes.
    kibibytes: u32,
    seats: RwLock<Option<Arc<Seats>>>,
    rendered: RwLock<Option<Arc<Rendered>>>,
    /// Whoever renders has it.
    turn: tokio::sync::Mutex<()>,
}

impl Encoded {
    /// Of `seats`, in as much memory.
    #[must_use]
    pub fn new(seats: NodeSeats, mebibytes: u64) -> Self {
        let events = Cache::builder()
            .max_capacity(mebibytes << 10)
            .weigher(|_, entry: &Arc<Entry>| entry.kibibytes)
            .time_to_idle(IDLE)
            .build();
        Self { seats, events }
    }

    /// The seats of the event as everybody sees them, with all that this node has said of them.
    pub(super) async fn seats(&self, found: &Found) -> Result<Arc<Seats>, Problem> {
        let event = found.event.id;
        let _waits_for_what_was_told = self.seats.facts(event).await;
        let entry = self.entry(found);
        let known = read(&entry.seats);
        let seats = self.seats.look(event, |facts| known.as_ref().is_none_or(|known| known.facts < facts));
        match (seats, known) {
            (Some(seats), _) => Ok(entry.newest(whole(seats, found))),
            // Nothing is newer; or nobody knows any more, and what was known last is shown.
            (None, Some(known)) => Ok(known),
            (None, None) => Err(unknown()),
        }
    }

    /// How old they are, where that is worth saying.
    pub(super) fn age(&self, event: EventId) -> Option<Duration> {
        self.seats.age(event)
    }

    /// The event with its tickets, or its tickets alone, as everybody sees them. `shape` is as of `now`.
    pub(super) async fn answer(
        &self,
        found: &Found,
        shape: Shape,
        now: domain::time::UnixMillis,
    ) -> Result<Answer, Problem> {
        let seats = self.seats(found).await?;
        let entry = self.entry(found);
        let brotli = shape.coding == Coding::Brotli;
        let fits = |rendered: &Rendered| rendered.is_of(found) && (rendered.brotli || !brotli);
        let good = |rendered: &Arc<Rendered>| rendered.seats.facts >= seats.facts && fits(rendered);
        if let Some(rendered) = read(&entry.rendered).filter(good) {
            return rendered.answer(shape, now);
        }
        let _turn = entry.turn.lock().await;
        let before = read(&entry.rendered);
        if let Some(rendered) = before.clone().filter(good) {
            return rendered.answer(shape, now);
        }
        // Whoever has waited renders what has come meanwhile too.
        let seats = entry.newest_of(seats);
        let effort = match &before {
            Some(before) if fits(before) => before.effort(&seats),
            _ => found.seats(),
        };
        let mine = found.clone();
        let render = move || Rendered::new(&mine, seats, before.as_deref(), brotli).map(Arc::new);
        let rendered = match effort < ELSEWHERE_SEATS {
            true => render()?,
            false => tokio::task::spawn_blocking(render).await.map_err(Problem::internal)??,
        };
        *entry.rendered.write().unwrap_or_else(PoisonError::into_inner) = Some(rendered.clone());
        rendered.answer(shape, now)
    }

    fn entry(&self, found: &Found) -> Arc<Entry> {
        let kibibytes = found.seats().saturating_mul(SEAT_BYTES) / 1024 + 4;
        self.events.get_with(found.event.id, || Arc::new(Entry { kibibytes, ..Entry::default() }))
    }
}

fn read<T>(kept: &RwLock<Option<Arc<T>>>) -> Option<Arc<T>> {
    kept.read().unwrap_or_else(PoisonError::into_inner).clone()
}

/// A sale that has not begun has all its seats.
fn whole(mut seats: Seats, found: &Found) -> Seats {
    if seats.statuses.seats() == 0 {
        seats.statuses = Statuses::all_free(found.seats());
    }
    seats
}

impl Entry {
    /// Keeps `seats`, unless newer ones are known; those that are the newest then.
    fn newest(&self, seats: Seats) -> Arc<Seats> {
        let mut kept = self.seats.write().unwrap_or_else(PoisonError::into_inner);
        match &*kept {
            Some(kept) if kept.facts >= seats.facts => kept.clone(),
            _ => kept.insert(Arc::new(seats)).clone(),
        }
    }

    fn newest_of(&self, seats: Arc<Seats>) -> Arc<Seats> {
        read(&self.seats).filter(|kept| kept.facts > seats.facts).unwrap_or(seats)
    }
}
