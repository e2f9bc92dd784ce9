//! The `onsale-sim` command.
//!
//! Owns: the command line, what is printed, exit codes. 0: every promise was kept; 1: one was broken, or something could
//! not be done. With `ONSALE_SEED` set, this process is that seed.

use std::io::{Write as _, stdout};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use bench::progress::Terminal;
use clap::Parser;
use domain::planted::Bug;
use simulation::many::Many;
use simulation::run::{Scenario, run};

/// Runs whole nodes over simulated disks, clocks and networks, and says which seeds broke a promise. To run one again:
/// ONSALE_SEED=17 onsale-sim
#[derive(Debug, Parser)]
#[command(name = "onsale-sim")]
struct Cli {
    /// How many seeds to run.
    #[arg(long, default_value_t = 64)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Seeds at the same time.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..))]
    jobs: u16,
    /// For so many simulated seconds things break.
    #[arg(long, default_value_t = 60)]
    seconds: u16,
    /// A planted bug, or `all` of them, each to be found within the seeds.
    #[arg(long)]
    plant: Option<String>,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match std::env::var("ONSALE_SEED").ok().map_or_else(|| many(&cli), |seed| one(&cli, &seed)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(fault) => {
            say(&format!("onsale-sim: {fault:#}"));
            ExitCode::FAILURE
        }
    }
}

/// There is nobody left to tell if this fails.
fn say(line: &str) {
    let _ = writeln!(stdout(), "{line}");
}

fn one(cli: &Cli, seed: &str) -> anyhow::Result<bool> {
    let seed = seed.parse().with_context(|| format!("ONSALE_SEED={seed:?} is not a number"))?;
    if let Some(name) = &cli.plant {
        plant(bug(name)?);
    }
    if std::env::var_os("RUST_LOG").is_some() {
        let filter = tracing_subscriber::EnvFilter::from_default_env();
        tracing_subscriber::fmt().with_env_filter(filter).without_time().init();
    }
    let report = run(Scenario { seed, faults: Duration::from_secs(cli.seconds.into()) })?;
    report.violations.iter().for_each(|violation| say(violation));
    say(&report.summary);
    Ok(report.violations.is_empty())
}

fn many(cli: &Cli) -> anyhow::Result<bool> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match cli.plant.as_deref() {
        Some("all") => runtime.block_on(every_bug(cli)),
        Some(name) => {
            let bug = bug(name)?;
            runtime.block_on(seeds(cli, Some(bug.name())))
        }
        None => runtime.block_on(seeds(cli, None)),
    }
}

async fn seeds(cli: &Cli, plant: Option<&'static str>) -> anyhow::Result<bool> {
    let many = many_of(cli, plant, false);
    let failed = many.run(&Terminal::new()).await?;
    for child in &failed {
        say(&child.said);
        say(&format!("again: ONSALE_SEED={} cargo run -p onsale-simulation{}\n", child.seed, flags(plant)));
    }
    say(&format!("{} of {} seeds broke a promise", failed.len(), cli.seeds));
    Ok(failed.is_empty())
}

fn many_of(cli: &Cli, plant: Option<&'static str>, until_found: bool) -> Many {
    Many { seeds: range(cli), seconds: cli.seconds, jobs: cli.jobs.into(), plant, until_found }
}

fn flags(plant: Option<&str>) -> String {
    plant.map_or_else(String::new, |bug| format!(" --features planted -- --plant {bug}"))
}

fn range(cli: &Cli) -> std::ops::Range<u64> {
    cli.from..cli.from.saturating_add(cli.seeds)
}

fn bug(name: &str) -> anyhow::Result<Bug> {
    anyhow::ensure!(
        cfg!(feature = "planted"),
        "bugs can be planted only into a program that was built for it: cargo run -p onsale-simulation --features planted"
    );
    Bug::ALL.iter().find(|bug| bug.name() == name).copied().with_context(|| {
        let names: Vec<_> = Bug::ALL.iter().map(|bug| bug.name()).collect();
        format!("there is no bug {name:?}; there are: all, {}", names.join(", "))
    })
}

#[cfg(feature = "planted")]
fn plant(bug: Bug) {
    domain::planted::choose(bug);
}

#[cfg(not(feature = "planted"))]
fn plant(_bug: Bug) {}

/// Plants one bug after the other; each has to be found.
async fn every_bug(cli: &Cli) -> anyhow::Result<bool> {
    anyhow::ensure!(cfg!(feature = "planted"), "build with --features planted");
    let mut missed = 0;
    for bug in Bug::ALL {
        let plant = Some(bug.name());
        let many = many_of(cli, plant, true);
        let found = many.run(&Terminal::new()).await?;
        match found.first() {
            Some(child) => {
                let first = child.said.lines().next().unwrap_or_default();
                say(&format!("{:24} seed {:3}: {first}", bug.name(), child.seed));
            }
            None => {
                missed += 1;
                say(&format!("{:24} NOT FOUND in {} seeds", bug.name(), cli.seeds));
            }
        }
    }
    Ok(missed == 0)
}
