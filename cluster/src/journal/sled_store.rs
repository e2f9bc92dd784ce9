//! Step ⑤: the key-value store on disk. The only file that knows it is sled, and the only one that may name it.
//!
//! Owns opening, including the repair of what a crash can leave of sled's own index snapshots (`snap.<hex>`, and
//! `snap.<hex>.generating` while one is written; both only speed up its start). Hazards: sled cuts its log silently at a
//! torn record, so a reader must check that nothing is missing; it panics on some of what damage can do, which is caught
//! here and is an error like the others; its own flush timer is off, so nothing is durable
//! before [`Store::flush`]; and that flush is durable only because of the replaced symbol in `sync.rs`.

use std::fs::{self, File};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::disk::Op;
use super::{chunks, sync};

/// The memory that sled may use for pages, beside the logs that are held in memory anyway.
const CACHE_BYTES: u64 = 32 * 1024 * 1024;
/// How long to wait for the lock of a store that this process has just dropped.
const LOCK_PATIENCE: Duration = Duration::from_secs(2);
const LOCK_PAUSE: Duration = Duration::from_millis(10);

/// An ordered key-value store under the journal thread.
pub trait Store: Send + Sync + 'static {
    /// Applies `op`, not yet durably. What survives a crash is a prefix of the operations in the order of these calls.
    ///
    /// # Errors
    /// When the store cannot be written. It is not to be used any more then.
    fn apply(&self, op: &Op) -> io::Result<()>;

    /// Makes everything applied before durable.
    ///
    /// # Errors
    /// When that failed; it must not be tried again, because the pages in question may be gone.
    fn flush(&self) -> io::Result<()>;

    /// All keys that begin with `prefix`, in order, with their values.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn scan(&self, prefix: &[u8]) -> io::Result<Vec<(Vec<u8>, Vec<u8>)>>;

    /// As [`Self::scan`], but from the key `from` on, and `limit` of them at most.
    ///
    /// # Errors
    /// As there.
    fn scan_from(&self, prefix: &[u8], from: &[u8], limit: usize) -> io::Result<Vec<(Vec<u8>, Vec<u8>)>> {
        let rows = self.scan(prefix)?;
        Ok(rows.into_iter().skip_while(|(key, _)| key.as_slice() < from).take(limit).collect())
    }

    /// The value of `key`.
    ///
    /// # Errors
    /// As there.
    fn get(&self, key: &[u8]) -> io::Result<Option<Vec<u8>>> {
        Ok(self.scan(key)?.into_iter().find(|(found, _)| found == key).map(|(_, value)| value))
    }
}

/// sled in a directory of its own.
pub struct SledStore {
    db: sled::Db,
    dir: PathBuf,
}

impl SledStore {
    /// Opens the store in `dir`, or makes an empty one.
    ///
    /// # Errors
    /// When the directory cannot be used or the store in it is damaged beyond what can be put aside.
    pub fn open(dir: &Path) -> io::Result<Self> {
        sync::keep_linked();
        let fresh = !dir.exists();
        fs::create_dir_all(dir)?;
        drop_unfinished_snapshots(dir)?;
        let db = match open_patiently(dir) {
            Err(error) if error.kind() == io::ErrorKind::InvalidData && put_snapshots_aside(dir)? => {
                open_patiently(dir)
            }
            opened => opened,
        };
        let store = Self { db: db?, dir: dir.to_owned() };
        if fresh {
            sync_new(dir)?;
        }
        Ok(store)
    }
}

fn config(dir: &Path) -> sled::Config {
    sled::Config::new().path(dir).flush_every_ms(None).cache_capacity(CACHE_BYTES)
}

/// After a store was dropped, threads of sled's own keep its lock for a moment longer.
fn open_patiently(dir: &Path) -> io::Result<sled::Db> {
    let doing = format!("the journal in {} cannot be opened", dir.display());
    let mut waited = Duration::ZERO;
    loop {
        match guarded(&doing, || config(dir).open()) {
            Err(error) if waited < LOCK_PATIENCE && error.kind() == io::ErrorKind::ResourceBusy => {
                std::thread::sleep(LOCK_PAUSE);
                waited += LOCK_PAUSE;
            }
            opened => return opened,
        }
    }
}

/// Does `work`, which reads. Its failures are told after `doing`; but for those of the system, they come of damage.
fn guarded<T>(doing: &str, work: impl FnOnce() -> sled::Result<T>) -> io::Result<T> {
    let failed = match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(value)) => return Ok(value),
        Ok(Err(error)) => error,
        Err(panic) => {
            let why = panic.downcast_ref::<String>().map(String::as_str);
            let why = why.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a word");
            sled::Error::ReportableBug(format!("it panicked: {why}"))
        }
    };
    let kind = match &failed {
        sled::Error::Io(error) if error.to_string().contains("acquire lock") => io::ErrorKind::ResourceBusy,
        sled::Error::Io(error) if error.raw_os_error().is_some() => error.kind(),
        _ => io::ErrorKind::InvalidData,
    };
    Err(io::Error::new(kind, format!("{doing}: {}", told(&failed))))
}

/// In our words where sled's speak of its own inside.
fn told(error: &sled::Error) -> String {
    match error {
        sled::Error::Corruption { at: Some(at), .. } => format!("it is damaged at {at:?}"),
        sled::Error::Corruption { at: None, .. } => "it is damaged".to_owned(),
        sled::Error::ReportableBug(why) => format!("it is damaged: {why}"),
        other => other.to_string(),
    }
}

fn snapshots(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("snap.")) {
            found.push(path);
        }
    }
    Ok(found)
}

/// sled takes a half-written snapshot for a whole one.
fn drop_unfinished_snapshots(dir: &Path) -> io::Result<()> {
    for path in snapshots(dir)? {
        if path.extension().is_some_and(|extension| extension == "generating") {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// Without its snapshots sled reads its whole log again, which is slower and needs nothing else.
/// Says whether there were any.
fn put_snapshots_aside(dir: &Path) -> io::Result<bool> {
    let found = snapshots(dir)?;
    for path in &found {
        if let Some(name) = path.file_name() {
            let aside = dir.join(format!("damaged-{}", name.to_string_lossy()));
            tracing::warn!(snapshot = %path.display(), aside = %aside.display(), "the store's index is damaged; put aside");
            fs::rename(path, aside)?;
        }
    }
    Ok(!found.is_empty())
}

/// A flush syncs data, not the names of new files: those are synced once, here.
fn sync_new(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        File::open(entry?.path())?.sync_all()?;
    }
    File::open(dir)?.sync_all()?;
    match dir.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => File::open(parent)?.sync_all(),
        _ => Ok(()),
    }
}

fn failed(error: sled::Error) -> io::Error {
    match error {
        sled::Error::Io(inner) => inner,
        other => io::Error::other(other.to_string()),
    }
}

impl Store for SledStore {
    fn apply(&self, op: &Op) -> io::Result<()> {
        match op {
            Op::Put(key, value) => {
                debug_assert!(
                    value.len() <= chunks::MAX_VALUE_BYTES,
                    "larger values are never synced by sled"
                );
                self.db.insert(key, value.as_slice())
            }
            Op::Remove(key) => self.db.remove(key),
        }
        .map(drop)
        .map_err(failed)
    }

    fn flush(&self) -> io::Result<()> {
        self.db.flush().map(drop).map_err(failed)
    }

    fn scan(&self, prefix: &[u8]) -> io::Result<Vec<(Vec<u8>, Vec<u8>)>> {
        let row = |row: sled::Result<(sled::IVec, sled::IVec)>| {
            row.map(|(key, value)| (key.to_vec(), value.to_vec()))
        };
        let doing = format!("the journal in {} cannot be read", self.dir.display());
        guarded(&doing, || self.db.scan_prefix(prefix).map(row).collect())
    }

    fn scan_from(&self, prefix: &[u8], from: &[u8], limit: usize) -> io::Result<Vec<(Vec<u8>, Vec<u8>)>> {
        let row = |row: sled::Result<(sled::IVec, sled::IVec)>| {
            row.map(|(key, value)| (key.to_vec(), value.to_vec()))
        };
        let within = |row: &sled::Result<(Vec<u8>, Vec<u8>)>| {
            row.as_ref().map_or(true, |(key, _)| key.starts_with(prefix))
        };
        let doing = format!("the journal in {} cannot be read", self.dir.display());
        let rows = || self.db.range(from.max(prefix)..).take(limit).map(row).take_while(within).collect();
        guarded(&doing, rows)
    }

    fn get(&self, key: &[u8]) -> io::Result<Option<Vec<u8>>> {
        let doing = "the journal cannot be read";
        Ok(guarded(doing, || self.db.get(key))?.map(|value| value.to_vec()))
    }
}

#[cfg(test)]
mod test {
    use super::*;

    fn put(key: &str, value: &str) -> Op {
        Op::Put(key.into(), value.into())
    }

    #[test]
    fn what_was_flushed_is_there_after_reopening_and_scans_are_ordered() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal");
        {
            let store = SledStore::open(&path).unwrap();
            for op in [
                put("b2", "two"),
                put("b1", "one"),
                put("c", "other"),
                put("b3", "gone"),
                Op::Remove("b3".into()),
            ] {
                store.apply(&op).unwrap();
            }
            store.flush().unwrap();
        }
        let store = SledStore::open(&path).unwrap();
        let expected = [(b"b1".to_vec(), b"one".to_vec()), (b"b2".to_vec(), b"two".to_vec())];
        assert_eq!(store.scan(b"b").unwrap(), expected);
    }

    #[test]
    fn a_half_written_index_snapshot_is_dropped_and_a_damaged_one_put_aside() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal");
        {
            let store = SledStore::open(&path).unwrap();
            store.apply(&put("key", "value")).unwrap();
            store.flush().unwrap();
        }
        drop(SledStore::open(&path).unwrap());
        let whole = snapshots(&path).unwrap();
        assert!(!whole.is_empty(), "sled writes a snapshot when it opens a store");
        fs::write(path.join("snap.7FFFFFFFFFFFFFFF.generating"), b"half").unwrap();
        for snapshot in &whole {
            let mut bytes = fs::read(snapshot).unwrap();
            bytes[0] ^= 0xff;
            fs::write(snapshot, bytes).unwrap();
        }
        let store = SledStore::open(&path).unwrap();
        assert_eq!(store.scan(b"key").unwrap().len(), 1);
        assert!(!path.join("snap.7FFFFFFFFFFFFFFF.generating").exists());
    }

    #[test]
    fn a_second_opening_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal");
        let _first = SledStore::open(&path).unwrap();
        let error = SledStore::open(&path).err().unwrap();
        assert!(error.to_string().contains("cannot be opened"), "{error}");
    }
}
