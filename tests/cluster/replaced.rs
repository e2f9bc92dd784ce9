//! A node that comes back with nothing: a new life of it, which is given everything again.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::cluster::{SETTLES_WITHIN, list};
use crate::support::{Cluster, Load, eventually, replicas_agree};

#[test]
fn a_node_that_lost_its_data_is_given_all_of_it_again() {
    let mut cluster = Cluster::of(3);
    let sale = cluster.sale(300, &json!({}));
    let load = Load::start(&cluster, &sale, 160, Duration::from_secs(6));
    load.at_ms(1_000);
    cluster.kill(3);
    cluster.erase(3);
    await_missed(&cluster, 3);
    cluster.start(3);
    let back = load.now_ms();
    let outcome = load.finish(&cluster);
    println!("replaced: killed at 1000 ms, ready with nothing at {back} ms; {}", outcome.line());
    assert_eq!(outcome.unknown(), 0, "{}", outcome.text());
    cluster.settle();
    for number in 1..=3 {
        let status = cluster.status(number);
        assert_eq!(node(&status, 3)["life"], 1, "{status:#}");
        assert_eq!(node(&status, 3)["replicaOf"], json!([0, 1, 2, 3]), "{status:#}");
    }
    replicas_agree(&cluster, &sale);

    // The replaced node alone knows the whole of what happened, and sells on, with any other one.
    let ann = cluster.client(3).sign_up("ann");
    cluster.kill(1);
    eventually("it sells on", SETTLES_WITHIN, || {
        let hold =
            ann.post(&format!("/events/{}/holds", sale.event), &json!({"bestAvailable": {"quantity": 1}}));
        (hold.status != 503).then(|| hold.expect(201))
    });
    cluster.start(1);
    cluster.settle();
    replicas_agree(&cluster, &sale);
}

/// Waits until the others take a node for dead.
pub(crate) fn await_missed(cluster: &Cluster, number: u32) {
    let other = cluster.other_than(number);
    eventually("the node is missed", SETTLES_WITHIN, || {
        (node(&cluster.status(other), number)["alive"] == json!(false)).then_some(())
    });
}

pub(crate) fn node(status: &Value, number: u32) -> Value {
    let nodes = list(status, "nodes");
    nodes
        .iter()
        .find(|node| node["id"] == number)
        .unwrap_or_else(|| panic!("no node {number}: {status:#}"))
        .clone()
}
