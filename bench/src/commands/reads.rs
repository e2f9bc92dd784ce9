//! `onsale-bench reads` and `onsale-bench mixed`.

use super::print;
use bench::load::Programs;
use bench::progress::Terminal;
use bench::reads::{ReadsOptions, run, run_mixed};
use clap::value_parser;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// How many, and how long.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Connections that read, each with one request in flight.
    #[arg(long, default_value_t = 16, value_parser = value_parser!(u32).range(1..=1_000))]
    readers: u32,
    /// Seats that are taken in a second meanwhile.
    #[arg(long, value_parser = value_parser!(u32).range(1..=1_000))]
    changes: Option<u32>,
    /// How long a turn takes.
    #[arg(long, default_value_t = 10, value_parser = value_parser!(u64).range(1..=50))]
    seconds: u64,
    /// How often everybody has a turn.
    #[arg(long, default_value_t = 3, value_parser = value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// The node's program; the `onsale` beside this one unless given.
    #[arg(long, value_name = "PATH")]
    node_binary: Option<PathBuf>,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
}

/// Changes a second, unless said: of an event that is read as fast as can be, and beside a hundred reads each.
const READ: u32 = 100;
const MIXED: u32 = 20;

fn options(args: Args, changes: u32) -> anyhow::Result<ReadsOptions> {
    let mut programs = Programs::beside_this()?;
    programs.node = args.node_binary.unwrap_or(programs.node);
    Ok(ReadsOptions {
        programs,
        readers: args.readers as usize,
        changes_per_s: args.changes.unwrap_or(changes),
        turn: Duration::from_secs(args.seconds),
        rounds: args.rounds,
    })
}

pub(super) fn reads(args: Args) -> anyhow::Result<ExitCode> {
    let (is_json, options) = (args.json, options(args, READ)?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let report = runtime.block_on(run(&options, &Terminal::new()))?;
    print(&if is_json { serde_json::to_string_pretty(&report)? + "\n" } else { report.text() })?;
    Ok(if report.is_enough() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

pub(super) fn mixed(args: Args) -> anyhow::Result<ExitCode> {
    let (is_json, options) = (args.json, options(args, MIXED)?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let report = runtime.block_on(run_mixed(&options, &Terminal::new()))?;
    print(&if is_json { serde_json::to_string_pretty(&report)? + "\n" } else { report.text() })?;
    Ok(ExitCode::SUCCESS)
}
