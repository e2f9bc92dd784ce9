//! The stored form of a session trace.
//!
//! Owns: `arrive_ms,buyer,event,quantity,preference,think_ms,outcome`, both ways. Columns are found by name, so
//! their order is free and more may stand beside them.

use super::table::{Row, Table};
use super::{Ending, Preference, Session};
use anyhow::Context;
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::Path;

/// The columns in the order in which they are written.
pub const COLUMNS: [&str; 7] =
    ["arrive_ms", "buyer", "event", "quantity", "preference", "think_ms", "outcome"];

/// Reads a trace file.
///
/// # Errors
/// The file's name, and the line and column of the first thing that is wrong.
pub fn load(path: &Path) -> anyhow::Result<Vec<Session>> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    read(BufReader::new(file)).with_context(|| path.display().to_string())
}

/// Writes a trace file.
///
/// # Errors
/// When the file cannot be written.
pub fn save(path: &Path, sessions: &[Session]) -> anyhow::Result<()> {
    let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    write(BufWriter::new(file), sessions).with_context(|| path.display().to_string())
}

/// Reads a trace and puts it in order of arrival.
///
/// # Errors
/// The line and column of the first thing that is wrong.
pub fn read(source: impl Read) -> anyhow::Result<Vec<Session>> {
    let mut table = Table::read(source)?;
    let [arrive, buyer, event, quantity, preference, think, outcome] = COLUMNS.map(|name| table.column(name));
    let (arrive, buyer, event, quantity) = (arrive?, buyer?, event?, quantity?);
    let (preference, think, outcome) = (preference?, think?, outcome?);
    let session = |row: &Row| -> anyhow::Result<Session> {
        let wanted =
            Preference::parse(row.text(&preference)).map_err(|what| row.fault(&preference, &what))?;
        let count: u32 = row.number(&quantity)?;
        match &wanted {
            _ if count == 0 => return Err(row.fault(&quantity, "must be at least 1")),
            Preference::Seats(seats) if seats.len() != count as usize => {
                let what = format!("is {count}, but `preference` names {} seats", seats.len());
                return Err(row.fault(&quantity, &what));
            }
            _ => {}
        }
        Ok(Session {
            arrive_ms: row.number(&arrive)?,
            buyer: row.word(&buyer)?.to_owned(),
            event: row.word(&event)?.to_owned(),
            quantity: count,
            preference: wanted,
            think_ms: row.number(&think)?,
            outcome: Ending::parse(row.text(&outcome)).map_err(|what| row.fault(&outcome, &what))?,
        })
    };
    let mut sessions = table.rows().map(|row| session(&row?)).collect::<anyhow::Result<Vec<_>>>()?;
    sessions.sort_by_key(|session| session.arrive_ms);
    Ok(sessions)
}

/// Writes a trace.
///
/// # Errors
/// When `target` cannot be written.
pub fn write(target: impl Write, sessions: &[Session]) -> anyhow::Result<()> {
    let mut writer = csv::Writer::from_writer(target);
    writer.write_record(COLUMNS)?;
    for session in sessions {
        writer.write_record([
            &session.arrive_ms.to_string(),
            &session.buyer,
            &session.event,
            &session.quantity.to_string(),
            &session.preference.to_string(),
            &session.think_ms.to_string(),
            session.outcome.word(),
        ])?;
    }
    writer.flush()?;
    Ok(())
}

#[cfg(test)]
#[path = "file_test.rs"]
mod test;
