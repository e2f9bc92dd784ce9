//! Step ⑥: a state that is too large for memory as a snapshot file, row by row.
//!
//! The file is that of `snapshots`: head, then state, whose size and checksum are in the head. The state is each row's
//! key and value behind their lengths. Hazard: what is read is believed only once [`Dump::finish`] has compared the
//! checksum; the lengths are bounded before.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};

use super::types::SnapshotMeta;
use crate::journal::GroupId;
use crate::journal::chunks::MAX_VALUE_BYTES;
use crate::journal::format::{self, damaged, v1::SnapshotHead};

const LENGTH_BYTES: usize = 4;
const WHAT: &str = "a snapshot of rows";

type Row = (Vec<u8>, Vec<u8>);

/// A file that is being written.
pub(crate) struct Writing {
    to: BufWriter<File>,
    group: GroupId,
    meta: SnapshotMeta,
    bytes: u64,
    crc: u32,
}

impl Writing {
    /// Begins with a head that is not true yet.
    pub(crate) fn begin(file: File, group: GroupId, meta: &SnapshotMeta) -> io::Result<Self> {
        let mut to = BufWriter::new(file);
        to.write_all(&head(group, meta, (0, 0))?)?;
        Ok(Self { to, group, meta: meta.clone(), bytes: 0, crc: 0 })
    }

    pub(crate) fn row(&mut self, key: &[u8], value: &[u8]) -> io::Result<()> {
        for part in [key, value] {
            let length = u32::try_from(part.len()).map_err(io::Error::other)?;
            self.put(&length.to_le_bytes())?;
        }
        self.put(key)?;
        self.put(value)
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.bytes += bytes.len() as u64;
        self.crc = crc32c::crc32c_append(self.crc, bytes);
        self.to.write_all(bytes)
    }

    /// The file, at its beginning, and its size.
    pub(crate) fn finish(self) -> io::Result<(File, u64)> {
        let head = head(self.group, &self.meta, (self.bytes, self.crc))?;
        let mut file = self.to.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.rewind()?;
        file.write_all(&head)?;
        file.rewind()?;
        Ok((file, head.len() as u64 + self.bytes))
    }
}

/// The head behind its length. That does not depend on the state.
fn head(group: GroupId, meta: &SnapshotMeta, state: (u64, u32)) -> io::Result<Vec<u8>> {
    let head = format::encode(&SnapshotHead::new(group.number(), meta, state), &[])?;
    let length = u32::try_from(head.len()).map_err(io::Error::other)?;
    Ok([&length.to_le_bytes()[..], &head].concat())
}

/// A file that is being read.
pub(crate) struct Dump {
    from: BufReader<File>,
    head: SnapshotHead,
    left: u64,
    crc: u32,
}

impl Dump {
    /// Behind the head of `file`.
    pub(crate) fn new(mut file: File, head: SnapshotHead, state_at: u64) -> io::Result<Self> {
        file.seek(SeekFrom::Start(state_at))?;
        let left = head.state_bytes;
        Ok(Self { from: BufReader::new(file), head, left, crc: 0 })
    }

    /// Refuses a file of another state.
    pub(crate) fn require(&self, meta: &SnapshotMeta) -> io::Result<()> {
        if self.head.meta(&WHAT)? == *meta {
            return Ok(());
        }
        Err(damaged(&WHAT, "it covers something else than announced"))
    }

    /// The next rows, `most` of them at most; none at the end.
    pub(crate) fn next(&mut self, most: usize) -> io::Result<Vec<Row>> {
        let mut rows = Vec::new();
        while self.left > 0 && rows.len() < most {
            let (key, value) = (self.length()?, self.length()?);
            rows.push((self.take(key)?, self.take(value)?));
        }
        Ok(rows)
    }

    /// Whether all of it was as it was written.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        let at_end = self.from.read(&mut [0])? == 0;
        if self.left == 0 && at_end && self.crc == self.head.state_crc {
            return Ok(());
        }
        Err(damaged(&WHAT, "its state does not match its checksum"))
    }

    fn length(&mut self) -> io::Result<usize> {
        let bytes = self.take(LENGTH_BYTES)?;
        let length = bytes.try_into().map_or(usize::MAX, |bytes| u32::from_le_bytes(bytes) as usize);
        if length > MAX_VALUE_BYTES {
            return Err(damaged(&WHAT, "a row is longer than any can be"));
        }
        Ok(length)
    }

    fn take(&mut self, length: usize) -> io::Result<Vec<u8>> {
        let left = self.left.checked_sub(length as u64);
        self.left = left.ok_or_else(|| damaged(&WHAT, "a row is cut short"))?;
        let mut bytes = vec![0; length];
        self.from.read_exact(&mut bytes).map_err(|_| damaged(&WHAT, "it is cut short"))?;
        self.crc = crc32c::crc32c_append(self.crc, &bytes);
        Ok(bytes)
    }
}
