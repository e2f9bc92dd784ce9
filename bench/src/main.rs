//! The `onsale-bench` command.
//!
//! Owns: exit codes. 0 is done, 1 is failed or a promise broken, 2 is a usage that makes no sense.

mod commands;

use clap::Parser;
use commands::Cli;
use std::io::{Write, stderr};
use std::process::ExitCode;

fn main() -> ExitCode {
    match commands::run(Cli::parse()) {
        Ok(code) => code,
        Err(fault) => {
            // There is nobody left to tell if this fails.
            let _ = writeln!(stderr(), "onsale-bench: {fault:#}");
            ExitCode::FAILURE
        }
    }
}
