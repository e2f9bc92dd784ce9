//! What the measurements share: facts to journal, a cluster to journal them in, and the process's own figures.

#![allow(dead_code, reason = "each measurement uses what it needs")]

use std::alloc::{GlobalAlloc, Layout};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cluster::{ClusterConfig, JournalObserver};
use domain::event::{Cancellation, Fact, PricedSeat, SaleTerms, Stamped};
use domain::ids::{HoldNumber, SeatIndex, UserId};
use domain::time::UnixMillis;
use tikv_jemallocator::Jemalloc;

/// The kernel's clock ticks, in which it tells processor time.
const TICKS_PER_SECOND: f64 = 100.0;
const PAGE: usize = 4096;
const SYNCS: usize = 200;

/// The `number`-th fact of a sale of `seats` seats: holds of one seat each are made and let go in turn.
pub(crate) fn fact(number: u64, seats: u32) -> Stamped {
    // A second a fact, so that what a sale remembers for a day stays the same.
    let now_ms = 1_700_000_000_000 + number * 1000;
    let at = UnixMillis::new(now_ms);
    let Some(before) = number.checked_sub(1) else { return Stamped { at, fact: opened(seats) } };
    let hold = HoldNumber::new((before / 2 + 1) as u32);
    let seat = SeatIndex::new((before / 2 % u64::from(seats)) as u32);
    let fact = if before.is_multiple_of(2) {
        Fact::Held {
            hold,
            buyer: UserId::new(before),
            tickets: [PricedSeat { seat, price_minor: 1000, price_type: 0 }].into(),
            expires_at: UnixMillis::new(now_ms + 600_000),
        }
    } else {
        Fact::HoldReleased { hold }
    };
    Stamped { at, fact }
}

/// The first fact of a sale.
pub(crate) fn opened(seats: u32) -> Fact {
    let terms = SaleTerms {
        organizer: UserId::new(1),
        currency: "EUR".parse().unwrap_or_else(|_| std::process::abort()),
        prices_minor: vec![1000],
        opens_at: None,
        starts_at: UnixMillis::new(1_800_000_000_000),
        hold_ms: 600_000,
        per_customer: None,
        cancellation: Cancellation { until: UnixMillis::new(1_800_000_000_000), fee_percent: 0 },
        charges: None,
        paused: false,
    };
    Fact::SaleOpened { terms, seats, revision: 1 }
}

/// A node alone, with the settings that the product starts with.
pub(crate) fn config(data_dir: PathBuf, flushes: Arc<dyn JournalObserver>) -> ClusterConfig {
    ClusterConfig { flushes, ..ClusterConfig::alone(data_dir, Arc::new(|_| std::process::exit(1))) }
}

/// A directory for this measurement, among the temporary files (`TMPDIR` says where).
pub(crate) fn directory(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("onsale-{name}-{}", std::process::id()))
}

/// Processor time of this process so far, all threads.
pub(crate) fn cpu() -> io::Result<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // Behind the name, which may contain anything: the 12th and 13th are the ticks in user and in system mode.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: f64 = fields.skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum();
    Ok(Duration::from_secs_f64(ticks / TICKS_PER_SECOND))
}

/// Memory of this process in MiB: now, and at most so far.
pub(crate) fn memory_mib() -> io::Result<(u64, u64)> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let mib = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1024
    };
    Ok((mib("VmRSS:"), mib("VmHWM:")))
}

/// Bytes of the disk that the files under `dir` take.
pub(crate) fn disk_bytes(dir: &Path) -> io::Result<u64> {
    use std::os::unix::fs::MetadataExt as _;
    let mut bytes = 0;
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        // A file may go while it is looked at.
        bytes += match entry.metadata() {
            Ok(data) if data.is_dir() => disk_bytes(&entry.path())?,
            Ok(data) => data.blocks() * 512,
            Err(_) => 0,
        };
    }
    Ok(bytes)
}

/// The median time of one `fdatasync` of a page in a file that already has its size, as a journal's file mostly does.
pub(crate) fn bare_sync(dir: &Path) -> io::Result<Duration> {
    let path = dir.join("bare-sync");
    let file = File::create(&path)?;
    file.write_all_at(&vec![0; PAGE * SYNCS], 0)?;
    file.sync_all()?;
    let mut times = Vec::with_capacity(SYNCS);
    for page in 0..SYNCS {
        let started = Instant::now();
        file.write_all_at(&[1; PAGE], (page * PAGE) as u64)?;
        file.sync_data()?;
        times.push(started.elapsed());
    }
    std::fs::remove_file(path)?;
    Ok(percentile(&mut times, 50))
}

/// The time that `percent` of `times` stay below.
pub(crate) fn percentile(times: &mut [Duration], percent: usize) -> Duration {
    times.sort_unstable();
    times.get((times.len() * percent / 100).min(times.len().saturating_sub(1))).copied().unwrap_or_default()
}

static ALLOCATED: AtomicU64 = AtomicU64::new(0);
static MOST_ALLOCATED: AtomicU64 = AtomicU64::new(0);

/// As the node's.
#[allow(unsafe_code, reason = "the allocator finds its settings by this name, which nothing else has")]
#[unsafe(export_name = "_rjem_malloc_conf")]
static ALLOCATOR_SETTINGS: &[u8; 90] =
    b"percpu_arena:percpu,background_thread:true,dirty_decay_ms:1000,muzzy_decay_ms:0,thp:never\0";

/// What the node allocates with, counted.
pub(crate) struct Counted;

impl Counted {
    fn more(bytes: usize) {
        let now = ALLOCATED.fetch_add(bytes as u64, Ordering::Relaxed) + bytes as u64;
        MOST_ALLOCATED.fetch_max(now, Ordering::Relaxed);
    }

    fn less(bytes: usize) {
        ALLOCATED.fetch_sub(bytes as u64, Ordering::Relaxed);
    }
}

#[allow(unsafe_code, reason = "an allocator cannot be counted otherwise; all of it is passed on as it came")]
// SAFETY: every call goes to `Jemalloc` with the arguments it came with.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Self::more(layout.size());
        // SAFETY: the caller's promises are the same.
        unsafe { Jemalloc.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        Self::less(layout.size());
        // SAFETY: the caller's promises are the same.
        unsafe { Jemalloc.dealloc(memory, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        Self::more(layout.size());
        // SAFETY: the caller's promises are the same.
        unsafe { Jemalloc.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        Self::more(size);
        Self::less(layout.size());
        // SAFETY: the caller's promises are the same.
        unsafe { Jemalloc.realloc(memory, layout, size) }
    }
}

/// What is allocated, in MiB: now, and at most so far. Memory that was given back and is still the process's is not in it.
pub(crate) fn allocated_mib() -> (u64, u64) {
    (ALLOCATED.load(Ordering::Relaxed) >> 20, MOST_ALLOCATED.load(Ordering::Relaxed) >> 20)
}
