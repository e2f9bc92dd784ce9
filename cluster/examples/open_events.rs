//! How much memory open events take: opens EVENTS sales of 5,000 seats, holds seats one by one in BUSY of them, and says
//! what the process takes, snapshots of all of it included:
//! `cargo run --release -p onsale-cluster --example open_events [-- EVENTS [BUSY]]`.

#![allow(
    clippy::disallowed_methods,
    reason = "a measurement needs the real clock, and two numbers need no clap"
)]

mod measure;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use cluster::{Cluster, SnapshotSettings};
use domain::event::{Fact, PricedSeat, Stamped};
use domain::ids::{EventId, HoldNumber, SeatIndex, UserId};
use domain::ports::{Journal, JournalFault, Proposal};
use domain::time::UnixMillis;

const SEATS: u32 = 5_000;
/// Live holds of a busy event, one seat each.
const HOLDS: u32 = 2_500;
const HOLDS_AT_ONCE: u32 = 50;
const WINDOW: usize = 64;
/// Snapshots come often here, so that the most memory seen includes them.
const SNAPSHOTS: SnapshotSettings =
    SnapshotSettings { every_entries: 500, keep_entries: 50, send_bytes_per_second: 0 };

fn stamped(fact: Fact) -> Stamped {
    Stamped { at: UnixMillis::new(1_700_000_000_000), fact }
}

fn held(number: u32) -> Stamped {
    stamped(Fact::Held {
        hold: HoldNumber::new(number + 1),
        buyer: UserId::new(number.into()),
        tickets: [PricedSeat { seat: SeatIndex::new(number), price_minor: 1000, price_type: 0 }].into(),
        expires_at: UnixMillis::new(1_700_000_600_000),
    })
}

fn number(event: u64) -> EventId {
    EventId::new(event.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

type Fate = tokio::sync::oneshot::Receiver<Result<(), JournalFault>>;

/// What is on its way; no more than a window at a time.
#[derive(Default)]
struct Underway(VecDeque<Fate>);

impl Underway {
    async fn settle(&mut self, most: usize) -> Result<(), JournalFault> {
        while self.0.len() > most
            && let Some(fate) = self.0.pop_front()
        {
            fate.await.map_err(|_| JournalFault::Closed)??;
        }
        Ok(())
    }

    async fn propose(&mut self, cluster: &Cluster, proposal: Proposal) -> Result<(), JournalFault> {
        let (sender, fate) = tokio::sync::oneshot::channel();
        let done = Box::new(move |outcome| sender.send(outcome).unwrap_or_default());
        cluster.reserve(proposal.event)?(proposal, done);
        self.0.push_back(fate);
        self.settle(WINDOW).await
    }
}

#[allow(clippy::print_stdout, reason = "it reports to whoever started it")]
fn report(what: &str, started: Instant) -> std::io::Result<()> {
    let (resident, peak) = measure::memory_mib()?;
    println!("{what} after {:?}: memory {resident} MiB, at most {peak} MiB", started.elapsed());
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut numbers = std::env::args().skip(1).map(|argument| argument.parse::<u64>());
    let events = numbers.next().transpose()?.unwrap_or(100_000);
    let busy = numbers.next().transpose()?.unwrap_or(1_000);
    let dir = measure::directory("open-events");
    let settings = || {
        let mut settings = measure::config(dir.clone(), Arc::new(()));
        settings.snapshots = SNAPSHOTS;
        settings
    };
    let started = Instant::now();
    let cluster = Cluster::open(settings()).await?;
    let mut underway = Underway::default();
    let term = cluster.open(number(0)).await?.term;
    for event in (0..events).map(number) {
        let facts = vec![stamped(measure::opened(SEATS))];
        underway.propose(&cluster, Proposal { event, term, base: 0, facts }).await?;
    }
    underway.settle(0).await?;
    report(&format!("{events} events are open"), started)?;
    for first in (0..HOLDS).step_by(HOLDS_AT_ONCE as usize) {
        for event in (0..busy).map(number) {
            let facts = (first..first + HOLDS_AT_ONCE).map(held).collect();
            underway.propose(&cluster, Proposal { event, term, base: u64::from(first) + 1, facts }).await?;
        }
    }
    underway.settle(0).await?;
    report(&format!("{busy} of them have {HOLDS} holds"), started)?;
    cluster.shutdown().await;
    drop(cluster);
    let started = Instant::now();
    let cluster = Cluster::open(settings()).await?;
    report("ready again", started)?;
    cluster.shutdown().await;
    std::fs::remove_dir_all(dir)?;
    Ok(())
}
