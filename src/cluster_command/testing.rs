//! Clusters for the tests of what people read.

use domain::time::UnixMillis;

use crate::http::admin::bodies::{
    ClusterBody, GroupBody, NodeBody, NodeStateBody, OperationBody, OperationStateBody, ShardBody,
    WaitingBody,
};
use crate::http::wire::Timestamp;

const AT: Timestamp = Timestamp(UnixMillis::new(1_795_000_000_000));

/// A living storage node with nothing on it.
pub(super) fn node(id: u32) -> NodeBody {
    NodeBody {
        id,
        life: 0,
        http_addr: format!("127.0.0.1:{id}080"),
        admin_addr: format!("127.0.0.1:{id}081"),
        peer_addr: format!("127.0.0.1:{id}082"),
        state: NodeStateBody::Active,
        alive: true,
        gateway: false,
        weight: 1,
        joined_at: AT,
        leader_of: Vec::new(),
        replica_of: Vec::new(),
    }
}

fn group(leader: u32, voters: &[u32], term: u64, committed: u64) -> GroupBody {
    let (voters, learners) = (voters.to_vec(), Vec::new());
    GroupBody { leader: Some(leader), replicas: voters.clone(), voters, learners, term, committed }
}

/// Four shards on all of three nodes, which are well.
pub(super) fn three_nodes() -> ClusterBody {
    let all = [1, 2, 3];
    let leaders = [1, 2, 3, 1];
    let shard = |id: u16| ShardBody {
        id,
        group: group(leaders[usize::from(id)], &all, 4, 100 + u64::from(id)),
        events: u32::from(id) * 10,
        wanted: all.to_vec(),
    };
    let mut cluster = ClusterBody {
        cluster_id: format!("{:032x}", 0xc0_ffee),
        answered_by: 1,
        epoch: 5,
        replication: 3,
        nodes: all.map(node).to_vec(),
        shards: (0..4).map(shard).collect(),
        directory: group(1, &all, 2, 40),
        accounts: group(1, &all, 2, 50),
        operations: Vec::new(),
    };
    tell_nodes(&mut cluster);
    cluster
}

/// As many nodes, of which the first votes alone.
pub(super) fn only_nodes(many: u32) -> ClusterBody {
    let mut cluster = three_nodes();
    cluster.nodes.truncate(many as usize);
    let lone = |group: &mut GroupBody| {
        *group = GroupBody {
            leader: Some(1),
            voters: vec![1],
            learners: (2..=many).collect(),
            replicas: (1..=many).collect(),
            ..group.clone()
        };
    };
    cluster.shards.iter_mut().for_each(|shard| {
        lone(&mut shard.group);
        shard.wanted = vec![1];
    });
    lone(&mut cluster.directory);
    lone(&mut cluster.accounts);
    tell_nodes(&mut cluster);
    cluster
}

/// Node 3 has died, and shard 3 is on its way from it to node 4.
pub(super) fn one_dead_and_a_move() -> ClusterBody {
    let mut cluster = three_nodes();
    cluster.epoch = 7;
    cluster.nodes.push(node(4));
    cluster.nodes[2].alive = false;
    (cluster.shards[2].group.leader, cluster.shards[2].group.term) = (Some(1), 5);
    cluster.shards[3].wanted = vec![1, 2, 4];
    let moving = &mut cluster.shards[3].group;
    for group in [moving, &mut cluster.directory, &mut cluster.accounts] {
        group.learners.push(4);
        group.replicas.push(4);
    }
    let waiting = WaitingBody { shard: 3, joining: vec![4], leaving: vec![3], to_lead: None };
    cluster.operations.push(OperationBody { waiting_for: vec![waiting], ..a_move() });
    tell_nodes(&mut cluster);
    cluster
}

/// Operation 7, which has come nowhere yet.
pub(super) fn a_move() -> OperationBody {
    OperationBody {
        id: 7,
        kind: "move".to_owned(),
        node: None,
        shard: Some(3),
        from: Some(3),
        to: Some(4),
        by: "operator".to_owned(),
        started_at: AT,
        state: OperationStateBody::Running,
        ended_at: None,
        done: 0,
        total: 1,
        waiting_for: Vec::new(),
    }
}

fn tell_nodes(cluster: &mut ClusterBody) {
    for node in &mut cluster.nodes {
        let shards = cluster.shards.iter();
        let led = shards.clone().filter(|shard| shard.group.leader == Some(node.id));
        node.leader_of = led.map(|shard| shard.id).collect();
        node.replica_of =
            shards.filter(|shard| shard.group.replicas.contains(&node.id)).map(|shard| shard.id).collect();
    }
}
