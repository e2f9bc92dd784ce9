//! Step ⑤: every fact of every sale, kept for good beside the log, so that purging the log loses nothing.
//!
//! A snapshot makes the log before it superfluous; so the facts that it covers are archived, durably, before it becomes
//! valid. What is not archived yet is in the log, and after a restart replayed from there. Archiving facts again writes
//! the same items under the same or other keys, so readers go by the facts' numbers.

use std::cmp::Ordering;
use std::collections::{BTreeMap, VecDeque};
use std::io;

use domain::event::{Fact, Stamped};
use domain::ids::EventId;

use super::disk::{LogDisk, Op, Write};
use super::{chunks, format, keys};
use crate::raft::types::SaleBatch;

/// The journal thread serves logs between pieces of this many operations.
const OPS_PER_WRITE: usize = 256;
/// So many keys, of at most 7 KiB each, are read at once.
const KEYS_PER_PAGE: usize = 256;

/// Archives `batches`, of each event in order and without gaps. Returns when they are durable. Of an event that is removed
/// nothing is kept: there is nobody left to ask for its history.
pub(crate) async fn keep<D: LogDisk>(disk: &D, batches: &[SaleBatch]) -> io::Result<()> {
    let mut by_event: BTreeMap<EventId, Vec<&SaleBatch>> = BTreeMap::new();
    for batch in batches {
        by_event.entry(batch.event).or_default().push(batch);
    }
    let mut ops: Vec<Op> = Vec::new();
    for (event, batches) in by_event {
        let mut facts = batches.iter().flat_map(|batch| batch.facts.iter());
        if facts.any(|stamped| stamped.fact == Fact::SalePurged) {
            forget_from(disk, event, 0).await?;
            continue;
        }
        let facts = batches.iter().flat_map(|batch| batch.facts.iter());
        let items = facts.map(format::encode_bare).collect::<io::Result<Vec<_>>>()?;
        let base = batches.first().map_or(0, |batch| batch.base);
        ops.append(&mut chunks::pack(&keys::archive(event), base, &items)?.0);
        submit_all_but_last(disk, &mut ops).await?;
    }
    disk.write_through(ops).await
}

/// Adds facts of `event` from the archive of another node: `items`, of which the first has the number `first`. They
/// are durable with the next write that is written through.
pub(crate) async fn add<D: LogDisk>(
    disk: &D,
    event: EventId,
    first: u64,
    items: &[Vec<u8>],
) -> io::Result<()> {
    let (mut ops, _) = chunks::pack(&keys::archive(event), first, items)?;
    submit_all_but_last(disk, &mut ops).await?;
    disk.submit(Write { ops, ..Write::default() }).await
}

/// Removes what lies in the archive of `event` from fact `number` on: nobody can read it behind a gap or damage.
pub(crate) async fn forget_from<D: LogDisk>(disk: &D, event: EventId, number: u64) -> io::Result<()> {
    let prefix = keys::archive(event);
    let mut from = keys::chunk(&prefix, number, 0);
    loop {
        let rows = disk.scan_from(&prefix, &from, OPS_PER_WRITE)?;
        let Some((last, _)) = rows.last() else { return Ok(()) };
        from = [last, &[0][..]].concat();
        let ops = rows.into_iter().map(|(key, _)| Op::Remove(key)).collect();
        disk.submit(Write { ops, ..Write::default() }).await?;
    }
}

async fn submit_all_but_last<D: LogDisk>(disk: &D, ops: &mut Vec<Op>) -> io::Result<()> {
    while ops.len() >= OPS_PER_WRITE {
        let later = ops.split_off(OPS_PER_WRITE);
        let ops = std::mem::replace(ops, later);
        disk.submit(Write { ops, ..Write::default() }).await?;
    }
    Ok(())
}

/// How many facts of `event`, from the first on, the archive has without a gap and undamaged.
pub(crate) fn archived<D: LogDisk>(disk: &D, event: EventId) -> io::Result<u64> {
    let mut pages = Pages::new(disk.clone(), event);
    let mut next = 0;
    while let Some(page) = pages.next()? {
        for read in page {
            match read {
                Ok(unpacked) if unpacked.chunk.first <= next => next = next.max(unpacked.chunk.last + 1),
                Ok(_) => return Ok(next),
                Err(torn) => return Ok(next.min(torn.first)),
            }
        }
    }
    Ok(next)
}

/// Reads the archive of an event, a bounded part at a time.
struct Pages<D> {
    disk: D,
    event: EventId,
    /// Where the next page begins; `None` behind the last.
    from: Option<Vec<u8>>,
}

impl<D: LogDisk> Pages<D> {
    fn new(disk: D, event: EventId) -> Self {
        Self { disk, event, from: Some(keys::archive(event)) }
    }

    fn next(&mut self) -> io::Result<Option<Vec<chunks::Read>>> {
        let Some(from) = self.from.take() else { return Ok(None) };
        let prefix = keys::archive(self.event);
        let place = |row: &(Vec<u8>, Vec<u8>)| keys::read_chunk(&prefix, &row.0).map(|(first, _)| first);
        let mut limit = KEYS_PER_PAGE;
        let rows = loop {
            let mut rows = self.disk.scan_from(&prefix, &from, limit)?;
            if rows.len() < limit {
                break rows;
            }
            // The last chunk may go on behind the page: it is for the next one, unless it is all there is.
            let last = rows.last().and_then(place);
            let whole = rows.partition_point(|row| place(row) < last);
            if whole > 0 {
                self.from = rows.drain(whole..).next().map(|(key, _)| key);
                break rows;
            }
            limit *= 2;
        };
        Ok(Some(chunks::unpack(&format_args!("the archive of {}", self.event), &prefix, &rows)))
    }
}

/// Reads facts of an event as they are stored, without gaps.
pub(crate) struct Reader<D> {
    pages: Pages<D>,
    ready: VecDeque<Vec<u8>>,
    /// The number of the fact that is read next from the pages.
    next: u64,
    to: u64,
    /// What was not whole on the way, in case something is missing.
    torn: Option<io::Error>,
}

impl<D: LogDisk> Reader<D> {
    /// Of `event` the facts from number `from` up to before `to`.
    pub(crate) fn new(disk: D, event: EventId, from: u64, to: u64) -> Self {
        Self { pages: Pages::new(disk, event), ready: VecDeque::new(), next: from, to, torn: None }
    }

    /// The next of them, `bytes` together or a little more; none: that was all. Blocks on the disk.
    pub(crate) fn next(&mut self, bytes: usize) -> io::Result<Vec<Vec<u8>>> {
        let mut items = Vec::new();
        let mut size = 0;
        while size < bytes {
            match self.ready.pop_front() {
                Some(item) => {
                    size += item.len();
                    items.push(item);
                }
                None if self.next >= self.to => break,
                None => self.read_page()?,
            }
        }
        Ok(items)
    }

    fn read_page(&mut self) -> io::Result<()> {
        let Some(page) = self.pages.next()? else { return Err(self.missing()) };
        for read in page {
            let unpacked = match read {
                Ok(unpacked) => unpacked,
                Err(torn) => {
                    // What is asked for may lie elsewhere, or behind it.
                    self.torn = Some(torn.error);
                    continue;
                }
            };
            for (number, item) in (unpacked.chunk.first..).zip(unpacked.items) {
                if self.next >= self.to {
                    return Ok(());
                }
                if number > self.next {
                    return Err(self.missing());
                }
                if number == self.next {
                    self.next += 1;
                    self.ready.push_back(item);
                }
            }
        }
        Ok(())
    }

    fn missing(&mut self) -> io::Error {
        let missing = || {
            let what = format!("the archive of {}", self.pages.event);
            format::damaged(&what, &format!("fact {} is missing", self.next))
        };
        self.torn.take().unwrap_or_else(missing)
    }
}

/// The facts of `event` with their numbers, in order: those archived, then those of `recent` that are not yet.
pub(crate) fn history<D: LogDisk>(
    disk: &D,
    event: EventId,
    recent: &[SaleBatch],
) -> io::Result<Vec<(u64, Stamped)>> {
    let prefix = keys::archive(event);
    let mut history = History { event, facts: Vec::new() };
    for read in chunks::unpack(&format_args!("the archive of {event}"), &prefix, &disk.scan(&prefix)?) {
        let unpacked = read.map_err(|torn| torn.error)?;
        for (number, item) in (unpacked.chunk.first..).zip(&unpacked.items) {
            let what = format_args!("fact {number} in the archive of {event}");
            history.add(number, || format::decode_bare(&what, item))?;
        }
    }
    for batch in recent.iter().filter(|batch| batch.event == event) {
        for (number, fact) in (batch.base..).zip(batch.facts.iter()) {
            history.add(number, || Ok(fact.clone()))?;
        }
    }
    Ok(history.facts)
}

struct History {
    event: EventId,
    facts: Vec<(u64, Stamped)>,
}

impl History {
    /// Adds fact `number` unless it is there already.
    fn add(&mut self, number: u64, fact: impl FnOnce() -> io::Result<Stamped>) -> io::Result<()> {
        let next = self.facts.len() as u64;
        match number.cmp(&next) {
            Ordering::Less => {}
            Ordering::Equal => self.facts.push((number, fact()?)),
            Ordering::Greater => {
                let what = format!("the archive of {}", self.event);
                return Err(format::damaged(&what, &format!("fact {next} is missing")));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "archive_test.rs"]
mod test;
