//! `onsale-bench live`.

use super::print;
use bench::live::{LiveOptions, run as measure};
use bench::load::Programs;
use bench::progress::Terminal;
use clap::value_parser;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// How many, and how long.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// How many watch one event.
    #[arg(long, default_value_t = 10_000, value_parser = value_parser!(u32).range(1..=15_000))]
    subscribers: u32,
    /// Seats that are taken in a second.
    #[arg(long, default_value_t = 100, value_parser = value_parser!(u32).range(1..=1_000))]
    changes: u32,
    /// For how long.
    #[arg(long, default_value_t = 20, value_parser = value_parser!(u64).range(1..=50))]
    seconds: u64,
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
    let options = LiveOptions {
        programs,
        subscribers: args.subscribers as usize,
        changes_per_s: args.changes,
        seconds: Duration::from_secs(args.seconds),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let report = runtime.block_on(measure(&options, &Terminal::new()))?;
    print(&if args.json { serde_json::to_string_pretty(&report)? + "\n" } else { report.text() })?;
    Ok(ExitCode::SUCCESS)
}
