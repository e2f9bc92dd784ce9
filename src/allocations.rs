//! Counts the allocations of the whole process, so that a benchmark can say how many a hold takes.
//!
//! Owns: the counting allocator and its figure, `onsale_allocations_total`. Only built with the feature
//! `count-allocations`. Hazard: this runs inside the allocator, so nothing on the counting path may allocate.

use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{IntCounter, Opts};
use tikv_jemallocator::Jemalloc;

/// What the counted allocations are served by.
type Counted = Jemalloc;

#[global_allocator]
static ALLOCATOR: Counting<Counted> = Counting(Jemalloc);

/// Threads share so many counters: enough that two busy ones seldom have the same.
const SHARDS: usize = 32;

static COUNTS: [Shard; SHARDS] = [const { Shard(AtomicU64::new(0)) }; SHARDS];
static NEXT_SHARD: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    // Constant and without a destructor: its first use allocates nothing, its last needs no clean-up.
    static SHARD: Cell<usize> = const { Cell::new(SHARDS) };
}

/// A counter with a pair of cache lines of its own.
#[repr(align(128))]
struct Shard(AtomicU64);

struct Counting<A>(A);

#[allow(unsafe_code, reason = "an allocator cannot be wrapped without it; every call goes on unchanged")]
// SAFETY: whatever the inner allocator promises, this one does, as it only counts before it asks.
unsafe impl<A: GlobalAlloc> GlobalAlloc for Counting<A> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promises go on to the inner allocator.
        unsafe { self.0.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: as above.
        unsafe { self.0.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count();
        // SAFETY: as above; `pointer` came from the inner allocator.
        unsafe { self.0.realloc(pointer, layout, new_size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { self.0.dealloc(pointer, layout) }
    }
}

fn count() {
    let shard = SHARD.with(|shard| {
        if shard.get() == SHARDS {
            shard.set(NEXT_SHARD.fetch_add(1, Ordering::Relaxed) % SHARDS);
        }
        shard.get()
    });
    COUNTS[shard].0.fetch_add(1, Ordering::Relaxed);
}

fn total() -> u64 {
    COUNTS.iter().map(|shard| shard.0.load(Ordering::Relaxed)).sum()
}

/// The figure, read when somebody asks for it.
pub(crate) struct Allocations {
    counter: IntCounter,
}

impl Allocations {
    pub(crate) fn new() -> Result<Self, prometheus::Error> {
        Ok(Self { counter: counter()? })
    }
}

fn counter() -> Result<IntCounter, prometheus::Error> {
    IntCounter::with_opts(Opts::new(
        "onsale_allocations_total",
        "Allocations and reallocations of the process",
    ))
}

impl Collector for Allocations {
    fn desc(&self) -> Vec<&Desc> {
        self.counter.desc()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        // A fresh one, so that two readers at once cannot count the same allocations twice.
        let Ok(fresh) = counter() else { return Vec::new() };
        fresh.inc_by(total());
        fresh.collect()
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn what_is_allocated_is_counted_and_shown() {
        let before = total();
        let boxes: Vec<Box<u64>> = (0..1_000).map(Box::new).collect();
        assert!(total() >= before + boxes.len() as u64);
        let shown = Allocations::new().unwrap().collect();
        assert!(shown[0].get_metric()[0].get_counter().get_value() >= boxes.len() as f64);
    }
}
