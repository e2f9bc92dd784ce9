//! Whether all replicas of a shard have come to the same state.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use crate::clock;
use crate::machine::{Machine, SimCluster};

/// A replica that has nothing in its way is as far as its leader by then.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(200);

/// Waits until the replicas of every shard are as far as its leader; gives what is wrong with them.
pub(crate) async fn compare(machines: &[Rc<Machine>]) -> Vec<String> {
    let until = clock::elapsed() + PATIENCE;
    loop {
        let wrong = differences(machines);
        if wrong.is_empty() || clock::elapsed() > until {
            return wrong;
        }
        sleep(LOOK).await;
    }
}

fn differences(machines: &[Rc<Machine>]) -> Vec<String> {
    let clusters: Vec<Arc<SimCluster>> = machines.iter().filter_map(|machine| machine.cluster()).collect();
    let mut wrong = Vec::new();
    for leader in &clusters {
        for group in leader.status().into_iter().filter(|group| group.leader == Some(leader.me())) {
            for replica in &group.replicas {
                let follower = clusters.iter().find(|cluster| cluster.me() == *replica);
                let theirs = follower.and_then(|cluster| cluster.state_hash(group.id));
                let ours = leader.state_hash(group.id);
                if theirs != ours {
                    wrong.push(format!(
                        "{} of node {} is {theirs:x?}, and {ours:x?} at its leader {}",
                        group.id,
                        replica & 0xffff_ffff,
                        leader.me() & 0xffff_ffff
                    ));
                }
            }
        }
    }
    wrong
}
