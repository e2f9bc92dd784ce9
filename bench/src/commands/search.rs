//! `onsale-bench search`.

use super::print;
use bench::search::speed::{Options, measure};
use clap::value_parser;
use std::io::{Write, stderr};
use std::path::PathBuf;
use std::process::ExitCode;

/// How much, of what.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Events in the index.
    #[arg(long, default_value_t = 1_000_000, value_parser = value_parser!(u64).range(1..=10_000_000))]
    events: u64,
    /// Queries to the index.
    #[arg(long, default_value_t = 10_000)]
    queries: usize,
    /// How many of them to ask PostgreSQL too; 0 leaves it out.
    #[arg(long, default_value_t = 1_000)]
    postgres_queries: usize,
    /// The same seed makes the same events and the same queries.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The folder for the data; every user must be able to enter it.
    #[arg(long, value_name = "DIR", default_value_os_t = std::env::temp_dir())]
    data: PathBuf,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
}

/// What is to be reached: the slowest one in a hundred, in milliseconds.
const P99_MS: f64 = 20.0;

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let options = Options {
        events: args.events,
        queries: args.queries,
        postgres_queries: args.postgres_queries,
        seed: args.seed,
        data: args.data.clone(),
    };
    let tell = |what: &str| {
        // There is nobody left to tell if this fails.
        let _ = writeln!(stderr(), "{what}");
    };
    let speed = measure(&options, &tell)?;
    print(&if args.json { serde_json::to_string_pretty(&speed)? + "\n" } else { speed.text() })?;
    let reached = speed.index.get("all").is_some_and(|times| times.p99 <= P99_MS);
    Ok(if reached { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
