//! A full disk: no acknowledgement and a 503, nothing lost, and the work goes on once there is space.

mod support;

use std::process::{Command, Output};
use std::time::Duration;

use serde_json::json;
use support::{Node, NodeOptions, Sale, SmallDisk, eventually, is_required};

const MEBIBYTE: u64 = 1 << 20;
const WITHIN: Duration = Duration::from_secs(30);
/// Of which a node that starts leaves a quarter alone.
const RESERVE: (&str, &str) = ("ONSALE_JOURNAL__RESERVE_MEBIBYTES", "8");

fn options(disk: &SmallDisk) -> NodeOptions {
    NodeOptions {
        env: vec![(RESERVE.0, RESERVE.1.to_owned())],
        wrapper: disk.wrapper(),
        ..NodeOptions::default()
    }
}

fn small_disk() -> Option<SmallDisk> {
    let disk = SmallDisk::new(96);
    if disk.is_none() {
        assert!(!is_required(), "a tmpfs in a mount namespace is required here and cannot be had");
        eprintln!("skipped: this test needs to mount a tmpfs in a namespace of its own");
    }
    disk
}

fn full_by_metrics(node: &Node) -> bool {
    let metrics = node.admin().get("/metrics");
    String::from_utf8_lossy(&metrics.bytes).contains("onsale_journal_waits_for_space 1")
}

#[test]
fn a_full_disk_means_503_and_the_work_goes_on_when_there_is_space() {
    let Some(disk) = small_disk() else { return };
    let data = disk.inside("data");
    let node = Node::start_in(&data, &options(&disk));
    let sale = Sale::open(&node, 20, &json!({}));
    let ann = node.customer("ann");
    let kept = sale.hold(&ann, &[0]).expect(201);
    node.admin().get("/readyz").expect(200);

    disk.fill(4 * MEBIBYTE);
    eventually("the node is not ready", WITHIN, || (node.admin().get("/readyz").status == 503).then_some(()));
    assert!(full_by_metrics(&node));
    for seat in 1..6 {
        let refused = sale.hold(&ann, &[seat]);
        refused.expect_problem(503, "overloaded");
        assert!(refused.header("retry-after").is_some());
    }
    assert_eq!(sale.status(&ann, 0), "held", "reading goes on");
    disk.clear();
    let later = eventually("there is space again", WITHIN, || {
        let answer = sale.hold(&ann, &[1]);
        (answer.status == 201).then(|| answer.json())
    });
    node.admin().get("/readyz").expect(200);
    assert!(!full_by_metrics(&node));
    assert_eq!(node.log().matches("the disk is full").count(), 1, "{}", node.log());
    assert_eq!(node.log().matches("there is space on the disk again").count(), 1, "{}", node.log());

    node.kill();
    let node = Node::start_in(&data, &options(&disk));
    let ann = node.client().login("ann", "correct horse");
    for hold in [kept, later] {
        ann.get(&format!("/holds/{}", hold["id"].as_str().unwrap())).expect(200);
    }
}

#[test]
fn a_node_that_is_killed_on_a_full_disk_comes_back_with_everything() {
    let Some(disk) = small_disk() else { return };
    let data = disk.inside("data");
    let node = Node::start_in(&data, &options(&disk));
    let sale = Sale::open(&node, 20, &json!({}));
    let ann = node.customer("ann");
    sale.hold(&ann, &[0]).expect(201);
    disk.fill(4 * MEBIBYTE);
    eventually("the node is full", WITHIN, || full_by_metrics(&node).then_some(()));
    node.kill();

    let node = Node::start_in(&data, &options(&disk));
    let ann = node.client().login("ann", "correct horse");
    assert_eq!(sale.status(&ann, 0), "held");
    node.admin().get("/readyz").expect_problem(503, "overloaded");
    sale.hold(&ann, &[1]).expect_problem(503, "overloaded");
    node.kill();

    disk.clear();
    disk.fill(0);
    let refused = serve(&disk);
    let message = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1), "{message}");
    assert!(message.contains("the disk is full") && message.contains("make space"), "{message}");

    disk.clear();
    let node = Node::start_in(&data, &options(&disk));
    let ann = node.client().login("ann", "correct horse");
    assert_eq!(sale.status(&ann, 0), "held");
    sale.hold(&ann, &[1]).expect(201);
    assert_eq!(node.terminate().status.code(), Some(0));
}

/// A start that is expected to fail.
fn serve(disk: &SmallDisk) -> Output {
    let wrapper = disk.wrapper();
    let mut command = Command::new(&wrapper[0]);
    command.args(&wrapper[1..]).arg(env!("CARGO_BIN_EXE_onsale")).arg("serve");
    command.arg("--data").arg(disk.inside("data")).env(RESERVE.0, RESERVE.1);
    command.args(["--http", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--peer", "127.0.0.1:0"]);
    command.output().expect("the program runs")
}
