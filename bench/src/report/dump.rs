//! Every operation of a run as one CSV, for those who want to look for themselves.

use crate::history::{Call, History, Operation, Outcome, Ticket, Want};
use std::path::Path;

const COLUMNS: [&str; 10] = [
    "intended_us",
    "invoked_us",
    "ended_us",
    "account",
    "key",
    "attempts",
    "call",
    "about",
    "outcome",
    "seats",
];

pub(super) fn write(path: &Path, history: &History) -> anyhow::Result<()> {
    let mut writer = csv::Writer::from_path(path)?;
    writer.write_record(COLUMNS)?;
    for op in &history.operations {
        let (outcome, seats) = outcome(op, history);
        writer.write_record([
            &op.intended_us.to_string(),
            &op.invoked_us.to_string(),
            &op.ended_us.to_string(),
            &op.account.0.to_string(),
            &op.key.0.to_string(),
            &op.attempts.to_string(),
            op.call.word(),
            &about(&op.call, history),
            &outcome,
            &seats,
        ])?;
    }
    Ok(writer.flush()?)
}

fn about(call: &Call, history: &History) -> String {
    match call {
        Call::Hold { want: Want::Best(quantity), .. } => format!("best {quantity}"),
        Call::Hold { want: Want::Exact(tickets), .. } => names(tickets.iter(), history),
        other => other.subject().to_owned(),
    }
}

fn outcome(op: &Operation, history: &History) -> (String, String) {
    match &op.outcome {
        Outcome::Held { hold, tickets } => (hold.clone(), names(tickets.iter(), history)),
        Outcome::Booked(booking) => (booking.id.clone(), names(booking.seats().iter(), history)),
        Outcome::Done => ("done".into(), String::new()),
        Outcome::Refused { status, code } => (format!("{status} {code}"), String::new()),
        Outcome::Unknown { why } => (format!("unknown: {why}"), String::new()),
        Outcome::Unsent => ("unsent".into(), String::new()),
        Outcome::Malformed { why } => (format!("malformed: {why}"), String::new()),
    }
}

fn names<'t>(tickets: impl Iterator<Item = &'t Ticket>, history: &History) -> String {
    let name = |ticket: &Ticket| history.tickets.get(ticket.0 as usize).map_or("?", String::as_str);
    tickets.map(name).collect::<Vec<_>>().join(";")
}
