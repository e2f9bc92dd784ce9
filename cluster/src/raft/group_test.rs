//! What three replicas make of a network that fails, by log alone.

use std::collections::BTreeSet;
use std::future::ready;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::try_join_all;
use openraft::Vote;

use super::*;
use crate::SnapshotSettings;
use crate::peer::local::LocalPeers;
use crate::peer::{Bytes, CallError, Messages};
use crate::raft::network::{APPEND, HEARTBEAT, PRE_VOTE, SNAPSHOT, TRANSFER, VOTE};
use crate::raft::settings::settings;
use crate::raft::types::SaleBatch;
use crate::raft::wire::{Ballot, Message};
use crate::raft::world::{EVENT, GROUP, OTHER, SOON, Shard3, World, context, now};
use crate::testing::facts;

#[tokio::test(start_paused = true)]
async fn one_voter_becomes_three_and_all_have_the_same() {
    let world = World::alone(0).await;
    world.nodes[&1].commit(EVENT, 20).await;
    world.grow().await;
    world.nodes[&1].commit(EVENT, 30).await;
    world.nodes[&1].commit(OTHER, 3).await;
    world.all_equal(OTHER, 3).await;
    world.all_equal(EVENT, 50).await;
    let voters = world.nodes[&3].group().raft.voter_ids().collect::<Vec<_>>();
    assert_eq!(voters, [1, 2, 3]);
    assert_eq!(world.peers.carried(SNAPSHOT), 0);
    world.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_is_cut_off_is_replaced_and_follows_when_it_is_back() {
    let world = World::of_three().await;
    world.nodes[&1].commit(EVENT, 5).await;
    world.peers.isolate(1, true);
    let old = world.nodes[&1].group();
    let term = old.term().unwrap();
    let batch = SaleBatch { event: EVENT, base: 5, facts: facts(5, 1).into() };
    let lost = tokio::spawn(async move { old.write(term, Entry::Sales([batch].into())).await });
    let leader = world.leader(Some(1)).await;
    assert_eq!(world.nodes[&1].group().leased_term(), None, "its lease ended before");
    world.nodes[&leader].commit(EVENT, 7).await;
    world.peers.isolate(1, false);
    world.all_equal(EVENT, 12).await;
    assert_eq!(lost.await.unwrap(), Err(JournalFault::NotOwner));
    world.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_node_that_is_cut_off_does_not_raise_the_term() {
    let world = World::of_three().await;
    world.peers.isolate(3, true);
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert!(world.peers.carried(PRE_VOTE) > 0, "it would like to lead");
    world.peers.isolate(3, false);
    tokio::time::sleep(Duration::from_secs(10)).await;
    let terms: BTreeSet<_> = world.nodes.values().map(|node| node.group().status().term).collect();
    assert_eq!(terms.len(), 1);
    assert_eq!(world.leader(None).await, 1);
    assert_eq!(world.nodes[&1].group().term(), Some(1));
    world.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_dead_follower_slows_no_commit() {
    let world = World::of_three().await;
    world.nodes[&1].commit(EVENT, 1).await;
    let took = async |count| {
        let began = now();
        world.nodes[&1].commit(EVENT, count).await;
        now() - began
    };
    let healthy = took(200).await;
    world.peers.isolate(3, true);
    let with_one_dead = took(200).await;
    assert!(with_one_dead <= healthy.mul_f32(1.2), "{healthy:?} became {with_one_dead:?}");
    world.peers.isolate(3, false);
    world.all_equal(EVENT, 401).await;
    assert_eq!(world.peers.carried(SNAPSHOT), 0, "its log was enough");
    world.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn many_entries_are_under_way_at_once() {
    let world = World::of_three().await;
    world.peers.delay(Duration::from_millis(50));
    let group = world.nodes[&1].group();
    let term = group.confirm().await.unwrap();
    let began = now();
    let writes = (0..100).map(|base| {
        let batch = SaleBatch { event: EVENT, base, facts: facts(base, 1).into() };
        group.write(term, Entry::Sales([batch].into()))
    });
    try_join_all(writes).await.unwrap();
    // One after the other they would take a hundred times there and back.
    assert!((now() - began) < Duration::from_secs(1), "{:?}", (now() - began));
    world.all_equal(EVENT, 100).await;
    world.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn leadership_is_handed_over_without_a_gap_to_speak_of() {
    let world = World::of_three().await;
    world.nodes[&1].commit(EVENT, 10).await;
    world.all_equal(EVENT, 10).await;
    let began = now();
    world.nodes[&1].group().hand_over(2, ready(())).await.unwrap();
    assert_eq!(world.leader(Some(1)).await, 2);
    world.nodes[&2].commit(EVENT, 1).await;
    assert!((now() - began) < Duration::from_millis(300), "{:?}", (now() - began));
    world.all_equal(EVENT, 11).await;
    world.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_leadership_that_one_does_not_take_is_given_to_another() {
    let world = World::of_three().await;
    world.nodes[&1].commit(EVENT, 10).await;
    world.all_equal(EVENT, 10).await;
    world.peers.isolate(2, true);
    let began = now();
    world.nodes[&1].group().hand_over(2, ready(())).await.unwrap_err();
    assert_eq!(world.leader(Some(1)).await, 3);
    world.nodes[&3].commit(EVENT, 1).await;
    assert!((now() - began) < Duration::from_secs(1), "{:?}", (now() - began));
    world.peers.isolate(2, false);
    world.all_equal(EVENT, 11).await;
    world.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_replica_is_started_by_a_leader_and_never_by_a_candidate() {
    let world = World::alone(0).await;
    let calls = world.peers.of(1);
    let ballot = (GROUP, Ballot::new(Vote::new(4, 1), None));
    let body = Bytes::from(ballot.encode().unwrap());
    for service in [PRE_VOTE, VOTE] {
        let answer = calls.call(2, service, body.clone(), SOON).await;
        assert!(matches!(answer, Err(CallError::Declined(_))), "{answer:?}");
    }
    assert!(world.nodes[&2].here.group.lock().unwrap().is_none());
    for garbage in [&b""[..], b"nonsense", &[1; 4000]] {
        for service in [PRE_VOTE, HEARTBEAT, TRANSFER] {
            let answer = calls.call(2, service, Bytes::copy_from_slice(garbage), SOON).await;
            assert!(matches!(answer, Err(CallError::Declined(_))), "{answer:?}");
        }
        for service in [APPEND, SNAPSHOT] {
            let input: Messages =
                Box::pin(futures_util::stream::iter([Ok(Bytes::from([garbage, &[1]].concat()))]));
            let mut answers = calls.stream(2, service, input, SOON).await.unwrap();
            let answer = answers.next().await;
            assert!(matches!(answer, Some(Err(CallError::Declined(_)))), "{answer:?}");
        }
    }
    world.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn an_entry_larger_than_any_piece_arrives() {
    let world = World::of_three().await;
    let group = world.nodes[&1].group();
    let batch = SaleBatch { event: EVENT, base: 0, facts: facts(0, 40_000).into() };
    let entry = Entry::Sales([batch].into());
    assert!(crate::journal::format::bare_len(&entry).unwrap() > 3 * 256 * 1024);
    group.write(group.term().unwrap(), entry).await.unwrap();
    world.all_equal(EVENT, 40_000).await;
    world.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_log_is_trimmed_as_far_as_a_snapshot_covers_it_and_no_further() {
    let dir = tempfile::tempdir().unwrap();
    let mut context = context(1, dir.path(), &LocalPeers::default(), 0);
    let keep = SnapshotSettings { every_entries: 1_000_000, keep_entries: 1_000, ..Default::default() };
    context.config = settings(keep).unwrap();
    let group = Shard3::open(GROUP, &context).await.unwrap();
    group.form().await.unwrap();
    group.lead_alone().await.unwrap();
    let commit = async |bases: std::ops::Range<u64>| {
        for base in bases {
            let batch = SaleBatch { event: EVENT, base, facts: facts(base, 1).into() };
            group.write(group.term().unwrap(), Entry::Sales([batch].into())).await.unwrap();
        }
        group.status().applied.unwrap()
    };
    let purged = async |index| {
        let wait = group.raft.wait(Some(SOON));
        wait.metrics(|metrics| metrics.purged.map(|id| id.index) == Some(index), "purged").await.unwrap();
    };
    let covered = commit(0..50).await;
    group.trim_log(10).await;
    assert_eq!(group.status().purged, None, "without a snapshot every entry is needed");
    group.trigger_snapshot().await;
    let wait = group.raft.wait(Some(SOON));
    wait.metrics(|metrics| metrics.snapshot.map(|id| id.index) == Some(covered), "a snapshot").await.unwrap();
    assert_eq!(group.status().purged, None, "so many entries may stay");
    group.trim_log(10).await;
    purged(covered - 10).await;
    commit(50..80).await;
    group.trim_log(10).await;
    purged(covered).await;
    group.trim_log(1_000).await;
    commit(80..81).await;
    group.shutdown().await;
    let group = Shard3::open(GROUP, &context).await.unwrap();
    assert_eq!(group.status().purged, Some(covered));
    group.lead_alone().await.unwrap();
    assert_eq!(group.read(|state| state.machine.facts(EVENT)), 81);
    group.shutdown().await;
}
