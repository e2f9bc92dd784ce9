//! `onsale-bench report`.

use super::print;
use bench::report::Report;
use std::path::PathBuf;

/// Where the report is.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The folder that a replay wrote with --out.
    folder: PathBuf,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    let report = Report::load(&args.folder)?;
    report.save(&args.folder)?;
    print(&if args.json { report.json()? } else { report.text() })
}
