//! Measures facts a second through openraft and sled on this machine's disk, at 64 facts an entry, and how soon a node
//! is ready: `cargo run --release -p onsale-cluster --example journal_rate [-- SECONDS [EVENTS [FACTS]]]`.

#![allow(
    clippy::disallowed_methods,
    reason = "a measurement needs the real clock, and three numbers need no clap"
)]

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use cluster::{Cluster, ClusterConfig, Flush, JournalObserver, NoPeers, SnapshotSettings};
use domain::event::{Cancellation, Fact, SaleTerms, Stamped};
use domain::ids::{EventId, SeatIndex, UserId};
use domain::ports::{Journal, Proposal};
use domain::time::UnixMillis;

const SEATS: u32 = 50_000;

#[derive(Default)]
struct Flushes {
    count: AtomicU64,
    writes: AtomicU64,
    times: Mutex<Vec<Duration>>,
}

impl JournalObserver for Flushes {
    fn flushed(&self, flush: Flush) {
        self.count.fetch_add(1, Ordering::Relaxed);
        self.writes.fetch_add(flush.writes as u64, Ordering::Relaxed);
        if let Ok(mut times) = self.times.lock() {
            times.push(flush.elapsed);
        }
    }
}

fn fact(number: u64) -> Stamped {
    let terms = || SaleTerms {
        organizer: UserId::new(1),
        currency: "EUR".parse().unwrap_or_else(|_| std::process::abort()),
        prices_minor: vec![1000],
        opens_at: None,
        starts_at: UnixMillis::new(1_800_000_000_000),
        hold_ms: 600_000,
        per_customer: None,
        cancellation: Cancellation { until: UnixMillis::new(1_800_000_000_000), fee_percent: 0 },
    };
    let seat = SeatIndex::new((number % u64::from(SEATS)) as u32);
    let fact = match number {
        0 => Fact::SaleOpened { terms: terms(), seats: SEATS, revision: 1 },
        _ if (number / u64::from(SEATS)).is_multiple_of(2) => Fact::SeatsBlocked { seats: vec![seat] },
        _ => Fact::SeatsUnblocked { seats: vec![seat] },
    };
    Stamped { at: UnixMillis::new(1_700_000_000_000 + number), fact }
}

fn config(data_dir: PathBuf, flushes: Arc<Flushes>) -> ClusterConfig {
    ClusterConfig {
        data_dir,
        node: 1,
        shards: 16,
        snapshots: SnapshotSettings::default(),
        queue_capacity: 4096,
        journal_capacity: 1024,
        transport: Arc::new(NoPeers),
        commits: Arc::new(()),
        flushes,
        on_fatal: Arc::new(|_| std::process::exit(1)),
    }
}

/// Sells as an actor would: decides the next batch while the one before is on its way.
async fn drive(cluster: Arc<Cluster>, event: EventId, facts: u64, until: Instant) -> (u64, Vec<Duration>) {
    let Ok(opened) = cluster.open(event).await else { return (0, Vec::new()) };
    let (mut base, mut times, mut waiting) = (0, Vec::new(), std::collections::VecDeque::new());
    while Instant::now() < until {
        let batch = (base..base + facts).map(fact).collect();
        let (sender, fate) = tokio::sync::oneshot::channel();
        let done = Box::new(move |outcome| sender.send(outcome).unwrap_or_default());
        let started = Instant::now();
        let Ok(place) = cluster.reserve(event) else { break };
        place(Proposal { event, term: opened.term, base, facts: batch }, done);
        base += facts;
        waiting.push_back((started, fate));
        if waiting.len() >= 2
            && let Some((started, fate)) = waiting.pop_front()
        {
            if !matches!(fate.await, Ok(Ok(()))) {
                break;
            }
            times.push(started.elapsed());
        }
    }
    for (_, fate) in waiting {
        drop(fate.await);
    }
    (base, times)
}

fn percentile(times: &mut [Duration], percent: usize) -> Duration {
    times.sort_unstable();
    times.get((times.len() * percent / 100).min(times.len().saturating_sub(1))).copied().unwrap_or_default()
}

#[allow(clippy::print_stdout, reason = "it reports to whoever started it")]
#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut numbers = std::env::args().skip(1).map(|argument| argument.parse::<u64>());
    let seconds = numbers.next().transpose()?.unwrap_or(5);
    let events = numbers.next().transpose()?.unwrap_or(4);
    let facts = numbers.next().transpose()?.unwrap_or(64);
    let dir = std::env::temp_dir().join(format!("onsale-journal-rate-{}", std::process::id()));
    let flushes = Arc::new(Flushes::default());
    let started = Instant::now();
    let cluster = Arc::new(Cluster::open(config(dir.clone(), flushes.clone())).await?);
    println!("formed and ready after {:?}", started.elapsed());
    let (started, until) = (Instant::now(), Instant::now() + Duration::from_secs(seconds));
    let drivers = (0..events)
        .map(|event| tokio::spawn(drive(cluster.clone(), EventId::new(event * 7919), facts, until)));
    let (mut total, mut times) = (0, Vec::new());
    for driver in drivers.collect::<Vec<_>>() {
        let (facts, mut some) = driver.await?;
        total += facts;
        times.append(&mut some);
    }
    let elapsed = started.elapsed();
    println!("{total} facts in {elapsed:?}: {:.0} facts/s", total as f64 / elapsed.as_secs_f64());
    println!("commit: p50 {:?}, p99 {:?}", percentile(&mut times, 50), percentile(&mut times, 99));
    let mut flush_times = flushes.times.lock().map(|times| times.clone()).unwrap_or_default();
    println!(
        "{} flushes of {:.1} writes; p50 {:?}, p99 {:?}",
        flushes.count.load(Ordering::Relaxed),
        flushes.writes.load(Ordering::Relaxed) as f64 / flushes.count.load(Ordering::Relaxed).max(1) as f64,
        percentile(&mut flush_times, 50),
        percentile(&mut flush_times, 99),
    );
    cluster.shutdown().await;
    drop(cluster);
    let started = Instant::now();
    let cluster = Cluster::open(config(dir.clone(), flushes)).await?;
    println!("restarted and ready after {:?}", started.elapsed());
    cluster.shutdown().await;
    std::fs::remove_dir_all(dir)?;
    Ok(())
}
