//! Step ⑤: how a run of numbered items (log entries, facts) lies in the store. Owns the packing, not the items.
//!
//! sled spills values above about 8 KiB into files of their own which it never syncs. So items are packed into chunks of
//! at most 7 KiB: many small ones share a chunk, a large one is spread over the parts of its own. Hazard: a chunk is
//! whole only with all its parts; a reader must check that they are there.

use std::fmt::Display;
use std::io;

use super::disk::Op;
use super::format::{self, FRAME_BYTES, damaged, v1::ChunkHead};
use super::keys;

/// No value in the store is larger than this.
pub(crate) const MAX_VALUE_BYTES: usize = 7 * 1024;
const LENGTH_BYTES: usize = 4;
const BODY_BYTES: usize = MAX_VALUE_BYTES - FRAME_BYTES - ChunkHead::BYTES;

/// Where a chunk lies and what it covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Chunk {
    /// The number of its first item.
    pub(crate) first: u64,
    /// The number of its last item.
    pub(crate) last: u64,
    /// How many keys it has.
    pub(crate) parts: u32,
}

impl Chunk {
    /// Removes it, from its last part to its first, so that what a crash leaves is a torn end and never a hole.
    pub(crate) fn remove(&self, prefix: &[u8]) -> impl Iterator<Item = Op> {
        (0..self.parts).rev().map(|part| Op::Remove(keys::chunk(prefix, self.first, part)))
    }
}

/// Packs `items`, of which the first has the number `first`; gives the operations that store them and the chunks.
pub(crate) fn pack(prefix: &[u8], first: u64, items: &[Vec<u8>]) -> io::Result<(Vec<Op>, Vec<Chunk>)> {
    let mut ops = Vec::new();
    let mut chunks = Vec::new();
    let mut rest = items;
    let mut number = first;
    while !rest.is_empty() {
        let taken = how_many_fit(rest);
        let (now, later) = rest.split_at_checked(taken).unwrap_or((rest, &[]));
        let parts = match now {
            [one] if !fits_alone(one) => put_spread(&mut ops, prefix, number, one)?,
            several => put_shared(&mut ops, prefix, number, several)?,
        };
        chunks.push(Chunk { first: number, last: number + taken as u64 - 1, parts });
        number += taken as u64;
        rest = later;
    }
    Ok((ops, chunks))
}

fn fits_alone(item: &[u8]) -> bool {
    item.len() + LENGTH_BYTES <= BODY_BYTES
}

fn how_many_fit(items: &[Vec<u8>]) -> usize {
    let mut size = 0;
    let fitting = items.iter().take_while(|item| {
        size += item.len() + LENGTH_BYTES;
        size <= BODY_BYTES
    });
    fitting.count().max(1)
}

fn put_shared(ops: &mut Vec<Op>, prefix: &[u8], first: u64, items: &[Vec<u8>]) -> io::Result<u32> {
    let mut body = Vec::new();
    for item in items {
        let length = u32::try_from(item.len()).map_err(|_| too_large(item.len()))?;
        body.extend_from_slice(&length.to_le_bytes());
        body.extend_from_slice(item);
    }
    let head = ChunkHead { first, part: 0, parts: 1 };
    ops.push(Op::Put(keys::chunk(prefix, first, 0), format::encode(&head, &[&body])?));
    Ok(1)
}

fn put_spread(ops: &mut Vec<Op>, prefix: &[u8], first: u64, item: &[u8]) -> io::Result<u32> {
    // At least two parts, also for an item that would fill one exactly: one part means whole items with lengths.
    let slice = BODY_BYTES.min(item.len().div_ceil(2));
    let parts = u32::try_from(item.len().div_ceil(slice)).map_err(|_| too_large(item.len()))?;
    for (part, bytes) in (0..parts).zip(item.chunks(slice)) {
        let head = ChunkHead { first, part, parts };
        ops.push(Op::Put(keys::chunk(prefix, first, part), format::encode(&head, &[bytes])?));
    }
    Ok(parts)
}

fn too_large(bytes: usize) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidInput,
        format!("an item of {bytes} bytes is too large for the journal"),
    )
}

/// A chunk that was read, with its items.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unpacked {
    pub(crate) chunk: Chunk,
    pub(crate) items: Vec<Vec<u8>>,
}

/// What a scan holds at one place: a whole chunk, or why there is none.
pub(crate) type Read = Result<Unpacked, Torn>;

/// A chunk that is not whole.
#[derive(Debug)]
pub(crate) struct Torn {
    /// Where it begins.
    pub(crate) first: u64,
    /// How many keys of it are there.
    pub(crate) parts: usize,
    /// What is wrong with it.
    pub(crate) error: io::Error,
}

/// Reads the chunks of a scan of `prefix`, in order. `owner` is whose they are, for messages.
pub(crate) fn unpack(owner: &dyn Display, prefix: &[u8], rows: &[(Vec<u8>, Vec<u8>)]) -> Vec<Read> {
    let place =
        |row: &(Vec<u8>, Vec<u8>)| keys::read_chunk(prefix, &row.0).map_or(u64::MAX, |(first, _)| first);
    rows.chunk_by(|a, b| place(a) == place(b))
        .map(|parts| {
            let first = place(&parts[0]);
            unpack_one(owner, prefix, first, parts).map_err(|error| Torn { first, parts: parts.len(), error })
        })
        .collect()
}

fn unpack_one(
    owner: &dyn Display,
    prefix: &[u8],
    first: u64,
    rows: &[(Vec<u8>, Vec<u8>)],
) -> io::Result<Unpacked> {
    let what = format!("the chunk of {owner} at {first}");
    let mut bodies = Vec::with_capacity(rows.len());
    let mut parts = 0;
    for (expected, (key, value)) in (0..).zip(rows) {
        let (head, body): (ChunkHead, _) = format::decode_with_tail(&what, value)?;
        if keys::read_chunk(prefix, key) != Some((head.first, head.part)) || head.part != expected {
            return Err(damaged(&what, "it does not belong where it lies"));
        }
        parts = head.parts;
        bodies.push(body);
    }
    if bodies.len() != parts as usize {
        return Err(damaged(&what, &format!("it has {} of {parts} parts", bodies.len())));
    }
    let items = if let [body] = bodies[..] { split_shared(&what, body)? } else { vec![bodies.concat()] };
    let last = first + (items.len() as u64).saturating_sub(1);
    Ok(Unpacked { chunk: Chunk { first, last, parts }, items })
}

fn split_shared(what: &dyn Display, mut body: &[u8]) -> io::Result<Vec<Vec<u8>>> {
    let mut items = Vec::new();
    while let Some((length, rest)) = body.split_first_chunk::<LENGTH_BYTES>() {
        let length = u32::from_le_bytes(*length) as usize;
        let (item, rest) =
            rest.split_at_checked(length).ok_or_else(|| damaged(what, "an item is cut short"))?;
        items.push(item.to_vec());
        body = rest;
    }
    if body.is_empty() && !items.is_empty() {
        Ok(items)
    } else {
        Err(damaged(what, "its items do not fill it"))
    }
}

#[cfg(test)]
#[path = "chunks_test.rs"]
mod test;
