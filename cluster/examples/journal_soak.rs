//! Fills the journal and watches whether it stays as it was: rate, memory and disk after each tenth, then how soon a node
//! with all that is ready again: `cargo run --release -p onsale-cluster --example journal_soak [-- FACTS [EVENTS]]`, by
//! default five million facts of one event, 64 at a time.

#![allow(
    clippy::disallowed_methods,
    reason = "a measurement needs the real clock, and two numbers need no clap"
)]

mod measure;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cluster::Cluster;
use domain::ids::EventId;
use domain::ports::{Journal, JournalFault, Proposal, Term};

const SEATS: u32 = 50_000;
const FACTS: u64 = 64;
const TENTHS: u64 = 10;
const MIB: f64 = 1024.0 * 1024.0;

/// An event that is filled, one proposal while the one before is on its way.
struct Driven {
    event: EventId,
    term: Term,
    base: u64,
    /// The size of its facts, as stored.
    bytes: u64,
}

type Fate = tokio::sync::oneshot::Receiver<Result<(), JournalFault>>;

impl Driven {
    async fn open(cluster: &Cluster, number: u64) -> Result<Self, JournalFault> {
        let event = EventId::new(number * 7919);
        Ok(Self { event, term: cluster.open(event).await?.term, base: 0, bytes: 0 })
    }

    fn propose(&mut self, cluster: &Cluster) -> Result<Fate, JournalFault> {
        let facts: Vec<_> =
            (self.base..self.base + FACTS).map(|number| measure::fact(number, SEATS)).collect();
        self.bytes += facts.iter().filter_map(|fact| bincode::serialized_size(fact).ok()).sum::<u64>();
        let (sender, fate) = tokio::sync::oneshot::channel();
        let done = Box::new(move |outcome| sender.send(outcome).unwrap_or_default());
        let proposal = Proposal { event: self.event, term: self.term, base: self.base, facts };
        cluster.reserve(proposal.event)?(proposal, done);
        self.base += FACTS;
        Ok(fate)
    }

    async fn fill(&mut self, cluster: &Cluster, facts: u64) -> Result<(), JournalFault> {
        let mut before = self.propose(cluster)?;
        for _ in 1..facts.div_ceil(FACTS) {
            let next = self.propose(cluster)?;
            before.await.map_err(|_| JournalFault::Closed)??;
            before = next;
        }
        before.await.map_err(|_| JournalFault::Closed)?
    }
}

#[allow(clippy::print_stdout, reason = "it reports to whoever started it")]
fn report(
    dir: &Path,
    driven: &[Driven],
    elapsed: Duration,
    cpu: Duration,
    facts: u64,
) -> std::io::Result<()> {
    let total: u64 = driven.iter().map(|driven| driven.base).sum();
    let live = driven.iter().map(|driven| driven.bytes).sum::<u64>() as f64;
    let disk = measure::disk_bytes(dir)? as f64;
    let (resident, peak) = measure::memory_mib()?;
    println!(
        "{total:>9} facts: {:>8.0} facts/s, {:.2} us of processor a fact; memory {resident} MiB (at most {peak}); \
         disk {:.0} MiB, {:.2} x the {:.0} MiB of facts",
        facts as f64 / elapsed.as_secs_f64(),
        cpu.as_secs_f64() * 1e6 / facts as f64,
        disk / MIB,
        disk / live,
        live / MIB
    );
    Ok(())
}

#[allow(clippy::print_stdout, reason = "it reports to whoever started it")]
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut numbers = std::env::args().skip(1).map(|argument| argument.parse::<u64>());
    let facts = numbers.next().transpose()?.unwrap_or(5_000_000);
    let events = numbers.next().transpose()?.unwrap_or(1);
    let dir = measure::directory("journal-soak");
    let cluster = Cluster::open(measure::config(dir.clone(), Arc::new(()))).await?;
    let mut driven = Vec::new();
    for number in 0..events {
        driven.push(Driven::open(&cluster, number).await?);
    }
    for _ in 0..TENTHS {
        let (started, cpu) = (Instant::now(), measure::cpu()?);
        let fills = driven.iter_mut().map(|driven| driven.fill(&cluster, facts / events / TENTHS));
        futures_util::future::try_join_all(fills).await?;
        report(&dir, &driven, started.elapsed(), measure::cpu()? - cpu, facts / TENTHS)?;
    }
    cluster.shutdown().await;
    drop(cluster);
    let started = Instant::now();
    let cluster = Cluster::open(measure::config(dir.clone(), Arc::new(()))).await?;
    println!("restarted and ready after {:?}", started.elapsed());
    for driven in &driven {
        let found = cluster.with_sale(driven.event, |sale| sale.map_or(0, |sale| sale.facts()));
        assert_eq!(found, driven.base, "every fact is back");
    }
    cluster.shutdown().await;
    std::fs::remove_dir_all(dir)?;
    Ok(())
}
