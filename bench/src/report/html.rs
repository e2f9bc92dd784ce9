//! The report as one self-contained page.
//!
//! Owns: the page around the rows of [`super::text`] and the drawings of [`super::plots`]. Nothing is loaded from
//! anywhere, so that the file can be kept and sent.

use super::{Report, plots, text};
use std::fmt::Write;

const STYLE: &str = "\
:root { color-scheme: light dark; }\
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }\
table { border-collapse: collapse; margin-bottom: 1rem; }\
td { padding: .15rem 1.5rem .15rem 0; vertical-align: top; }\
td + td { font-variant-numeric: tabular-nums; }\
.verdict { padding: .6rem 1rem; border-left: .4rem solid; font-weight: 600; }\
.good { border-color: #1a7f37; } .bad { border-color: #cf222e; }\
figure { margin: 1rem 0; background: #fff; } svg { max-width: 100%; height: auto; }\
li { font-family: ui-monospace, monospace; font-size: 13px; }";

pub(super) fn render(report: &Report) -> anyhow::Result<String> {
    let title = escaped(&report.context.title);
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n<style>{STYLE}</style>\n\
         <h1>{title}</h1>\n"
    );
    let class = if report.verdict.is_clean() { "good" } else { "bad" };
    // Writing to a string cannot fail.
    let _ = writeln!(out, "<p class=\"verdict {class}\">{}</p>", escaped(&text::sentence(report)));
    for (caption, drawing) in [
        (
            "Latency of holds and bookings, by the second in which they were meant to be made",
            plots::latency(report)?,
        ),
        ("Answers, by the second in which they came", plots::throughput(report)?),
    ] {
        let _ = writeln!(out, "<figure>{drawing}<figcaption>{caption}</figcaption></figure>");
    }
    for (heading, rows) in text::parts(report) {
        let _ = writeln!(out, "<h2>{heading}</h2>\n<table>");
        for (label, value) in rows {
            let _ = writeln!(out, "<tr><td>{}</td><td>{}</td></tr>", escaped(&label), escaped(&value));
        }
        out.push_str("</table>\n");
    }
    if !report.verdict.violations.is_empty() {
        out.push_str("<h2>First violations</h2>\n<ul>\n");
        for violation in &report.verdict.violations {
            let _ = writeln!(out, "<li>{} ms: {}</li>", violation.at_ms, escaped(&violation.what));
        }
        out.push_str("</ul>\n");
    }
    Ok(out)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
