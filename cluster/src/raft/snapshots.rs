//! Step ⑥: one group's snapshots as files of their own. Owns their names, their making and their finding.
//!
//! A file is the head's length, the head (a checked record) and the state, whose checksum is in the head. It is written
//! under another name, synced, renamed, and its directory synced: so what bears the right name is whole, or was damaged
//! later. One is kept; older ones go once the newer is durable. All calls block on the disk.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use openraft::LogIdOptionExt;

use super::types::SnapshotMeta;
use crate::journal::GroupId;
use crate::journal::format::{self, damaged, v1::SnapshotHead};

/// A snapshot file, whole or on its way from a peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotFile {
    /// Where it lies on this node.
    pub path: PathBuf,
}

/// What a snapshot file holds.
pub(crate) struct Loaded {
    pub(crate) meta: SnapshotMeta,
    pub(crate) state: Vec<u8>,
}

/// The snapshots of one group; clones are the same.
#[derive(Clone)]
pub(crate) struct Snapshots {
    dir: PathBuf,
    group: GroupId,
    current: Arc<Mutex<Option<(SnapshotMeta, SnapshotFile)>>>,
    /// What is wrong with those that were found and cannot be used.
    unusable: Arc<[String]>,
}

impl Snapshots {
    /// Finds the newest whole snapshot of `group` in `dir` and removes what is left of unfinished and older ones.
    pub(crate) fn open(dir: &Path, group: GroupId) -> io::Result<(Self, Option<Loaded>)> {
        fs::create_dir_all(dir)?;
        let mut snapshots =
            Self { dir: dir.to_owned(), group, current: Arc::default(), unusable: Arc::default() };
        let mut unusable = Vec::new();
        let mut found = snapshots.list()?;
        found.sort();
        while let Some(path) = found.pop() {
            match snapshots.load(&path) {
                Ok(loaded) => {
                    *snapshots.current_slot() = Some((loaded.meta.clone(), SnapshotFile { path }));
                    found.iter().try_for_each(fs::remove_file)?;
                    return Ok((snapshots, Some(loaded)));
                }
                Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                    tracing::error!(%group, path = %path.display(), %error, "a snapshot cannot be used");
                    unusable.push(error.to_string());
                }
                Err(error) => return Err(error),
            }
        }
        snapshots.unusable = unusable.into();
        Ok((snapshots, None))
    }

    /// Removes every snapshot of `group` in `dir`.
    pub(crate) fn remove(dir: &Path, group: GroupId) -> io::Result<()> {
        let snapshots = Self { dir: dir.to_owned(), group, current: Arc::default(), unusable: Arc::default() };
        snapshots.list()?.iter().try_for_each(fs::remove_file)
    }

    /// Why none of the files found can be used.
    pub(crate) fn unusable(&self) -> String {
        match &*self.unusable {
            [] => format!("there is none in {}", self.dir.display()),
            several => several.join("; "),
        }
    }

    /// The snapshot that was loaded, saved or installed last.
    pub(crate) fn current(&self) -> Option<(SnapshotMeta, SnapshotFile)> {
        self.current_slot().clone()
    }

    fn current_slot(&self) -> MutexGuard<'_, Option<(SnapshotMeta, SnapshotFile)>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads a file, of this group, and checks it.
    pub(crate) fn load(&self, path: &Path) -> io::Result<Loaded> {
        let what = format!("the snapshot {} of {}", path.display(), self.group);
        let mut bytes = fs::read(path)?;
        let cut_short = || damaged(&what, "it is cut short");
        let (length, rest) = bytes.split_first_chunk::<4>().ok_or_else(cut_short)?;
        let (head, state) =
            rest.split_at_checked(u32::from_le_bytes(*length) as usize).ok_or_else(cut_short)?;
        let head: SnapshotHead = format::decode(&what, head)?;
        if head.group != self.group.number() {
            return Err(damaged(&what, "it is of another group"));
        }
        if head.state_bytes != state.len() as u64 || head.state_crc != crc32c::crc32c(state) {
            return Err(damaged(&what, "its state does not match its checksum"));
        }
        let state_at = bytes.len() - state.len();
        // In place: a second copy of a large state would double what a start takes.
        bytes.drain(..state_at);
        Ok(Loaded { meta: head.meta(&what)?, state: bytes })
    }

    /// Writes a snapshot durably and drops the one before.
    pub(crate) fn save(&self, meta: &SnapshotMeta, state: &[u8]) -> io::Result<SnapshotFile> {
        let head = format::encode(&SnapshotHead::new(self.group.number(), meta, state), &[])?;
        let length = u32::try_from(head.len()).map_err(io::Error::other)?;
        let path = self.dir.join(format!("{}.{:020}.snapshot", self.group, meta.last_log_id.next_index()));
        let unfinished = path.with_extension("unfinished");
        let mut file = File::create(&unfinished)?;
        file.write_all(&length.to_le_bytes())?;
        file.write_all(&head)?;
        file.write_all(state)?;
        file.sync_all()?;
        fs::rename(&unfinished, &path)?;
        File::open(&self.dir)?.sync_all()?;
        let file = SnapshotFile { path };
        let before = self.current_slot().replace((meta.clone(), file.clone()));
        if let Some((_, old)) = before.filter(|(_, old)| *old != file) {
            fs::remove_file(old.path)?;
        }
        Ok(file)
    }

    fn list(&self) -> io::Result<Vec<PathBuf>> {
        let prefix = format!("{}.", self.group);
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.dir)? {
            let path = entry?.path();
            let ours = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&prefix));
            match path.extension().and_then(|extension| extension.to_str()) {
                Some("snapshot") if ours => found.push(path),
                Some("unfinished") if ours => fs::remove_file(path)?,
                _ => {}
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
#[path = "snapshots_test.rs"]
mod test;
