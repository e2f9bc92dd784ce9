use openraft::Membership;

use super::super::types::{StoredMembership, log_id};
use super::*;

const GROUP: GroupId = GroupId::shard(3);

fn meta(index: u64) -> SnapshotMeta {
    let voters = Membership::new_with_defaults(vec![[1].into()], []);
    SnapshotMeta {
        last_log_id: Some(log_id(1, index)),
        last_membership: StoredMembership::new(Some(log_id(0, 0)), voters),
    }
}

fn files(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn the_newest_is_kept_and_found_again() {
    let dir = tempfile::tempdir().unwrap();
    let (snapshots, none) = Snapshots::open(dir.path(), GROUP).unwrap();
    assert!(none.is_none());
    for index in [5, 9, 120] {
        snapshots.save(&meta(index), format!("state at {index}").as_bytes()).unwrap();
    }
    assert_eq!(files(dir.path()), ["shard-3.00000000000000000121.snapshot"]);
    let (again, loaded) = Snapshots::open(dir.path(), GROUP).unwrap();
    let loaded = loaded.unwrap();
    assert_eq!((loaded.meta, loaded.state), (meta(120), b"state at 120".to_vec()));
    assert_eq!(again.current().unwrap().0, meta(120));
}

#[test]
fn what_a_crash_leaves_is_cleared_away() {
    let dir = tempfile::tempdir().unwrap();
    let (snapshots, _) = Snapshots::open(dir.path(), GROUP).unwrap();
    let newest = snapshots.save(&meta(9), b"newest").unwrap();
    let older = dir.path().join("shard-3.00000000000000000004.snapshot");
    fs::copy(&newest.path, &older).unwrap();
    fs::write(dir.path().join("shard-3.00000000000000000020.unfinished"), b"half").unwrap();
    fs::write(dir.path().join("shard-31.00000000000000000020.unfinished"), b"of another group").unwrap();
    let (_, loaded) = Snapshots::open(dir.path(), GROUP).unwrap();
    assert_eq!(loaded.unwrap().state, b"newest");
    assert_eq!(
        files(dir.path()),
        ["shard-3.00000000000000000010.snapshot", "shard-31.00000000000000000020.unfinished"]
    );
}

#[test]
fn a_damaged_one_is_never_used() {
    let dir = tempfile::tempdir().unwrap();
    let (snapshots, _) = Snapshots::open(dir.path(), GROUP).unwrap();
    let file = snapshots.save(&meta(9), b"the state").unwrap();
    let whole = fs::read(&file.path).unwrap();
    for byte in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[byte] ^= 0x04;
        fs::write(&file.path, bytes).unwrap();
        let error = snapshots.load(&file.path).err().unwrap_or_else(|| panic!("byte {byte} was not missed"));
        assert!(error.to_string().contains("of shard-3 is damaged"), "{error}");
    }
    for length in 0..whole.len() {
        fs::write(&file.path, &whole[..length]).unwrap();
        assert!(snapshots.load(&file.path).is_err(), "cut to {length} bytes");
    }
    assert!(Snapshots::open(dir.path(), GROUP).unwrap().1.is_none());
    assert_eq!(files(dir.path()).len(), 1, "it is left for whoever wants to look at it");
    fs::write(&file.path, &whole).unwrap();
    let (other, _) = Snapshots::open(dir.path(), GroupId::ACCOUNTS).unwrap();
    assert!(other.load(&file.path).err().unwrap().to_string().contains("another group"));
}
