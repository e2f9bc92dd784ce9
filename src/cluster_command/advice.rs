//! What is wrong with a cluster, or could be better, and what to do about it.

use std::collections::BTreeSet;

use super::words::{nodes, shards};
use crate::http::admin::bodies::{ClusterBody, GroupBody, NodeBody, NodeStateBody, OperationBody, ShardBody};

/// Fewer storage nodes than this cannot do without any of them.
const SAFE: usize = 3;

/// A sentence or two for each thing, the worst first.
pub(super) fn advice(cluster: &ClusterBody) -> Vec<String> {
    let mut advice: Vec<String> =
        [leaderless(cluster), not_led_beside_shards(cluster)].into_iter().flatten().collect();
    advice.extend(cluster.nodes.iter().filter_map(|node| of_node(cluster, node)));
    advice.extend(stuck(cluster));
    advice.extend(too_few(cluster));
    advice.extend(empty(cluster));
    advice.extend(settling(cluster));
    advice
}

fn leaderless(cluster: &ClusterBody) -> Option<String> {
    let without: Vec<&ShardBody> =
        cluster.shards.iter().filter(|shard| shard.group.leader.is_none()).collect();
    let numbers: Vec<u16> = without.iter().map(|shard| shard.id).collect();
    if numbers.is_empty() {
        return None;
    }
    let start = missing(cluster, without.iter().map(|shard| &shard.group));
    let has = if numbers.len() == 1 { "has" } else { "have" };
    let what =
        format!("{} {has} no leader: nothing is sold there, what is committed can be read", shards(&numbers));
    Some(format!("{}. {start}", capital(&what)))
}

fn not_led_beside_shards(cluster: &ClusterBody) -> Option<String> {
    let (what, groups) = match (cluster.directory.leader, cluster.accounts.leader) {
        (Some(_), Some(_)) => return None,
        (None, None) => (
            "The directory and the accounts have no leader: nothing can be ordered or catalogued, nobody can sign up",
            vec![&cluster.directory, &cluster.accounts],
        ),
        (None, Some(_)) => {
            ("The directory has no leader: nothing can be ordered or catalogued", vec![&cluster.directory])
        }
        (Some(_), None) => ("The accounts have no leader: nobody can sign up", vec![&cluster.accounts]),
    };
    Some(format!("{what}. {}", missing(cluster, groups)))
}

/// How groups without a leader get one.
fn missing<'a>(cluster: &ClusterBody, groups: impl IntoIterator<Item = &'a GroupBody>) -> String {
    let voters: BTreeSet<u32> = groups.into_iter().flat_map(|group| group.voters.iter().copied()).collect();
    let dead: Vec<u32> = voters.into_iter().filter(|number| !is_alive(cluster, *number)).collect();
    if dead.is_empty() {
        return "An election seems to be under way; look again in some seconds".to_owned();
    }
    format!("A majority of the voters has to run: start {} again, on the old data", nodes(&dead))
}

fn of_node(cluster: &ClusterBody, node: &NodeBody) -> Option<String> {
    let id = node.id;
    match (node.state, node.alive) {
        (NodeStateBody::Active | NodeStateBody::Draining, false) if node.gateway => Some(format!(
            "Gateway {id} is not heard of; nothing is lost with it. Start it again, or: onsale cluster remove {id}"
        )),
        (NodeStateBody::Active, false) => Some(format!(
            "Node {id} is not heard of. Start it again on its data directory; if that is lost, on an empty one with \
             --node {id} and --join {}. If its machine will not come back: onsale cluster remove {id}",
            living_peer(cluster)
        )),
        (NodeStateBody::Gone, false) => Some(format!(
            "Node {id} was dead for so long that its replicas were placed anew. Start it again, then rebalance; or: \
             onsale cluster remove {id}"
        )),
        (NodeStateBody::Draining, alive) if node.replica_of.is_empty() => {
            let stop = if alive { "Stop it, then" } else { "Now" };
            Some(format!("Node {id} is drained. {stop}: onsale cluster remove {id}"))
        }
        (NodeStateBody::Draining, false) => Some(format!(
            "Node {id} is draining and not heard of. Start it again to go on, or: onsale cluster remove {id}"
        )),
        _ => None,
    }
}

/// Operations that wait for a dead node.
fn stuck(cluster: &ClusterBody) -> Vec<String> {
    let waits_for = |operation: &OperationBody| {
        let coming =
            operation.waiting_for.iter().flat_map(|waiting| waiting.joining.iter().chain(&waiting.to_lead));
        let dead: BTreeSet<u32> = coming.copied().filter(|number| !is_alive(cluster, *number)).collect();
        (!dead.is_empty()).then(|| {
            let dead: Vec<u32> = dead.into_iter().collect();
            let id = operation.id;
            format!(
                "Operation {id} waits for {}, not heard of. Start it again, or: onsale cluster abort {id}",
                nodes(&dead)
            )
        })
    };
    cluster.operations.iter().filter_map(waits_for).collect()
}

fn too_few(cluster: &ClusterBody) -> Option<String> {
    let storage = storage(cluster).count();
    let join = format!("onsale serve --node N --data DIR --join {}", living_peer(cluster));
    match storage {
        0 => None,
        1 => Some(format!(
            "There is one storage node, so its disk is the only copy of everything. Add two, each with the cluster's \
             secret in ONSALE_CLUSTER__SECRET: {join}"
        )),
        _ if storage < SAFE => Some(format!(
            "There are two storage nodes: the second has a copy and no vote, so selling stops when the first dies. Add \
             one, with the cluster's secret in ONSALE_CLUSTER__SECRET: {join}"
        )),
        _ => None,
    }
}

/// Nodes that were added and given nothing.
fn empty(cluster: &ClusterBody) -> Option<String> {
    let idle =
        |node: &&NodeBody| node.alive && node.state == NodeStateBody::Active && node.replica_of.is_empty();
    let idle: Vec<u32> = storage(cluster).filter(idle).map(|node| node.id).collect();
    if idle.is_empty() || !cluster.operations.is_empty() || storage(cluster).count() <= SAFE {
        return None;
    }
    let has = if idle.len() == 1 { "has" } else { "have" };
    Some(format!(
        "{} {has} no replicas yet. See what would move with onsale cluster plan, then: onsale cluster rebalance",
        capital(&nodes(&idle))
    ))
}

/// Shards that are on their way with no operation to show for it: a node has come, come back, or is about to.
fn settling(cluster: &ClusterBody) -> Option<String> {
    let in_operation = |shard: u16| {
        cluster
            .operations
            .iter()
            .any(|operation| operation.waiting_for.iter().any(|waiting| waiting.shard == shard))
    };
    let is_elsewhere = |shard: &&ShardBody| {
        let wanted: BTreeSet<u32> = shard.wanted.iter().copied().collect();
        let voters: BTreeSet<u32> = shard.group.voters.iter().copied().collect();
        shard.group.leader.is_some() && wanted != voters && !in_operation(shard.id)
    };
    let numbers: Vec<u16> = cluster.shards.iter().filter(is_elsewhere).map(|shard| shard.id).collect();
    if numbers.is_empty() {
        return None;
    }
    let are = if numbers.len() == 1 { "is" } else { "are" };
    let which = capital(&shards(&numbers));
    Some(format!("{which} {are} on the way to the wanted nodes; this goes on by itself"))
}

/// The nodes that have replicas, or may.
fn storage(cluster: &ClusterBody) -> impl Iterator<Item = &NodeBody> {
    let takes_part = |node: &&NodeBody| {
        !node.gateway && matches!(node.state, NodeStateBody::Active | NodeStateBody::Draining)
    };
    cluster.nodes.iter().filter(takes_part)
}

fn is_alive(cluster: &ClusterBody, number: u32) -> bool {
    cluster.nodes.iter().any(|node| node.id == number && node.alive)
}

fn living_peer(cluster: &ClusterBody) -> &str {
    let living = cluster.nodes.iter().find(|node| node.alive && !node.gateway && !node.peer_addr.is_empty());
    living.map_or("PEER_ADDR", |node| &node.peer_addr)
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    first + letters.as_str()
}

#[cfg(test)]
#[path = "advice_test.rs"]
mod test;
