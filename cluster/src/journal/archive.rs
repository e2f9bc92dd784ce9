//! Step ⑤: every fact of every sale, kept for good beside the log, so that purging the log loses nothing.
//!
//! A snapshot makes the log before it superfluous; so the facts that it covers are archived, durably, before it becomes
//! valid. What is not archived yet is in the log, and after a restart replayed from there. Archiving facts again writes
//! the same items under the same or other keys, so readers go by the facts' numbers.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::io;

use domain::event::Stamped;
use domain::ids::EventId;

use super::disk::{LogDisk, Op, Write};
use super::{chunks, format, keys};
use crate::raft::types::SaleBatch;

/// The journal thread serves logs between pieces of this many operations.
const OPS_PER_WRITE: usize = 256;

/// Archives `batches`, of each event in order and without gaps. Returns when they are durable.
pub(crate) async fn keep<D: LogDisk>(disk: &D, batches: &[SaleBatch]) -> io::Result<()> {
    let mut by_event: BTreeMap<EventId, Vec<&SaleBatch>> = BTreeMap::new();
    for batch in batches {
        by_event.entry(batch.event).or_default().push(batch);
    }
    let mut ops: Vec<Op> = Vec::new();
    for (event, batches) in by_event {
        let facts = batches.iter().flat_map(|batch| batch.facts.iter());
        let items = facts.map(format::encode_bare).collect::<io::Result<Vec<_>>>()?;
        let base = batches.first().map_or(0, |batch| batch.base);
        ops.append(&mut chunks::pack(&keys::archive(event), base, &items)?.0);
        while ops.len() >= OPS_PER_WRITE {
            let later = ops.split_off(OPS_PER_WRITE);
            disk.submit(Write { ops, ..Write::default() }).await?;
            ops = later;
        }
    }
    disk.write_through(ops).await
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
