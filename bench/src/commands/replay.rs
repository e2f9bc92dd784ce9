//! `onsale-bench replay`.

use super::{Cli, print};
use anyhow::Context;
use bench::plan::{SEAT_MAP_FILE, VenuePlan};
use bench::progress::Terminal;
use bench::replay::{NodesOptions, Operator, ReplayOptions, ReplayOutcome};
use bench::trace::Session;
use bench::{report, stadium, trace};
use clap::error::ErrorKind;
use clap::{CommandFactory, value_parser};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

const USERNAME: &str = "ONSALE_AUTH__OPERATOR_USERNAME";
const PASSWORD: &str = "ONSALE_AUTH__OPERATOR_PASSWORD";
/// Shown under the help.
pub(super) const OPERATOR: &str = "\
Events that the trace only names are made by the operator, whose name and password come from the environment:
ONSALE_AUTH__OPERATOR_USERNAME and ONSALE_AUTH__OPERATOR_PASSWORD.";
const NODE_LOG_FILE: &str = "node.log";

/// What to replay, against what, and how.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The session trace. A seatmap.json beside it is the venue of the events that the trace only names.
    file: PathBuf,
    /// Addresses of nodes, as http://127.0.0.1:8080; several are taken in turn, also when one does not answer.
    #[arg(long = "target", value_name = "URL", value_delimiter = ',', required = true)]
    targets: Vec<String>,
    /// Replay so many times faster.
    #[arg(long, default_value_t = 1.0, value_parser = speed)]
    speed: f64,
    /// Accounts that buyers share in turn.
    #[arg(long, default_value_t = 64, value_parser = value_parser!(u32).range(1..=100_000))]
    accounts: u32,
    /// What every hold asks for; the run lasts until the last abandoned hold has lapsed.
    #[arg(long, default_value_t = 30, value_parser = value_parser!(u32).range(1..=1_800))]
    ttl_seconds: u32,
    /// How often a buyer asks who is told that the seats are gone.
    #[arg(long, default_value_t = 1, value_parser = value_parser!(u32).range(1..=1_000))]
    attempts: u32,
    /// Connections to each target at most.
    #[arg(long, default_value_t = 256, value_parser = value_parser!(u16).range(1..=10_000))]
    connections: u16,
    /// A seat map for the events that the trace only names; its prices.json is looked for beside it.
    #[arg(long, value_name = "FILE")]
    seat_map: Option<PathBuf>,
    /// Start a node with this command line and wait until it is ready; given once for every target, in their order. More
    /// than targets are nodes without buyers, which --move can move to.
    #[arg(long = "node-command", value_name = "CMD")]
    node_commands: Vec<String>,
    /// So many times, spread over the run, kill a node without warning, start it again, and wait until it is ready.
    #[arg(long, value_name = "N", default_value_t = 0, requires = "node_commands")]
    kill: u32,
    /// So many times, spread over the run, move a shard that has sales to a node without a replica of it.
    #[arg(long = "move", value_name = "N", default_value_t = 0, requires = "admin")]
    moves: u32,
    /// Admin listeners of the nodes; the run begins when every shard of the cluster has all its replicas.
    #[arg(long, value_name = "URL", value_delimiter = ',')]
    admin: Vec<String>,
    /// The same seed kills the same nodes and moves shards at the same times.
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    seed: u64,
    /// Write report.html, report.json and history.csv (and the log of a node started here) into this folder.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
    /// How the target makes things durable, for the report.
    #[arg(long, value_name = "TEXT")]
    durability: Option<String>,
}

pub(super) fn run(args: Args) -> anyhow::Result<ExitCode> {
    let sessions = trace::file::load(&args.file)?;
    let operator = operator(&sessions);
    if let Some(folder) = &args.out {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let nodes = NodesOptions {
        commands: args.node_commands,
        kills: args.kill,
        moves: args.moves,
        admin: args.admin,
        seed: args.seed,
        log: args.out.as_ref().map(|folder| folder.join(NODE_LOG_FILE)),
    };
    let missing = args.targets.len().saturating_sub(nodes.commands.len());
    if missing > 0 && !nodes.commands.is_empty() {
        let what = format!("--node-command is missing for {missing} of the {} targets", args.targets.len());
        Cli::command().error(ErrorKind::WrongNumberOfValues, what).exit();
    }
    let plan = plan(&args.file, args.seat_map.as_deref())?;
    let title = args.file.file_name().unwrap_or_default().to_string_lossy();
    let options = ReplayOptions {
        title: format!("Replay of {title}"),
        operator,
        speed: args.speed,
        accounts: args.accounts,
        ttl_seconds: args.ttl_seconds,
        attempts: args.attempts,
        connections: usize::from(args.connections),
        nodes,
        durability: args.durability,
        ..ReplayOptions::new(args.targets, sessions, plan)
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let replay = bench::replay::run(options, Arc::new(Terminal::new()));
    let ReplayOutcome { report, history } = runtime.block_on(replay)?;
    if let Some(folder) = &args.out {
        report.save(folder)?;
        report::save_history(folder, &history)?;
    }
    print(&if args.json { report.json()? } else { report.text() })?;
    Ok(if report.verdict.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The operator from the environment; without one the trace must name its events by their ids.
fn operator(sessions: &[Session]) -> Operator {
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    match (variable(USERNAME), variable(PASSWORD)) {
        (Some(username), Some(password)) => Operator::Login { username, password },
        (username, _) => {
            let unset = if username.is_none() { USERNAME } else { PASSWORD };
            let named = sessions.iter().find(|session| !session.event.starts_with("evt_"));
            if let Some(session) = named {
                let what = format!(
                    "the trace's event `{}` has to be made, and only the operator can do that: {unset} is not set",
                    session.event
                );
                Cli::command().error(ErrorKind::MissingRequiredArgument, what).exit();
            }
            Operator::Absent
        }
    }
}

/// The seat map that was given, or the one beside the trace, or the stadium.
fn plan(trace: &Path, given: Option<&Path>) -> anyhow::Result<VenuePlan> {
    let beside = trace.with_file_name(SEAT_MAP_FILE);
    match given {
        Some(path) => VenuePlan::load(path),
        None if beside.exists() => VenuePlan::load(&beside),
        None => stadium::plan(),
    }
}

fn speed(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(speed) if speed.is_finite() && speed > 0.0 => Ok(speed),
        _ => Err("a speed is a number above 0".into()),
    }
}
