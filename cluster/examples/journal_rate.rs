//! Measures facts a second through openraft and sled on this machine's disk, what an entry costs in processor time, how
//! long a commit takes beside one bare `fdatasync`, and how soon a node is ready again:
//! `cargo run --release -p onsale-cluster --example journal_rate [-- SECONDS [EVENTS [FACTS [WINDOW]]]]`: each of EVENTS
//! proposes FACTS at a time and has up to WINDOW proposals under way.

#![allow(
    clippy::disallowed_methods,
    reason = "a measurement needs the real clock, and four numbers need no clap"
)]

mod measure;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use cluster::{Cluster, Flush, JournalObserver};
use domain::ids::EventId;
use domain::ports::{Journal, Proposal};
use measure::percentile;

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

/// Sells as an actor would: decides on while what it decided before is on its way.
async fn drive(
    cluster: Arc<Cluster>,
    event: EventId,
    (facts, window): (u64, usize),
    until: Instant,
) -> (u64, Vec<Duration>) {
    let Ok(opened) = cluster.open(event).await else { return (0, Vec::new()) };
    let (mut base, mut times, mut waiting) = (0, Vec::new(), VecDeque::new());
    while Instant::now() < until {
        let batch = (base..base + facts).map(|number| measure::fact(number, SEATS)).collect();
        let (sender, fate) = tokio::sync::oneshot::channel();
        let started = Instant::now();
        let done = Box::new(move |outcome| sender.send((outcome, started.elapsed())).unwrap_or_default());
        let Ok(place) = cluster.reserve(event) else { break };
        place(Proposal { event, term: opened.term, base, facts: batch }, done);
        base += facts;
        waiting.push_back(fate);
        while waiting.len() >= window
            && let Some(fate) = waiting.pop_front()
        {
            let Ok((Ok(()), elapsed)) = fate.await else { return (base, times) };
            times.push(elapsed);
        }
    }
    for fate in waiting {
        drop(fate.await);
    }
    (base, times)
}

fn entries(cluster: &Cluster) -> u64 {
    cluster.status().iter().filter_map(|group| group.applied).sum()
}

#[allow(clippy::print_stdout, reason = "it reports to whoever started it")]
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut numbers = std::env::args().skip(1).map(|argument| argument.parse::<u64>());
    let seconds = numbers.next().transpose()?.unwrap_or(5);
    let events = numbers.next().transpose()?.unwrap_or(1);
    let facts = numbers.next().transpose()?.unwrap_or(64);
    let window = numbers.next().transpose()?.unwrap_or(2) as usize;
    let dir = measure::directory("journal-rate");
    let flushes = Arc::new(Flushes::default());
    let started = Instant::now();
    // As in a node: what proposes has another thread than what opened the cluster.
    let opener = tokio::runtime::Runtime::new()?;
    let cluster =
        Arc::new(opener.spawn(Cluster::open(measure::config(dir.clone(), flushes.clone()))).await??);
    println!("formed and ready after {:?}", started.elapsed());
    let bare = measure::bare_sync(&dir)?;
    let (entries_before, cpu_before) = (entries(&cluster), measure::cpu()?);
    let (started, until) = (Instant::now(), Instant::now() + Duration::from_secs(seconds));
    let drivers = (0..events).map(|event| {
        tokio::spawn(drive(cluster.clone(), EventId::new(event * 7919), (facts, window), until))
    });
    let (mut total, mut times) = (0, Vec::new());
    for driver in drivers.collect::<Vec<_>>() {
        let (facts, mut some) = driver.await?;
        total += facts;
        times.append(&mut some);
    }
    let (elapsed, cpu) = (started.elapsed(), measure::cpu()? - cpu_before);
    let entries = entries(&cluster) - entries_before;
    let (rate, cpu_us) = (|count: u64| count as f64 / elapsed.as_secs_f64(), cpu.as_secs_f64() * 1e6);
    println!(
        "{:.0} facts/s; {:.0} entries/s of {:.1} facts",
        rate(total),
        rate(entries),
        total as f64 / entries as f64
    );
    println!("processor: {:.1} us an entry, {:.2} us a fact", cpu_us / entries as f64, cpu_us / total as f64);
    let median = percentile(&mut times, 50);
    println!(
        "commit: p50 {median:?}, p99 {:?}; {:.1} x a bare fdatasync of 4 KiB, {bare:?}",
        percentile(&mut times, 99),
        median.as_secs_f64() / bare.as_secs_f64()
    );
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
    let cluster = opener.spawn(Cluster::open(measure::config(dir.clone(), flushes))).await??;
    println!("restarted and ready after {:?}", started.elapsed());
    cluster.shutdown().await;
    opener.shutdown_background();
    std::fs::remove_dir_all(dir)?;
    Ok(())
}
