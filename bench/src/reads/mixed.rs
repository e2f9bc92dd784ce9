//! A hundred reads for every hold, as buyers' pages do, and the same holds alone.
//!
//! Owns: the mix, and that holds come at the same times in both: what the reads cost them is how much later they are
//! answered.

use super::fetch::Wanted;
use super::{ReadsOptions, Stage};
use crate::ambient::Clock;
use crate::progress::Progress;
use crate::replay::http::Ask;
use crate::stats::Spread;
use anyhow::ensure;
use futures_util::stream::{FuturesUnordered, StreamExt};
use hdrhistogram::Histogram;
use hyper::Method;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::sleep_until;

/// Reads for every hold.
const READS: u32 = 100;
/// As in `live`.
const STRIDE: u64 = 7_919;

/// What came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MixedReport {
    /// Holds a second that were asked for.
    pub holds_per_second: u32,
    /// Reads a second that were answered beside them, by round.
    pub reads_per_second: Vec<f64>,
    /// The middle of the holds alone, by round, in milliseconds.
    pub alone_p50_ms: Vec<f64>,
    /// The same beside the reads.
    pub mixed_p50_ms: Vec<f64>,
    /// 99 of a hundred alone.
    pub alone_p99_ms: Vec<f64>,
    /// The same beside the reads.
    pub mixed_p99_ms: Vec<f64>,
}

impl MixedReport {
    /// For people.
    pub fn text(&self) -> String {
        let median = |values: &[f64]| Spread::of(values.iter().copied()).map_or(0.0, |spread| spread.median);
        let ratio = |mixed: &[f64], alone: &[f64]| {
            Spread::of_ratios(mixed, alone).map_or(0.0, |ratios| (ratios.median - 1.0) * 100.0)
        };
        format!(
            "{} holds/s beside {:.0} reads/s\np50 {:.2} ms alone, {:.2} ms beside them: {:+.0} %\np99 {:.2} ms alone, \
             {:.2} ms beside them: {:+.0} %\n",
            self.holds_per_second,
            median(&self.reads_per_second),
            median(&self.alone_p50_ms),
            median(&self.mixed_p50_ms),
            ratio(&self.mixed_p50_ms, &self.alone_p50_ms),
            median(&self.alone_p99_ms),
            median(&self.mixed_p99_ms),
            ratio(&self.mixed_p99_ms, &self.alone_p99_ms),
        )
    }
}

/// Measures.
///
/// # Errors
/// When something cannot be started, or answers otherwise than it should.
pub async fn run(options: &ReadsOptions, progress: &dyn Progress) -> anyhow::Result<MixedReport> {
    let mut stage = Stage::set(&options.programs, progress).await?;
    let mut report = MixedReport {
        holds_per_second: options.changes_per_s,
        reads_per_second: Vec::new(),
        alone_p50_ms: Vec::new(),
        mixed_p50_ms: Vec::new(),
        alone_p99_ms: Vec::new(),
        mixed_p99_ms: Vec::new(),
    };
    let ms = |latency: &Histogram<u64>, quantile| latency.value_at_quantile(quantile) as f64 / 1_000.0;
    for round in 1..=options.rounds {
        progress.note(&format!("round {round} of {}", options.rounds));
        stage.show = stage.house.show().await?;
        let alone = holds(&stage, 0, options).await?;
        let reading = read_for(&stage, options);
        let (mixed, reads) = tokio::join!(holds(&stage, 1, options), reading);
        let mixed = mixed?;
        report.reads_per_second.push(reads?);
        report.alone_p50_ms.push(ms(&alone, 0.5));
        report.mixed_p50_ms.push(ms(&mixed, 0.5));
        report.alone_p99_ms.push(ms(&alone, 0.99));
        report.mixed_p99_ms.push(ms(&mixed, 0.99));
    }
    stage.server.stop().await;
    Ok(report)
}

/// Holds at their times, of seats that no other turn of the round takes; from when each was due to its answer.
async fn holds(stage: &Stage, turn: u64, options: &ReadsOptions) -> anyhow::Result<Histogram<u64>> {
    let (clock, per_s) = (stage.clock, u64::from(options.changes_per_s));
    let count = per_s * options.turn.as_secs();
    let places = stage.show.seats.len() as u64;
    ensure!(2 * count <= places, "the house has too few seats");
    let start = clock.now_us();
    let mut under_way = FuturesUnordered::new();
    for number in 0..count {
        let seat = &stage.show.seats[((turn * count + number) * STRIDE % places) as usize];
        let token = &stage.house.tokens[number as usize % stage.house.tokens.len()];
        let ask = Ask::new(Method::POST, format!("/events/{}/holds", stage.show.id)).bearer(token);
        let ask = ask.json(&json!({ "ticketIds": [seat.ticket] }));
        let due = start + number * 1_000_000 / per_s;
        under_way.push(async move {
            sleep_until(clock.at(due)).await;
            stage.house.caller.must(&ask).await?;
            Ok::<_, anyhow::Error>(clock.now_us().saturating_sub(due))
        });
    }
    let mut latency = Histogram::new(3)?;
    while let Some(took) = under_way.next().await {
        latency.record(took?)?;
    }
    Ok(latency)
}

/// A hundred reads for every hold, at their times, over as many connections as there are readers; how many a second were
/// answered. Of ten, six are of the event without its tickets, three of the seats in two bits each, one of all of it, deflated.
async fn read_for(stage: &Stage, options: &ReadsOptions) -> anyhow::Result<f64> {
    let small = stage.wanted("?tickets=false", "");
    let binary = stage.wanted("/seats", "accept: application/vnd.onsale.seats\r\n");
    let large = stage.wanted("", super::GZIP);
    let (clock, turn, readers) = (Clock::start(), options.turn, options.readers as u64);
    let every_us = readers * 1_000_000 / u64::from(options.changes_per_s * READS);
    let mut all = JoinSet::new();
    for reader in 0..readers {
        let mix: Vec<Wanted> = (0..10).map(|at| [&small, &binary, &large][mixture(at)].clone()).collect();
        all.spawn(read(mix, clock, reader * every_us / readers, every_us, turn));
    }
    let mut reads = 0;
    while let Some(done) = all.join_next().await {
        reads += done??;
    }
    Ok(reads as f64 / (clock.now_us() as f64 / 1e6))
}

fn mixture(at: usize) -> usize {
    match at {
        0..6 => 0,
        6..9 => 1,
        _ => 2,
    }
}

async fn read(
    mix: Vec<Wanted>,
    clock: Clock,
    first_us: u64,
    every_us: u64,
    turn: Duration,
) -> anyhow::Result<u64> {
    let mut connection = mix[0].connect().await?;
    let (mut reads, mut due) = (0, first_us);
    while u128::from(due) < turn.as_micros() && u128::from(clock.now_us()) < turn.as_micros() {
        sleep_until(clock.at(due)).await;
        mix[reads as usize * 7 % mix.len()].fetch_over(&mut connection).await?;
        reads += 1;
        due += every_us;
    }
    Ok(reads)
}
