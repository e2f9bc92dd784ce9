//! `onsale-bench load`, and the constant that it starts.

use super::print;
use anyhow::Context;
use bench::load::constant::{self, Constant};
use bench::load::{LoadOptions, Mix, Programs, Question};
use bench::progress::Terminal;
use clap::{ArgGroup, ValueEnum, value_parser};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Shown under the help.
pub(super) const HOW: &str = "\
It starts everything itself, on free ports of this machine and with temporary data: the node (durable), the same node
with its journal replaced by memory, and a bare hyper server with a constant answer of the same size. They take turns
in every round. To build what it starts:

  cargo build --release -p onsale -p onsale-bench
  cargo build --release -p onsale --example in_memory_node

Add --features onsale/count-allocations to both to have allocations counted as well (that costs a little speed).

  onsale-bench load                          hold and refused, closed loop, 3 rounds of 10 s
  onsale-bench load --mix batch --batch 64   many holds in one body
  onsale-bench load --rate 5000              open loop; latency counts from when a request was due
  onsale-bench load --overload               ten times the sustainable load
  onsale-bench load --one-client             one hold against one write to the disk
  onsale-bench load --expiry                 50,000 holds that end in one second
  onsale-bench load --bookings               bookings with their payment, against holds";

/// What to measure, and how.
#[derive(Debug, clap::Args)]
#[command(group = ArgGroup::new("question").args(["overload", "one_client", "expiry", "bookings"]))]
pub(super) struct Args {
    /// What everybody asks for; several are measured one after the other.
    #[arg(long = "mix", value_enum, value_delimiter = ',', default_values = ["hold", "refused"], conflicts_with = "question")]
    mixes: Vec<MixName>,
    /// Seats of one hold, side by side.
    #[arg(long, default_value_t = 1, value_parser = value_parser!(u8).range(1..=12))]
    party: u8,
    /// Holds in one body of the mix batch.
    #[arg(long, default_value_t = 64, value_parser = value_parser!(u16).range(1..=512))]
    batch: u16,
    /// Hold without an Idempotency-Key; with one is the hold that is safe to retry.
    #[arg(long)]
    no_keys: bool,
    /// Connections; in a closed loop each has one request in flight.
    #[arg(long, default_value_t = 64, value_parser = value_parser!(u16).range(1..=10_000))]
    connections: u16,
    /// An open loop with so many requests a second, at the random instants of people who do not know of each other.
    #[arg(long, value_name = "N", value_parser = rate, conflicts_with = "question")]
    rate: Option<f64>,
    /// How long each server is measured in each round.
    #[arg(long, default_value_t = 10, value_parser = value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// How long it is loaded before that.
    #[arg(long, default_value_t = 2, value_parser = value_parser!(u64).range(0..=60))]
    warm_up: u64,
    /// How often each server takes a turn.
    #[arg(long, default_value_t = 3, value_parser = value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// Threads of the generator, which shares the cores with the server.
    #[arg(long, default_value_t = 1, value_parser = value_parser!(u16).range(1..=256))]
    threads: u16,
    /// Accounts that the requests take in turn.
    #[arg(long, default_value_t = 64, value_parser = value_parser!(u32).range(1..=10_000))]
    accounts: u32,
    /// The same seed asks for the same seats in the same order.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Find out the best goodput, then offer ten times as much.
    #[arg(long)]
    overload: bool,
    /// Connections of the overload.
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = value_parser!(u16).range(1..=10_000), requires = "overload")]
    overload_connections: u16,
    /// Compare one client's durable hold with one write to the same disk.
    #[arg(long)]
    one_client: bool,
    /// Let 50,000 holds end in one second, while others go on.
    #[arg(long)]
    expiry: bool,
    /// Compare bookings, paid in the call that makes them, with holds.
    #[arg(long)]
    bookings: bool,
    /// The node's program; the `onsale` beside this one unless given.
    #[arg(long, value_name = "PATH")]
    node: Option<PathBuf>,
    /// The node without a journal; `examples/in_memory_node` beside this program unless given.
    #[arg(long, value_name = "PATH")]
    memory_node: Option<PathBuf>,
    /// Where nodes keep their temporary data: the disk that is measured. The system's folder unless given.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Write load.json (and load.svg, where mixes were compared) into this folder.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum MixName {
    /// Free seats that nobody else asks for.
    Hold,
    /// Seats that are held already.
    Refused,
    /// Many holds in one body.
    Batch,
    /// A hold, and its booking paid.
    HoldConfirm,
    /// Hold and payment in one call.
    Book,
}

/// One constant answer to everything.
#[derive(Debug, clap::Args)]
pub(super) struct ConstantArgs {
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    http: SocketAddr,
    #[arg(long, default_value_t = 201)]
    status: u16,
    #[arg(long, default_value_t = 400)]
    bytes: usize,
}

impl From<MixName> for Mix {
    fn from(name: MixName) -> Self {
        match name {
            MixName::Hold => Self::Hold,
            MixName::Refused => Self::Refused,
            MixName::Batch => Self::Batch,
            MixName::HoldConfirm => Self::HoldConfirm,
            MixName::Book => Self::Book,
        }
    }
}

pub(super) fn run(args: Args) -> anyhow::Result<ExitCode> {
    let (out, is_json) = (args.out.clone(), args.json);
    let options = options(args)?;
    // The generator has threads of its own; what is left to do here is to wait.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let report = runtime.block_on(bench::load::run(&options, &Terminal::new()))?;
    if let Some(folder) = &out {
        report.save(folder)?;
    }
    print(&if is_json { report.json()? } else { report.text() })?;
    Ok(ExitCode::SUCCESS)
}

fn options(args: Args) -> anyhow::Result<LoadOptions> {
    let question = match (args.overload, args.one_client, args.expiry, args.bookings) {
        (true, ..) => Question::Overload,
        (_, true, ..) => Question::OneClient,
        (_, _, true, _) => Question::Expiry,
        (.., true) => Question::Bookings,
        _ => Question::Compare,
    };
    let usual = Programs::beside_this()?;
    let data = args.data.unwrap_or(usual.data);
    std::fs::create_dir_all(&data).with_context(|| format!("cannot make {}", data.display()))?;
    Ok(LoadOptions {
        question,
        mixes: args.mixes.into_iter().map(Mix::from).collect(),
        party: usize::from(args.party),
        batch: usize::from(args.batch),
        has_keys: !args.no_keys,
        connections: usize::from(args.connections),
        overload_connections: usize::from(args.overload_connections),
        rate_per_s: args.rate,
        seconds: Duration::from_secs(args.seconds),
        warm_up: Duration::from_secs(args.warm_up),
        rounds: args.rounds,
        threads: usize::from(args.threads),
        accounts: args.accounts,
        seed: args.seed,
        programs: Programs {
            node: args.node.unwrap_or(usual.node),
            memory_node: args.memory_node.unwrap_or(usual.memory_node),
            bench: usual.bench,
            data,
        },
    })
}

pub(super) fn run_constant(args: &ConstantArgs) -> anyhow::Result<()> {
    let constant = Constant::new(args.status, args.bytes)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(constant::run(args.http, constant))
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate.is_finite() && rate > 0.0 => Ok(rate),
        _ => Err("a rate is a number of requests a second above 0".into()),
    }
}
