//! The report as a table for a terminal.
//!
//! Owns: the rows, their labels and units; the page uses the same ones.

use super::aftermath::Few;
use super::{Latency, Report};
use crate::checker::Kind;
use crate::replay::Incident;
use std::fmt::Write;

/// A heading and its rows.
pub(super) type Part = (&'static str, Vec<(String, String)>);

pub(super) fn render(report: &Report) -> String {
    let mut out = format!("{}\n", report.context.title);
    for (heading, rows) in parts(report) {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "\n{heading}");
        for (label, value) in rows {
            let _ = writeln!(out, "  {label:<26} {value}");
        }
    }
    for violation in &report.verdict.violations {
        let _ = writeln!(out, "  {:>10.3} s {}", violation.at_ms as f64 / 1e3, violation.what);
    }
    let _ = writeln!(out, "\n{}", sentence(report));
    out
}

/// The verdict in one sentence.
pub(super) fn sentence(report: &Report) -> String {
    let verdict = &report.verdict;
    if !verdict.is_clean() {
        let all: u64 = verdict.counts.values().sum();
        return format!("VIOLATIONS: {all}. The node did not keep its promises.");
    }
    if verdict.audited {
        "No violation: double sells 0, lost acknowledged holds 0, holds past deadline 0, and nothing else."
            .into()
    } else {
        "No violation in the answers; nothing was audited afterwards.".into()
    }
}

/// Everything that both forms show.
pub(super) fn parts(report: &Report) -> Vec<Part> {
    let mut parts = vec![("Sale", sale(report)), ("Load", load(report))];
    if !report.context.incidents.is_empty() {
        parts.push(("Kills and moves", incidents(report)));
    }
    parts.extend([
        ("Refusals", refusals(report)),
        ("Latency from the intended start", latency(report)),
        ("Measured on", machine(report)),
        ("Verdict", verdict(report)),
    ]);
    parts
}

fn row(label: impl Into<String>, value: impl Into<String>) -> (String, String) {
    (label.into(), value.into())
}

fn sale(report: &Report) -> Vec<(String, String)> {
    let figures = &report.figures;
    let moment = |at: Option<f64>| at.map_or_else(|| "not reached".into(), |s| format!("{s:.2} s"));
    vec![
        row("seats on sale", whole(figures.seats)),
        row("seats sold at the end", whole(figures.seats_sold)),
        row("all seats taken after", moment(figures.all_taken_s)),
        row("all seats sold after", moment(figures.sold_out_s)),
        row("last booking after", format!("{:.2} s", figures.last_booking_s)),
    ]
}

fn load(report: &Report) -> Vec<(String, String)> {
    let (figures, context) = (&report.figures, &report.context);
    let mut rows = vec![
        row("sessions", format!("{} at speed {}", whole(context.sessions), context.speed)),
        row("duration", format!("{:.2} s", figures.duration_s)),
        row("throughput", format!("{:.0} answers/s", figures.throughput)),
        row("goodput", format!("{:.0} holds and bookings/s", figures.goodput)),
        row("holds", whole(figures.holds)),
        row("bookings", format!("{} of {} seats", whole(figures.bookings), whole(figures.seats_booked))),
        row("refused", format!("{:.0} /s", figures.refused)),
        row("retries", whole(context.retries)),
        row("attempts without answer", whole(context.broken_attempts)),
        row("calls of unknown fate", whole(figures.unknown)),
        row("calls never sent", whole(figures.unsent)),
    ];
    if let Some(share) = context.availability() {
        let text = format!("{:.3} % of {} attempts", share * 100.0, whole(context.attempts));
        rows.push(row("answered, not 5xx or 429", text));
    }
    rows
}

fn incidents(report: &Report) -> Vec<(String, String)> {
    let aftermath = &report.figures.aftermath;
    let mut firsts = aftermath.first_acknowledgement_s.iter();
    let mut gaps = aftermath.longest_gap_s.iter();
    let mut rows = Vec::new();
    for incident in &report.context.incidents {
        rows.push(match incident {
            Incident::Killed { node, at_s, pause_s } => {
                let first = match firsts.next().copied().flatten() {
                    Some(first) => format!("first acknowledgement after {first:.2} s"),
                    None => "nothing acknowledged afterwards".into(),
                };
                row(
                    "killed",
                    format!("node {node} at {at_s:.2} s, {first}, ready again after {pause_s:.2} s"),
                )
            }
            Incident::Moved { shard, from, to, at_s, took_s } => {
                let gap =
                    gaps.next().map_or_else(String::new, |gap| format!(", longest gap {:.0} ms", gap * 1e3));
                let what = format!("shard {shard} from node {from} to node {to}");
                row("moved", format!("{what} at {at_s:.2} s, within {took_s:.2} s{gap}"))
            }
        });
    }
    let spread = |few: Few, of: &str| {
        let Few { p50, p99, max, count } = few;
        format!(
            "p50 {:.0} ms   p99 {:.0} ms   max {:.0} ms   of {count} {of}",
            p50 * 1e3,
            p99 * 1e3,
            max * 1e3
        )
    };
    rows.extend(
        aftermath.first_acknowledgements().map(|few| row("first acknowledgement", spread(few, "kills"))),
    );
    rows.extend(aftermath.gaps().map(|few| row("longest gap in a move", spread(few, "moves"))));
    rows
}

fn refusals(report: &Report) -> Vec<(String, String)> {
    report.figures.refusals.iter().map(|(code, count)| row(code.as_str(), whole(*count))).collect()
}

fn latency(report: &Report) -> Vec<(String, String)> {
    let text = |latency: &Latency| {
        format!(
            "p50 {:.2} ms   p99 {:.2} ms   p99.9 {:.2} ms   max {:.2} ms   of {}",
            latency.p50_ms,
            latency.p99_ms,
            latency.p999_ms,
            latency.max_ms,
            whole(latency.count)
        )
    };
    vec![
        row("hold", text(&report.figures.hold_latency)),
        row("booking", text(&report.figures.booking_latency)),
    ]
}

fn machine(report: &Report) -> Vec<(String, String)> {
    let hardware = &report.hardware;
    vec![
        row("processor", format!("{}, {} cores", hardware.cpu, hardware.cores)),
        row("memory", format!("{} MiB", whole(hardware.memory_mib))),
        row("kernel", hardware.kernel.as_str()),
        row("durability", report.context.durability.as_deref().unwrap_or("as the target declares")),
        row("targets", report.context.targets.join(", ")),
    ]
}

fn verdict(report: &Report) -> Vec<(String, String)> {
    let verdict = &report.verdict;
    let mut rows: Vec<_> =
        Kind::ALL.into_iter().map(|kind| row(kind.plural(), whole(verdict.count(kind)))).collect();
    rows.push(row("judged", {
        let (operations, holds, bookings) = (verdict.operations, verdict.holds, verdict.bookings);
        let (operations, holds, bookings) = (whole(operations), whole(holds), whole(bookings));
        format!("{operations} operations, {holds} holds, {bookings} bookings")
    }));
    rows.push(row("audited", format!("{} seats read afterwards", whole(verdict.seats_read))));
    rows.push(row("slack after a deadline", format!("{} ms", verdict.slack_ms)));
    rows
}

/// A whole number with its thousands set apart.
pub fn whole(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
