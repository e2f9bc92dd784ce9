use futures_util::stream;

use super::super::machines::{InMemory, Shard};
use super::super::types::{Entry, log_id};
use super::*;
use crate::journal::{GroupId, MemoryDisk, keys};
use crate::testing::facts;
use crate::thread::Blocking;

const GROUP: GroupId = GroupId::shard(3);
const EVENT: EventId = EventId::new(7);
const OTHER: EventId = EventId::new(8);

type Machine3 = StateMachine<Shard, MemoryDisk>;

async fn open(dir: &tempfile::TempDir, disk: &MemoryDisk) -> Machine3 {
    let (snapshots, newest) = Snapshots::open(&dir.path().join("snapshots"), GROUP).unwrap();
    let keeping = Keeping { group: GROUP, disk: disk.clone(), snapshots, blocking: Blocking::Pool };
    StateMachine::open(keeping, newest, (Arc::new(()), watch::Sender::new(0))).await.unwrap()
}

fn batch(event: EventId, base: u64, count: u64) -> SaleBatch {
    SaleBatch { event, base, facts: facts(base, count).into() }
}

async fn apply(machine: &mut Machine3, index: u64, batches: Vec<SaleBatch>) {
    let entry =
        RaftEntry { log_id: log_id(1, index), payload: EntryPayload::Normal(Entry::Sales(batches.into())) };
    machine.apply(stream::iter([Ok((entry, None))])).await.unwrap();
}

async fn snapshot(machine: &mut Machine3) -> Snapshot {
    machine.try_create_snapshot_builder(true).await.unwrap().build_snapshot().await.unwrap()
}

fn history(machine: &Machine3, event: EventId) -> Vec<Stamped> {
    let recent = read(&machine.state).unarchived(event);
    let history = archive::history(&machine.keeping.disk, event, &recent).unwrap();
    assert!(history.iter().enumerate().all(|(place, (number, _))| place as u64 == *number));
    history.into_iter().map(|(_, fact)| fact).collect()
}

#[tokio::test]
async fn a_batch_is_applied_exactly_where_its_base_says() {
    let mut shard = Shard::default();
    let mut seen = Vec::new();
    let batches = vec![
        batch(EVENT, 1, 1),
        batch(EVENT, 0, 0),
        batch(EVENT, 0, 3),
        batch(EVENT, 0, 3),
        batch(EVENT, 3, 0),
        batch(EVENT, 3, 2),
        batch(OTHER, 0, 1),
        batch(EVENT, 3, 0),
    ];
    let applied = InMemory::fold(&mut shard, &Entry::Sales(batches.into()), &mut |batch, sale| {
        seen.push((batch.event, sale.facts()));
    });
    assert_eq!(applied, Applied::Sales(vec![false, true, true, false, true, true, true, false]));
    assert_eq!(seen, [(EVENT, 3), (EVENT, 5), (OTHER, 1)]);
    // A sale that does not begin with its opening is no sale.
    let headless = SaleBatch { event: EventId::new(9), base: 0, facts: facts(4, 2).into() };
    let applied = InMemory::fold(&mut shard, &Entry::Sales([headless].into()), &mut |_, _| {});
    assert_eq!(applied, Applied::Sales(vec![false]));
    let foreign = InMemory::fold(&mut shard, &Entry::Accounts(Vec::new()), &mut |_, _| {});
    assert_eq!(foreign, Applied::Foreign);
}

#[tokio::test]
async fn a_snapshot_is_a_frozen_view_and_a_restart_goes_on_from_it() {
    let (dir, disk) = (tempfile::tempdir().unwrap(), MemoryDisk::new());
    let mut machine = open(&dir, &disk).await;
    apply(&mut machine, 0, vec![batch(EVENT, 0, 4)]).await;
    let mut builder = machine.try_create_snapshot_builder(true).await.unwrap();
    apply(&mut machine, 1, vec![batch(EVENT, 4, 2), batch(OTHER, 0, 1)]).await;
    let built = builder.build_snapshot().await.unwrap();
    assert_eq!(built.meta.last_log_id, Some(log_id(1, 0)));
    assert_eq!(history(&machine, EVENT), facts(0, 6));
    let mut again = open(&dir, &disk).await;
    assert_eq!(again.applied_state().await.unwrap().0, Some(log_id(1, 0)));
    assert_eq!(read(&again.state).machine.facts(EVENT), 4);
    apply(&mut again, 1, vec![batch(EVENT, 4, 2), batch(OTHER, 0, 1)]).await;
    assert_eq!(read(&again.state).machine, read(&machine.state).machine);
    assert_eq!(history(&again, EVENT), facts(0, 6));
}

#[tokio::test]
async fn facts_are_archived_durably_before_the_snapshot_that_replaces_their_log() {
    let (dir, disk) = (tempfile::tempdir().unwrap(), MemoryDisk::new());
    let mut machine = open(&dir, &disk).await;
    apply(&mut machine, 0, vec![batch(EVENT, 0, 500)]).await;
    disk.hold();
    let mut builder = machine.try_create_snapshot_builder(true).await.unwrap();
    let building = tokio::spawn(async move { builder.build_snapshot().await });
    while disk.scan(&keys::archive(EVENT)).unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    // The power goes while the archive is not synced: no snapshot may exist.
    let found = disk.crash();
    building.await.unwrap().unwrap_err();
    assert!(machine.get_current_snapshot().await.unwrap().is_none());
    let mut machine = open(&dir, &found).await;
    assert_eq!(read(&machine.state).applied, None);
    apply(&mut machine, 0, vec![batch(EVENT, 0, 500)]).await;
    snapshot(&mut machine).await;
    assert_eq!(history(&machine, EVENT), facts(0, 500));
}

#[tokio::test]
async fn archiving_again_after_a_crash_changes_nothing() {
    let (dir, disk) = (tempfile::tempdir().unwrap(), MemoryDisk::new());
    let mut expected = 0;
    for round in 0..6 {
        let mut machine = open(&dir, &disk).await;
        apply(&mut machine, round * 2, vec![batch(EVENT, expected, 40), batch(OTHER, round * 3, 3)]).await;
        expected += 40;
        // Archived, then the process died before the snapshot was there.
        archive::keep(&disk, &machine.unarchived_all()).await.unwrap();
        drop(machine);
        let mut machine = open(&dir, &disk).await;
        apply(&mut machine, round * 2, vec![batch(EVENT, expected - 40, 40), batch(OTHER, round * 3, 3)])
            .await;
        apply(&mut machine, round * 2 + 1, vec![batch(EVENT, expected, 170)]).await;
        expected += 170;
        snapshot(&mut machine).await;
        assert_eq!(history(&machine, EVENT), facts(0, expected));
        assert_eq!(history(&machine, OTHER), facts(0, round * 3 + 3));
    }
}

impl Machine3 {
    fn unarchived_all(&self) -> Vec<SaleBatch> {
        read(&self.state).unarchived.iter().map(|(_, batch)| batch.clone()).collect()
    }
}

#[tokio::test]
async fn a_skipped_batch_is_not_archived() {
    let (dir, disk) = (tempfile::tempdir().unwrap(), MemoryDisk::new());
    let mut machine = open(&dir, &disk).await;
    apply(&mut machine, 0, vec![batch(EVENT, 0, 2), batch(EVENT, 1, 9), batch(EVENT, 2, 1)]).await;
    assert_eq!(history(&machine, EVENT), facts(0, 3));
    snapshot(&mut machine).await;
    assert_eq!(history(&machine, EVENT), facts(0, 3));
}

#[tokio::test]
async fn a_damaged_archive_is_named() {
    let (dir, disk) = (tempfile::tempdir().unwrap(), MemoryDisk::new());
    let mut machine = open(&dir, &disk).await;
    apply(&mut machine, 0, vec![batch(EVENT, 0, 2)]).await;
    snapshot(&mut machine).await;
    disk.tamper(&keys::chunk(&keys::archive(EVENT), 0, 0), |value| value[30] ^= 1);
    let message = archive::history(&disk, EVENT, &[]).unwrap_err().to_string();
    assert!(message.contains(&format!("the archive of {EVENT}")), "{message}");
}

#[tokio::test]
async fn a_snapshot_of_a_peer_replaces_everything() {
    let (dir, disk) = (tempfile::tempdir().unwrap(), MemoryDisk::new());
    let mut leader = open(&dir, &disk).await;
    apply(&mut leader, 0, vec![batch(EVENT, 0, 5)]).await;
    let sent = snapshot(&mut leader).await;
    let elsewhere = tempfile::tempdir().unwrap();
    let mut follower = open(&elsewhere, &MemoryDisk::new()).await;
    apply(&mut follower, 0, vec![batch(OTHER, 0, 1)]).await;
    let (_, received) = follower.snapshots().receive().unwrap();
    std::fs::copy(&sent.snapshot.path, &received.path).unwrap();
    follower.install_snapshot(&sent.meta, received.clone()).await.unwrap();
    assert_eq!(read(&follower.state).machine, read(&leader.state).machine);
    let kept = follower.get_current_snapshot().await.unwrap().unwrap().snapshot;
    assert!(kept.path.starts_with(elsewhere.path()) && kept.path.exists() && !received.path.exists());
    let announced = SnapshotMeta { last_log_id: Some(log_id(4, 4)), ..sent.meta };
    follower.install_snapshot(&announced, sent.snapshot).await.unwrap_err();
}

#[tokio::test]
async fn a_snapshot_being_built_does_not_replace_one_that_came_meanwhile() {
    let (dir, disk) = (tempfile::tempdir().unwrap(), MemoryDisk::new());
    let mut follower = open(&dir, &disk).await;
    apply(&mut follower, 0, vec![batch(EVENT, 0, 4)]).await;
    let mut builder = follower.try_create_snapshot_builder(true).await.unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let mut leader = open(&elsewhere, &MemoryDisk::new()).await;
    apply(&mut leader, 5, vec![batch(EVENT, 0, 9)]).await;
    let sent = snapshot(&mut leader).await;
    let turn = follower.snapshots().turn().await;
    let building = tokio::spawn(async move { builder.build_snapshot().await });
    let (_, received) = follower.snapshots().receive().unwrap();
    std::fs::copy(&sent.snapshot.path, &received.path).unwrap();
    follower.install_snapshot(&sent.meta, received).await.unwrap();
    drop(turn);
    assert_eq!(building.await.unwrap().unwrap().meta, sent.meta);
    assert_eq!(follower.get_current_snapshot().await.unwrap().unwrap().meta, sent.meta);
    assert!(disk.scan(&keys::archive(EVENT)).unwrap().is_empty(), "its archive is not to be disturbed");
}
