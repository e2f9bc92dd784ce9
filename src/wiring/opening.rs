//! How the cluster is opened by the configuration of this node, and how the node ends when its journal cannot go on.

use std::sync::Arc;

use cluster::peer::{PeerSecret, SPOKEN, TcpDial};
use cluster::placement::layout::Addresses as NodeAddresses;
use cluster::{Care, Cluster, ClusterConfig, ClusterError, SnapshotSettings};
use domain::ports::Clock;
use tracing::Level;

use crate::cli::Serve;
use crate::clock::SystemRandom;
use crate::config::{Config, ConfigError};
use crate::fault::NodeFault;
use crate::logs;
use crate::metrics::Metrics;
use crate::secrets::Secrets;

/// Writes that may wait for the journal thread; more slow the raft groups down.
const JOURNAL_CAPACITY: usize = 4_096;

pub(super) async fn open_cluster(
    options: &Serve,
    config: &Config,
    addresses: NodeAddresses,
    secrets: &Secrets,
    clock: &Arc<dyn Clock>,
    metrics: &Arc<Metrics>,
) -> Result<Cluster, NodeFault> {
    let settings = ClusterConfig {
        data_dir: options.data.clone(),
        node: options.node,
        shards: config.cluster.shards,
        replication: config.cluster.replication,
        addresses,
        join: options.join.clone(),
        gateway: options.gateway,
        weight: config.cluster.weight,
        auto_rebalance: config.cluster.auto_rebalance,
        care: Care {
            replace_after: config.cluster.replace_after,
            moves_at_once: config.cluster.moves_at_once,
        },
        spoken: SPOKEN,
        secret: PeerSecret::new(secrets.cluster_secret.reveal().as_bytes()).map_err(NodeFault::failed)?,
        random: Arc::new(SystemRandom),
        dial: Arc::new(TcpDial),
        snapshots: SnapshotSettings {
            every_entries: config.journal.snapshot_every_entries,
            keep_entries: config.journal.keep_entries,
            send_bytes_per_second: config.cluster.snapshot_bytes_per_second,
        },
        queue_capacity: config.journal.queue_capacity,
        journal_capacity: JOURNAL_CAPACITY,
        reserve_bytes: config.journal.reserve_bytes,
        clock: clock.clone(),
        commits: Arc::new(()),
        flushes: metrics.clone(),
        on_fatal: Arc::new(|message| die(&message)),
    };
    Cluster::open(settings).await.map_err(|error| match error {
        ClusterError::OtherShards { .. }
        | ClusterError::OtherNode { .. }
        | ClusterError::OtherKind { .. }
        | ClusterError::Setting(_) => NodeFault::Config(ConfigError::new(error.to_string())),
        other => NodeFault::failed(format!("the data directory {}: {other}", options.data.display())),
    })
}

/// After a failed write or sync nobody knows what is on disk. The only safe thing left is to end at once, without
/// another word to any client; what was acknowledged is on disk and is found again at the next start.
fn die(message: &str) {
    logs::say(Level::ERROR, &format!("the journal failed and the node ends: {message}"));
    std::process::exit(1);
}
