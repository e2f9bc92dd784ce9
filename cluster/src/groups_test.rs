use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use domain::account::{AccountFact, Registry, check_free};
use domain::event::{Sale, Stamped};
use domain::ids::{EventId, UserId};
use domain::ports::{Journal, JournalFault, Term};

use super::*;
use crate::journal::{OnFatal, Op};
use crate::raft::types::{Entry, SaleBatch};
use crate::testing::{facts, proposal, propose};
use crate::{CommitObserver, SnapshotSettings};

const EVENT: EventId = EventId::new(0xbeef);

fn config(dir: &Path) -> ClusterConfig {
    let alone = ClusterConfig::alone(dir.join("data"), Arc::new(|message| panic!("{message}")));
    ClusterConfig { shards: 2, queue_capacity: 64, journal_capacity: 64, ..alone }
}

async fn open(dir: &Path) -> Cluster {
    Cluster::open(config(dir)).await.unwrap()
}

/// Commits `count` facts of `event` behind those there are, one entry each.
async fn commit(cluster: &Cluster, event: EventId, count: u64) {
    let opened = cluster.open_sale(event).await;
    for base in opened.base..opened.base + count {
        propose(cluster, proposal(event, opened.term, base, 1)).unwrap().await.unwrap().unwrap();
    }
}

struct OpenSale {
    term: Term,
    base: u64,
}

impl Cluster {
    async fn open_sale(&self, event: EventId) -> OpenSale {
        let opened = Journal::open(self, event).await.unwrap();
        OpenSale { term: opened.term, base: opened.sale.map_or(0, |sale| sale.facts()) }
    }

    fn facts_of(&self, event: EventId) -> u64 {
        self.with_sale(event, |sale| sale.map_or(0, Sale::facts))
    }

    fn history_of(&self, event: EventId) -> Vec<Stamped> {
        let history = self.history(event).unwrap();
        assert!(history.iter().enumerate().all(|(place, (number, _))| place as u64 == *number));
        history.into_iter().map(|(_, fact)| fact).collect()
    }

    fn home_status(&self, event: EventId) -> GroupStatus {
        self.home(event).unwrap().group.status()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_is_there_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let events: Vec<EventId> = (0..6).map(EventId::new).collect();
    let cluster = open(dir.path()).await;
    for event in &events {
        commit(&cluster, *event, 7).await;
    }
    let before: Vec<_> = events.iter().map(|event| cluster.with_sale(*event, |sale| sale.cloned())).collect();
    let term = cluster.open_sale(EVENT).await.term;
    cluster.shutdown().await;
    drop(cluster);
    let cluster = open(dir.path()).await;
    let after: Vec<_> = events.iter().map(|event| cluster.with_sale(*event, |sale| sale.cloned())).collect();
    assert_eq!(before, after);
    assert!(cluster.open_sale(EVENT).await.term > term, "a restart is a new ownership");
    commit(&cluster, events[0], 3).await;
    assert_eq!(cluster.history_of(events[0]), facts(0, 10));
    let mut seen = Vec::new();
    cluster.for_each_sale(|event, _| seen.push(event));
    seen.sort();
    assert_eq!(seen, events);
    cluster.shutdown().await;
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() { copy(&path, &target) } else { std::fs::copy(path, target).map(drop).unwrap() }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledgement_needs_no_clean_shutdown() {
    let dir = tempfile::tempdir().unwrap();
    let cluster = open(dir.path()).await;
    commit(&cluster, EVENT, 12).await;
    // What a killed process leaves: the files as they are while it runs.
    let killed = tempfile::tempdir().unwrap();
    copy(&dir.path().join("data"), &killed.path().join("data"));
    let found = open(killed.path()).await;
    assert_eq!(found.history_of(EVENT), facts(0, 12));
    found.shutdown().await;
    cluster.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_from_snapshot_and_log_after_a_purge_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let often = || ClusterConfig {
        snapshots: SnapshotSettings { every_entries: 25, keep_entries: 5, ..SnapshotSettings::default() },
        ..config(dir.path())
    };
    let mut total = 0;
    for _ in 0..3 {
        let cluster = Cluster::open(often()).await.unwrap();
        assert_eq!(cluster.facts_of(EVENT), total);
        let purged = cluster.home_status(EVENT).purged;
        commit(&cluster, EVENT, 60).await;
        total += 60;
        while cluster.home_status(EVENT).purged == purged {
            tokio::task::yield_now().await;
        }
        assert_eq!(cluster.history_of(EVENT), facts(0, total));
        cluster.shutdown().await;
    }
    let snapshots: Vec<_> = std::fs::read_dir(dir.path().join("data/snapshots")).unwrap().collect();
    assert!(snapshots.len() <= 4, "one a group: {snapshots:?}");
    // The log alone no longer tells everything: without the snapshot the group must not start from nothing.
    std::fs::remove_dir_all(dir.path().join("data/snapshots")).unwrap();
    let message = Cluster::open(often()).await.err().unwrap().to_string();
    assert!(message.contains("the snapshot of what came before is missing or damaged"), "{message}");
}

#[tokio::test]
async fn batches_proposed_without_waiting_commit_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let cluster = open(dir.path()).await;
    let term = cluster.open_sale(EVENT).await.term;
    let fates: Vec<_> =
        (0..50).map(|n| propose(&cluster, proposal(EVENT, term, n * 2, 2)).unwrap()).collect();
    // Asked now: on one thread it shares an entry with what was proposed before it.
    let opened = Journal::open(&cluster, EVENT);
    assert_eq!(cluster.facts_of(EVENT), 0);
    let seen = opened.await.unwrap().sale.map_or(0, |sale| sale.facts());
    assert_eq!(seen, 100, "it sees everything proposed before it");
    for fate in fates {
        fate.await.unwrap().unwrap();
    }
    assert_eq!(cluster.history_of(EVENT), facts(0, 100));
    cluster.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_barrier_holds_only_where_everything_before_it_does() {
    let dir = tempfile::tempdir().unwrap();
    let cluster = open(dir.path()).await;
    commit(&cluster, EVENT, 5).await;
    let term = cluster.open_sale(EVENT).await.term;
    let barrier = |base| propose(&cluster, proposal(EVENT, term, base, 0)).unwrap();
    assert_eq!(barrier(5).await.unwrap(), Ok(()), "alone");
    let applied = cluster.home_status(EVENT).applied;
    assert_eq!(barrier(4).await.unwrap(), Err(JournalFault::NotOwner), "of a state that is not so");
    assert_eq!(cluster.home_status(EVENT).applied, applied, "barriers alone write nothing");
    // A stale batch, and a barrier that rests on it, as a replaced actor would send them.
    let stale = propose(&cluster, proposal(EVENT, term, 4, 2)).unwrap();
    let resting = barrier(6);
    let good = propose(&cluster, proposal(EVENT, term, 5, 1)).unwrap();
    let settled = barrier(6);
    assert_eq!(stale.await.unwrap(), Err(JournalFault::NotOwner));
    assert_eq!(resting.await.unwrap(), Err(JournalFault::NotOwner));
    assert_eq!(good.await.unwrap(), Ok(()));
    assert_eq!(settled.await.unwrap(), Ok(()));
    assert_eq!(cluster.history_of(EVENT), facts(0, 6));
    cluster.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_of_an_older_term_commits_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let cluster = open(dir.path()).await;
    let old = cluster.open_sale(EVENT).await.term;
    cluster.shutdown().await;
    drop(cluster);
    let cluster = open(dir.path()).await;
    for count in [1, 0] {
        let fate = propose(&cluster, proposal(EVENT, old, 0, count)).unwrap().await.unwrap();
        assert_eq!(fate, Err(JournalFault::NotOwner));
    }
    assert_eq!(cluster.facts_of(EVENT), 0);
    cluster.shutdown().await;
    let refused = propose(&cluster, proposal(EVENT, old, 0, 1)).unwrap_err();
    assert_eq!(refused, JournalFault::Closed);
    assert_eq!(Journal::open(&cluster, EVENT).await.unwrap_err(), JournalFault::Closed);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_is_written_in_its_own_term_or_never() {
    let dir = tempfile::tempdir().unwrap();
    let cluster = open(dir.path()).await;
    let term = cluster.open_sale(EVENT).await.term.0;
    // The queue has looked at the term before; the leader may change between that and the write.
    for other in [term - 1, term + 1] {
        let batch = SaleBatch { event: EVENT, base: 0, facts: facts(0, 1).into() };
        let written = cluster.home(EVENT).unwrap().group.write(other, Entry::Sales([batch].into())).await;
        assert_eq!(written, Err(JournalFault::NotOwner));
    }
    assert_eq!(cluster.facts_of(EVENT), 0);
    commit(&cluster, EVENT, 1).await;
    cluster.shutdown().await;
}

#[tokio::test]
async fn a_full_queue_takes_nothing_and_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let cluster = open(dir.path()).await;
    let term = cluster.open_sale(EVENT).await.term;
    // Nobody empties the queue while the thread of the groups is held.
    let (held, is_held) = std::sync::mpsc::sync_channel(1);
    let (release, released) = std::sync::mpsc::sync_channel::<()>(1);
    {
        let _there = cluster.here.enter();
        tokio::spawn(async move { held.send(()).is_ok() && released.recv().is_ok() });
    }
    is_held.recv().unwrap();
    let mut fates = Vec::new();
    let fault = loop {
        match propose(&cluster, proposal(EVENT, term, fates.len() as u64, 1)) {
            Ok(fate) => fates.push(fate),
            Err(fault) => break fault,
        }
    };
    assert_eq!((fault, fates.len()), (JournalFault::Full, 64));
    assert_eq!(Journal::open(&cluster, EVENT).await.unwrap_err(), JournalFault::Full);
    release.send(()).unwrap();
    for fate in fates {
        fate.await.unwrap().unwrap();
    }
    commit(&cluster, EVENT, 1).await;
    assert_eq!(cluster.facts_of(EVENT), 65);
    cluster.shutdown().await;
}

/// A disk that can be made to fail.
struct Failing(SledStore, Arc<AtomicBool>);

impl Store for Failing {
    fn apply(&self, op: &Op) -> io::Result<()> {
        self.0.apply(op)
    }

    fn flush(&self) -> io::Result<()> {
        let failing = self.1.load(Ordering::SeqCst);
        if failing { Err(io::Error::other("input/output error")) } else { self.0.flush() }
    }

    fn scan(&self, prefix: &[u8]) -> io::Result<Vec<(Vec<u8>, Vec<u8>)>> {
        self.0.scan(prefix)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_sync_ends_all_acknowledgement_and_is_reported_once() {
    let dir = tempfile::tempdir().unwrap();
    let (failing, reports) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let counter = reports.clone();
    let (tell, told) = std::sync::mpsc::sync_channel(8);
    let tell = Mutex::new(tell);
    let on_fatal: OnFatal = Arc::new(move |message| {
        counter.fetch_add(1, Ordering::SeqCst);
        tell.lock().unwrap().send(message).unwrap();
    });
    let switch = failing.clone();
    let store =
        move |dir: &Path| Ok(Box::new(Failing(SledStore::open(dir)?, switch.clone())) as Box<dyn Store>);
    let cluster = Cluster::open_over(ClusterConfig { on_fatal, ..config(dir.path()) }, store).await.unwrap();
    commit(&cluster, EVENT, 3).await;
    let term = cluster.open_sale(EVENT).await.term;
    failing.store(true, Ordering::SeqCst);
    propose(&cluster, proposal(EVENT, term, 3, 1)).unwrap().await.unwrap().unwrap_err();
    assert!(told.recv().unwrap().contains("input/output error"));
    failing.store(false, Ordering::SeqCst);
    for event in (0..8).map(EventId::new) {
        propose(&cluster, proposal(event, term, 0, 1)).unwrap().await.unwrap().unwrap_err();
    }
    cluster.update_accounts(|_| sign_up(1)).await.unwrap_err();
    cluster.shutdown().await;
    assert_eq!(reports.load(Ordering::SeqCst), 1);
    drop(cluster);
    let cluster = open(dir.path()).await;
    let facts = cluster.facts_of(EVENT);
    assert!((3..=4).contains(&facts), "what was acknowledged, and at most what was on its way: {facts}");
    cluster.shutdown().await;
}

fn sign_up(number: u64) -> Result<(Vec<AccountFact>, ()), &'static str> {
    Ok((vec![AccountFact::SignedUp { account: crate::testing::account(number).into() }], ()))
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_the_accounts_see_each_other_and_survive() {
    let dir = tempfile::tempdir().unwrap();
    let cluster = Arc::new(open(dir.path()).await);
    let changes: Vec<_> = (0..20)
        .map(|number| {
            let cluster = cluster.clone();
            // Each name is wanted four times.
            let decide = move |accounts: &dyn Registry| {
                let wanted = crate::testing::account(number / 4);
                let free = check_free(accounts, &wanted.logins, None);
                free.map_err(|_| "taken").and_then(|()| sign_up(number / 4))
            };
            tokio::spawn(async move { cluster.update_accounts(decide).await.unwrap() })
        })
        .collect();
    let mut made = 0;
    for change in changes {
        made += usize::from(change.await.unwrap().is_ok());
    }
    assert_eq!(made, 5);
    let refusal = cluster.update_accounts(|_| Err::<(Vec<_>, ()), _>("username-taken")).await.unwrap();
    assert_eq!(refusal, Err("username-taken"));
    let nothing = cluster.update_catalogue(|_| Ok::<_, ()>((Vec::new(), 7))).await.unwrap();
    assert_eq!(nothing, Ok(7));
    cluster.shutdown().await;
    drop(cluster);
    let cluster = open(dir.path()).await;
    let known = |number| cluster.with_accounts(|accounts| accounts.account(UserId::new(number)).is_some());
    assert_eq!(
        (0..9).map(|number| known(number).unwrap()).collect::<Vec<_>>(),
        [[true; 5].as_slice(), &[false; 4]].concat()
    );
    assert_eq!(cluster.with_catalogue(|catalogue| catalogue.events().len()), 0);
    cluster.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_is_used_once_and_only_as_it_was_formed() {
    let dir = tempfile::tempdir().unwrap();
    let cluster = open(dir.path()).await;
    let message = Cluster::open(config(dir.path())).await.err().unwrap().to_string();
    assert!(message.contains("used by another process"), "{message}");
    cluster.shutdown().await;
    drop(cluster);
    let message =
        Cluster::open(ClusterConfig { shards: 4, ..config(dir.path()) }).await.err().unwrap().to_string();
    assert!(message.contains("formed with 2 shards"), "{message}");
    let message =
        Cluster::open(ClusterConfig { node: 9, ..config(dir.path()) }).await.err().unwrap().to_string();
    assert!(message.contains("belongs to node 1"), "{message}");
    let message =
        Cluster::open(ClusterConfig { shards: 0, ..config(dir.path()) }).await.err().unwrap().to_string();
    assert!(message.contains("0 shards"), "{message}");
    std::fs::remove_dir_all(dir.path().join("data/journal/store")).unwrap();
    let message = Cluster::open(config(dir.path())).await.err().unwrap().to_string();
    assert!(message.contains("was acknowledged"), "{message}");
    std::fs::remove_dir_all(dir.path().join("data/journal")).unwrap();
    let message = Cluster::open(config(dir.path())).await.err().unwrap().to_string();
    assert!(message.contains("is empty although the cluster was formed"), "{message}");
}

struct Witness(Mutex<Vec<(EventId, u64, usize)>>);

impl CommitObserver for Witness {
    fn committed(&self, event: EventId, facts: &[Stamped], sale: &Sale) {
        self.0.lock().unwrap().push((event, sale.facts(), facts.len()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_observer_sees_every_batch_with_the_sale_right_after_it() {
    let dir = tempfile::tempdir().unwrap();
    let witness = Arc::new(Witness(Mutex::default()));
    let cluster =
        Cluster::open(ClusterConfig { commits: witness.clone(), ..config(dir.path()) }).await.unwrap();
    let term = cluster.open_sale(EVENT).await.term;
    for (base, count) in [(0, 2), (2, 3), (1, 9), (5, 0), (5, 1)] {
        // One after the other: what waits together may become one batch.
        let _fate = propose(&cluster, proposal(EVENT, term, base, count)).unwrap().await.unwrap();
    }
    assert_eq!(*witness.0.lock().unwrap(), [(EVENT, 2, 2), (EVENT, 5, 3), (EVENT, 6, 1)]);
    cluster.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lone_leader_stays_writable_when_nothing_happens_for_long() {
    let dir = tempfile::tempdir().unwrap();
    let cluster = open(dir.path()).await;
    let opened = cluster.open_sale(EVENT).await;
    // Longer than the leader's lease: a cluster of one has nobody to renew it with.
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    propose(&cluster, proposal(EVENT, opened.term, 0, 1)).unwrap().await.unwrap().unwrap();
    assert_eq!(cluster.busy(), []);
    cluster.shutdown().await;
}
