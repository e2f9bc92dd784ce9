use std::collections::BTreeMap;

use domain::account::{AccountFact, Accounts, Logins, PasswordHash, Role, Sealed};
use domain::time::UnixMillis;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use super::*;
use crate::journal::{GroupId, MemoryDisk};
use crate::raft::types::{StoredMembership, log_id};
use crate::testing::account;
use crate::thread::Blocking;

const NOW: UnixMillis = UnixMillis::new(1_700_000_000_000);
const PEOPLE: u64 = 24;

type Here = Keeping<MemoryDisk>;

fn keeping(dir: &tempfile::TempDir, disk: &MemoryDisk) -> Here {
    let (snapshots, newest) = Snapshots::open(dir.path(), GroupId::ACCOUNTS).unwrap();
    assert!(newest.is_none(), "this state is no file");
    Keeping { group: GroupId::ACCOUNTS, disk: disk.clone(), snapshots, blocking: Blocking::InPlace }
}

fn meta(index: u64) -> SnapshotMeta {
    SnapshotMeta { last_log_id: Some(log_id(1, index)), last_membership: StoredMembership::default() }
}

async fn open(kept: &Here) -> (Registers, Option<SnapshotMeta>) {
    Registers::open(kept, None).await.unwrap()
}

/// Saves as a snapshot builder does.
async fn save(registers: &mut Registers, index: u64, kept: &Here) {
    let frozen = Arc::new(registers.clone());
    Registers::save(frozen.clone(), &meta(index), kept).await.unwrap();
    registers.saved(&frozen);
}

fn fact(random: &mut SmallRng) -> AccountFact {
    let number = random.random_range(0..PEOPLE);
    let (user, at) = (UserId::new(number), NOW);
    match random.random_range(0..6) {
        0 | 1 => AccountFact::SignedUp { account: account(number).into() },
        2 => AccountFact::RoleSet { user, role: Role::Organizer, at },
        3 => {
            let password = PasswordHash::new(format!("{}", random.random::<u32>()));
            AccountFact::PasswordSet { user, password, at }
        }
        4 => {
            let username = account(PEOPLE + number + PEOPLE * random.random_range(0..2)).logins.username;
            let logins = Logins { username, email: account(number).logins.email };
            AccountFact::ProfileSet { user, logins, person: Sealed::new(vec![number as u8]), at }
        }
        _ => AccountFact::Erased { user, at },
    }
}

/// The same as the twin, whoever is asked for and by whichever name.
fn assert_same(registers: &Registers, twin: &Accounts, what: &str) {
    for number in 0..PEOPLE {
        let id = UserId::new(number);
        assert_eq!(registers.account(id), twin.account(id), "{what}: {number}");
    }
    for number in 0..PEOPLE * 3 {
        let logins = account(number).logins;
        for login in [Some(logins.username), logins.email].into_iter().flatten() {
            assert_eq!(registers.owner_of(login), twin.owner_of(login), "{what}: a login of {number}");
        }
    }
    assert_eq!(registers.faults(), 0, "{what}");
}

fn apply_to(registers: &mut Registers, twin: &mut Accounts, facts: Vec<AccountFact>) {
    facts.iter().for_each(|fact| twin.apply(fact));
    registers.apply(&Entry::Accounts(facts), &mut |_, _| {}).unwrap();
}

#[tokio::test]
async fn accounts_on_disk_are_what_they_would_be_in_memory() {
    for seed in 0..40 {
        let mut random = SmallRng::seed_from_u64(seed);
        let (dir, disk) = (tempfile::tempdir().unwrap(), MemoryDisk::new());
        let kept = keeping(&dir, &disk);
        let (mut registers, none) = open(&kept).await;
        assert!(none.is_none());
        let mut twin = Accounts::default();
        for index in 0..60 {
            let facts = (0..random.random_range(0..4)).map(|_| fact(&mut random)).collect();
            apply_to(&mut registers, &mut twin, facts);
            match random.random_range(0..8) {
                0 => save(&mut registers, index, &kept).await,
                1 => {
                    // Something happens while it is being saved.
                    let frozen = Arc::new(registers.clone());
                    Registers::save(frozen.clone(), &meta(index), &kept).await.unwrap();
                    apply_to(&mut registers, &mut twin, vec![fact(&mut random)]);
                    registers.saved(&frozen);
                }
                _ => {}
            }
            assert_same(&registers, &twin, &format!("seed {seed}, {index}"));
        }
        let changed = registers.changes.len();
        save(&mut registers, 60, &kept).await;
        assert!(registers.changes.is_empty(), "{changed} are on disk and in memory");
        let digest = registers.digest().unwrap();
        let (again, covered) = open(&kept).await;
        assert_eq!(covered, Some(meta(60)));
        assert_same(&again, &twin, &format!("seed {seed}, opened again"));
        assert_eq!(again.digest().unwrap(), digest);
    }
}

#[tokio::test]
async fn a_checkpoint_is_whole_or_did_not_happen_wherever_it_is_cut_off() {
    let (mut before, mut after) = (0, 0);
    for seed in 0..120 {
        let mut random = SmallRng::seed_from_u64(seed);
        let (dir, disk) = (tempfile::tempdir().unwrap(), MemoryDisk::new());
        let kept = keeping(&dir, &disk);
        let (mut registers, _) = open(&kept).await;
        let (mut twin, mut twins) = (Accounts::default(), BTreeMap::new());
        apply_to(&mut registers, &mut twin, (0..30).map(|_| fact(&mut random)).collect());
        save(&mut registers, 1, &kept).await;
        twins.insert(Some(meta(1)).map(|meta| meta.last_log_id), twin.clone());
        apply_to(&mut registers, &mut twin, (0..30).map(|_| fact(&mut random)).collect());
        twins.insert(Some(meta(2)).map(|meta| meta.last_log_id), twin.clone());
        disk.hold();
        let covered = meta(2);
        tokio::select! {
            biased;
            _ = Registers::save(Arc::new(registers), &covered, &kept) => panic!("the disk is held back"),
            () = disk.wanted() => {}
        }
        let operations = random.random_range(0..=disk.unsynced());
        let kept = keeping(&dir, &disk.crash_after(operations));
        let (found, covered) = open(&kept).await;
        let twin = &twins[&covered.clone().map(|meta| meta.last_log_id)];
        assert_same(&found, twin, &format!("seed {seed}, cut off after {operations}"));
        if covered == Some(meta(1)) {
            before += 1;
        } else {
            after += 1;
        }
        // What was finished stays finished.
        let (again, same) = open(&kept).await;
        assert_eq!(same, covered);
        assert_same(&again, twin, &format!("seed {seed}, opened again"));
    }
    assert!(before > 10 && after > 10, "{before} before, {after} after");
}

/// The file that a node with these accounts sends, where another one has received it.
async fn sent(kept: &Here, to: &Here, index: u64) -> (SnapshotMeta, SnapshotFile) {
    let older = Snapshot { meta: meta(index), snapshot: SnapshotFile { path: "nowhere".into() } };
    let (covered, mut from, bytes) = Registers::outgoing(older, kept).await.unwrap();
    let (mut file, received) = to.snapshots.receive().unwrap();
    assert_eq!(io::copy(&mut from, &mut file).unwrap(), bytes);
    (covered, received)
}

#[tokio::test]
async fn a_peer_gets_the_newest_checkpoint_and_nothing_of_its_own_stays() {
    let (dirs, disks) = ([(); 2].map(|()| tempfile::tempdir().unwrap()), [(); 2].map(|()| MemoryDisk::new()));
    let (here, there) = (keeping(&dirs[0], &disks[0]), keeping(&dirs[1], &disks[1]));
    let mut random = SmallRng::seed_from_u64(7);
    let (mut registers, _) = open(&here).await;
    let mut twin = Accounts::default();
    for index in 1..4 {
        apply_to(&mut registers, &mut twin, (0..40).map(|_| fact(&mut random)).collect());
        save(&mut registers, index, &here).await;
    }
    let (mut other, _) = open(&there).await;
    apply_to(&mut other, &mut Accounts::default(), (0..40).map(|_| fact(&mut random)).collect());
    save(&mut other, 1, &there).await;

    let (covered, file) = sent(&here, &there, 1).await;
    assert_eq!(covered, meta(3), "what is sent is newer than what was asked for");
    assert_eq!(Registers::check(&there.snapshots, &file.path, &covered).unwrap(), []);
    assert!(Registers::check(&there.snapshots, &file.path, &meta(2)).is_err());
    let installed = Registers::install(&covered, file, &there).await.unwrap();
    assert_same(&installed, &twin, "installed");
    assert_eq!(installed.digest().unwrap(), registers.digest().unwrap());
    assert_eq!(there.snapshots.current().unwrap().0, covered);
    let (again, found) = open(&there).await;
    assert_eq!(found, Some(covered));
    assert_same(&again, &twin, "opened again");
    let rows = |disk: &MemoryDisk| disk.scan(b"r").unwrap().len();
    assert_eq!(rows(&disks[1]), rows(&disks[0]), "rows of before are gone");
}

#[tokio::test]
async fn a_damaged_file_from_a_peer_changes_nothing() {
    let (dirs, disks) = ([(); 2].map(|()| tempfile::tempdir().unwrap()), [(); 2].map(|()| MemoryDisk::new()));
    let (here, there) = (keeping(&dirs[0], &disks[0]), keeping(&dirs[1], &disks[1]));
    let mut random = SmallRng::seed_from_u64(8);
    let (mut registers, _) = open(&here).await;
    apply_to(&mut registers, &mut Accounts::default(), (0..9).map(|_| fact(&mut random)).collect());
    save(&mut registers, 1, &here).await;
    let (mut other, _) = open(&there).await;
    let mut twin = Accounts::default();
    apply_to(&mut other, &mut twin, (0..40).map(|_| fact(&mut random)).collect());
    save(&mut other, 1, &there).await;
    let (covered, file) = sent(&here, &there, 1).await;
    let whole = std::fs::read(&file.path).unwrap();
    for place in (0..whole.len()).step_by(3) {
        let mut bytes = whole.clone();
        bytes[place] ^= 1 << random.random_range(0..8);
        if place % 2 == 0 {
            bytes.truncate(place);
        }
        std::fs::write(&file.path, bytes).unwrap();
        let refused = Registers::install(&covered, file.clone(), &there).await.err().unwrap();
        assert_eq!(refused.kind(), io::ErrorKind::InvalidData, "byte {place}: {refused}");
        let (again, found) = open(&there).await;
        assert_eq!(found, Some(meta(1)));
        assert_same(&again, &twin, &format!("byte {place}"));
    }
}

#[tokio::test]
async fn a_damaged_row_is_named_when_it_is_opened_and_believed_by_nobody() {
    let (dir, disk) = (tempfile::tempdir().unwrap(), MemoryDisk::new());
    let kept = keeping(&dir, &disk);
    let (mut registers, _) = open(&kept).await;
    apply_to(
        &mut registers,
        &mut Accounts::default(),
        vec![AccountFact::SignedUp { account: account(1).into() }],
    );
    save(&mut registers, 1, &kept).await;
    disk.tamper(&crate::journal::keys::account(0, UserId::new(1)), |row| row[9] ^= 1);
    assert_eq!(registers.account(UserId::new(1)), None);
    assert_eq!(registers.faults(), 1);
    let role = AccountFact::RoleSet { user: UserId::new(1), role: Role::Operator, at: NOW };
    registers.apply(&Entry::Accounts(vec![role]), &mut |_, _| {}).unwrap_err();
    let error = Registers::open(&kept, None).await.err().unwrap();
    assert!(error.to_string().contains("of the accounts is damaged"), "{error}");
}

#[test]
fn the_cache_has_an_end() {
    let cache = Cache::default();
    for number in 0..CACHED as u64 * 3 {
        cache.put(&Arc::new(account(number)));
        assert!(cache.get(UserId::new(number)).is_some());
    }
    assert!(cache.lock().iter().map(BTreeMap::len).sum::<usize>() <= CACHED * 2);
    let last = UserId::new(CACHED as u64 * 3 - 1);
    cache.forget([last].iter());
    assert!(cache.get(last).is_none());
}
