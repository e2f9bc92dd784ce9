//! What has changed between two looks at the cluster, a line for each.

use std::collections::BTreeMap;

use super::bars::progress;
use super::words::{nodes, shards};
use crate::http::admin::bodies::{ClusterBody, GroupBody, NodeBody, NodeStateBody};

/// From `before` to `now`.
pub(super) fn changes(before: &ClusterBody, now: &ClusterBody) -> Vec<String> {
    let mut lines = of_nodes(before, now);
    lines.extend(of_leaders(before, now));
    for (was, is) in groups(before, now).filter(|(was, is)| was.1.replicas != is.1.replicas) {
        let (was, on) = (nodes(&was.1.replicas), nodes(&is.1.replicas));
        lines.push(format!("{}: replicas on {on}, before on {was}", is.0));
    }
    let begun = |id: u64| before.operations.iter().all(|operation| operation.id != id);
    lines.extend(now.operations.iter().filter(|operation| begun(operation.id)).map(progress));
    lines
}

fn of_nodes(before: &ClusterBody, now: &ClusterBody) -> Vec<String> {
    let mut lines = Vec::new();
    for node in &now.nodes {
        match before.nodes.iter().find(|known| known.id == node.id) {
            Some(known) => lines.extend(of_node(known, node)),
            None => lines.push(format!("node {} has joined", node.id)),
        }
    }
    for node in before.nodes.iter().filter(|node| now.nodes.iter().all(|known| known.id != node.id)) {
        lines.push(format!("node {} is out of the cluster", node.id));
    }
    lines
}

fn of_node(before: &NodeBody, now: &NodeBody) -> Vec<String> {
    let id = now.id;
    let mut lines = Vec::new();
    if before.life != now.life {
        lines.push(format!("node {id} is back without its data, in life {}", now.life));
    } else if before.alive && !now.alive {
        lines.push(format!("node {id} is not heard of any more"));
    } else if !before.alive && now.alive {
        lines.push(format!("node {id} is back"));
    }
    if before.state != now.state {
        lines.push(match now.state {
            NodeStateBody::Active => format!("node {id} takes part again"),
            NodeStateBody::Draining => format!("node {id} is draining"),
            NodeStateBody::Gone => format!("node {id} was dead for too long; its replicas are placed anew"),
            NodeStateBody::Removed => format!("node {id} is being taken out"),
        });
    }
    lines
}

/// Shards that went from one leader to the same other are told together: they mostly do because a node has died.
fn of_leaders(before: &ClusterBody, now: &ClusterBody) -> Vec<String> {
    let mut moved: BTreeMap<(Option<u32>, Option<u32>), Vec<u16>> = BTreeMap::new();
    for (was, is) in
        before.shards.iter().zip(&now.shards).filter(|(was, is)| was.group.leader != is.group.leader)
    {
        moved.entry((was.group.leader, is.group.leader)).or_default().push(is.id);
    }
    let mut lines: Vec<String> =
        moved.iter().map(|((was, is), numbers)| led(&shards(numbers), *was, *is)).collect();
    let others =
        [("directory", &before.directory, &now.directory), ("accounts", &before.accounts, &now.accounts)];
    for (name, was, is) in others.into_iter().filter(|(_, was, is)| was.leader != is.leader) {
        lines.push(led(name, was.leader, is.leader));
    }
    lines
}

fn led(what: &str, was: Option<u32>, is: Option<u32>) -> String {
    match (was, is) {
        (Some(was), Some(is)) => format!("{what}: led by node {is}, before by node {was}"),
        (None, Some(is)) => format!("{what}: led by node {is}"),
        (Some(was), None) => format!("{what}: no leader any more, before node {was}"),
        (None, None) => format!("{what}: no leader"),
    }
}

type Named<'a> = (String, &'a GroupBody);

fn groups<'a>(before: &'a ClusterBody, now: &'a ClusterBody) -> impl Iterator<Item = (Named<'a>, Named<'a>)> {
    fn all(cluster: &ClusterBody) -> impl Iterator<Item = Named<'_>> {
        let shards = cluster.shards.iter().map(|shard| (format!("shard {}", shard.id), &shard.group));
        let others =
            [("directory".to_owned(), &cluster.directory), ("accounts".to_owned(), &cluster.accounts)];
        shards.chain(others)
    }
    all(before).zip(all(now))
}

#[cfg(test)]
mod test {
    use super::super::testing;
    use super::*;

    #[test]
    fn nothing_is_said_of_what_only_grows() {
        let before = testing::three_nodes();
        let mut now = before.clone();
        now.shards[0].group.committed += 5;
        now.shards[0].events += 1;
        now.answered_by = 2;
        assert_eq!(changes(&before, &now), Vec::<String>::new());
    }

    #[test]
    fn a_death_and_a_move_are_told_in_words() {
        let before = testing::three_nodes();
        let mut now = testing::one_dead_and_a_move();
        now.shards[1].group.leader = None;
        assert_eq!(
            changes(&before, &now),
            [
                "node 3 is not heard of any more",
                "node 4 has joined",
                "shard 1: no leader any more, before node 2",
                "shard 2: led by node 1, before by node 3",
                "shard 3: replicas on nodes 1, 2, 3, 4, before on nodes 1, 2, 3",
                "directory: replicas on nodes 1, 2, 3, 4, before on nodes 1, 2, 3",
                "accounts: replicas on nodes 1, 2, 3, 4, before on nodes 1, 2, 3",
                "operation 7 moves shard 3 from node 3 to node 4: 0 of 1 shard",
            ]
        );
        let back = changes(&now, &before);
        assert!(back.contains(&"node 3 is back".to_owned()), "{back:?}");
        assert!(back.contains(&"node 4 is out of the cluster".to_owned()), "{back:?}");
    }

    #[test]
    fn a_node_that_lost_its_data_is_told_apart() {
        let before = testing::three_nodes();
        let mut now = before.clone();
        now.nodes[1].life = 1;
        now.nodes[2].state = NodeStateBody::Draining;
        assert_eq!(
            changes(&before, &now),
            ["node 2 is back without its data, in life 1", "node 3 is draining"]
        );
    }
}
