//! The report as tables for a terminal.

use super::report::{ClusterReport, Figure, SceneReport};
use crate::report::whole;
use std::fmt::Write;

const LABEL: usize = 52;
const VALUE: usize = 34;
/// Values beyond are shown as whole numbers.
const LARGE: f64 = 1_000.0;

/// Writing to a string cannot fail.
pub(super) fn render(report: &ClusterReport) -> String {
    let mut out = String::new();
    report.scenes.iter().for_each(|one| scene(&mut out, one));
    let hardware = &report.hardware;
    let _ = writeln!(out, "measured on");
    let cpu = format!("{}, {} cores, shared by clients and nodes", hardware.cpu, hardware.cores);
    let memory = format!("{} MiB", whole(hardware.memory_mib));
    for (label, value) in
        [("processor", &cpu), ("memory", &memory), ("kernel", &hardware.kernel), ("data below", &report.data)]
    {
        let _ = writeln!(out, "  {label:<LABEL$}{value}");
    }
    out
}

fn scene(out: &mut String, report: &SceneReport) {
    let _ = writeln!(out, "{}: {}", report.scene.name(), report.conditions);
    for figure in &report.figures {
        let _ = writeln!(out, "{}", line(figure).trim_end());
    }
    let _ = writeln!(out, "  {:<LABEL$}{}", "durability", report.durability);
    for note in &report.notes {
        let _ = writeln!(out, "  {note}");
    }
    out.push('\n');
}

fn line(figure: &Figure) -> String {
    let (value, unit) = (figure.value, &figure.unit);
    let mut shown = format!("{} {unit}", number(value.median));
    if value.min < value.max {
        let _ = write!(shown, " ({} - {})", number(value.min), number(value.max));
    }
    let goal = figure.goal.map_or_else(String::new, |goal| {
        let (reach, verdict) = (number(goal.reach), goal.verdict(value.median));
        let stretch =
            if goal.has_stretch() { format!(", stretch {}", number(goal.stretch)) } else { String::new() };
        format!("reach {reach}{stretch}: {verdict}")
    });
    format!("  {:<LABEL$}{shown:<VALUE$} {goal}", figure.name)
}

fn number(value: f64) -> String {
    if value >= LARGE || value.fract() == 0.0 { whole(value.round() as u64) } else { format!("{value:.2}") }
}
