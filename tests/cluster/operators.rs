//! What operators order while people buy: a fourth node, a move, a drain, and a death in the middle of it.

use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};

use crate::replaced::node;
use crate::support::cluster::{SETTLES_WITHIN, list};
use crate::support::{Cluster, Load, eventually, replicas_agree, replicas_agree_at};

const ORDERED_WITHIN: Duration = Duration::from_secs(60);

/// `onsale cluster` with these words at a node, which must do what it is told.
#[track_caller]
fn order(cluster: &Cluster, number: u32, words: &str) -> String {
    let mut command = cluster.command(number, words);
    let mut running =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program runs");
    let ended = eventually(words, ORDERED_WITHIN, || running.try_wait().expect("it can be waited for"));
    let said = running.wait_with_output().expect("what it said");
    let said = [said.stdout, said.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert_eq!(ended.code(), Some(0), "{words}: {said}\n{}", cluster.logs());
    said
}

#[test]
fn a_shard_is_moved_and_a_node_drained_and_removed_under_load() {
    let mut cluster = Cluster::of(3);
    let sale = cluster.sale(400, &json!({}));
    cluster.join_all([4].into_iter());
    assert_eq!(
        node(&cluster.status(4), 4)["replicaOf"],
        json!([]),
        "beyond three, replicas come when ordered"
    );
    let (shard, owner) = cluster.owner_seen_by(1);
    let load = Load::start(&cluster, &sale, 320, Duration::from_secs(8));
    load.at_ms(1_000);
    let from = load.now_ms();
    let asked = cluster.other_than(owner);
    order(&cluster, asked, &format!("move {shard} --from {owner} --to 4"));
    let moved = load.now_ms();
    let replicas = |number: u32| node(&cluster.status(number), 4)["replicaOf"].clone();
    assert!(
        replicas(asked).as_array().is_some_and(|shards| shards.contains(&json!(shard))),
        "{}",
        replicas(asked)
    );
    order(&cluster, asked, "rebalance");
    let evened = load.now_ms();
    assert!(replicas(asked).as_array().is_some_and(|shards| shards.len() > 1), "{}", replicas(asked));
    order(&cluster, asked, "drain 4");
    let drained = load.now_ms();
    assert_eq!(replicas(asked), json!([]));
    eventually("every node has heard of it", SETTLES_WITHIN, || {
        (1..=4).all(|number| replicas(number) == json!([])).then_some(())
    });
    order(&cluster, asked, "remove 4");
    let outcome = load.finish(&cluster);
    println!(
        "under load, longest gaps: move {} ms of {}, rebalance {} ms of {}, drain {} ms of {}; {}",
        outcome.longest_gap(from, moved),
        moved - from,
        outcome.longest_gap(moved, evened),
        evened - moved,
        outcome.longest_gap(evened, drained),
        drained - evened,
        outcome.line()
    );
    assert_eq!(outcome.unknown(), 0, "{}", outcome.text());
    let audit = cluster.admin(1).get("/admin/audit").expect(200);
    let noted: Vec<&Value> = list(&audit, "items").iter().map(|item| &item["what"]).collect();
    for what in ["move", "rebalance", "drain", "remove"] {
        assert!(noted.contains(&&json!(what)), "{what}: {noted:?}");
    }
    cluster.kill(4);
    eventually("the cluster is of three again", SETTLES_WITHIN, || {
        (list(&cluster.status(1), "nodes").len() == 3).then_some(())
    });
    cluster.settle();
    replicas_agree(&cluster, &sale);
}

#[test]
fn a_drain_goes_on_after_the_leader_of_the_directory_dies() {
    let mut cluster = Cluster::of(3);
    let sale = cluster.sale(8, &json!({}));
    let ann = cluster.client(1).sign_up("ann");
    sale.hold(&ann, &[1]).expect(201);
    cluster.join_all([4].into_iter());
    order(&cluster, 1, "rebalance");
    let status = cluster.status(1);
    let leader =
        status["directory"]["leader"].as_u64().and_then(|leader| u32::try_from(leader).ok()).unwrap();
    let drained =
        (1..=4).find(|number| *number != leader && node(&status, *number)["replicaOf"] != json!([])).unwrap();
    let witness = (1..=4).find(|number| ![leader, drained].contains(number)).unwrap();
    let ordered =
        cluster.admin(witness).post(&format!("/admin/nodes/{drained}/drain"), &json!({})).expect(200);
    cluster.kill(leader);
    let operation = format!("/admin/operations/{}", ordered["operationId"]);
    eventually("somebody else leads the directory", SETTLES_WITHIN, || {
        let now = cluster.status(witness)["directory"]["leader"].as_u64();
        now.filter(|now| *now != u64::from(leader))
    });
    // It may be wanted where it is missing: the drain waits for it, and for nobody's order.
    cluster.start(leader);
    let mut last = Value::Null;
    for _ in 0..600 {
        last = cluster.admin(witness).get(&operation).json();
        if last["state"] == "done" {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(last["state"], "done", "{last:#}\n{:#}\n{}", cluster.status(witness), cluster.logs());
    assert_eq!(node(&cluster.status(witness), drained)["replicaOf"], json!([]));
    println!("drained although the leader of the directory died: {} of {}", last["done"], last["total"]);
    eventually("all nodes are heard of", SETTLES_WITHIN, || {
        list(&cluster.status(witness), "nodes").iter().all(|node| node["alive"] == json!(true)).then_some(())
    });
    let kept: Vec<u32> = (1..=4).filter(|number| *number != drained).collect();
    replicas_agree_at(&cluster, &sale, &kept);
    assert_eq!(sale.status(&ann.at(&cluster.client(drained)), 1), "held", "the drained node asks the others");
}
