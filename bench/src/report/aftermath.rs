//! What kills and moves cost the buyers, worked out of the history.
//!
//! Owns: which calls count as "first after" and "gap". A call that was under way at the kill is none of the first: only
//! one made after it shows that somebody sells again. A gap counts every decision, yes or no: a sold-out event has no
//! acknowledgements, and is at work all the same.

use super::Context;
use crate::history::{Operation, Outcome};
use crate::replay::Incident;
use serde::{Deserialize, Serialize};

/// What kills and moves cost.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Aftermath {
    /// For every kill in turn, seconds until the first acknowledgement of a call made after it.
    pub first_acknowledgement_s: Vec<Option<f64>>,
    /// For every move in turn, the longest time in it in which no call was decided, in seconds.
    pub longest_gap_s: Vec<f64>,
}

/// Of a few measurements, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Few {
    pub(super) p50: f64,
    pub(super) p99: f64,
    pub(super) max: f64,
    pub(super) count: usize,
}

impl Aftermath {
    /// Of the incidents of a run; `operations` in the order of their ends.
    pub(super) fn of(operations: &[&Operation], context: &Context) -> Self {
        let mut aftermath = Self::default();
        let since_start = |us: u64| us as f64 / 1e6 - context.started_us as f64 / 1e6;
        for incident in &context.incidents {
            match *incident {
                Incident::Killed { at_s, .. } => {
                    let first = operations
                        .iter()
                        .find(|op| op.outcome.is_acknowledged() && since_start(op.invoked_us) >= at_s);
                    aftermath.first_acknowledgement_s.push(first.map(|op| since_start(op.ended_us) - at_s));
                }
                Incident::Moved { at_s, took_s, .. } => {
                    let decided = operations.iter().filter(|op| is_decided(&op.outcome));
                    let ends: Vec<f64> = decided.map(|op| since_start(op.ended_us)).collect();
                    aftermath.longest_gap_s.push(longest_gap(&ends, at_s, at_s + took_s));
                }
            }
        }
        aftermath
    }

    /// Over all kills after which anything was acknowledged.
    pub(super) fn first_acknowledgements(&self) -> Option<Few> {
        Few::of(self.first_acknowledgement_s.iter().flatten().copied().collect())
    }

    /// Over all moves.
    pub(super) fn gaps(&self) -> Option<Few> {
        Few::of(self.longest_gap_s.clone())
    }
}

impl Few {
    fn of(mut all: Vec<f64>) -> Option<Self> {
        all.sort_unstable_by(f64::total_cmp);
        let max = *all.last()?;
        let at = |share: f64| all[((all.len() as f64 * share).ceil() as usize).clamp(1, all.len()) - 1];
        Some(Self { p50: at(0.5), p99: at(0.99), max, count: all.len() })
    }
}

/// The longest time between two neighbours of `ends` (in order) that overlaps `from` to `to`.
fn longest_gap(ends: &[f64], from: f64, to: f64) -> f64 {
    let first = ends.partition_point(|end| *end < from).saturating_sub(1);
    let after = ends.partition_point(|end| *end <= to);
    let touched = &ends[first.min(ends.len())..(after + 1).min(ends.len())];
    if touched.len() < 2 {
        return to - from;
    }
    touched.windows(2).map(|pair| pair[1] - pair[0]).fold(0.0, f64::max)
}

fn is_decided(outcome: &Outcome) -> bool {
    outcome.is_acknowledged() || matches!(outcome, Outcome::Refused { .. })
}

#[cfg(test)]
mod test {
    use super::{Few, longest_gap};

    #[test]
    fn a_gap_counts_where_it_overlaps_the_move() {
        let ends = [1.0, 2.0, 2.5, 6.0, 6.1, 9.0];
        assert_eq!(longest_gap(&ends, 2.2, 2.4), 0.5, "within one gap");
        assert_eq!(longest_gap(&ends, 2.2, 4.0), 3.5, "its end is after the move");
        assert_eq!(longest_gap(&ends, 4.0, 6.05), 3.5, "its start is before the move");
        assert_eq!(longest_gap(&ends, 20.0, 21.5), 1.5, "nobody came any more");
        assert_eq!(longest_gap(&[], 1.0, 3.0), 2.0);
    }

    #[test]
    fn percentiles_of_a_few_are_some_of_them() {
        let few = Few::of(vec![3.0, 1.0, 2.0, 4.0]).unwrap();
        assert_eq!((few.p50, few.p99, few.max, few.count), (2.0, 4.0, 4.0, 4));
        assert_eq!(Few::of(Vec::new()), None);
    }
}
