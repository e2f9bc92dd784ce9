//! The commands and their arguments.

mod cluster;
mod live;
mod load;
mod logins;
#[cfg(feature = "peers")]
mod peers;
mod reads;
mod replay;
mod report;
#[cfg(feature = "peers")]
mod search;
#[cfg(feature = "peers")]
mod search_cached;
#[cfg(feature = "peers")]
mod search_quality;
mod trace;

use clap::{Parser, Subcommand};
use std::io::{Write, stdout};
use std::process::ExitCode;

/// Makes traces of ticket sales, replays them against a node, and checks that the node keeps its promises.
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true)]
pub(super) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make, import or show session traces.
    #[command(subcommand)]
    Trace(trace::Trace),
    /// Replay a session trace against running nodes; exits with 1 on any violation.
    #[command(after_help = replay::OPERATOR)]
    Replay(Box<replay::Args>),
    /// Measure how fast one node holds seats, against a bare server and against itself without a journal.
    #[command(after_help = load::HOW)]
    Load(Box<load::Args>),
    /// Measure what three nodes and more do: throughput, failover, moves, growth, availability.
    #[command(after_help = cluster::HOW)]
    Cluster(Box<cluster::Args>),
    /// Measure how soon thousands who watch an event learn of a change, and what each costs the node.
    Live(live::Args),
    /// Measure how fast a node serves an event of 50,000 seats that changes, against nginx and a file.
    Reads(reads::Args),
    /// Measure what a hundred reads for every hold cost the holds.
    Mixed(reads::Args),
    /// Measure how many people a node logs in, against what the password hash alone allows.
    Logins(logins::Args),
    /// Answer everything with one constant; started by `load` and `cluster`.
    #[command(hide = true)]
    Constant(load::ConstantArgs),
    /// Let the same buyers attempt the same with onsale, Redis and PostgreSQL, in turn, and compare.
    #[cfg(feature = "peers")]
    #[command(after_help = peers::HOW)]
    Peers(Box<peers::Args>),
    /// Measure how long a search takes among very many events, and how long PostgreSQL takes for the same.
    #[cfg(feature = "peers")]
    Search(search::Args),
    /// Measure how many searches a second a node answers that many make, against a constant answer.
    #[cfg(feature = "peers")]
    SearchCached(search_cached::Args),
    /// Ask for every event of real catalogues, as it is called and misspelt, and count how often it comes first.
    #[cfg(feature = "peers")]
    SearchQuality(search_quality::Args),
    /// Print the report of an earlier replay again, and draw its page anew.
    Report(report::Args),
}

/// Does what the command line says.
pub(super) fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    match cli.command {
        Command::Trace(command) => trace::run(command).map(|()| ExitCode::SUCCESS),
        Command::Replay(args) => replay::run(*args),
        Command::Load(args) => load::run(*args),
        Command::Cluster(args) => cluster::run(*args),
        Command::Live(args) => live::run(args),
        Command::Reads(args) => reads::reads(args),
        Command::Mixed(args) => reads::mixed(args),
        Command::Logins(args) => logins::run(args),
        Command::Constant(args) => load::run_constant(&args).map(|()| ExitCode::SUCCESS),
        #[cfg(feature = "peers")]
        Command::Peers(args) => peers::run(*args),
        #[cfg(feature = "peers")]
        Command::Search(args) => search::run(&args),
        #[cfg(feature = "peers")]
        Command::SearchCached(args) => search_cached::run(args),
        #[cfg(feature = "peers")]
        Command::SearchQuality(args) => search_quality::run(&args),
        Command::Report(args) => report::run(&args).map(|()| ExitCode::SUCCESS),
    }
}

/// Writes to standard output; a reader that has gone is a fault like any other.
fn print(text: &str) -> anyhow::Result<()> {
    Ok(stdout().write_all(text.as_bytes())?)
}
