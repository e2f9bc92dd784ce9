//! What a comparison came to: every round, and what the rounds come to together.
//!
//! Owns: the figures and their stored forms `peers.json` and `peers.svg`. How they look is in `text` and `plot`.

use super::plan::Mix;
use super::stand::Tally;
use super::{Options, Peer, plot, text};
use crate::report::{Collector, Hardware, Latency, whole};
use anyhow::Context;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;

pub use super::seller::About;
pub use crate::stats::Spread;

const JSON_FILE: &str = "peers.json";
const PLOT_FILE: &str = "peers.svg";

/// One turn of one seller.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Round {
    /// Who sold.
    pub peer: Peer,
    /// What was played.
    pub mix: Mix,
    /// Counted from 1.
    pub number: u32,
    /// Sales that were opened one after the other.
    pub sales: u32,
    /// How long was played.
    pub elapsed_s: f64,
    /// Answers a second to attempts, won or refused.
    pub attempts_per_s: f64,
    /// Holds a second.
    pub holds_per_s: f64,
    /// Refusals a second.
    pub refusals_per_s: f64,
    /// Confirmations a second.
    pub confirms_per_s: f64,
    /// Of won holds.
    pub hold: Latency,
    /// Of refusals.
    pub refusal: Latency,
    /// Of confirmations.
    pub confirm: Latency,
}

/// The rounds of one seller with one mix, together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Who sold.
    pub peer: Peer,
    /// What was played.
    pub mix: Mix,
    /// Answers a second to attempts.
    pub attempts_per_s: Spread,
    /// Holds a second.
    pub holds_per_s: Spread,
    /// Refusals a second.
    pub refusals_per_s: Spread,
    /// Confirmations a second.
    pub confirms_per_s: Spread,
    /// Medians of a round's median and 99th percentile, in milliseconds: hold, refusal, confirmation.
    pub latency_ms: [[f64; 2]; 3],
    /// How many times this one's goodput onsale had, in the same round. Nothing where onsale did not play.
    pub onsale_ratio: Option<Spread>,
}

/// How it was compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Conditions {
    /// Closed loops.
    pub clients: u32,
    /// Threads of the clients.
    pub threads: usize,
    /// Seats of a sale.
    pub seats: u32,
    /// Turns of everybody a mix.
    pub rounds: u32,
    /// How long a turn lasted.
    pub turn_ms: u64,
    /// What the attempts followed from.
    pub seed: u64,
    /// Where the data was.
    pub filesystem: String,
}

/// A whole comparison.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// How.
    pub conditions: Conditions,
    /// On what.
    pub hardware: Hardware,
    /// Who, in the order of their turns.
    pub sellers: Vec<About>,
    /// What it came to.
    pub rows: Vec<Row>,
    /// From what.
    pub rounds: Vec<Round>,
}

impl Round {
    pub(super) fn new(peer: Peer, mix: Mix, number: u32, tally: &Tally) -> Self {
        let elapsed_s = tally.elapsed_us as f64 / 1e6;
        let rate = |count: usize| count as f64 / elapsed_s;
        let (held, refused, confirmed) = (&tally.held_us, &tally.refused_us, &tally.confirmed_us);
        Self {
            peer,
            mix,
            number,
            sales: tally.sales,
            elapsed_s,
            attempts_per_s: rate(held.len() + refused.len()),
            holds_per_s: rate(held.len()),
            refusals_per_s: rate(refused.len()),
            confirms_per_s: rate(confirmed.len()),
            hold: latency(held),
            refusal: latency(refused),
            confirm: latency(confirmed),
        }
    }

    /// What buyers got a second: confirmations where holds are confirmed, else holds.
    pub fn goodput(&self) -> f64 {
        if self.mix.confirms() { self.confirms_per_s } else { self.holds_per_s }
    }

    /// In one line, while others still play.
    pub(super) fn text(&self) -> String {
        let what = if self.mix.confirms() { "confirmed holds" } else { "holds" };
        let (goodput, refused) = (whole(self.goodput() as u64), whole(self.refusals_per_s as u64));
        format!("{:<14} {goodput:>7} {what}/s, {refused} refusals/s", self.peer.name())
    }
}

fn latency(all_us: &[u32]) -> Latency {
    let mut collector = Collector::new();
    all_us.iter().for_each(|us| collector.add(u64::from(*us)));
    collector.latency()
}

impl Report {
    pub(super) fn new(options: &Options, sellers: Vec<About>, rounds: Vec<Round>) -> Self {
        let conditions = Conditions {
            clients: options.clients,
            threads: options.threads,
            seats: options.seats,
            rounds: options.rounds,
            turn_ms: options.turn_ms,
            seed: options.seed,
            filesystem: filesystem(&options.data),
        };
        Self { conditions, hardware: Hardware::here(), sellers, rows: rows(&rounds), rounds }
    }

    /// The report as tables for a terminal.
    pub fn text(&self) -> String {
        text::render(self)
    }

    /// Writes `peers.json` and `peers.svg` into `folder`.
    ///
    /// # Errors
    /// When a file cannot be written, or the plot not drawn.
    pub fn save(&self, folder: &Path) -> anyhow::Result<()> {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let write = |file: &str, content: String| {
            let path = folder.join(file);
            fs::write(&path, content).with_context(|| format!("cannot write {}", path.display()))
        };
        write(JSON_FILE, serde_json::to_string_pretty(self)? + "\n")?;
        write(PLOT_FILE, plot::goodput(self)?)
    }
}

/// A row for each mix and seller, in the order in which they came.
fn rows(rounds: &[Round]) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for round in rounds {
        if !rows.iter().any(|row| (row.mix, row.peer) == (round.mix, round.peer)) {
            rows.extend(row(rounds, round.mix, round.peer));
        }
    }
    rows
}

fn row(rounds: &[Round], mix: Mix, peer: Peer) -> Option<Row> {
    let of = |peer| rounds.iter().filter(move |round| (round.mix, round.peer) == (mix, peer));
    let spread = |value: fn(&Round) -> f64| Spread::of(of(peer).map(value));
    let median = |value: fn(&Round) -> f64| spread(value).map(|spread| spread.median);
    let goodput = |peer| of(peer).map(Round::goodput).collect::<Vec<f64>>();
    Some(Row {
        peer,
        mix,
        attempts_per_s: spread(|round| round.attempts_per_s)?,
        holds_per_s: spread(|round| round.holds_per_s)?,
        refusals_per_s: spread(|round| round.refusals_per_s)?,
        confirms_per_s: spread(|round| round.confirms_per_s)?,
        latency_ms: [
            [median(|round| round.hold.p50_ms)?, median(|round| round.hold.p99_ms)?],
            [median(|round| round.refusal.p50_ms)?, median(|round| round.refusal.p99_ms)?],
            [median(|round| round.confirm.p50_ms)?, median(|round| round.confirm.p99_ms)?],
        ],
        onsale_ratio: Spread::of_ratios(&goodput(Peer::Onsale), &goodput(peer)),
    })
}

/// What a folder is on: a disk, or memory, where being durable costs nothing.
fn filesystem(folder: &Path) -> String {
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    mounted(&mounts, &folder).unwrap_or_else(|| "unknown".into())
}

/// The kind of the file system with the longest mount point that `folder` is under.
fn mounted(mounts: &str, folder: &Path) -> Option<String> {
    let mount = |line: &str| {
        let mut fields = line.split(' ');
        let (device, point, kind) = (fields.next()?, fields.next()?, fields.next()?);
        folder.starts_with(point).then(|| (point.len(), format!("{kind} on {device}")))
    };
    // The last of equals lies over the others.
    mounts.lines().filter_map(mount).max_by_key(|(length, _)| *length).map(|(_, name)| name)
}

#[cfg(test)]
#[path = "report_test.rs"]
mod test;
