//! What may be typed after `onsale cluster`.

use clap::{Args, Subcommand};
use hyper::Uri;

/// Shown under the help.
const GO_ON: &str = "\
Logs in as ONSALE_AUTH__OPERATOR_USERNAME (operator) with ONSALE_AUTH__OPERATOR_PASSWORD; a node that has made its own \
password keeps it in secrets.toml in its data directory. Whatever takes long goes on in the cluster when this command \
ends or its node dies. Exit codes: 0 done, 1 failed or refused, 2 a usage or a configuration that makes no sense.";

/// Look at a running cluster and change it: plans before deeds.
#[derive(Debug, Args)]
#[command(after_help = GO_ON)]
pub struct ClusterArgs {
    /// What to do.
    #[command(subcommand)]
    pub what: ClusterCommand,
    /// The admin listener of any node.
    #[arg(long, global = true, value_name = "ADDR", default_value = "127.0.0.1:8081", value_parser = reachable)]
    pub admin: String,
    /// Only say what would be done.
    #[arg(long, global = true)]
    pub dry_run: bool,
    /// Print what the node answers, for programs; one document a line with watch.
    #[arg(long, global = true)]
    pub json: bool,
}

/// What to do with the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum ClusterCommand {
    /// Show nodes, shards, what is under way, what is wrong and what to do about it.
    Status,
    /// Show what a rebalance would change.
    Plan,
    /// Even out replicas and leaderships, after nodes were added for example.
    Rebalance,
    /// Move everything off a node, so that it can be stopped without anyone noticing.
    Drain {
        /// The node's number.
        #[arg(value_name = "NODE", value_parser = clap::value_parser!(u32).range(1..))]
        node: u32,
    },
    /// Take a drained or dead node out of the cluster.
    Remove {
        /// The node's number.
        #[arg(value_name = "NODE", value_parser = clap::value_parser!(u32).range(1..))]
        node: u32,
    },
    /// Move one replica of a shard to another node.
    Move {
        /// The shard's number.
        #[arg(value_name = "SHARD")]
        shard: u16,
        /// The node that gets the replica.
        #[arg(long, value_name = "NODE", value_parser = clap::value_parser!(u32).range(1..))]
        to: u32,
        /// The node that loses it; otherwise the one that has most.
        #[arg(long, value_name = "NODE", value_parser = clap::value_parser!(u32).range(1..))]
        from: Option<u32>,
    },
    /// Show the cluster and then every change of it, until Ctrl-C.
    Watch,
    /// Set an operation that is under way back to where it began.
    Abort {
        /// The operation's number.
        #[arg(value_name = "OPERATION", value_parser = clap::value_parser!(u64).range(1..))]
        operation: u64,
    },
}

/// A host, by name or number, and a port.
pub(crate) fn reachable(text: &str) -> Result<String, String> {
    let authority = text.strip_prefix("http://").unwrap_or(text).trim_end_matches('/');
    let uri = format!("http://{authority}").parse::<Uri>().ok();
    match uri.filter(|uri| uri.port_u16().is_some_and(|port| port > 0) && uri.path() == "/") {
        Some(_) => Ok(authority.to_owned()),
        None => Err("write a host and a port, as 127.0.0.1:8081".to_owned()),
    }
}

#[cfg(test)]
mod test {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};

    fn read(line: &str) -> Result<ClusterArgs, clap::Error> {
        let words = ["onsale", "cluster"].into_iter().chain(line.split_whitespace());
        let Command::Cluster(args) = Cli::try_parse_from(words)?.command else {
            unreachable!("it was asked for the cluster")
        };
        Ok(args)
    }

    #[test]
    fn every_command_is_read() {
        for (line, what) in [
            ("status", ClusterCommand::Status),
            ("plan", ClusterCommand::Plan),
            ("rebalance", ClusterCommand::Rebalance),
            ("drain 3", ClusterCommand::Drain { node: 3 }),
            ("remove 3", ClusterCommand::Remove { node: 3 }),
            ("move 0 --to 4", ClusterCommand::Move { shard: 0, from: None, to: 4 }),
            ("move 7 --from 1 --to 4", ClusterCommand::Move { shard: 7, from: Some(1), to: 4 }),
            ("watch", ClusterCommand::Watch),
            ("abort 12", ClusterCommand::Abort { operation: 12 }),
        ] {
            let args = read(line).unwrap();
            assert_eq!(args.what, what, "{line}");
            assert_eq!((args.admin.as_str(), args.dry_run, args.json), ("127.0.0.1:8081", false, false));
        }
    }

    #[test]
    fn the_options_stand_before_or_after_the_command() {
        for line in [
            "--admin node-2:9000 --dry-run --json drain 3",
            "drain 3 --json --dry-run --admin http://node-2:9000/",
        ] {
            let args = read(line).unwrap();
            assert_eq!((args.admin.as_str(), args.dry_run, args.json), ("node-2:9000", true, true), "{line}");
        }
    }

    #[test]
    fn nonsense_is_a_usage_error() {
        for line in [
            "",
            "drain",
            "drain 0",
            "drain one",
            "move 1",
            "move 70000 --to 1",
            "move 1 --to 0",
            "abort 0",
            "status --admin localhost",
            "status --admin 127.0.0.1:0",
            "status --admin 127.0.0.1:80/x",
            "status --all",
        ] {
            let error = read(line).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{line}");
        }
    }
}
