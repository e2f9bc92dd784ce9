//! `onsale-bench peers`.

use super::{Cli, print};
use bench::peers::plan::{Mix, ROW};
use bench::peers::{self, Options, Peer};
use bench::progress::Terminal;
use clap::error::ErrorKind;
use clap::{CommandFactory, value_parser};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

/// Shown under the help.
pub(super) const HOW: &str = "\
Every seller is started here, on loopback, with its data in a folder of its own, and ended with the run. Redis and
PostgreSQL come from the distribution: run bench/peers/install, or apt-get install redis-server postgresql. One that
is missing is left out. onsale's node is the program `onsale` beside this one: cargo build --release.

  onsale-bench peers --out peers                    everybody, all mixes: about eight minutes
  onsale-bench peers --mix flash --rounds 7         the flash sale only
  onsale-bench peers --only onsale,redis-always     two of them

The sellers take turns, A B C D A B C D. The same seed makes the same attempts for each. After every sale the seats
taken are held against the holds that were answered; a difference ends the run with exit code 1.";

/// Who is compared, with what, and how long.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Who takes part.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "SELLER", default_values_t = Peer::ALL)]
    only: Vec<Peer>,
    /// What is played.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "MIX", default_values_t = Mix::ALL)]
    mix: Vec<Mix>,
    /// Clients, each of which asks again when it is answered.
    #[arg(long, default_value_t = 64, value_parser = value_parser!(u32).range(1..=1_000))]
    clients: u32,
    /// Threads that the clients share.
    #[arg(long, default_value_t = 2, value_parser = value_parser!(u16).range(1..=64))]
    threads: u16,
    /// Seats of a sale, in rows of 50.
    #[arg(long, default_value_t = 50_000, value_parser = seats)]
    seats: u32,
    /// Turns of every seller with every mix.
    #[arg(long, default_value_t = 5, value_parser = value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// How long a turn lasts.
    #[arg(long, default_value_t = 5, value_parser = value_parser!(u64).range(1..=60))]
    seconds: u64,
    /// What the attempts follow from: the same seed makes the same attempts.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The node's program, if it is not `onsale` beside this one.
    #[arg(long, value_name = "PATH")]
    node: Option<PathBuf>,
    /// Ask onsale without Idempotency-Keys; the others never have any.
    #[arg(long)]
    no_keys: bool,
    /// Connections to Redis that the clients share; what they ask at one time is pipelined.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = value_parser!(u32).range(1..=1_000))]
    redis_connections: u32,
    /// Connections to PostgreSQL that the clients share.
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = value_parser!(u32).range(1..=1_000))]
    postgres_connections: u32,
    /// PostgreSQL's commit_delay.
    #[arg(long, value_name = "US", default_value_t = 0, value_parser = value_parser!(u32).range(0..=100_000))]
    postgres_commit_delay_us: u32,
    /// The folder for everybody's data; it should be on a disk, and every user must be able to enter it.
    #[arg(long, value_name = "DIR", default_value_os_t = std::env::temp_dir())]
    data: PathBuf,
    /// Write peers.json and peers.svg into this folder.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(super) fn run(args: Args) -> anyhow::Result<ExitCode> {
    if !args.data.is_dir() {
        let what = format!("--data {} is not a folder", args.data.display());
        Cli::command().error(ErrorKind::ValueValidation, what).exit();
    }
    let options = Options {
        peers: args.only,
        mixes: args.mix,
        clients: args.clients,
        threads: usize::from(args.threads),
        seats: args.seats,
        rounds: args.rounds,
        turn_ms: args.seconds * 1_000,
        seed: args.seed,
        node: args.node,
        keys: !args.no_keys,
        redis_connections: args.redis_connections,
        postgres_connections: args.postgres_connections,
        commit_delay_us: args.postgres_commit_delay_us,
        data: args.data,
    };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(options.threads).enable_all().build()?;
    let report = runtime.block_on(peers::run(options, Arc::new(Terminal::new())))?;
    print(&report.text())?;
    if let Some(folder) = &args.out {
        report.save(folder)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn seats(text: &str) -> Result<u32, String> {
    match text.parse::<u32>() {
        Ok(seats) if (ROW..=200_000).contains(&seats) && seats.is_multiple_of(ROW) => Ok(seats),
        _ => Err(format!("a multiple of {ROW} up to 200,000 is wanted")),
    }
}
