//! The command line: what may be typed, nothing of what is then done.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::catalogue_command::CatalogueArgs;
use crate::cluster_command::ClusterArgs;
use crate::payments_command::PaymentsArgs;

/// Shown under the help.
const GO_ON: &str = "\
`onsale demo` shows the whole thing and keeps nothing. `onsale serve` runs a node of your own; its log says where the
operator's password is. Exit codes: 0 done, 1 failed, 2 a usage or a configuration that makes no sense.";

/// A seat-selling engine: holds and bookings of hot events, decided in memory and answered from disk.
#[derive(Debug, Parser)]
#[command(name = "onsale", version, max_term_width = 100, after_help = GO_ON)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a node until SIGTERM or Ctrl-C.
    Serve(Serve),
    /// Start a cluster in a temporary directory, sell out a stadium of 50,000 in a flash sale, kill the event's owner and
    /// move its shard meanwhile, say what happened, and keep serving.
    Demo(Demo),
    /// Look at a running cluster and change it: plans before deeds.
    Cluster(ClusterArgs),
    /// Compare payments with what the providers have on record.
    Payments(PaymentsArgs),
    /// Bring another catalogue's events in.
    Catalogue(CatalogueArgs),
}

/// Run a node until SIGTERM or Ctrl-C.
#[derive(Debug, Args)]
pub struct Serve {
    /// Settings beside the built-in ones; see config.toml for all of them. The environment
    /// (`ONSALE_<SECTION>__<KEY>`) overrides both.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// This node's id within the cluster; stays with its data directory.
    #[arg(long, value_name = "ID", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub node: u32,
    /// Where everything is kept; made when missing.
    #[arg(long, value_name = "DIR", default_value = "./data")]
    pub data: PathBuf,
    /// Where clients connect; port 0 takes any free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080", value_parser = address)]
    pub http: SocketAddr,
    /// Where operators and Prometheus connect.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8081", value_parser = address)]
    pub admin: SocketAddr,
    /// Where other nodes connect.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8082", value_parser = address)]
    pub peer: SocketAddr,
    /// The peer listener of any node of the cluster to enter with an empty data directory; may be given several times.
    /// Needs the cluster's secret (`ONSALE_CLUSTER__SECRET`). Without it an empty directory forms a cluster of one.
    #[arg(long, value_name = "PEER_ADDR")]
    pub join: Vec<String>,
    /// Serve clients only: no replicas, nothing is lost with this node.
    #[arg(long)]
    pub gateway: bool,
    /// End when standard input does: whoever holds the other end takes the node along, however they go.
    #[arg(long, hide = true)]
    pub end_with_stdin: bool,
}

/// The whole thing in one command.
#[derive(Debug, Args)]
pub struct Demo {
    /// How many nodes: 1, or 3 to 5. With several, one more joins when there is nowhere else to move a shard to.
    #[arg(long, value_name = "N", default_value = "3", value_parser = node_count)]
    pub nodes: usize,
    /// How many buyers come to the flash sale.
    #[arg(long, value_name = "N", default_value_t = 60_000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub sessions: u32,
    /// Within how many seconds they come.
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub seconds: u64,
    /// The same seed makes the same catalogue and the same buyers.
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    pub seed: u64,
    /// End after the verdict instead of serving on.
    #[arg(long)]
    pub exit: bool,
}

/// Two nodes could not do without either.
fn node_count(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count @ (1 | 3..=5)) => Ok(count),
        _ => Err("write 1, or 3 to 5".to_owned()),
    }
}

/// A numeric address and a port.
pub(crate) fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "write a numeric IP address and a port, as 127.0.0.1:8080".to_owned())
}

#[cfg(test)]
mod test {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }

    #[test]
    fn a_demo_has_one_node_or_enough_to_lose_one() {
        for good in [1, 3, 4, 5] {
            assert_eq!(super::node_count(&good.to_string()), Ok(good));
        }
        for bad in ["0", "2", "6", "-1", "three"] {
            assert!(super::node_count(bad).is_err(), "{bad}");
        }
    }
}
