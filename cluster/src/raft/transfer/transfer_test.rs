use std::time::Duration;

use domain::ids::EventId;
use futures_util::{StreamExt as _, stream};
use openraft::ChangeMembers;
use openraft::async_runtime::WatchReceiver as _;

use super::ALIVE;
use crate::journal::{LogDisk, archive, keys};
use crate::peer::CallError;
use crate::raft::answering::GroupsHere;
use crate::raft::network::SNAPSHOT;
use crate::raft::types::{Peer, SnapshotMeta};
use crate::raft::wire::Offer;
use crate::raft::world::{EVENT, GROUP, Node, OTHER, World, now};
use crate::testing::facts;

#[tokio::test(start_paused = true)]
async fn a_snapshot_brings_the_archive_along() {
    let world = World::alone(0).await;
    let leader = &world.nodes[&1];
    leader.commit(EVENT, 300).await;
    leader.commit(OTHER, 2).await;
    leader.snapshot().await;
    leader.commit(EVENT, 50).await;
    world.grow().await;
    world.nodes[&1].commit(EVENT, 1).await;
    assert!(world.peers.carried(SNAPSHOT) > 0);
    world.all_equal(EVENT, 351).await;
    world.all_equal(OTHER, 2).await;
    let archived = |node: &Node| archive::archived(node.disk(), EVENT).unwrap();
    assert_eq!(world.nodes.values().map(archived).collect::<Vec<_>>(), [300, 300, 300]);

    // One that lags is sent only what it has not.
    world.peers.isolate(3, true);
    leader.commit(EVENT, 9).await;
    leader.snapshot().await;
    let before = world.nodes[&3].disk().scan(&keys::archive(EVENT)).unwrap();
    world.peers.isolate(3, false);
    world.all_equal(EVENT, 360).await;
    let mut after = world.nodes[&3].disk().scan(&keys::archive(EVENT)).unwrap();
    after.truncate(before.len());
    assert_eq!(after, before);
    assert_eq!(
        world.nodes[&3].files(),
        [format!("shard-3.{:020}.snapshot", snapshot_of(&world.nodes[&3]) + 1)]
    );
    world.shutdown().await;
}

fn snapshot_of(node: &Node) -> u64 {
    node.group().status().snapshot.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_transfer_that_breaks_anywhere_is_made_again() {
    for messages in 1..12 {
        let world = World::alone(0).await;
        let leader = &world.nodes[&1];
        // More than one piece of archive: each of these facts has its own event.
        for event in 100..110 {
            leader.commit(EventId::new(event), 40).await;
        }
        leader.commit(EVENT, 20).await;
        leader.snapshot().await;
        world.peers.break_after(SNAPSHOT, messages);
        world.learn(2).await;
        world.nodes[&2].has(EVENT, 20).await;
        assert_eq!(world.nodes[&2].history(EVENT), facts(0, 20));
        assert_eq!(world.nodes[&2].history(EventId::new(109)), facts(0, 40));
        assert_eq!(world.nodes[&2].files().len(), 1, "{:?}", world.nodes[&2].files());
        world.shutdown().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_damaged_snapshot_is_not_installed() {
    let world = World::alone(0).await;
    let leader = &world.nodes[&1];
    leader.commit(EVENT, 20).await;
    leader.snapshot().await;
    let path = leader.dir.path().join(&leader.files()[0]);
    let mut bytes = std::fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let raft = leader.group().raft;
    raft.add_learner(2, Peer::default(), false).await.unwrap();
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(world.peers.carried(SNAPSHOT) > 10, "it is tried again and again");
    assert_eq!(world.nodes[&2].group().status().snapshot, None);
    assert_eq!(world.nodes[&2].files(), Vec::<String>::new());
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    world.nodes[&2].has(EVENT, 20).await;
    assert_eq!(world.nodes[&2].history(EVENT), facts(0, 20));
    world.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_damaged_archive_is_made_whole_by_a_snapshot() {
    let world = World::alone(0).await;
    let leader = &world.nodes[&1];
    leader.commit(EVENT, 300).await;
    leader.snapshot().await;
    world.learn(2).await;
    world.nodes[&2].has(EVENT, 300).await;
    world.peers.isolate(2, true);
    let disk = world.nodes[&2].disk();
    let rows = disk.scan(&keys::archive(EVENT)).unwrap();
    assert!(rows.len() > 1);
    disk.tamper(&rows[0].0, |value| value[30] ^= 1);
    leader.commit(EVENT, 5).await;
    leader.snapshot().await;
    world.peers.isolate(2, false);
    world.nodes[&2].has(EVENT, 305).await;
    assert_eq!(world.nodes[&2].history(EVENT), facts(0, 305));
    world.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn snapshots_leave_no_faster_than_they_may() {
    let world = World::alone(1024).await;
    let leader = &world.nodes[&1];
    leader.commit(EVENT, 100).await;
    leader.snapshot().await;
    let size = std::fs::metadata(leader.dir.path().join(&leader.files()[0])).unwrap().len();
    let began = now();
    world.learn(2).await;
    world.nodes[&2].has(EVENT, 100).await;
    assert!((now() - began) >= Duration::from_millis(size * 1000 / 1024), "{size} in {:?}", (now() - began));
    world.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_cannot_write_gets_it_when_it_can() {
    let world = World::alone(0).await;
    let leader = &world.nodes[&1];
    leader.commit(EVENT, 20).await;
    world.learn(2).await;
    world.nodes[&2].has(EVENT, 20).await;
    world.peers.isolate(2, true);
    leader.commit(EVENT, 20).await;
    leader.snapshot().await;
    let dir = world.nodes[&2].dir.path();
    std::fs::remove_dir_all(dir).unwrap();
    world.peers.isolate(2, false);
    let before = world.peers.carried(SNAPSHOT);
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert!(world.peers.carried(SNAPSHOT) > before + 10, "it is tried again and again");
    assert_eq!(world.nodes[&2].facts(EVENT), 20);
    std::fs::create_dir(dir).unwrap();
    world.nodes[&2].has(EVENT, 40).await;
    assert_eq!(world.nodes[&2].history(EVENT), facts(0, 40));
    world.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_transfer_that_nobody_wants_any_more_ends() {
    let world = World::alone(16).await;
    let leader = &world.nodes[&1];
    leader.commit(EVENT, 20).await;
    leader.snapshot().await;
    world.learn(2).await;
    while world.peers.carried(SNAPSHOT) < 2 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // At 16 bytes a second the file is not sent before minutes.
    let nobody = ChangeMembers::RemoveNodes([2].into());
    leader.group().raft.change_membership(nobody, false).await.unwrap();
    let carried = world.peers.carried(SNAPSHOT);
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert!(world.peers.carried(SNAPSHOT) <= carried + 1, "at most what was on its way");
    assert_eq!(world.nodes[&2].group().status().snapshot, None);
    world.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn only_one_snapshot_of_a_group_comes_in_at_a_time() {
    let world = World::alone(0).await;
    let leader = &world.nodes[&1];
    leader.commit(EVENT, 20).await;
    leader.snapshot().await;
    world.peers.isolate(2, true);
    assert!(world.nodes[&2].here.start(GROUP).await.is_ok());
    let turn = world.nodes[&2].group().snapshots.turn().await;
    world.peers.isolate(2, false);
    leader.group().raft.add_learner(2, Peer::default(), false).await.unwrap();
    tokio::time::sleep(Duration::from_secs(100)).await;
    assert_eq!(world.nodes[&2].files(), Vec::<String>::new(), "it waits, and is declined in the end");
    drop(turn);
    world.nodes[&2].has(EVENT, 20).await;
    world.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_transfer_whose_sender_is_silent_keeps_the_next_one_waiting_for_nothing() {
    let world = World::alone(0).await;
    let leader = &world.nodes[&1];
    leader.commit(EVENT, 20).await;
    leader.snapshot().await;
    let follower = world.nodes[&2].here.start(GROUP).await.unwrap();
    let vote = leader.group().raft.metrics().borrow_watched().vote;
    let offer = Offer { group: GROUP, vote, meta: SnapshotMeta::default(), bytes: 1 };
    let mut answers = follower.install(offer, stream::pending().boxed());
    let silent = tokio::spawn(async move { answers.next().await });
    while world.nodes[&2].files().is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let began = now();
    world.learn(2).await;
    world.nodes[&2].has(EVENT, 20).await;
    assert!(now() - began < ALIVE, "{:?}", now() - began);
    assert!(matches!(silent.await.unwrap(), Some(Err(CallError::Declined(_)))));
    world.shutdown().await;
}
