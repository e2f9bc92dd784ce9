//! What another node's monotonic clock shows now, from what it showed when it last answered.
//!
//! Hazard: an estimate that is ahead of the peer's clock makes deadlines that are later than they should be, and a late
//! command would be executed. So everything errs to the other side. The peer read its clock before its answer travelled,
//! so at the moment of arrival its clock is ahead of the reading already, by the time of travel. From then on our clock
//! may run faster than the peer's: a well-kept one is slewed by 500 parts in a million at most, two against each other by
//! a thousand, so a millisecond is taken off for each second of age, and one more for rounding.

use std::time::Duration;

use tokio::time::Instant;

/// A reading of a peer's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sample {
    /// Which process of the peer: another one's clock has nothing to do with it.
    pub(crate) process: u64,
    /// What its clock showed.
    pub(crate) remote_ms: u64,
    /// When we heard of it.
    pub(crate) heard: Instant,
}

impl Sample {
    fn at(&self, now: Instant) -> u64 {
        self.remote_ms.saturating_add(allowed(now.saturating_duration_since(self.heard)))
    }
}

fn allowed(age: Duration) -> u64 {
    let ms = u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
    ms.saturating_sub(ms / 1000 + 1)
}

/// What the clock of the peer with these `samples`, one for each connection, shows at `now` or a little before.
///
/// Of one process the newest reading counts: an older one may rest on a clock that stood still since, as that of a
/// machine that was put to sleep does. While connections to two processes are open, one of which is gone and has not been
/// missed yet, it is the lesser of the two.
pub(crate) fn estimate(samples: &[Sample], now: Instant) -> Option<u64> {
    let is_newest = |sample: &&Sample| {
        !samples.iter().any(|other| other.process == sample.process && other.heard > sample.heard)
    };
    samples.iter().filter(is_newest).map(|sample| sample.at(now)).min()
}

#[cfg(test)]
mod test {
    use super::super::now::now;
    use super::*;

    fn sample(process: u64, remote_ms: u64, heard: Instant) -> Sample {
        Sample { process, remote_ms, heard }
    }

    #[test]
    fn the_estimate_runs_on_a_little_slower_and_never_back() {
        let heard = now();
        let samples = [sample(1, 1000, heard)];
        let after = |ms| estimate(&samples, heard + Duration::from_millis(ms)).unwrap();
        assert_eq!(after(0), 1000);
        assert_eq!(after(1), 1000);
        assert_eq!(after(500), 1499);
        assert_eq!(after(10_000), 10_989);
        // A peer whose clock is 1000 parts in a million slower is never overtaken.
        for ms in (0..100_000_u64).step_by(37) {
            assert!(after(ms) <= 1000 + ms * 999 / 1000, "{ms}");
            assert!(after(ms) <= after(ms + 1));
        }
    }

    #[test]
    fn the_newest_reading_of_a_process_counts_and_the_lesser_of_two_processes() {
        let early = now();
        let late = early + Duration::from_secs(10);
        // The peer's machine slept: ten seconds here were one there.
        let slept = [sample(1, 1000, early), sample(1, 2000, late)];
        assert_eq!(estimate(&slept, late), Some(2000));
        let restarted = [sample(1, 90_000, early), sample(2, 5, late)];
        assert_eq!(estimate(&restarted, late), Some(5));
        assert_eq!(estimate(&[], late), None);
    }
}
