//! The `onsale` command: from what was typed to an exit code. 0 is done, 1 failed or a promise broken, 2 a usage or a
//! configuration that makes no sense.

use std::process::ExitCode;

use clap::Parser;
use onsale::cli::{Cli, Command, Demo, Serve};
use onsale::config::LogFormat;
use onsale::fault::NodeFault;
use onsale::signals::{stdin_ended, told_to_end};
use onsale::{catalogue_command, cluster_command, config, demo, logs, payments_command, wiring};
use tracing::Level;

/// What the demo logs: its output is for people.
const QUIET: &str = "warn";

fn main() -> ExitCode {
    let ended = match Cli::parse().command {
        Command::Serve(options) => serve(&options),
        Command::Demo(options) => run_demo(&options),
        Command::Cluster(options) => run_cluster_command(&options),
        Command::Payments(options) => run_payments_command(&options),
        Command::Catalogue(options) => run_catalogue_command(&options),
    };
    match ended {
        Ok(code) => code,
        Err(fault) => {
            logs::say(Level::ERROR, &format!("onsale: {fault}"));
            ExitCode::from(fault.exit_code())
        }
    }
}

fn serve(options: &Serve) -> Result<ExitCode, NodeFault> {
    let config = config::load(options.config.as_deref(), std::env::vars_os())?;
    logs::start(&config.log_level, config.log_format)?;
    // The arbiters of the actors belong to an actix system; HTTP runs on the same runtime's own threads.
    let system = actix_rt::System::with_tokio_rt(|| {
        tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .expect("without threads or timers there is no node")
    });
    let stdin = options.end_with_stdin.then(stdin_ended);
    let stop = async {
        match stdin {
            Some(stdin) => tokio::select! {
                () = told_to_end() => {}
                () = stdin => {}
            },
            None => told_to_end().await,
        }
    };
    system.block_on(wiring::serve(options, config, stop))?;
    Ok(ExitCode::SUCCESS)
}

fn run_demo(options: &Demo) -> Result<ExitCode, NodeFault> {
    logs::start(QUIET, LogFormat::Text)?;
    let runtime = tokio::runtime::Runtime::new().map_err(NodeFault::failed)?;
    let kept =
        runtime.block_on(demo::run(options)).map_err(|error| NodeFault::failed(format!("{error:#}")))?;
    Ok(if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn run_cluster_command(options: &cluster_command::ClusterArgs) -> Result<ExitCode, NodeFault> {
    let config = config::load(None, std::env::vars_os())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(NodeFault::failed)?.block_on(cluster_command::run(options, &config.auth))?;
    Ok(ExitCode::SUCCESS)
}

fn run_payments_command(options: &payments_command::PaymentsArgs) -> Result<ExitCode, NodeFault> {
    let config = config::load(None, std::env::vars_os())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let running = payments_command::run(options, &config.auth);
    let clean = runtime.map_err(NodeFault::failed)?.block_on(running)?;
    Ok(if clean { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn run_catalogue_command(options: &catalogue_command::CatalogueArgs) -> Result<ExitCode, NodeFault> {
    let config = config::load(None, std::env::vars_os())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(NodeFault::failed)?.block_on(catalogue_command::run(options, &config.auth))?;
    Ok(ExitCode::SUCCESS)
}
