//! The history checker: from what a run did and saw to whether the node kept its promises.
//!
//! Owns: the rules, and only the rules. [`check`] is pure: no clock, no network, the same verdict for the same
//! history. It works in four passes, each linear but for sorting:
//!
//! 1. `acts` joins operations that share an idempotency key;
//! 2. `lines` follows every hold and booking from its acknowledgement to its end, and `shown` looks at what buyers were
//!    shown of their holds on the way;
//! 3. `spans` says when a buyer *certainly* owned a seat; two certain owners at one instant are a double sale;
//! 4. `claims` says what could at most be seen on a map, and `audits` holds what was read against both.
//!
//! Hazard: everything rests on two bounds that must not be mixed up. What is *certain* takes the latest start and the
//! earliest end, so that no correct node is accused; what is *possible* takes the earliest start and the latest end.

mod acts;
mod audits;
mod claims;
mod deadline;
mod findings;
mod lines;
mod shown;
mod spans;

pub use findings::{Kind, Verdict, Violation};

use crate::history::History;
use findings::Findings;

/// The bounds that the promises leave to a node.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// A seat is free again this long after its hold's deadline.
    pub slack_us: u64,
    /// A pending payment lets its hold live on for so long.
    pub payment_us: u64,
    /// A read may be older than its answer by this much. Zero where the node that is read has made every change.
    pub staleness_us: u64,
    /// An operation that the client has given up takes effect within this time, if at all.
    pub straggler_us: u64,
    /// No hold lasts longer than this after its creation, however often it is extended.
    pub longest_hold_us: u64,
    /// Clocks may differ in rate by one part in this many, while the node drifts back to its wall clock.
    pub clock_rate_part: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            slack_us: 100_000,
            payment_us: 30_000_000,
            staleness_us: 0,
            straggler_us: 5_000_000,
            longest_hold_us: 1_800_000_000,
            clock_rate_part: 1_000,
        }
    }
}

/// Judges a history.
pub fn check(history: &History, limits: &Limits) -> Verdict {
    let mut findings = Findings::new(history);
    let acts = acts::joined(history, &mut findings);
    let lines = lines::Lines::follow(&acts, limits, &mut findings);
    let spans = spans::Spans::of(&lines);
    spans.find_double_sales(&mut findings);
    let claims = claims::Claims::of(&acts, &lines, history, limits);
    audits::check(history, limits, &lines, &spans, &claims, &mut findings);
    findings.verdict(history, &lines, limits)
}

/// The instant from which no hold of this history can still be alive; an audit asked for later is final.
pub fn settled_at_us(history: &History, limits: &Limits) -> u64 {
    let mut findings = Findings::new(history);
    let acts = acts::joined(history, &mut findings);
    let lines = lines::Lines::follow(&acts, limits, &mut findings);
    let claims = claims::Claims::of(&acts, &lines, history, limits);
    claims.last_hold_us() + limits.staleness_us
}

#[cfg(test)]
mod audit_rules_test;
#[cfg(test)]
mod rules_test;
#[cfg(test)]
mod story;
