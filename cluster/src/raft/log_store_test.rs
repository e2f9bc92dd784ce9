use std::sync::Arc;

use openraft::EntryPayload;
use openraft::storage::RaftLogStorageExt;
use openraft::testing::log::{StoreBuilder, Suite};
use openraft::type_config::TypeConfigExt;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use super::super::machines::{Keeping, Shard};
use super::super::snapshots::Snapshots;
use super::super::state_machine::StateMachine;
use super::super::types::{Entry, SaleBatch, log_id};
use super::*;
use crate::journal::{MemoryDisk, SledStore, Space, Writer};
use crate::thread::Blocking;

const GROUP: GroupId = GroupId::shard(3);

fn blank(term: u64, index: u64) -> RaftEntry {
    RaftEntry { log_id: log_id(term, index), payload: EntryPayload::Blank }
}

/// An entry of about `bytes` bytes.
fn sized(term: u64, index: u64, bytes: usize) -> RaftEntry {
    let batch = SaleBatch { event: domain::ids::EventId::new(index), base: 0, facts: Arc::from([]) };
    let batches = vec![batch; bytes / 24 + 1];
    RaftEntry { log_id: log_id(term, index), payload: EntryPayload::Normal(Entry::Sales(batches.into())) }
}

async fn open<D: LogDisk>(disk: &D) -> LogStore<D> {
    LogStore::open(GROUP, disk.clone()).await.unwrap()
}

async fn all<D: LogDisk>(store: &mut LogStore<D>) -> Vec<RaftEntry> {
    store.try_get_log_entries(..).await.unwrap()
}

struct OnSled;
struct InMemory;

type Stores<D> = (tempfile::TempDir, LogStore<D>, StateMachine<Shard, D>);

async fn stores<D: LogDisk>(disk: D, dir: tempfile::TempDir) -> Stores<D> {
    let log = open(&disk).await;
    let (snapshots, newest) = Snapshots::open(&dir.path().join("snapshots"), GROUP).unwrap();
    let keeping = Keeping { group: GROUP, disk, snapshots, blocking: Blocking::Pool };
    let watched = (Arc::new(()) as _, tokio::sync::watch::Sender::new(0));
    let machine = StateMachine::open(keeping, newest, watched).await.unwrap();
    (dir, log, machine)
}

fn sled(dir: &std::path::Path) -> Writer {
    let store = Box::new(SledStore::open(&dir.join("store")).unwrap());
    let (space, on_fatal) = (Space::of(dir, 0), Arc::new(|message| panic!("{message}")));
    Writer::start(store, &dir.join("watermarks"), space, 64, Arc::new(()), on_fatal).unwrap()
}

impl StoreBuilder<Types, LogStore<Writer>, StateMachine<Shard, Writer>, tempfile::TempDir> for OnSled {
    async fn build(&self) -> Result<Stores<Writer>, openraft::StorageError<Types>> {
        let dir = tempfile::tempdir().unwrap();
        Ok(stores(sled(dir.path()), dir).await)
    }
}

impl StoreBuilder<Types, LogStore<MemoryDisk>, StateMachine<Shard, MemoryDisk>, tempfile::TempDir>
    for InMemory
{
    async fn build(&self) -> Result<Stores<MemoryDisk>, openraft::StorageError<Types>> {
        Ok(stores(MemoryDisk::new(), tempfile::tempdir().unwrap()).await)
    }
}

#[tokio::test]
async fn openrafts_own_suite_passes_over_sled() {
    Suite::test_all(OnSled).await.unwrap();
}

#[tokio::test]
async fn openrafts_own_suite_passes_in_memory() {
    Suite::test_all(InMemory).await.unwrap();
}

#[tokio::test]
async fn votes_and_entries_of_every_size_survive_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let entries = vec![blank(1, 0), sized(1, 1, 100), sized(1, 2, 5 * 1024 * 1024), blank(2, 3)];
    let vote = Vote::new_committed(2, 1);
    {
        let disk = sled(dir.path());
        let mut store = open(&disk).await;
        store.save_vote(&vote).await.unwrap();
        store.blocking_append(entries[..3].to_vec()).await.unwrap();
        // It goes to the disk with the next append.
        store.save_committed(Some(log_id(1, 2))).await.unwrap();
        store.blocking_append(entries[3..].to_vec()).await.unwrap();
        disk.close().await;
    }
    let disk = sled(dir.path());
    let mut store = open(&disk).await;
    assert_eq!(store.read_vote().await.unwrap(), Some(vote));
    assert_eq!(store.read_committed().await.unwrap(), Some(log_id(1, 2)));
    assert_eq!(all(&mut store).await, entries);
    disk.close().await;
}

#[tokio::test]
async fn a_crash_loses_what_was_not_synced_and_nothing_else() {
    let disk = MemoryDisk::new();
    let mut store = open(&disk).await;
    store.blocking_append([blank(1, 0), blank(1, 1)]).await.unwrap();
    disk.hold();
    let (sender, synced) = Types::oneshot();
    store.append([blank(1, 2)], IOFlushed::signal(sender)).await.unwrap();
    assert_eq!(all(&mut store).await.len(), 3, "readable before it is durable");
    let found = disk.crash();
    synced.await.unwrap().unwrap_err();
    let mut store = open(&found).await;
    assert_eq!(all(&mut store).await, [blank(1, 0), blank(1, 1)]);
    store.blocking_append([blank(2, 2)]).await.unwrap();
}

fn chunk_key(first: u64, part: u32) -> Vec<u8> {
    keys::chunk(&keys::log(GROUP), first, part)
}

/// A disk on which entries 0..=1 were acknowledged, and 2..=4, in chunks of their own, were written and not.
async fn torn() -> MemoryDisk {
    let disk = MemoryDisk::new();
    let mut store = open(&disk).await;
    store.blocking_append([blank(1, 0)]).await.unwrap();
    store.blocking_append([blank(1, 1)]).await.unwrap();
    for entry in [sized(1, 2, 20_000), blank(1, 3), blank(1, 4)] {
        let (ops, _) = chunks::pack(
            &keys::log(GROUP),
            entry.log_id.index,
            &LogStore::<MemoryDisk>::encode(&[entry]).unwrap(),
        )
        .unwrap();
        disk.write_through(ops).await.unwrap();
    }
    disk
}

#[tokio::test]
async fn a_torn_end_that_was_never_acknowledged_is_cut_off() {
    for (torn_key, left) in [(chunk_key(2, 1), 2), (chunk_key(3, 0), 3), (chunk_key(4, 0), 4)] {
        for lost in [true, false] {
            let disk = torn().await;
            if lost {
                disk.lose(&torn_key);
            } else {
                disk.tamper(&torn_key, |value| value[20] ^= 1);
            }
            let mut store = open(&disk).await;
            assert_eq!(all(&mut store).await.len(), left);
            store.blocking_append([blank(2, left as u64)]).await.unwrap();
            let mut again = open(&disk).await;
            assert_eq!(all(&mut again).await.last(), Some(&blank(2, left as u64)));
            assert_eq!(
                disk.scan(&keys::log(GROUP)).unwrap().len(),
                again.log().chunks.values().map(|chunk| chunk.parts as usize).sum::<usize>()
            );
        }
    }
}

#[tokio::test]
async fn a_loss_of_what_was_acknowledged_stops_the_group_and_names_it() {
    for lost in 0..2 {
        let disk = torn().await;
        disk.lose(&chunk_key(lost, 0));
        let message = LogStore::open(GROUP, disk).await.err().unwrap().to_string();
        assert!(message.contains("shard-3") && message.contains(&format!("index {lost},")), "{message}");
        let disk = torn().await;
        disk.tamper(&chunk_key(lost, 0), |value| value[3] ^= 1);
        let message = LogStore::open(GROUP, disk).await.err().unwrap().to_string();
        assert!(message.contains(&format!("at {lost} is damaged")), "{message}");
    }
}

#[tokio::test]
async fn a_damaged_vote_stops_the_group() {
    let disk = MemoryDisk::new();
    open(&disk).await.save_vote(&Vote::new(3, 1)).await.unwrap();
    disk.tamper(&keys::vote(GROUP), |value| value[6] ^= 1);
    let message = LogStore::open(GROUP, disk).await.err().unwrap().to_string();
    assert!(message.contains("the vote of shard-3 is damaged"), "{message}");
}

#[tokio::test]
async fn what_a_crash_left_of_a_purge_is_removed() {
    let disk = MemoryDisk::new();
    let mut store = open(&disk).await;
    store.blocking_append([sized(1, 0, 30_000)]).await.unwrap();
    store.blocking_append([blank(1, 1)]).await.unwrap();
    // The mark and the removal of the last part reached the disk, the other removals did not.
    let mark = format::encode(&v1::IdRecord::from(log_id(1, 0)), &[]).unwrap();
    disk.write_through(vec![Op::Put(keys::purged(GROUP), mark), Op::Remove(chunk_key(0, 4))]).await.unwrap();
    let mut store = open(&disk).await;
    assert_eq!(all(&mut store).await, [blank(1, 1)]);
    assert_eq!(disk.scan(&keys::log(GROUP)).unwrap().len(), 1);
}

/// What a log must be, kept as plainly as can be.
#[derive(Default)]
struct Naive {
    purged: Option<LogId>,
    entries: Vec<RaftEntry>,
}

impl Naive {
    fn next(&self) -> u64 {
        self.entries.last().map(|entry| entry.log_id).or(self.purged).next_index()
    }
}

async fn random_walk<D: LogDisk>(seed: u64, mut disk: D, reopen: impl AsyncFn(D) -> D) {
    let mut random = SmallRng::seed_from_u64(seed);
    let mut naive = Naive::default();
    let mut store = open(&disk).await;
    for term in 1..=150 {
        match random.random_range(0..10) {
            0..=4 => {
                let first = naive.next();
                let count = random.random_range(1..12);
                let entries: Vec<_> = (first..first + count)
                    .map(|index| match random.random_range(0..12) {
                        0 => sized(term, index, random.random_range(1..40_000)),
                        _ => sized(term, index, random.random_range(1..600)),
                    })
                    .collect();
                naive.entries.extend(entries.iter().cloned());
                store.blocking_append(entries).await.unwrap();
            }
            5 | 6 if !naive.entries.is_empty() => {
                let keep = random.random_range(0..=naive.entries.len());
                naive.entries.truncate(keep);
                let last = naive.entries.last().map(|entry| entry.log_id).or(naive.purged);
                store.truncate_after(last).await.unwrap();
            }
            7 if !naive.entries.is_empty() => {
                let upto = random.random_range(0..naive.entries.len());
                let id = naive.entries[upto].log_id;
                naive.entries.drain(..=upto);
                naive.purged = Some(id);
                store.purge(id).await.unwrap();
            }
            8 => {
                disk = reopen(disk).await;
                store = open(&disk).await;
            }
            _ => {}
        }
        assert_eq!(all(&mut store).await, naive.entries, "seed {seed}, step {term}");
        let state = store.get_log_state().await.unwrap();
        assert_eq!(state.last_purged_log_id, naive.purged, "seed {seed}, step {term}");
        assert_eq!(state.last_log_id.next_index(), naive.next(), "seed {seed}, step {term}");
        let from = random.random_range(0..naive.next() + 2);
        let to = from + random.random_range(0..5);
        let expected: Vec<_> =
            naive.entries.iter().filter(|entry| (from..to).contains(&entry.log_id.index)).cloned().collect();
        assert_eq!(store.try_get_log_entries(from..to).await.unwrap(), expected, "seed {seed}, {from}..{to}");
    }
}

fn seeds() -> Vec<u64> {
    std::env::var("ONSALE_SEED").map_or_else(|_| (1..=20).collect(), |seed| vec![seed.parse().unwrap()])
}

#[tokio::test]
async fn random_histories_match_a_plain_list_in_memory() {
    for seed in seeds() {
        // A restart: everything is flushed by somebody's later write.
        let reopen = async |disk: MemoryDisk| {
            disk.sync();
            disk.crash()
        };
        random_walk(seed, MemoryDisk::new(), reopen).await;
    }
}

/// Truncations and purges are not waited for: a crash may come before, after or in the middle of them.
#[tokio::test]
async fn a_crash_at_any_operation_leaves_a_log_that_can_go_on() {
    for seed in seeds() {
        let mut random = SmallRng::seed_from_u64(seed);
        let mut disk = MemoryDisk::new();
        let mut term = 0;
        for round in 0..40 {
            let mut store = open(&disk).await;
            for _ in 0..random.random_range(1..4) {
                term += 1;
                let first = store.log().next();
                let count = random.random_range(1..30);
                let mut sizes: Vec<usize> = (0..count).map(|_| random.random_range(1..2_000)).collect();
                sizes.push(random.random_range(1..30_000));
                let entries = (first..).zip(sizes).map(|(index, bytes)| sized(term, index, bytes));
                store.blocking_append(entries.collect::<Vec<_>>()).await.unwrap();
            }
            let acknowledged = all(&mut store).await;
            disk.hold();
            let pick =
                |random: &mut SmallRng| acknowledged[random.random_range(0..acknowledged.len())].log_id;
            let (purge, keep) = (pick(&mut random), pick(&mut random));
            if random.random_bool(0.7) {
                store.purge(purge).await.unwrap();
            }
            if random.random_bool(0.7) && keep >= purge {
                store.truncate_after(Some(keep)).await.unwrap();
            }
            let wanted = all(&mut store).await;
            disk = disk.crash_after(random.random_range(0..60));
            let mut found = open(&disk).await;
            let entries = all(&mut found).await;
            assert!(
                wanted.iter().all(|entry| entries.contains(entry)),
                "seed {seed}, round {round}: something is lost"
            );
            assert!(
                entries.iter().all(|entry| acknowledged.contains(entry)),
                "seed {seed}, round {round}: something is made up"
            );
            let purged = store.log().purged;
            let last = wanted.last().map(|entry| entry.log_id).or(purged);
            found.truncate_after(last).await.unwrap();
            if let Some(purged) = purged {
                found.purge(purged).await.unwrap();
            }
            assert_eq!(all(&mut found).await, wanted, "seed {seed}, round {round}");
        }
    }
}

#[tokio::test]
async fn random_histories_match_a_plain_list_over_sled() {
    for seed in seeds().into_iter().take(4) {
        let dir = tempfile::tempdir().unwrap();
        let reopen = async |disk: Writer| {
            disk.close().await;
            sled(dir.path())
        };
        random_walk(seed, sled(dir.path()), reopen).await;
    }
}
