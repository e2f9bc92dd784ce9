//! The report as tables for a terminal.
//!
//! Owns: rows, labels and units, and what each figure should reach.

use super::report::Settings;
use super::{
    BookingsReport, ContenderReport, ExpiryReport, Figures, LoadReport, Measured, Mix, MixReport,
    OneClientReport, OverloadReport,
};
use crate::report::{Latency, whole};
use crate::stats::Spread;
use std::fmt::Write;

const LABEL: usize = 28;
const COLUMN: usize = 27;
const UNCOUNTED: &str = "allocations are not counted: build the nodes with --features count-allocations";

pub(super) fn render(report: &LoadReport) -> String {
    let mut out = String::new();
    match &report.measured {
        Measured::Mixes(mixes) => {
            heading(&mut out, &report.settings);
            mixes.iter().for_each(|mix| table(&mut out, mix, &report.settings));
        }
        Measured::Overload(measured) => overload(&mut out, measured),
        Measured::OneClient(measured) => one_client(&mut out, measured, &report.settings),
        Measured::Expiry(measured) => expiry(&mut out, measured),
        Measured::Bookings(measured) => {
            heading(&mut out, &report.settings);
            bookings(&mut out, measured);
        }
    }
    let hardware = &report.hardware;
    let _ = writeln!(out, "\nmeasured on");
    let cpu = format!("{}, {} cores, shared with the generator", hardware.cpu, hardware.cores);
    row(&mut out, "processor", [cpu]);
    row(&mut out, "memory", [format!("{} MiB", whole(hardware.memory_mib))]);
    row(&mut out, "kernel", [hardware.kernel.clone()]);
    row(&mut out, "data below", [report.settings.data.clone()]);
    out
}

/// Writing to a string cannot fail.
fn row(out: &mut String, label: &str, cells: impl IntoIterator<Item = String>) {
    let mut line = format!("  {label:<LABEL$}");
    for cell in cells {
        let _ = write!(line, "{cell:<COLUMN$} ");
    }
    let _ = writeln!(out, "{}", line.trim_end());
}

fn heading(out: &mut String, settings: &Settings) {
    let pace = match settings.rate_per_s {
        None => format!("closed loop, {} connections with one request in flight each", settings.connections),
        Some(rate) => format!("open loop, {rate} requests/s over {} connections", settings.connections),
    };
    let keys = if settings.has_keys { "with an Idempotency-Key each" } else { "without Idempotency-Key" };
    let _ = writeln!(out, "Load: {pace}");
    let _ = writeln!(
        out,
        "{} s measured after {} s, {} rounds in turn; seats a hold: {}, {keys}; medians (least - most)",
        settings.seconds, settings.warm_up_seconds, settings.rounds, settings.party
    );
}

fn table(out: &mut String, report: &MixReport, settings: &Settings) {
    let batch =
        if report.mix == Mix::Batch { format!(", {} holds a body", settings.batch) } else { String::new() };
    let _ = writeln!(out, "\n{}{batch}, answers of {} bytes", report.mix.name(), report.answer_bytes);
    let all = &report.contenders;
    row(out, "", all.iter().map(|contender| contender.name.clone()));
    let mut rates = |label: &str, figure: fn(&Figures) -> f64| row(out, label, cells(all, figure, rate));
    rates("answers/s", |figures| figures.answers_per_s);
    rates("holds/s (goodput)", |figures| figures.holds_per_s);
    rates("refusals/s", |figures| figures.refusals_per_s);
    rates("answers 503/s", |figures| figures.overloaded_per_s);
    rates("faults/s", |figures| figures.faults_per_s);
    if settings.rate_per_s.is_some() {
        rates("due/s", |figures| figures.due_per_s);
        rates("due but not sent/s", |figures| figures.unsent_per_s);
    }
    let mut delays = |label: &str, figure: fn(&Figures) -> f64| row(out, label, cells(all, figure, millis));
    delays("p50", |figures| figures.latency.p50_ms);
    delays("p99", |figures| figures.latency.p99_ms);
    delays("p99.9", |figures| figures.latency.p999_ms);
    delays("max", |figures| figures.latency.max_ms);
    let worth = if report.mix == Mix::Refused { "an answer" } else { "a hold" };
    row(out, &format!("server CPU {worth}"), all.iter().map(|contender| cpu(contender, report.mix)));
    if all.iter().any(|contender| contender.rounds.iter().any(|figures| figures.allocations.is_some())) {
        row(out, &format!("allocations {worth}"), all.iter().map(allocations));
    } else {
        let _ = writeln!(out, "  {UNCOUNTED}");
    }
    for (name, ratio) in report.ratios() {
        row(out, &name, [times(ratio)]);
    }
    for contender in all {
        row(out, &format!("durability, {}", contender.name), [contender.durability.clone()]);
    }
    for contender in all {
        if let Some(fault) = contender.rounds.iter().find_map(|figures| figures.fault.as_ref()) {
            let _ = writeln!(out, "  FAULT of {}: {fault}", contender.name);
        }
    }
}

fn cells(
    contenders: &[ContenderReport],
    figure: fn(&Figures) -> f64,
    text: fn(Spread) -> String,
) -> impl Iterator<Item = String> {
    contenders.iter().map(move |contender| contender.spread(figure).map_or_else(|| "-".into(), text))
}

/// The constant of a batch holds nothing: its cost is that of an answer.
fn cpu(contender: &ContenderReport, mix: Mix) -> String {
    let cost = contender.spread(|figures| figures.cpu_us).map_or_else(|| "-".into(), micros);
    let holds = contender.rounds.iter().any(|figures| figures.holds_per_s > 0.0);
    if holds || mix == Mix::Refused { cost } else { cost + " an answer" }
}

fn allocations(contender: &ContenderReport) -> String {
    let counted = contender.rounds.iter().filter_map(|figures| figures.allocations);
    match Spread::of(counted) {
        Some(counted) => around(counted, |count| format!("{count:.1}"), ""),
        None => "-".into(),
    }
}

/// The median, and the spread where there is one.
fn around(spread: Spread, text: impl Fn(f64) -> String, unit: &str) -> String {
    let median = text(spread.median);
    if spread.min == spread.max {
        return format!("{median}{unit}");
    }
    format!("{median}{unit} ({} - {})", text(spread.min), text(spread.max))
}

fn rate(spread: Spread) -> String {
    around(spread, |rate| whole(rate.round() as u64), "")
}

fn millis(spread: Spread) -> String {
    around(spread, |time| format!("{time:.2}"), " ms")
}

fn micros(spread: Spread) -> String {
    around(spread, |time| format!("{time:.1}"), " µs")
}

fn times(spread: Spread) -> String {
    around(spread, |ratio| format!("{ratio:.2}"), " x")
}

fn overload(out: &mut String, report: &OverloadReport) {
    let _ = writeln!(
        out,
        "Overload: ten times the sustainable load, over {} connections; medians (least - most) of {} rounds",
        report.connections,
        report.rounds.len()
    );
    let mut line =
        |label: &str, text: fn(Spread) -> String, figure: &dyn Fn(&super::OverloadRound) -> f64| {
            let cell = Spread::of(report.rounds.iter().map(figure)).map_or_else(|| "-".into(), text);
            row(out, label, [cell]);
        };
    line("best goodput, holds/s", rate, &|round| round.best.holds_per_s);
    line("best p99", millis, &|round| round.best.latency.p99_ms);
    line("requests due/s", rate, &|round| round.overload.due_per_s);
    line("requests really sent/s", rate, &|round| round.overload.due_per_s - round.overload.unsent_per_s);
    line("overloaded goodput, holds/s", rate, &|round| round.overload.holds_per_s);
    line("answers 503/s", rate, &|round| round.overload.overloaded_per_s);
    line("refusals/s", rate, &|round| round.overload.refusals_per_s);
    line("faults/s", rate, &|round| round.overload.faults_per_s);
    line("p50", millis, &|round| round.overload.latency.p50_ms);
    line("p99", millis, &|round| round.overload.latency.p99_ms);
    line("p99.9", millis, &|round| round.overload.latency.p999_ms);
    let peaks = Spread::of(report.rounds.iter().filter_map(|round| round.mailbox_peak));
    row(out, "longest mailboxes", [peaks.map_or_else(|| "not shown by the node".into(), rate)]);
    let ratio = report.ratio().map_or_else(|| "-".into(), |ratio| times(ratio) + "; to reach: 0.90 x");
    row(out, "overloaded / best", [ratio]);
    row(out, "durability", [report.durability.clone()]);
    for round in &report.rounds {
        for fault in [&round.best.fault, &round.overload.fault].into_iter().flatten() {
            let _ = writeln!(out, "  FAULT: {fault}");
        }
    }
}

fn latency(latency: &Latency) -> String {
    format!(
        "p50 {:.3} ms   p99 {:.3} ms   p99.9 {:.3} ms   max {:.3} ms   of {}",
        latency.p50_ms,
        latency.p99_ms,
        latency.p999_ms,
        latency.max_ms,
        whole(latency.count)
    )
}

fn one_client(out: &mut String, report: &OneClientReport, settings: &Settings) {
    let keys = if settings.has_keys { "with an Idempotency-Key" } else { "without Idempotency-Key" };
    let _ = writeln!(out, "One client: a hold {keys}, and a write to the same file system, in turn");
    row(out, "durable hold", [latency(&report.hold)]);
    row(out, "append 4 KiB, fdatasync", [latency(&report.sync)]);
    row(out, "hold / sync, at p50", [format!("{:.2} x; to reach: 4 x or less, then 2.5 x", report.ratio())]);
    row(out, "durability", [report.durability.clone()]);
}

fn bookings(out: &mut String, report: &BookingsReport) {
    let _ = writeln!(out, "\nBookings that are paid in the call that makes them, against holds, in turn");
    row(out, "", ["holds".to_owned(), "bookings".to_owned()]);
    let mut line = |label: &str, figure: fn(&Figures) -> f64, text: fn(Spread) -> String| {
        let cell = |of: fn(&super::BookingsRound) -> &Figures| {
            let spread = Spread::of(report.rounds.iter().map(|round| figure(of(round))));
            spread.map_or_else(|| "-".into(), text)
        };
        row(out, label, [cell(|round| &round.holds), cell(|round| &round.bookings)]);
    };
    line("acknowledged/s", |figures| figures.holds_per_s, rate);
    line("answers 503/s", |figures| figures.overloaded_per_s, rate);
    line("faults/s", |figures| figures.faults_per_s, rate);
    line("p50", |figures| figures.latency.p50_ms, millis);
    line("p99", |figures| figures.latency.p99_ms, millis);
    let ratio = report.ratio().map_or_else(|| "-".into(), |ratio| times(ratio) + "; to reach: 0.40 x");
    row(out, "bookings / holds", [ratio]);
    row(out, "durability", [report.durability.clone()]);
    for round in &report.rounds {
        for fault in [&round.holds.fault, &round.bookings.fault].into_iter().flatten() {
            let _ = writeln!(out, "  FAULT: {fault}");
        }
    }
}

fn expiry(out: &mut String, report: &ExpiryReport) {
    let _ = writeln!(
        out,
        "Expiry: {} holds that end within {:.0} ms, while other seats of the same event go on being held",
        whole(report.holds),
        report.deadlines_within_ms
    );
    let freed = &report.freed;
    let own = format!("p50 {:.1} ms   p99 {:.1} ms   max {:.1} ms", freed.p50_ms, freed.p99_ms, freed.max_ms);
    row(out, "free after its own deadline", [own]);
    let last = format!("{:.1} ms; to reach: 100 ms, then 20 ms", report.all_free_after_ms);
    row(out, "all free after the last", [last]);
    row(out, "free before the deadline", [whole(report.freed_early)]);
    row(out, "map read every", [format!("{:.1} ms", report.looked_every_ms)]);
    row(
        out,
        "holds before, open loop",
        [format!("{}/s: {}", report.rate_per_s, latency(&report.calm.latency))],
    );
    row(out, "holds meanwhile", [latency(&report.meanwhile.latency)]);
    row(out, "answers 503 meanwhile", [format!("{:.1}/s", report.meanwhile.overloaded_per_s)]);
    row(out, "faults meanwhile", [format!("{:.1}/s", report.meanwhile.faults_per_s)]);
    row(out, "durability", [report.durability.clone()]);
    for fault in [&report.calm.fault, &report.meanwhile.fault].into_iter().flatten() {
        let _ = writeln!(out, "  FAULT: {fault}");
    }
}
