//! One byte of a data directory is flipped, and the node is started on it: either it says what is damaged, or all is as it
//! was. Never something else, never a panic, never a wait without end.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::account::AccountFact;
use domain::ids::{EventId, UserId};
use domain::ports::Journal;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use crate::testing::{proposal, propose};
use crate::{Cluster, ClusterConfig, ClusterError, SnapshotSettings};

const EVENTS: [EventId; 3] = [EventId::new(1), EventId::new(2), EventId::new(3)];
const FACTS_AT_ONCE: u64 = 4;
const ACCOUNTS: u64 = 60;
const STARTS_WITHIN: Duration = Duration::from_secs(60);
/// Of a large file, so many bytes are tried.
const TRIES: usize = 120;
/// Within a segment the store's log is one sequence, of which it reads no more where it finds one byte damaged.
const SEGMENT_BYTES: usize = 512 * 1024;

fn config(data: &Path, reports: &Arc<Mutex<Vec<String>>>) -> ClusterConfig {
    let reports = reports.clone();
    let alone =
        ClusterConfig::alone(data.to_owned(), Arc::new(move |message| reports.lock().unwrap().push(message)));
    ClusterConfig {
        shards: 2,
        snapshots: SnapshotSettings { every_entries: 25, keep_entries: 5, ..SnapshotSettings::default() },
        ..alone
    }
}

/// Everything that may be asked of a node, and the terms in which it leads: a vote that went back would show there.
async fn state_of(cluster: &Cluster) -> Result<String, ClusterError> {
    let mut text = String::new();
    for event in EVENTS {
        let sale = cluster.with_sale(event, |sale| sale.cloned());
        writeln!(text, "{event:?} {sale:?} {:?}", cluster.history(event)?).unwrap();
    }
    for number in 0..ACCOUNTS + 1 {
        let account = cluster.with_accounts(|accounts| accounts.account(UserId::new(number)));
        let account = account.map_err(|_| ClusterError::Damaged { what: "the accounts".to_owned() })?;
        let person = account.as_ref().map(|account| account.person.bytes());
        writeln!(text, "{account:?} {person:?}").unwrap();
    }
    for group in cluster.status() {
        writeln!(text, "{} {}", group.id, group.term).unwrap();
    }
    Ok(text)
}

/// What came of a start on `data`: the state, or what is damaged.
async fn start(data: &Path) -> Result<String, String> {
    let reports = Arc::default();
    let config = config(data, &reports);
    let asked = tokio::spawn(async move {
        let cluster = Cluster::open(config).await?;
        let state = state_of(&cluster).await;
        cluster.shutdown().await;
        state
    });
    let outcome = tokio::time::timeout(STARTS_WITHIN, asked).await.expect("a start ends");
    let outcome = outcome.expect("a start does not panic");
    match (reports.lock().unwrap().pop(), outcome) {
        (Some(fatal), _) => Err(fatal),
        (None, Ok(state)) => Ok(state),
        (None, Err(ClusterError::Damaged { what })) => Err(what),
        (None, Err(other)) => panic!("damage, and not {other:?}"),
    }
}

/// What comes of a start on `whole`, with `bytes` instead of the file `name`.
async fn start_with(whole: &Path, name: &Path, bytes: &[u8]) -> Result<String, String> {
    // A directory of its own: what a node has begun may go on for a moment after it has ended.
    let tried = tempfile::tempdir_in(whole.parent().unwrap()).unwrap();
    copy(whole, tried.path());
    fs::write(tried.path().join(name), bytes).unwrap();
    start(tried.path()).await
}

/// A node that was killed: with snapshots, purged logs, an archive, accounts, and votes that nothing was written after.
async fn killed_node(data: &Path) {
    let running = tempfile::tempdir().unwrap();
    let reports = Arc::default();
    let mut numbers = 0..ACCOUNTS;
    for _ in 0..3 {
        let cluster = Cluster::open(config(&running.path().join("data"), &reports)).await.unwrap();
        for number in numbers.by_ref().take(20) {
            for event in EVENTS {
                let opened = Journal::open(&cluster, event).await.unwrap();
                let base = opened.sale.map_or(0, |sale| sale.facts());
                let proposed = propose(&cluster, proposal(event, opened.term, base, FACTS_AT_ONCE));
                proposed.unwrap().await.unwrap().unwrap();
            }
            cluster.update_accounts(move |_| Ok::<_, ()>((sign_up(number), ()))).await.unwrap().unwrap();
        }
        while cluster.status().iter().any(|group| group.purged.is_none() && group.applied > Some(40)) {
            tokio::task::yield_now().await;
        }
        copy(&running.path().join("data"), data);
        cluster.shutdown().await;
    }
}

fn sign_up(number: u64) -> Vec<AccountFact> {
    let account = crate::testing::account(number).into();
    vec![AccountFact::SignedUp { account }]
}

fn copy(from: &Path, to: &Path) {
    if to.exists() {
        fs::remove_dir_all(to).unwrap();
    }
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() { copy(&path, &target) } else { fs::copy(path, target).map(drop).unwrap() }
    }
}

fn files(dir: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

/// The places in a file that are tried: all of a small one; of a large one those that are in use, by chance, and its ends.
fn places(bytes: &[u8], random: &mut SmallRng) -> Vec<usize> {
    if bytes.len() <= TRIES {
        return (0..bytes.len()).collect();
    }
    let used: Vec<usize> = (0..bytes.len()).filter(|place| bytes[*place] != 0).collect();
    let mut places = vec![0, bytes.len() - 1];
    places.extend((places.len()..TRIES).map(|_| used[random.random_range(0..used.len())]));
    places
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_byte_is_named_or_harmless() {
    let dir = tempfile::tempdir().unwrap();
    let whole = dir.path().join("whole");
    killed_node(&whole).await;
    let undamaged = dir.path().join("undamaged");
    copy(&whole, &undamaged);
    let expected = start(&undamaged).await.unwrap();
    let mut random = SmallRng::seed_from_u64(4);
    let mut found = Vec::new();
    files(&whole, &mut found);
    let (mut named, mut harmless) = (Vec::new(), Vec::new());
    for file in &found {
        let name = file.strip_prefix(&whole).unwrap();
        let bytes = fs::read(file).unwrap();
        for place in places(&bytes, &mut random) {
            let mut flipped = bytes.clone();
            flipped[place] ^= 1 << random.random_range(0..8);
            match start_with(&whole, name, &flipped).await {
                Ok(state) => {
                    assert!(state == expected, "byte {place} of {} was missed", name.display());
                    harmless.push((name.to_owned(), place));
                }
                Err(what) => named.push((name.to_owned(), what)),
            }
        }
    }
    // In the store's log every flip is named, but where nothing is needed up to the end of the segment: what comes behind the
    // last flush that was acknowledged, or what later segments have anew. Then all of it can be gone.
    let log = Path::new("journal/store/db");
    let bytes = fs::read(whole.join(log)).unwrap();
    let dead: Vec<usize> = harmless.iter().filter(|(name, _)| name == log).map(|(_, place)| *place).collect();
    for place in &dead {
        let mut cut = bytes.clone();
        let end = bytes.len().min((place + 1).next_multiple_of(SEGMENT_BYTES));
        cut[*place..end].fill(0);
        let state = start_with(&whole, log, &cut).await;
        assert!(state.as_ref() == Ok(&expected), "bytes {place} to {end} of {} are needed", log.display());
    }
    for (file, least, words) in [
        ("identity", 16, "identity is damaged"),
        ("journal/store/conf", 16, "journal/store cannot be opened"),
        ("journal/store/db", TRIES - dead.len(), "flush"),
        ("snapshots/shard", TRIES, ".snapshot of shard-"),
    ] {
        let of_file = named.iter().filter(|(name, _)| name.to_string_lossy().starts_with(file));
        let telling = of_file.filter(|(_, what)| what.contains(words)).count();
        assert!(telling >= least, "{file}: {telling} of {named:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vote_that_went_back_is_found_out() {
    let dir = tempfile::tempdir().unwrap();
    let (data, before) = (dir.path().join("data"), dir.path().join("before"));
    let reports = Arc::default();
    for _ in 0..2 {
        let cluster = Cluster::open(config(&data, &reports)).await.unwrap();
        cluster.shutdown().await;
        if !before.exists() {
            copy(&data.join("journal/store"), &before);
        }
    }
    copy(&before, &data.join("journal/store"));
    let what = start(&data).await.unwrap_err();
    assert!(what.contains("flush") && what.contains("was acknowledged"), "{what}");
}
