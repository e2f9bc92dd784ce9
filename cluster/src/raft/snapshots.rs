//! Step ⑥: one group's snapshots as files of their own. Owns their names, their making and their finding.
//!
//! A file is the head's length, the head (a checked record) and the state, whose checksum is in the head. It is written
//! under another name, synced, renamed, and its directory synced: so what bears the right name is whole, or was damaged
//! later. One is kept; older ones go once the newer is durable. What comes from a peer is written under a name of its own
//! until it is whole. All calls block on the disk.
//!
//! Hazard: a snapshot that is built here and one that comes from a peer must not get in each other's way, with their
//! archives either. Whoever makes one valid has its [`Snapshots::turn`] from before the first archived fact until then.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use openraft::LogIdOptionExt;
use tokio::sync::{OwnedMutexGuard, watch};

use super::dump::Dump;
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
    turn: Arc<tokio::sync::Mutex<()>>,
    incoming: Arc<AtomicU64>,
    /// How many were offered by peers.
    offers: Arc<watch::Sender<u64>>,
}

/// The right to archive facts and to make a snapshot of them valid, until it is dropped.
pub(crate) type Turn = OwnedMutexGuard<()>;

impl Snapshots {
    /// Finds the newest whole snapshot of `group` in `dir` and removes what is left of unfinished and older ones.
    pub(crate) fn open(dir: &Path, group: GroupId) -> io::Result<(Self, Option<Loaded>)> {
        fs::create_dir_all(dir)?;
        let mut snapshots = Self::unread(dir, group);
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

    fn unread(dir: &Path, group: GroupId) -> Self {
        Self {
            dir: dir.to_owned(),
            group,
            current: Arc::default(),
            unusable: Arc::default(),
            turn: Arc::default(),
            incoming: Arc::default(),
            offers: Arc::default(),
        }
    }

    /// Removes every snapshot of `group` in `dir`.
    pub(crate) fn remove(dir: &Path, group: GroupId) -> io::Result<()> {
        Self::unread(dir, group).list()?.iter().try_for_each(fs::remove_file)
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

    /// Waits for the [`Turn`].
    pub(crate) async fn turn(&self) -> Turn {
        self.turn.clone().lock_owned().await
    }

    /// A peer offers one. What is given changes when the next is offered: by then whoever sends this one has given it up, or
    /// leads no more.
    pub(crate) fn offered(&self) -> watch::Receiver<u64> {
        self.offers.send_modify(|count| *count += 1);
        self.offers.subscribe()
    }

    /// Begins a file for what comes from a peer, under a name that was not used before, and removes what was left of
    /// others. For whoever has the turn.
    pub(crate) fn receive(&self) -> io::Result<(File, SnapshotFile)> {
        let prefix = format!("{}.incoming-", self.group);
        for entry in fs::read_dir(&self.dir)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(&prefix) {
                fs::remove_file(entry.path())?;
            }
        }
        let number = self.incoming.fetch_add(1, Ordering::Relaxed);
        let path = self.dir.join(format!("{prefix}{number}.unfinished"));
        Ok((File::create(&path)?, SnapshotFile { path }))
    }

    /// Makes a file for what goes to a peer. It has no name, and is gone when it is closed.
    pub(crate) fn outgoing(&self) -> io::Result<File> {
        let path = self.dir.join(format!("{}.outgoing.unfinished", self.group));
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&path)?;
        fs::remove_file(path)?;
        Ok(file)
    }

    /// From now on the newest snapshot covers `meta`, and is no file.
    pub(crate) fn cover(&self, meta: &SnapshotMeta) -> SnapshotFile {
        let file = SnapshotFile { path: self.path_of(meta) };
        self.current_slot().replace((meta.clone(), file.clone()));
        file
    }

    /// Reads the head of a file, of this group, and checks that; the rest is to be read.
    pub(crate) fn read_head(&self, path: &Path) -> io::Result<Dump> {
        let what = format!("the snapshot {} of {}", path.display(), self.group);
        let cut_short = |_| damaged(&what, "it is cut short");
        let mut file = File::open(path)?;
        let mut length = [0; 4];
        file.read_exact(&mut length).map_err(cut_short)?;
        let length = u32::from_le_bytes(length);
        let mut head = Vec::new();
        io::Read::by_ref(&mut file).take(u64::from(length)).read_to_end(&mut head)?;
        let head: SnapshotHead = format::decode(&what, &head)?;
        if head.group != self.group.number() {
            return Err(damaged(&what, "it is of another group"));
        }
        Dump::new(file, head, 4 + u64::from(length))
    }

    /// As [`Self::load`], of a file that is to cover `meta`.
    pub(crate) fn load_expected(&self, path: &Path, meta: &SnapshotMeta) -> io::Result<Loaded> {
        let loaded = self.load(path)?;
        if loaded.meta == *meta {
            return Ok(loaded);
        }
        Err(damaged(&"a snapshot from a peer", "it covers something else than announced"))
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
        let head = format::encode(
            &SnapshotHead::new(self.group.number(), meta, (state.len() as u64, crc32c::crc32c(state))),
            &[],
        )?;
        let length = u32::try_from(head.len()).map_err(io::Error::other)?;
        let path = self.path_of(meta);
        let unfinished = path.with_extension("unfinished");
        let mut file = File::create(&unfinished)?;
        file.write_all(&length.to_le_bytes())?;
        file.write_all(&head)?;
        file.write_all(state)?;
        file.sync_all()?;
        self.publish(meta, &unfinished)
    }

    /// Makes `file`, which is whole, synced and in this directory, the snapshot of this group, and drops the one before.
    pub(crate) fn adopt(&self, meta: &SnapshotMeta, file: &SnapshotFile) -> io::Result<SnapshotFile> {
        if self.current().is_some_and(|(_, current)| current == *file) {
            return Ok(file.clone());
        }
        self.publish(meta, &file.path)
    }

    fn path_of(&self, meta: &SnapshotMeta) -> PathBuf {
        self.dir.join(format!("{}.{:020}.snapshot", self.group, meta.last_log_id.next_index()))
    }

    fn publish(&self, meta: &SnapshotMeta, whole: &Path) -> io::Result<SnapshotFile> {
        let path = self.path_of(meta);
        fs::rename(whole, &path)?;
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
