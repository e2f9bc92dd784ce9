//! Step ⑥: reads a group's log back when a node starts, and judges what it finds.
//!
//! From the purge point to the watermark every entry must be there and whole: anything less is a loss of what was
//! acknowledged, and an error that names the group and the index. Beyond the watermark a crash may have torn the end
//! off; the torn end, and whatever lies behind it, is cut off. It was never acknowledged.

use std::io;

use openraft::LogIdOptionExt;
use serde::de::DeserializeOwned;

use super::log::Log;
use super::types::{LogId, RaftEntry};
use crate::journal::chunks::{self, Unpacked};
use crate::journal::disk::{GroupId, LogDisk, Op};
use crate::journal::format::{self, v1};
use crate::journal::keys;

/// Reads the log of `group`, cuts off a torn end, and gives what is left.
pub(crate) async fn recover<D: LogDisk>(group: GroupId, disk: &D) -> io::Result<Log> {
    let vote = read_one::<v1::VoteRecord, _>(disk, &keys::vote(group), &format!("the vote of {group}"))?;
    let committed: Option<v1::IdRecord> =
        read_one(disk, &keys::committed(group), &format!("the committed index of {group}"))?;
    let purged: Option<v1::IdRecord> =
        read_one(disk, &keys::purged(group), &format!("the purge mark of {group}"))?;
    let mut log = Log { vote: vote.map(Into::into), purged: purged.map(Into::into), ..Log::default() };
    let cut = read_entries(group, disk, &mut log)?;
    if !cut.is_empty() {
        tracing::warn!(%group, next = log.next(), "the log's torn end, never acknowledged, is cut off");
        disk.write_through(cut).await?;
    }
    // Committed without being there: its entry was torn off, or purged with what came before it.
    log.committed = committed.map(LogId::from).filter(|id| Some(*id) <= log.last());
    Ok(log)
}

fn read_one<T: DeserializeOwned, D: LogDisk>(disk: &D, key: &[u8], what: &str) -> io::Result<Option<T>> {
    disk.scan(key)?.first().map(|(_, value)| format::decode(&what, value)).transpose()
}

/// Fills `log` with what is whole and continuous; gives the removal of the rest.
fn read_entries<D: LogDisk>(group: GroupId, disk: &D, log: &mut Log) -> io::Result<Vec<Op>> {
    let prefix = keys::log(group);
    let rows = disk.scan(&prefix)?;
    let mut cut = Vec::new();
    let mut problem = None;
    let mut rest = &rows[..];
    for read in chunks::unpack(&format_args!("the log of {group}"), &prefix, &rows) {
        let (parts, stale) = match &read {
            Ok(Unpacked { chunk, .. }) => (chunk.parts as usize, chunk.last < log.purged.next_index()),
            // A crash while it was purged; were entries in it still needed, the next would be found missing.
            Err(torn) => (torn.parts, torn.first < log.purged.next_index()),
        };
        let (these, later) = rest.split_at_checked(parts).unwrap_or((rest, &[]));
        if stale {
            cut.extend(these.iter().map(|(key, _)| Op::Remove(key.clone())));
        } else if let Err(error) =
            read.map_err(|torn| torn.error).and_then(|unpacked| take(group, log, &unpacked))
        {
            problem = Some(error);
            break;
        }
        rest = later;
    }
    judge(group, log.next(), disk.watermark(group), problem)?;
    cut.extend(rest.iter().rev().map(|(key, _)| Op::Remove(key.clone())));
    Ok(cut)
}

/// Adds a chunk's entries, except those purged.
fn take(group: GroupId, log: &mut Log, unpacked: &Unpacked) -> io::Result<()> {
    let mut entries: Vec<RaftEntry> = Vec::with_capacity(unpacked.items.len());
    for (index, item) in (unpacked.chunk.first..).zip(&unpacked.items) {
        let what = format!("entry {index} of {group}");
        let entry = format::decode_bare::<v1::EntryRecord>(&what, item)?.read(&what)?;
        if entry.log_id.index != index {
            return Err(format::damaged(&what, "it carries another index"));
        }
        if index >= log.purged.next_index() {
            entries.push(entry);
        }
    }
    if entries.first().is_some_and(|entry| entry.log_id.index != log.next()) {
        return Err(format::damaged(
            &format!("the log of {group}"),
            &format!("entry {} is missing", log.next()),
        ));
    }
    log.append(entries, vec![unpacked.chunk])
}

/// Whether a log that reads well up to `next`, and there has `problem`, may be used.
fn judge(group: GroupId, next: u64, promised: Option<u64>, problem: Option<io::Error>) -> io::Result<()> {
    match (promised, problem) {
        (Some(promised), problem) if next < promised => {
            let why = problem.map_or_else(|| "the rest is missing".to_owned(), |error| error.to_string());
            let message = format!(
                "the log of {group} is whole only up to before index {next}, but entries up to before {promised} were \
                 acknowledged ({why})"
            );
            Err(io::Error::new(io::ErrorKind::InvalidData, message))
        }
        (None, Some(error)) => Err(error),
        _ => Ok(()),
    }
}
