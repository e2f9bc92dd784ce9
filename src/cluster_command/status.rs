//! The state of a cluster for people: who has and leads what, what is under way, what to do.

use super::advice::advice;
use super::bars::progress;
use super::table::{NOTHING, table};
use super::words::{count, lack};
use crate::http::admin::bodies::{ClusterBody, GroupBody, NodeBody, NodeStateBody, OperationBody};

/// So much of what an operation waits for is shown.
const LACKS_SHOWN: usize = 5;

/// All of it.
pub(super) fn text(cluster: &ClusterBody) -> String {
    let mut text = format!(
        "cluster {}: {}, {} of {}, epoch {}, as node {} sees it\n\n",
        cluster.cluster_id,
        count(cluster.nodes.len(), "node"),
        count(cluster.shards.len(), "shard"),
        count(usize::from(cluster.replication), "voting replica"),
        cluster.epoch,
        cluster.answered_by
    );
    let head = ["node", "state", "leads", "replicas", "clients", "operators", "other nodes"];
    text.push_str(&table(head, &cluster.nodes.iter().map(of_node).collect::<Vec<_>>()));
    text.push('\n');
    let head = ["group", "leader", "voters", "learners", "term", "events", "committed"];
    text.push_str(&table(head, &of_groups(cluster)));
    if !cluster.operations.is_empty() {
        text.push_str("\nunder way:\n");
        cluster.operations.iter().for_each(|operation| text.push_str(&of_operation(operation)));
    }
    let advice = advice(cluster);
    if advice.is_empty() {
        text.push_str("\nAll is well: every shard is led, and is where it is to be.\n");
    } else {
        text.push_str("\nto do:\n");
        advice.iter().for_each(|line| text.push_str(&format!("  {line}\n")));
    }
    text
}

fn of_node(node: &NodeBody) -> [String; 7] {
    [
        node.id.to_string(),
        state(node),
        node.leader_of.len().to_string(),
        node.replica_of.len().to_string(),
        address(&node.http_addr),
        address(&node.admin_addr),
        address(&node.peer_addr),
    ]
}

fn state(node: &NodeBody) -> String {
    let state = match node.state {
        NodeStateBody::Active if node.gateway => "gateway",
        NodeStateBody::Active => "active",
        NodeStateBody::Draining if node.replica_of.is_empty() => "drained",
        NodeStateBody::Draining => "draining",
        NodeStateBody::Gone => "gone",
        NodeStateBody::Removed => "leaving",
    };
    match (node.alive, node.state) {
        (false, NodeStateBody::Active) if node.gateway => "dead gateway".to_owned(),
        (false, NodeStateBody::Active) => "dead".to_owned(),
        (false, NodeStateBody::Draining | NodeStateBody::Removed) => format!("{state}, dead"),
        (true, _) | (false, NodeStateBody::Gone) => state.to_owned(),
    }
}

fn address(text: &str) -> String {
    if text.is_empty() { NOTHING.to_owned() } else { text.to_owned() }
}

fn of_groups(cluster: &ClusterBody) -> Vec<[String; 7]> {
    let shards = cluster
        .shards
        .iter()
        .map(|shard| of_group(format!("shard {}", shard.id), &shard.group, Some(shard.events)));
    let others = [("directory", &cluster.directory), ("accounts", &cluster.accounts)];
    shards.chain(others.map(|(name, group)| of_group(name.to_owned(), group, None))).collect()
}

fn of_group(name: String, group: &GroupBody, events: Option<u32>) -> [String; 7] {
    let known = |number: u64| if group.leader.is_some() { number.to_string() } else { NOTHING.to_owned() };
    [
        name,
        group.leader.map_or_else(|| "none".to_owned(), |leader| leader.to_string()),
        beside(&group.voters),
        beside(&group.learners),
        known(group.term),
        events.map_or_else(|| NOTHING.to_owned(), |events| known(u64::from(events))),
        known(group.committed),
    ]
}

fn beside(numbers: &[u32]) -> String {
    if numbers.is_empty() {
        return NOTHING.to_owned();
    }
    numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(" ")
}

fn of_operation(operation: &OperationBody) -> String {
    let mut text =
        format!("  {}, ordered by {} at {}\n", progress(operation), operation.by, operation.started_at);
    for waiting in operation.waiting_for.iter().take(LACKS_SHOWN) {
        text.push_str(&format!("    {}\n", lack(waiting)));
    }
    let more = operation.waiting_for.len().saturating_sub(LACKS_SHOWN);
    if more > 0 {
        text.push_str(&format!("    and {}\n", count(more, "other shard")));
    }
    text
}

#[cfg(test)]
mod test {
    use super::super::testing;
    use super::*;

    #[test]
    fn three_nodes_that_are_well() {
        let expected = "\
cluster 00000000000000000000000000c0ffee: 3 nodes, 4 shards of 3 voting replicas, epoch 5, as node 1 sees it

node  state   leads  replicas  clients         operators       other nodes
   1  active      2         4  127.0.0.1:1080  127.0.0.1:1081  127.0.0.1:1082
   2  active      1         4  127.0.0.1:2080  127.0.0.1:2081  127.0.0.1:2082
   3  active      1         4  127.0.0.1:3080  127.0.0.1:3081  127.0.0.1:3082

group      leader  voters  learners  term  events  committed
shard 0         1  1 2 3          -     4       0        100
shard 1         2  1 2 3          -     4      10        101
shard 2         3  1 2 3          -     4      20        102
shard 3         1  1 2 3          -     4      30        103
directory       1  1 2 3          -     2       -         40
accounts        1  1 2 3          -     2       -         50

All is well: every shard is led, and is where it is to be.
";
        assert_eq!(text(&testing::three_nodes()), expected);
    }

    #[test]
    fn one_of_them_dead_and_a_move_under_way() {
        let expected = "\
cluster 00000000000000000000000000c0ffee: 4 nodes, 4 shards of 3 voting replicas, epoch 7, as node 1 sees it

node  state   leads  replicas  clients         operators       other nodes
   1  active      3         4  127.0.0.1:1080  127.0.0.1:1081  127.0.0.1:1082
   2  active      1         4  127.0.0.1:2080  127.0.0.1:2081  127.0.0.1:2082
   3  dead        0         4  127.0.0.1:3080  127.0.0.1:3081  127.0.0.1:3082
   4  active      0         1  127.0.0.1:4080  127.0.0.1:4081  127.0.0.1:4082

group      leader  voters  learners  term  events  committed
shard 0         1  1 2 3          -     4       0        100
shard 1         2  1 2 3          -     4      10        101
shard 2         1  1 2 3          -     5      20        102
shard 3         1  1 2 3          4     4      30        103
directory       1  1 2 3          4     2       -         40
accounts        1  1 2 3          4     2       -         50

under way:
  operation 7 moves shard 3 from node 3 to node 4: 0 of 1 shard, ordered by operator at 2026-11-18T11:06:40.000Z
    shard 3: node 4 joins, node 3 leaves

to do:
  Node 3 is not heard of. Start it again on its data directory; if that is lost, on an empty one with --node 3 and \
--join 127.0.0.1:1082. If its machine will not come back: onsale cluster remove 3
";
        assert_eq!(text(&testing::one_dead_and_a_move()), expected);
    }

    #[test]
    fn of_a_group_without_a_leader_nothing_is_claimed() {
        let mut cluster = testing::three_nodes();
        cluster.shards[2].group.leader = None;
        cluster.shards[2].group.term = 0;
        let text = text(&cluster);
        assert!(text.contains("shard 2    none    1 2 3          -     -       -          -\n"), "{text}");
    }
}
