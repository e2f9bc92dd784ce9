//! `onsale-bench search-cached`.

use super::print;
use bench::load::Programs;
use bench::progress::Terminal;
use bench::search::cached::{CachedOptions, run as measure};
use clap::value_parser;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// How long, and with what.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// How long a turn takes; the node and the constant have theirs one after the other.
    #[arg(long, default_value_t = 5, value_parser = value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// How often both have a turn.
    #[arg(long, default_value_t = 5, value_parser = value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// Connections, each of which asks again when it is answered.
    #[arg(long, default_value_t = 32, value_parser = value_parser!(u16).range(1..=1_000))]
    clients: u16,
    /// The node's program; the `onsale` beside this one unless given.
    #[arg(long, value_name = "PATH")]
    node_binary: Option<PathBuf>,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: Args) -> anyhow::Result<ExitCode> {
    let mut programs = Programs::beside_this()?;
    programs.node = args.node_binary.unwrap_or(programs.node);
    let options = CachedOptions {
        programs,
        turn: Duration::from_secs(args.seconds),
        rounds: args.rounds,
        clients: args.clients.into(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let report = runtime.block_on(measure(&options, &Terminal::new()))?;
    print(&if args.json { serde_json::to_string_pretty(&report)? + "\n" } else { report.text() })?;
    Ok(if report.is_enough() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
