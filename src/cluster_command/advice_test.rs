use super::super::testing;
use super::*;

fn only(cluster: &ClusterBody) -> String {
    let mut advice = advice(cluster);
    assert_eq!(advice.len(), 1, "{advice:?}");
    advice.remove(0)
}

#[test]
fn three_nodes_that_are_well_need_nothing() {
    assert_eq!(advice(&testing::three_nodes()), Vec::<String>::new());
}

#[test]
fn a_lone_node_and_a_pair_are_told_what_they_lack() {
    let mut cluster = testing::only_nodes(1);
    let text = only(&cluster);
    assert!(text.contains("the only copy") && text.contains("--join 127.0.0.1:1082"), "{text}");
    cluster = testing::only_nodes(2);
    let text = only(&cluster);
    assert!(text.contains("no vote") && text.contains("--join 127.0.0.1:1082"), "{text}");
}

#[test]
fn without_a_majority_the_dead_are_named() {
    let mut cluster = testing::three_nodes();
    for node in &mut cluster.nodes[1..] {
        node.alive = false;
    }
    for shard in &mut cluster.shards {
        shard.group.leader = None;
    }
    (cluster.directory.leader, cluster.accounts.leader) = (None, None);
    let advice = advice(&cluster);
    assert!(advice[0].starts_with("Shards 0-3 have no leader"), "{advice:?}");
    assert!(advice[0].contains("start nodes 2, 3 again"), "{advice:?}");
    assert!(advice[1].starts_with("The directory and the accounts have no leader"), "{advice:?}");
    assert!(advice[2].starts_with("Node 2 is not heard of"), "{advice:?}");
    assert_eq!(advice.len(), 4);
}

#[test]
fn an_election_is_no_reason_to_start_anything() {
    let mut cluster = testing::three_nodes();
    cluster.shards[1].group.leader = None;
    let text = only(&cluster);
    assert!(text.starts_with("Shard 1 has no leader") && text.contains("An election"), "{text}");
    let mut cluster = testing::three_nodes();
    cluster.accounts.leader = None;
    assert!(only(&cluster).starts_with("The accounts have no leader"));
    let mut cluster = testing::three_nodes();
    cluster.directory.leader = None;
    assert!(only(&cluster).starts_with("The directory has no leader"));
}

#[test]
fn nodes_on_their_way_out_are_told_the_next_step() {
    let on_the_way = |state, alive, has_replicas| {
        let mut cluster = testing::three_nodes();
        let mut node = testing::node(4);
        (node.state, node.alive) = (state, alive);
        node.replica_of = if has_replicas { vec![1] } else { Vec::new() };
        cluster.nodes.push(node);
        advice(&cluster).first().cloned().unwrap_or_default()
    };
    for (state, alive, has_replicas, start) in [
        (NodeStateBody::Draining, true, true, ""),
        (NodeStateBody::Draining, true, false, "Node 4 is drained. Stop it, then: onsale cluster remove 4"),
        (NodeStateBody::Draining, false, false, "Node 4 is drained. Now: onsale cluster remove 4"),
        (NodeStateBody::Draining, false, true, "Node 4 is draining and not heard of."),
        (NodeStateBody::Gone, false, false, "Node 4 was dead for so long"),
        (NodeStateBody::Removed, true, true, ""),
    ] {
        let text = on_the_way(state, alive, has_replicas);
        assert!(text.starts_with(start) && text.is_empty() == start.is_empty(), "{state:?} {alive}: {text}");
    }
    let mut cluster = testing::three_nodes();
    let gateway = NodeBody { gateway: true, alive: false, ..testing::node(4) };
    cluster.nodes.push(gateway);
    assert!(only(&cluster).starts_with("Gateway 4 is not heard of; nothing is lost"));
}

#[test]
fn a_new_node_is_to_be_rebalanced_onto() {
    let mut cluster = testing::three_nodes();
    cluster.nodes.push(testing::node(4));
    assert!(
        only(&cluster).starts_with("Node 4 has no replicas yet. See what would move"),
        "{:?}",
        advice(&cluster)
    );
}

#[test]
fn an_operation_that_waits_for_a_dead_node_can_be_aborted() {
    let mut cluster = testing::one_dead_and_a_move();
    cluster.nodes[3].alive = false;
    let is_told = |cluster: &ClusterBody| {
        let advice = advice(cluster);
        let found = advice.iter().any(|text| {
            text.contains("Operation 7 waits for node 4") && text.contains("onsale cluster abort 7")
        });
        assert!(found, "{advice:?}");
    };
    is_told(&cluster);
    let waiting = &mut cluster.operations[0].waiting_for[0];
    (waiting.joining, waiting.to_lead) = (Vec::new(), Some(4));
    is_told(&cluster);
}

#[test]
fn what_goes_on_by_itself_is_said_to() {
    let mut cluster = testing::three_nodes();
    cluster.shards[0].group.voters = vec![1];
    assert!(only(&cluster).starts_with("Shard 0 is on the way"));
}
