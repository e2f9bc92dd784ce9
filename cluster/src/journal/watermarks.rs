//! Step ⑤: how far each group's log was durable, kept beside the store, because the store cuts its log silently where a
//! record is torn. A log that ends before its watermark has lost acknowledged entries; a store that has not the flush
//! of its watermark has lost anything: a vote, say, or a part of the archive. Files of before flushes were counted have
//! no watermark of the store.
//!
//! One small file with two slots, written in turn after each flush and synced now and then. So a watermark may lag
//! behind the log, by a little after a power cut, but never runs ahead of it: hazard, a log that is to become shorter
//! must have its lower watermark synced first.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::disk::{GroupId, Mark};
use super::format::{self, v1::WatermarksRecord};

const SLOT_BYTES: u64 = 64 * 1024;
const LENGTH_BYTES: usize = 4;
/// A watermark file is synced once in so many writes.
const WRITES_PER_SYNC: u64 = 64;

/// The watermarks of all groups of a node.
pub(super) struct Watermarks {
    file: File,
    current: WatermarksRecord,
}

impl Watermarks {
    /// Opens or creates the file at `path`.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        if let Some(dir) = path.parent() {
            File::open(dir)?.sync_all()?;
        }
        let slots = [read_slot(&file, 0)?, read_slot(&file, 1)?];
        let written = file.metadata()?.len() > 0;
        let whole = slots.iter().flatten().count();
        let newest = slots.into_iter().flatten().max_by_key(|record| record.generation);
        if newest.as_ref().is_some_and(|newest| newest.generation > 1) && whole < 2 {
            tracing::warn!(file = %path.display(), "one of the two copies of the watermarks is damaged; the other one holds");
        }
        match newest {
            None if written => Err(format::damaged(
                &format!("the watermark file {}", path.display()),
                "neither copy is whole",
            )),
            newest => Ok(Self { file, current: newest.unwrap_or_default() }),
        }
    }

    /// The ends of the logs as last kept.
    pub(super) fn ends(&self) -> BTreeMap<u16, u64> {
        self.current.ends.clone()
    }

    /// To be called before the writes with `marks`: where one makes a log shorter, the lower watermark must be durable
    /// first.
    pub(super) fn before(&mut self, marks: &[Mark]) -> io::Result<()> {
        let mut shorter: Vec<Mark> =
            marks.iter().filter(|mark| self.end(mark.group) > Some(mark.next)).copied().collect();
        // The lowest of each group is written last and so holds.
        shorter.sort_by_key(|mark| std::cmp::Reverse(mark.next));
        if shorter.is_empty() {
            return Ok(());
        }
        self.write(&shorter)?;
        self.file.sync_data()
    }

    /// To be called when the writes with `marks` are durable.
    pub(super) fn after(&mut self, marks: &[Mark]) -> io::Result<()> {
        self.write(marks)?;
        if self.current.generation.is_multiple_of(WRITES_PER_SYNC) { self.file.sync_data() } else { Ok(()) }
    }

    pub(super) fn end(&self, group: GroupId) -> Option<u64> {
        self.current.ends.get(&group.number()).copied()
    }

    fn write(&mut self, marks: &[Mark]) -> io::Result<()> {
        self.current.ends.extend(marks.iter().map(|mark| (mark.group.number(), mark.next)));
        self.current.generation += 1;
        let frame = format::encode(&self.current, &[])?;
        let mut slot = u32::try_from(frame.len()).map_err(io::Error::other)?.to_le_bytes().to_vec();
        slot.extend_from_slice(&frame);
        self.file.write_all_at(&slot, (self.current.generation % 2) * SLOT_BYTES)
    }
}

/// The record in a slot; `None` when nothing whole is there, which a crash while it was written explains.
fn read_slot(file: &File, slot: u64) -> io::Result<Option<WatermarksRecord>> {
    let mut bytes = vec![0; SLOT_BYTES as usize];
    let mut filled = 0;
    while filled < bytes.len() {
        match file.read_at(&mut bytes[filled..], slot * SLOT_BYTES + filled as u64)? {
            0 => break,
            read => filled += read,
        }
    }
    let Some((length, rest)) = bytes[..filled].split_first_chunk::<LENGTH_BYTES>() else { return Ok(None) };
    let frame = rest.get(..u32::from_le_bytes(*length) as usize).unwrap_or_default();
    Ok(format::decode(&"a watermark", frame).ok())
}

#[cfg(test)]
mod test {
    use super::*;

    const GROUP: GroupId = GroupId::shard(3);

    fn mark(next: u64) -> Mark {
        Mark { group: GROUP, next }
    }

    #[test]
    fn the_newest_whole_copy_holds() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("watermarks");
        let mut marks = Watermarks::open(&path).unwrap();
        assert_eq!(marks.ends(), BTreeMap::new());
        for next in 1..=5 {
            marks.after(&[mark(next)]).unwrap();
        }
        assert_eq!(Watermarks::open(&path).unwrap().end(GROUP), Some(5));
        let newest = (marks.current.generation % 2) * SLOT_BYTES;
        marks.file.write_all_at(&[0xff], newest + 12).unwrap();
        assert_eq!(Watermarks::open(&path).unwrap().end(GROUP), Some(4));
        marks.file.write_all_at(&[0xff], (SLOT_BYTES - newest) + 12).unwrap();
        let error = Watermarks::open(&path).err().unwrap();
        assert!(error.to_string().contains("watermark file"), "{error}");
    }

    #[test]
    fn a_shorter_log_is_announced_before_it_is_made() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("watermarks");
        let mut marks = Watermarks::open(&path).unwrap();
        marks.after(&[mark(9)]).unwrap();
        marks.before(&[mark(12)]).unwrap();
        assert_eq!(Watermarks::open(&path).unwrap().end(GROUP), Some(9));
        marks.before(&[mark(4), mark(6)]).unwrap();
        assert_eq!(Watermarks::open(&path).unwrap().end(GROUP), Some(4));
    }
}
