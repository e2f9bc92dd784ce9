use super::{ClusterState, Move};
use crate::rng::Rng;
use serde_json::json;

/// A cluster of these nodes; shard 0 has no sale, shard 1 has one, and node 2 leads both.
fn cluster(nodes: &[u32], voters: &[u32], wanted: &[u32]) -> ClusterState {
    let node = |id: &u32| json!({ "id": id, "state": "active", "alive": true, "gateway": false });
    let shard = |id: u16| json!({ "id": id, "leader": 2, "events": id, "voters": voters, "wanted": wanted, "term": 1 });
    let group = json!({ "leader": 1, "voters": voters });
    serde_json::from_value(json!({
        "replication": 3,
        "nodes": nodes.iter().map(node).collect::<Vec<_>>(),
        "shards": [shard(0), shard(1)],
        "directory": group,
        "accounts": group,
    }))
    .unwrap()
}

#[test]
fn a_cluster_has_settled_when_all_that_should_vote_do() {
    let grown = cluster(&[1, 2, 3], &[1, 2, 3], &[2, 3, 1]);
    assert_eq!((grown.settled(3), grown.groups()), (4, 4));
    assert_eq!(grown.settled(4), 0, "one node is still missing");
    assert_eq!(cluster(&[1, 2, 3], &[1], &[2, 3, 1]).settled(3), 0, "nobody else votes yet");
    assert_eq!(cluster(&[1, 2, 3], &[1], &[1]).settled(3), 0, "nobody else is wanted yet");
    assert_eq!(cluster(&[1, 2], &[1], &[1]).settled(2), 4, "two nodes have one voter");
}

#[test]
fn a_move_takes_the_shard_from_its_owner_to_a_node_without_it() {
    let mut rng = Rng::new(1);
    let cluster = cluster(&[1, 2, 3, 4], &[1, 2, 3], &[1, 2, 3]);
    assert_eq!(cluster.any_shard(&mut rng), 1, "the one with a sale");
    assert_eq!(cluster.move_of(1, &mut rng).unwrap(), Move { shard: 1, from: 2, to: 4 });
}

#[test]
fn where_everybody_has_a_replica_there_is_no_move() {
    let cluster = cluster(&[1, 2, 3], &[1, 2, 3], &[1, 2, 3]);
    let said = cluster.move_of(1, &mut Rng::new(1)).unwrap_err().to_string();
    assert!(said.contains("one more node"), "{said}");
    assert!(cluster.move_of(9, &mut Rng::new(1)).is_err());
}
