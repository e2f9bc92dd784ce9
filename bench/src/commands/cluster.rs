//! `onsale-bench cluster`.

use super::print;
use anyhow::Context;
use bench::cluster::{ClusterOptions, Scene};
use bench::load::Programs;
use bench::progress::Terminal;
use clap::{ValueEnum, value_parser};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Shown under the help.
pub(super) const HOW: &str = "\
Every scene starts its own nodes, on free ports of this machine and with temporary data, and ends them. To build what
it starts:

  cargo build --release -p onsale -p onsale-bench

  onsale-bench cluster                               all scenes, shortly: about ten minutes
  onsale-bench cluster throughput refusals           what three nodes hold and refuse
  onsale-bench cluster failover --kills 50           the owner killed fifty times
  onsale-bench cluster availability --minutes 60     an hour with a kill every minute
  onsale-bench cluster connections --seconds 60      ten thousand buyers";

/// What to measure, and how long.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What to measure; everything unless given.
    #[arg(value_enum, value_name = "SCENE")]
    scenes: Vec<SceneName>,
    /// How long a run of throughput, refusals or connections is measured.
    #[arg(long, default_value_t = 10, value_parser = value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// How often everybody takes a turn in throughput and refusals.
    #[arg(long, default_value_t = 3, value_parser = value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// Connections of throughput and refusals.
    #[arg(long, default_value_t = 64, value_parser = value_parser!(u16).range(1..=10_000))]
    clients: u16,
    /// How often the owner is killed.
    #[arg(long, default_value_t = 10, value_parser = value_parser!(u32).range(1..=1_000))]
    kills: u32,
    /// How often a shard is moved.
    #[arg(long, default_value_t = 10, value_parser = value_parser!(u32).range(1..=1_000))]
    moves: u32,
    /// How long availability is counted.
    #[arg(long, default_value_t = 2, value_parser = value_parser!(u64).range(1..=180))]
    minutes: u64,
    /// Seconds between two kills of availability.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = value_parser!(u64).range(10..=600))]
    kill_every: u64,
    /// Concurrent connections of buyers.
    #[arg(long, default_value_t = 10_000, value_parser = value_parser!(u32).range(3..=60_000))]
    connections: u32,
    /// The node's program; the `onsale` beside this one unless given.
    #[arg(long, value_name = "PATH")]
    node_binary: Option<PathBuf>,
    /// Where nodes keep their temporary data: the disk that is measured. The system's folder unless given.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Write cluster.json and cluster.svg into this folder.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum SceneName {
    /// Durable holds on three nodes against one.
    Throughput,
    /// Refusals at a gateway against a constant answer.
    Refusals,
    /// How long nobody sells after the owner was killed.
    Failover,
    /// How long nobody sells while a shard moves.
    Move,
    /// What a fourth node moves.
    Growth,
    /// How much is answered while nodes are killed.
    Availability,
    /// Ten thousand buyers at once.
    Connections,
}

impl From<SceneName> for Scene {
    fn from(name: SceneName) -> Self {
        match name {
            SceneName::Throughput => Self::Throughput,
            SceneName::Refusals => Self::Refusals,
            SceneName::Failover => Self::Failover,
            SceneName::Move => Self::Move,
            SceneName::Growth => Self::Growth,
            SceneName::Availability => Self::Availability,
            SceneName::Connections => Self::Connections,
        }
    }
}

pub(super) fn run(args: Args) -> anyhow::Result<ExitCode> {
    let (out, is_json) = (args.out.clone(), args.json);
    let options = options(args)?;
    // The generator has threads of its own, and buyers who think need but one.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let report = runtime.block_on(bench::cluster::run(&options, &Terminal::new()))?;
    if let Some(folder) = &out {
        report.save(folder)?;
    }
    print(&if is_json { report.json()? } else { report.text() })?;
    Ok(ExitCode::SUCCESS)
}

fn options(args: Args) -> anyhow::Result<ClusterOptions> {
    let usual = Programs::beside_this()?;
    let data = args.data.unwrap_or(usual.data);
    std::fs::create_dir_all(&data).with_context(|| format!("cannot make {}", data.display()))?;
    let scenes = match args.scenes.is_empty() {
        true => Scene::ALL.to_vec(),
        false => args.scenes.into_iter().map(Scene::from).collect(),
    };
    Ok(ClusterOptions {
        scenes,
        seconds: Duration::from_secs(args.seconds),
        rounds: args.rounds,
        clients: usize::from(args.clients),
        kills: args.kills,
        moves: args.moves,
        lasts: Duration::from_secs(args.minutes * 60),
        kill_every: Duration::from_secs(args.kill_every),
        connections: args.connections as usize,
        programs: Programs { node: args.node_binary.unwrap_or(usual.node), data, ..usual },
    })
}
