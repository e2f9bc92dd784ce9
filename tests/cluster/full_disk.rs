//! A node whose disk is full leads nothing that another one could lead, and takes its part again when there is space.

use serde_json::{Value, json};

use crate::support::cluster::{SETTLES_WITHIN, list};
use crate::support::{Cluster, SmallDisk, eventually, is_required, replicas_agree};

const MEBIBYTE: u64 = 1 << 20;
const RESERVE: (&str, &str) = ("ONSALE_JOURNAL__RESERVE_MEBIBYTES", "8");
/// Of three nodes, the one with a small disk.
const SMALL: u32 = 2;

/// How many groups a node leads, as another one sees it.
fn led_by(status: &Value, number: u32) -> usize {
    let shards = list(status, "shards").iter();
    shards
        .chain([&status["directory"], &status["accounts"]])
        .filter(|group| group["leader"] == number)
        .count()
}

#[test]
fn a_leader_on_a_full_disk_leaves_its_groups_to_others() {
    let Some(disk) = SmallDisk::new(96) else {
        assert!(!is_required(), "a tmpfs in a mount namespace is required here and cannot be had");
        eprintln!("skipped: this test needs to mount a tmpfs in a namespace of its own");
        return;
    };
    let mut cluster = Cluster::alone();
    cluster.join_on(SMALL, &disk, &[RESERVE]);
    cluster.join_all(3..=3);
    cluster.settle();
    let sale = cluster.sale(20, &json!({}));
    let ann = cluster.node(SMALL).customer("ann");
    let leads = || led_by(&cluster.status(1), SMALL);
    eventually("the node leads something", SETTLES_WITHIN, || (leads() > 0).then_some(()));

    disk.fill(4 * MEBIBYTE);
    eventually("the node leads nothing any more", SETTLES_WITHIN, || (leads() == 0).then_some(()));
    for (seat, number) in (0..).zip([SMALL, 1, 3, SMALL]) {
        let buyer = ann.at(&cluster.client(number));
        eventually("every node sells", SETTLES_WITHIN, || {
            (sale.hold(&buyer, &[seat]).status == 201).then_some(())
        });
    }

    disk.clear();
    eventually("the node leads again", SETTLES_WITHIN, || (leads() > 0).then_some(()));
    cluster.settle();
    sale.hold(&ann, &[9]).expect(201);
    replicas_agree(&cluster, &sale);
}
