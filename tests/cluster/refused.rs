//! Nodes that must not take part: each is told why, in words, and nobody else is harmed.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use serde_json::json;

use crate::replaced::{await_missed, node};
use crate::support::cluster::SETTLES_WITHIN;
use crate::support::{Cluster, Exit, Node, NodeOptions, eventually, replicas_agree, signal};

/// How a node ends that is not let in.
#[track_caller]
fn refused(options: &NodeOptions, data: &std::path::Path, code: i32, words: &[&str]) -> Exit {
    match Node::try_start_in(data, options) {
        Ok(node) => panic!("it was let in:\n{}", node.log()),
        Err(exit) => {
            assert_eq!(exit.status.code(), Some(code), "{}", exit.log);
            for word in words {
                assert!(exit.log.contains(word), "{word}: {}", exit.log);
            }
            exit
        }
    }
}

#[test]
fn who_does_not_belong_is_told_so_and_harms_nobody() {
    let mut cluster = Cluster::of(3);
    let sale = cluster.sale(8, &json!({}));
    let ann = cluster.client(2).sign_up("ann");
    sale.hold(&ann, &[1]).expect(201);
    let empty = tempfile::tempdir().unwrap();
    let dir = |name: &str| empty.path().join(name);

    let mut stranger = cluster.options_of_another(7);
    for (name, value) in &mut stranger.env {
        if *name == "ONSALE_CLUSTER__SECRET" {
            *value = "another secret, and long enough to be one".to_owned();
        }
    }
    let exit = refused(&stranger, &dir("stranger"), 1, &["secret"]);
    assert!(!exit.log.contains("long enough to be one"), "secrets are not shown: {}", exit.log);

    let twin = cluster.options_of_another(2);
    refused(&twin, &dir("twin"), 1, &["node 2 is running at", &cluster.peer(2), "another number"]);

    let lonely = NodeOptions { args: vec!["--gateway".to_owned()], ..NodeOptions::default() };
    refused(&lonely, &dir("lonely"), 2, &["--join"]);

    cluster.terminate(3);
    let options = cluster.options(3).clone();
    let mut other_kind = options.clone();
    other_kind.args.push("--gateway".to_owned());
    refused(&other_kind, cluster.data(3), 2, &["without --gateway"]);
    let mut other_number = options;
    other_number.args[1] = "5".to_owned();
    refused(&other_number, cluster.data(3), 2, &["node 3", "--node 3"]);
    cluster.start(3);
    cluster.settle();
    assert_eq!(sale.status(&cluster.client(3), 1), "held");
    sale.hold(&ann, &[2]).expect(201);
    replicas_agree(&cluster, &sale);
}

#[test]
fn a_first_node_that_was_emptied_is_another_cluster_and_stays_one() {
    let mut cluster = Cluster::of(3);
    let sale = cluster.sale(8, &json!({}));
    let before = cluster.status(1)["clusterId"].clone();
    let ann = cluster.client(2).sign_up("ann");
    cluster.kill(1);
    cluster.erase(1);
    await_missed(&cluster, 1);
    // It has nothing that tells it of the others, so it begins anew, where they know it.
    cluster.start(1);
    let anew = cluster.status_as_stranger(1);
    assert_ne!(anew["clusterId"], before);
    assert_eq!(anew["nodes"].as_array().map(Vec::len), Some(1), "nobody is merged: {anew:#}");
    eventually("the others sell on", SETTLES_WITHIN, || {
        let hold = sale.hold(&ann, &[1]);
        (hold.status != 503).then(|| hold.expect(201))
    });
    for number in 2..=3 {
        let status = cluster.status(number);
        assert_eq!(status["clusterId"], before);
        assert_eq!(node(&status, 1)["alive"], json!(false), "{status:#}");
        let log = cluster.node(number).log();
        assert!(log.contains("cluster"), "it says who is there now: {log}");
    }
    cluster.client(1).get(&format!("/events/{}", sale.event)).expect_problem(404, "not-found");

    // The way back: emptied again, and told whom to join.
    cluster.kill(1);
    cluster.erase(1);
    let seed = cluster.peer(2);
    cluster.options(1).args.extend(["--join".to_owned(), seed]);
    cluster.start(1);
    cluster.settle();
    assert_eq!(node(&cluster.status(1), 1)["life"], 1);
    assert_eq!(sale.status(&cluster.client(1), 1), "held");
    replicas_agree(&cluster, &sale);
}

#[test]
fn a_node_that_waits_to_be_let_in_can_be_told_to_end() {
    let data = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_onsale"));
    command.arg("serve").arg("--data").arg(data.path()).args(["--node", "2", "--join", "127.0.0.1:1"]);
    command.args(["--http", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--peer", "127.0.0.1:0"]);
    command.env("ONSALE_CLUSTER__SECRET", "a secret that nobody else is asked for");
    let mut node = command.stderr(Stdio::piped()).spawn().expect("the program runs");
    let mut log = BufReader::new(node.stderr.take().unwrap()).lines();
    assert!(log.any(|line| line.unwrap().contains("no connection to a peer")), "it tries");
    signal(node.id(), libc::SIGTERM);
    assert!(log.all(|line| line.is_ok()), "its log ends with it");
    assert_eq!(node.wait().unwrap().code(), Some(0));
}
