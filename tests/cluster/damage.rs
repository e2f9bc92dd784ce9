//! A flipped byte in a store: found, named, never believed; made good where others have the data.

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::replaced::{await_missed, node};
use crate::support::cluster::{SETTLES_WITHIN, list};
use crate::support::{Cluster, eventually, replicas_agree};

/// Words that only one entry has, of the catalogue: what people say of themselves is sealed.
const MARK: &str = "The Flipped Bits";

#[test]
fn a_follower_sets_damaged_data_aside_and_is_given_it_again() {
    let mut cluster = Cluster::of(3);
    let sale = cluster.sale(8, &json!({}));
    let buyer = cluster.client(1).sign_up("flipped");
    sale.hold(&buyer, &[1]).expect(201);
    replicas_agree(&cluster, &sale);
    let follower = cluster.other_than(cluster.owner());
    let path = mark(&cluster);
    let known = || (cluster.client(follower).get(&path).status == 200).then_some(());
    eventually("the follower knows it", SETTLES_WITHIN, known);
    cluster.kill(follower);
    flip(cluster.data(follower));
    await_missed(&cluster, follower);
    cluster.start(follower);
    let log = cluster.node(follower).log();
    assert!(log.contains("damaged data is set aside") && log.contains("store"), "{log}");
    assert!(cluster.data(follower).join("damaged-1").join("journal").exists(), "{log}");
    cluster.settle();
    assert_eq!(node(&cluster.status(follower), follower)["life"], 1);
    replicas_agree(&cluster, &sale);
    assert_eq!(cluster.client(follower).get(&path).expect(200)["name"], MARK);
    cluster.client(follower).login("flipped", "correct horse");
    assert_eq!(sale.status(&cluster.client(follower), 1), "held");
}

#[test]
fn a_lone_node_stops_at_damage_and_names_the_file() {
    let mut cluster = Cluster::alone();
    mark(&cluster);
    assert_eq!(list(&cluster.status(1), "nodes").len(), 1);
    cluster.kill(1);
    flip(cluster.data(1));
    let exit = cluster.fail_to_start(1);
    assert_eq!(exit.status.code(), Some(1), "{}", exit.log);
    let journal = cluster.data(1).join("journal").display().to_string();
    assert!(exit.log.contains("damaged") && exit.log.contains(&journal), "{}", exit.log);
    assert!(exit.log.contains("restore"), "it says what to do: {}", exit.log);
    let again = cluster.fail_to_start(1);
    assert_eq!(again.log, exit.log, "what is damaged stays as it is");
}

/// Puts the mark into the catalogue, and says where it is read.
fn mark(cluster: &Cluster) -> String {
    let band = json!({"name": MARK, "genre": "noise", "bio": "They are loud."});
    let band = cluster.operator(1).post("/performers", &band).expect(201);
    format!("/performers/{}", band["id"].as_str().expect("an id"))
}

fn store(data: &Path) -> PathBuf {
    data.join("journal").join("store")
}

/// Flips one bit of the mark, wherever it is stored.
fn flip(data: &Path) {
    let file = store(data).join("db");
    let mut bytes = std::fs::read(&file).expect("the store");
    let mark = MARK.as_bytes();
    let found: Vec<usize> = (0..bytes.len().saturating_sub(mark.len()))
        .filter(|at| bytes[*at] == mark[0] && bytes[*at..].starts_with(mark))
        .collect();
    assert!(!found.is_empty(), "the mark is in {}", file.display());
    found.iter().for_each(|at| bytes[*at] ^= 1);
    std::fs::write(&file, bytes).expect("the store");
}
