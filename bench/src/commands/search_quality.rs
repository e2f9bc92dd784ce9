//! `onsale-bench search-quality`.

use super::print;
use bench::search::{catalogue, quality};
use clap::value_parser;
use std::path::PathBuf;
use std::process::ExitCode;

/// What is asked for, and how often.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Catalogues: .csv, .json or .jsonl files, or folders of such.
    #[arg(long, required = true, num_args = 1.., value_name = "PATH")]
    catalogue: Vec<PathBuf>,
    /// How often each name is misspelt anew.
    #[arg(long, default_value_t = 5, value_parser = value_parser!(u64).range(1..=1000))]
    rounds: u64,
    /// Decides on the slips.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many of those that were missed to show.
    #[arg(long, default_value_t = 0)]
    missed: usize,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
}

/// What is to be reached, in per cent.
const EXACT: f64 = 99.0;
const MISSPELT: f64 = 95.0;

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let entries = catalogue::read(&args.catalogue)?;
    let quality = quality::measure(&entries, args.rounds, args.seed)?;
    print(&if args.json {
        serde_json::to_string_pretty(&quality)? + "\n"
    } else {
        quality.text(args.missed)
    })?;
    let exact = quality.asked.get("exact").is_some_and(|count| count.percent() >= EXACT);
    let reached = exact && quality.misspelt().percent() >= MISSPELT;
    Ok(if reached { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
