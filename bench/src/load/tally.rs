//! What a generator has seen within the measured window.

use super::mix::Outcome;
use crate::report::{Collector, Latency};

/// When measuring begins and ends; what comes before warms up, what comes after does not count.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    pub(crate) from_us: u64,
    pub(crate) until_us: u64,
}

/// Counts and response times.
pub(crate) struct Tally {
    pub(crate) counts: Outcome,
    latency: Collector,
    /// Requests of an open loop that were due.
    pub(crate) due: u64,
    /// Those of them that found no connection, nor a place in the line for one.
    pub(crate) unsent: u64,
    /// The first thing that went wrong.
    pub(crate) fault: Option<String>,
    /// There was nothing left to ask for.
    pub(crate) is_dry: bool,
}

impl Window {
    pub(crate) fn contains(self, at_us: u64) -> bool {
        (self.from_us..self.until_us).contains(&at_us)
    }

    pub(crate) fn seconds(self) -> f64 {
        (self.until_us - self.from_us) as f64 / 1e6
    }
}

impl Tally {
    pub(crate) fn new() -> Self {
        Self {
            counts: Outcome::default(),
            latency: Collector::new(),
            due: 0,
            unsent: 0,
            fault: None,
            is_dry: false,
        }
    }

    pub(crate) fn add(&mut self, outcome: Outcome, took_us: u64) {
        self.counts += outcome;
        self.latency.add(took_us);
    }

    /// Keeps what went wrong first.
    pub(crate) fn blame(&mut self, fault: impl FnOnce() -> String) {
        self.fault.get_or_insert_with(fault);
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.counts += other.counts;
        self.latency.merge(&other.latency);
        self.due += other.due;
        self.unsent += other.unsent;
        self.is_dry |= other.is_dry;
        if let Some(fault) = other.fault {
            self.blame(|| fault);
        }
    }

    pub(crate) fn latency(&self) -> Latency {
        self.latency.latency()
    }
}

#[cfg(test)]
mod test {
    use super::{Outcome, Tally, Window};

    #[test]
    fn two_generators_are_counted_as_one() {
        let (mut one, mut two) = (Tally::new(), Tally::new());
        let hold = Outcome { answers: 1, holds: 1, ..Outcome::default() };
        one.add(hold, 1_000);
        two.add(hold, 3_000);
        two.unsent = 2;
        two.blame(|| "first".into());
        two.blame(|| "second".into());
        one.merge(two);
        assert_eq!((one.counts.holds, one.unsent, one.fault.as_deref()), (2, 2, Some("first")));
        assert_eq!((one.latency().count, one.latency().max_ms.round()), (2, 3.0));
    }

    #[test]
    fn a_window_ends_before_its_end() {
        let window = Window { from_us: 10, until_us: 20 };
        assert!(window.contains(10) && window.contains(19) && !window.contains(20) && !window.contains(9));
    }
}
