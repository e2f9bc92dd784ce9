//! Sums a trace up in a few lines of text.
//!
//! Owns: the summary's wording and its histogram of arrivals.

use super::{Ending, Preference, Session};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

const BARS: u64 = 20;
const BAR_WIDTH: u64 = 50;

/// The summary of a trace, ready to print.
pub fn summary(sessions: &[Session]) -> String {
    let Some(last) = sessions.iter().map(|session| session.arrive_ms).max() else {
        return "an empty trace\n".into();
    };
    let total = sessions.len();
    let seats: u64 = sessions.iter().map(|session| u64::from(session.quantity)).sum();
    let events: BTreeSet<&str> = sessions.iter().map(|session| session.event.as_str()).collect();
    let mut out = String::new();
    let mut line = |label: &str, text: String| {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{label:<12} {text}");
    };
    line("sessions", format!("{total} over {:.1} s", last as f64 / 1_000.0));
    line("tickets", format!("{seats} wanted, {:.2} a session", seats as f64 / total as f64));
    line("events", events.into_iter().collect::<Vec<_>>().join(", "));
    line("outcomes", shares(sessions.iter().map(|session| session.outcome.word()), total));
    line("parties", shares(sessions.iter().map(|session| session.quantity), total));
    line("wanted", shares(sessions.iter().map(|session| kind(&session.preference)), total));
    line("thinking", thinking(sessions));
    line("busiest", format!("{} arrivals in one second", busiest_second(sessions)));
    out.push_str(&histogram(sessions, last));
    out
}

fn kind(preference: &Preference) -> &'static str {
    match preference {
        Preference::Best => "best",
        Preference::Section(_) => "section",
        Preference::Seats(_) => "exact seats",
    }
}

fn shares<T: Ord + std::fmt::Display>(values: impl Iterator<Item = T>, total: usize) -> String {
    let mut counts: BTreeMap<T, usize> = BTreeMap::new();
    for value in values {
        *counts.entry(value).or_default() += 1;
    }
    let share = |(value, count): (T, usize)| format!("{value} {:.1} %", count as f64 * 100.0 / total as f64);
    counts.into_iter().map(share).collect::<Vec<_>>().join(", ")
}

fn thinking(sessions: &[Session]) -> String {
    let thinkers = sessions.iter().filter(|session| session.outcome != Ending::Abandon);
    let mut times: Vec<u64> = thinkers.map(|session| session.think_ms).collect();
    times.sort_unstable();
    let at = |share: f64| {
        let position = (times.len() as f64 * share) as usize;
        times.get(position.min(times.len().saturating_sub(1))).map_or(0.0, |ms| *ms as f64 / 1_000.0)
    };
    format!("median {:.1} s, p99 {:.1} s", at(0.5), at(0.99))
}

fn busiest_second(sessions: &[Session]) -> usize {
    let mut seconds: BTreeMap<u64, usize> = BTreeMap::new();
    for session in sessions {
        *seconds.entry(session.arrive_ms / 1_000).or_default() += 1;
    }
    seconds.into_values().max().unwrap_or_default()
}

fn histogram(sessions: &[Session], last_ms: u64) -> String {
    let width_ms = last_ms / BARS + 1;
    let mut counts = vec![0_u64; (last_ms / width_ms + 1) as usize];
    for session in sessions {
        counts[(session.arrive_ms / width_ms) as usize] += 1;
    }
    let highest = counts.iter().copied().max().unwrap_or_default().max(1);
    let mut out = String::from("arrivals\n");
    for (index, count) in counts.into_iter().enumerate() {
        let bar = "#".repeat((count * BAR_WIDTH).div_ceil(highest) as usize);
        let from_s = index as f64 * width_ms as f64 / 1_000.0;
        let _ = writeln!(out, "{from_s:>10.1} s {count:>8} {bar}");
    }
    out
}

#[cfg(test)]
mod test {
    use super::summary;
    use crate::trace::flash_sale::sessions;

    #[test]
    fn a_trace_is_summed_up_with_a_bar_for_every_stretch() {
        let text = summary(&sessions(1, 500, 1_000, 20_000, "stadium"));
        assert!(text.starts_with("sessions     1000 over"), "{text}");
        assert_eq!(text.lines().filter(|line| line.contains('#')).count(), 20, "{text}");
        assert!(text.contains("confirm"));
    }

    #[test]
    fn an_empty_trace_is_no_fault() {
        assert_eq!(summary(&[]), "an empty trace\n");
    }
}
