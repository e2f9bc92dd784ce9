//! Step ⑤: whether there is room on the disk for what is to be written. Owns the reserve; the waiting is up to whoever
//! writes.
//!
//! A store that has met a full disk cannot be trusted any more: nobody knows what of the failed write is there. So
//! nothing is written that would reach into a reserve of free space, and the disk is never met full. While there is less
//! than the reserve, writers wait and new work is refused. A node that starts or stops may use the most of the reserve,
//! for the little it writes then: so one on a full disk can be restarted, and read.
//!
//! Hazard: others fill the disk too. The reserve has to be larger than what they write between two looks.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

/// While there is no room, a look so often.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// While there is room, a look so often, so that new work is refused before any is caught waiting.
const LOOK_ANYWAY: Duration = Duration::from_millis(250);
/// And one whenever this part of the reserve has been written: more than the store makes of what it is given.
const PART_PER_LOOK: u64 = 16;
/// This part of the reserve is left alone also by a node that starts or stops.
const UNTOUCHED_PART: u64 = 4;
/// There has to be more than the reserve by this part, before the writing goes on: else it would stop again at once.
const SLACK_PART: u64 = 8;
const MEBIBYTE: u64 = 1 << 20;

type Probe = Box<dyn Fn() -> io::Result<u64> + Send + Sync>;

/// The free space of the file system that a journal lies on.
pub struct Space {
    /// How many bytes are free.
    probe: Probe,
    reserve: u64,
    /// Whether the whole reserve is kept, as is from the end of the start to the begin of the stop.
    guarded: AtomicBool,
    /// Bytes written since the last look.
    written: AtomicU64,
    /// Bytes that the journal has in its hands.
    needed: AtomicU64,
    full: AtomicBool,
}

impl Space {
    /// The file system of `dir`, which must exist, less `reserve` bytes.
    #[must_use]
    pub fn of(dir: &Path, reserve: u64) -> Self {
        let dir = dir.to_owned();
        Self::probed(reserve, move || {
            let system = rustix::fs::statvfs(&dir)?;
            Ok(system.f_bavail.saturating_mul(system.f_frsize))
        })
    }

    /// As [`Self::of`], where `probe` says how many bytes are free.
    pub(crate) fn probed(reserve: u64, probe: impl Fn() -> io::Result<u64> + Send + Sync + 'static) -> Self {
        Self {
            probe: Box::new(probe),
            reserve,
            guarded: AtomicBool::new(false),
            written: AtomicU64::new(0),
            needed: AtomicU64::new(0),
            full: AtomicBool::new(false),
        }
    }

    /// Refuses a start for which there is no room: a store must not be opened on a disk that is quite full.
    pub(crate) fn require(&self, dir: &Path) -> io::Result<()> {
        let (free, least) = ((self.probe)()?, self.kept());
        if free >= least {
            return Ok(());
        }
        let message = format!(
            "the disk is full: {free} bytes are free for {}, and a node starts only where there are {least}; make \
             space, nothing that was acknowledged is lost",
            dir.display()
        );
        Err(io::Error::new(io::ErrorKind::StorageFull, message))
    }

    /// From now on the whole reserve is kept, or not.
    pub(crate) fn guard(&self, whole: bool) {
        self.guarded.store(whole, Ordering::Release);
        self.look();
    }

    /// Whether nothing can be written now. Costs nothing: it is what the last look found.
    pub(crate) fn is_full(&self) -> bool {
        self.full.load(Ordering::Acquire)
    }

    /// Whether the journal may write `bytes` now.
    pub(crate) fn admits(&self, bytes: u64) -> bool {
        self.needed.store(bytes, Ordering::Release);
        let written = self.written.fetch_add(bytes, Ordering::AcqRel).saturating_add(bytes);
        if self.is_full() || written > self.reserve / PART_PER_LOOK {
            self.look();
        }
        let admitted = !self.is_full();
        if admitted {
            self.needed.store(0, Ordering::Release);
        }
        admitted
    }

    /// Whether there is room for a file of `bytes`.
    pub(crate) fn has_room(&self, bytes: u64) -> bool {
        self.room().is_ok_and(|room| room >= bytes)
    }

    /// Waits until there is room for a file of `bytes`.
    pub(crate) async fn wait_for(&self, bytes: u64) {
        let mut told = false;
        while !self.has_room(bytes) {
            if !std::mem::replace(&mut told, true) {
                tracing::warn!(bytes, "a snapshot waits for space on the disk");
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Looks from time to time, on a thread of its own, for as long as somebody has the space.
    pub(crate) fn watch(self: &Arc<Self>) -> io::Result<()> {
        let watched: Weak<Self> = Arc::downgrade(self);
        let watch = move || {
            while let Some(space) = watched.upgrade() {
                space.look();
                drop(space);
                std::thread::sleep(LOOK_ANYWAY);
            }
        };
        std::thread::Builder::new().name("space".to_owned()).spawn(watch).map(drop)
    }

    fn kept(&self) -> u64 {
        if self.guarded.load(Ordering::Acquire) { self.reserve } else { self.reserve / UNTOUCHED_PART }
    }

    /// The free bytes beyond what is kept.
    fn room(&self) -> io::Result<u64> {
        (self.probe)()?.checked_sub(self.kept()).ok_or_else(|| io::ErrorKind::StorageFull.into())
    }

    fn look(&self) {
        let was_full = self.is_full();
        let slack = if was_full { self.kept() / SLACK_PART } else { 0 };
        let needed = self.needed.load(Ordering::Acquire).saturating_add(slack);
        let room = self.room();
        self.written.store(0, Ordering::Release);
        // What cannot be looked at is not written to.
        let full = !matches!(room, Ok(room) if room >= needed);
        let before = self.full.swap(full, Ordering::AcqRel);
        if full && !before {
            let reserve_mebibytes = self.reserve / MEBIBYTE;
            let why = room.err().map(|error| error.to_string());
            tracing::error!(
                reserve_mebibytes,
                why,
                "the disk is full: nothing is acknowledged until there is space"
            );
        } else if before && !full {
            tracing::info!("there is space on the disk again: the journal goes on");
        }
    }
}

#[cfg(test)]
#[path = "space_test.rs"]
mod test;
