//! The comparison as tables for a terminal.
//!
//! Owns: columns, units and notes.

use super::Peer;
use super::plan::Mix;
use super::report::{Report, Row, Spread};
use crate::report::whole;
use std::fmt::Write;

const COLUMNS: [&str; 9] = [
    "",
    "attempts/s",
    "holds/s (min-max)",
    "refusals/s",
    "confirms/s (min-max)",
    "hold p50/p99 ms",
    "refusal p50/p99 ms",
    "confirm p50/p99 ms",
    "onsale is x times (min-max)",
];

/// What a reader must know to judge the figures.
const NOTES: [&str; 4] = [
    "Medians of the rounds. The ratio is that of holds/s, or of confirms/s where holds are confirmed, within a round.",
    "onsale answers HTTP with accounts, tokens, idempotency keys, prices and payments; the others' clients speak their \
     protocols and know none of these.",
    "All answer through TCP on loopback and share the cores with the clients. Opening and auditing a sale is not counted.",
    "Every sale was audited: no seat went to two buyers, and the seats taken are the seats given away.",
];

pub(super) fn render(report: &Report) -> String {
    let mut out = String::new();
    for mix in Mix::ALL {
        let rows: Vec<&Row> = report.rows.iter().filter(|row| row.mix == mix).collect();
        if !rows.is_empty() {
            // Writing to a string cannot fail.
            let _ = writeln!(out, "{}", mix.title());
            table(&mut out, &rows);
            out.push('\n');
        }
    }
    sellers(&mut out, report);
    let (conditions, hardware) = (&report.conditions, &report.hardware);
    let _ = writeln!(
        out,
        "\n{} clients on {} threads, {} seats a sale, {} rounds of {} s in turn, seed {}\n{}, {} cores, {} MiB, \
         Linux {}, data on {}\n",
        conditions.clients,
        conditions.threads,
        whole(u64::from(conditions.seats)),
        conditions.rounds,
        conditions.turn_ms as f64 / 1e3,
        conditions.seed,
        hardware.cpu,
        hardware.cores,
        whole(hardware.memory_mib),
        hardware.kernel,
        conditions.filesystem,
    );
    for note in NOTES {
        let _ = writeln!(out, "{note}");
    }
    out
}

fn sellers(out: &mut String, report: &Report) {
    for about in &report.sellers {
        let _ = writeln!(
            out,
            "{:<14}  {}\n{:16}{}\n{:16}{}",
            about.peer.name(),
            about.version,
            "",
            about.durability,
            "",
            about.access
        );
    }
}

fn table(out: &mut String, rows: &[&Row]) {
    let mut lines = vec![COLUMNS.map(str::to_owned)];
    lines.extend(rows.iter().map(|row| cells(row)));
    let width =
        |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or_default();
    // A column without a figure is left out.
    let shown: Vec<usize> =
        (0..COLUMNS.len()).filter(|column| lines[1..].iter().any(|line| line[*column] != "-")).collect();
    for line in &lines {
        let mut text = String::new();
        for &column in &shown {
            let (cell, width) = (&line[column], width(column));
            let _ =
                if column == 0 { write!(text, "{cell:<width$}") } else { write!(text, "  {cell:>width$}") };
        }
        let _ = writeln!(out, "{}", text.trim_end());
    }
}

fn cells(row: &Row) -> [String; COLUMNS.len()] {
    let [hold, refusal, confirm] = row.latency_ms.map(latency);
    let ratio = row.onsale_ratio.filter(|_| row.peer != Peer::Onsale);
    [
        row.peer.name().to_owned(),
        count(row.attempts_per_s.median),
        counts(row.holds_per_s),
        count(row.refusals_per_s.median),
        counts(row.confirms_per_s),
        hold,
        refusal,
        confirm,
        ratio.map_or_else(|| "-".into(), |at| format!("{:.2} ({:.2}-{:.2})", at.median, at.min, at.max)),
    ]
}

fn count(rate: f64) -> String {
    whole(rate.round() as u64)
}

fn counts(rate: Spread) -> String {
    if rate.max == 0.0 {
        return "-".into();
    }
    format!("{} ({}-{})", count(rate.median), count(rate.min), count(rate.max))
}

fn latency([p50_ms, p99_ms]: [f64; 2]) -> String {
    if p99_ms == 0.0 { "-".into() } else { format!("{p50_ms:.2} / {p99_ms:.2}") }
}
