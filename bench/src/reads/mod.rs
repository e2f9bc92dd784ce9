//! `onsale-bench reads`: how fast a node serves an event of 50,000 seats of which a hundred change in a second, against nginx
//! serving a file of that size. `onsale-bench mixed`: what a hundred reads for every hold cost the holds.
//!
//! Owns: both runs and their reports. Each takes turns with what it is compared with, and only ratios within a round count.
//! Hazard: readers, holders and servers share the cores.

mod fetch;
mod mixed;
mod nginx;

use crate::ambient::Clock;
use crate::live::take_seats;
use crate::load::house::{CONNECTIONS, House, Show};
use crate::load::servers::{Programs, Server};
use crate::progress::Progress;
use crate::replay::caller::Caller;
use crate::replay::http::Client;
use crate::stadium;
use crate::stats::Spread;
use fetch::{Fetched, Wanted, fetch_for};
pub use mixed::{MixedReport, run as run_mixed};
use nginx::Nginx;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What the node is to reach.
pub const LEAST_RATIO: f64 = 0.7;
const GZIP: &str = "accept-encoding: gzip\r\n";

/// How it is measured.
#[derive(Clone, Debug)]
pub struct ReadsOptions {
    /// What is started.
    pub programs: Programs,
    /// Connections, each with one request in flight.
    pub readers: usize,
    /// Seats that are taken in a second while the node is read.
    pub changes_per_s: u32,
    /// How long a turn takes.
    pub turn: Duration,
    /// How often everybody has a turn.
    pub rounds: u32,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReadsReport {
    /// The event as it is.
    pub plain: Compared,
    /// Deflated.
    pub gzip: Compared,
    /// Bytes of the seats in two bits each.
    pub binary_bytes: u64,
}

/// One form of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Compared {
    /// Of an answer.
    pub bytes: u64,
    /// Answers a second of the node, by round.
    pub node_per_second: Vec<f64>,
    /// The same of nginx.
    pub nginx_per_second: Vec<f64>,
    /// 99 of a hundred of the node's answers are whole after so long, in the last round.
    pub node_p99_ms: f64,
    /// The same of nginx.
    pub nginx_p99_ms: f64,
}

impl Compared {
    /// The node's speed in that of nginx.
    pub fn ratio(&self) -> f64 {
        let ratios = Spread::of_ratios(&self.node_per_second, &self.nginx_per_second);
        ratios.map_or(0.0, |ratios| ratios.median)
    }

    fn text(&self, name: &str) -> String {
        let median = |values: &[f64]| Spread::of(values.iter().copied()).map_or(0.0, |spread| spread.median);
        format!(
            "{name}: {:.1} KiB; node {:.0}/s (p99 {:.1} ms), nginx {:.0}/s (p99 {:.1} ms); ratio {:.2}\n",
            self.bytes as f64 / 1024.0,
            median(&self.node_per_second),
            self.node_p99_ms,
            median(&self.nginx_per_second),
            self.nginx_p99_ms,
            self.ratio(),
        )
    }
}

impl ReadsReport {
    /// For people.
    pub fn text(&self) -> String {
        let binary = format!("binary: {:.1} KiB\n", self.binary_bytes as f64 / 1024.0);
        self.plain.text("plain") + &self.gzip.text("gzip") + &binary
    }

    /// Whether both are fast enough.
    pub fn is_enough(&self) -> bool {
        self.plain.ratio() >= LEAST_RATIO && self.gzip.ratio() >= LEAST_RATIO
    }
}

/// A node with an event of 50,000 seats.
struct Stage {
    server: Server,
    house: House,
    show: Show,
    clock: Clock,
}

impl Stage {
    async fn set(programs: &Programs, progress: &dyn Progress) -> anyhow::Result<Self> {
        programs.check_node()?;
        let clock = Clock::start();
        let server = Server::node(programs).await?;
        let caller = Caller::new(Client::new(std::slice::from_ref(&server.http), CONNECTIONS)?, clock);
        let mut house = House::open(caller, &server.operator_password, 8, stadium::plan()?, progress).await?;
        let show = house.show().await?;
        Ok(Self { server, house, show, clock })
    }

    fn wanted(&self, rest: &str, headers: &str) -> Wanted {
        Wanted::new(&self.server.http, &format!("/events/{}{rest}", self.show.id), headers)
    }
}

/// Measures.
///
/// # Errors
/// When something cannot be started, or answers otherwise than it should.
pub async fn run(options: &ReadsOptions, progress: &dyn Progress) -> anyhow::Result<ReadsReport> {
    let mut stage = Stage::set(&options.programs, progress).await?;
    // Some seats are gone, as in the middle of a sale.
    take_seats(&stage.house, &stage.show, 500, Duration::from_secs(10), stage.clock).await?;
    let binary_bytes =
        stage.wanted("/seats", "accept: application/vnd.onsale.seats\r\n").once().await?.len() as u64;
    let mut compared = Vec::new();
    for (path, headers) in [("/plain", ""), ("/gzip", GZIP)] {
        let (plain, deflated) = (stage.wanted("", "").once().await?, stage.wanted("", GZIP).once().await?);
        let nginx = Nginx::start(&plain, &deflated).await?;
        let theirs = Wanted::new(&nginx.authority, path, headers);
        let mut rounds: Vec<(Fetched, Fetched)> = Vec::new();
        for round in 1..=options.rounds {
            progress.note(&format!("{path}, round {round} of {}", options.rounds));
            stage.show = stage.house.show().await?;
            let ours = stage.wanted("", headers);
            ours.once().await?;
            let seats =
                take_seats(&stage.house, &stage.show, options.changes_per_s, options.turn, stage.clock);
            let (node, sold) = tokio::join!(fetch_for(&ours, options.readers, options.turn), seats);
            sold?;
            rounds.push((node?, fetch_for(&theirs, options.readers, options.turn).await?));
        }
        compared.push(of_rounds(&rounds));
    }
    stage.server.stop().await;
    let gzip = compared.pop().unwrap_or_else(|| of_rounds(&[]));
    let plain = compared.pop().unwrap_or_else(|| of_rounds(&[]));
    Ok(ReadsReport { plain, gzip, binary_bytes })
}

fn of_rounds(rounds: &[(Fetched, Fetched)]) -> Compared {
    let p99 = |fetched: Option<&Fetched>| {
        fetched.map_or(0.0, |fetched| fetched.latency_us.value_at_quantile(0.99) as f64 / 1_000.0)
    };
    Compared {
        bytes: rounds.last().map_or(0, |(node, _)| node.bytes),
        node_per_second: rounds.iter().map(|(node, _)| node.per_second).collect(),
        nginx_per_second: rounds.iter().map(|(_, nginx)| nginx.per_second).collect(),
        node_p99_ms: p99(rounds.last().map(|(node, _)| node)),
        nginx_p99_ms: p99(rounds.last().map(|(_, nginx)| nginx)),
    }
}
