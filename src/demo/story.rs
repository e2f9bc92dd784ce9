//! What the demo tells in the end: how the sale went, what happened to the nodes and when, and what to try next.

use bench::replay::{Incident, ReplayOutcome};
use bench::report::whole;

use super::trouble::Seen;

/// How the sale went, in a few sentences.
pub(super) fn summary(outcome: &ReplayOutcome) -> String {
    let figures = &outcome.report.figures;
    let (seats, sold) = (whole(figures.seats), whole(figures.seats_sold));
    let gone = match (figures.sold_out_s, figures.all_taken_s) {
        (Some(sold_out), _) => format!("All {seats} seats were sold after {sold_out:.1} s."),
        (None, Some(taken)) => {
            format!(
                "All {seats} seats were taken for the first time after {taken:.1} s; {sold} were sold in the end."
            )
        }
        (None, None) => format!("{sold} of {seats} seats were sold."),
    };
    let latency = &figures.hold_latency;
    let waited = format!(
        "Of those who asked for seats, half waited {:.0} ms, one in a hundred {:.0} ms.",
        latency.p50_ms, latency.p99_ms
    );
    let verdict = match outcome.report.verdict.is_clean() {
        true => "No seat was sold twice, no acknowledgement was lost, no hold outlived its deadline.",
        false => "Promises were broken; see above.",
    };
    format!("{gone}\n{waited}\n{verdict}\n")
}

/// What happened to the nodes, a line each, with the seconds since the first buyer could come.
pub(super) fn events(outcome: &ReplayOutcome, seen: &Seen) -> String {
    let aftermath = &outcome.report.figures.aftermath;
    let mut lines = vec!["What happened to the nodes".to_owned()];
    let mut line = |at_s: f64, text: String| lines.push(format!("  {at_s:>6.2} s  {text}"));
    for incident in &outcome.report.context.incidents {
        match incident {
            Incident::Killed { node, at_s, pause_s } => {
                line(*at_s, format!("node {node}, which owned the event, was killed with SIGKILL"));
                if let Some(first) = aftermath.first_acknowledgement_s.first().copied().flatten() {
                    let text = format!(
                        "node {} gave the first acknowledgement after it, {first:.2} s later",
                        seen.heir
                    );
                    line(at_s + first, text);
                }
                line(at_s + pause_s, format!("node {node} was back, on the same data"));
                line(seen.caught_up_s, format!("node {node} had caught up with the others"));
            }
            Incident::Moved { shard, from, to, at_s, took_s } => {
                line(
                    *at_s,
                    format!(
                        "shard {shard}, with every hold in it, began to move from node {from} to node {to}"
                    ),
                );
                let gap_ms = aftermath.longest_gap_s.first().map_or(0.0, |gap| gap * 1e3);
                line(
                    at_s + took_s,
                    format!("it had moved; the longest pause between two answers was {gap_ms:.0} ms"),
                );
            }
        }
    }
    lines.join("\n") + "\n"
}

/// What to try while it is still serving.
pub(super) fn invitation(shows: usize, http: &str, admin: &str, username: &str, password: &str) -> String {
    let listener = admin.trim_start_matches("http://");
    format!(
        "\nStill serving {shows} shows and the stadium; Ctrl-C ends it and removes its data.\n\
         \n  buy a ticket        open {http}/ in a browser\
         \n  list the shows      curl '{http}/events?pageSize=3'\
         \n  search              curl '{http}/search?term=live&location=Berlin'\
         \n  log in              curl {http}/users/login -H 'content-type: application/json' \\\
         \n                        -d '{{\"username\":\"{username}\",\"password\":\"{password}\"}}'\
         \n  see the cluster     ONSALE_AUTH__OPERATOR_PASSWORD={password} \\\
         \n                        cargo run --release -- cluster status --admin {listener}\
         \n  metrics             curl {admin}/metrics\n"
    )
}
