//! When the requests of an open loop are due: a Poisson process, as of many people who do not know of each other.

use crate::rng::Rng;

/// Instants in microseconds, without end.
#[derive(Clone, Debug)]
pub(super) struct Schedule {
    rng: Rng,
    gap_us: f64,
    at_us: f64,
}

impl Schedule {
    /// So many a second on average, from `start_us` on; the same seed makes the same schedule.
    pub(super) fn new(rate_per_s: f64, start_us: u64, seed: u64) -> Self {
        Self { rng: Rng::new(seed), gap_us: 1e6 / rate_per_s, at_us: start_us as f64 }
    }
}

impl Iterator for Schedule {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        // `1 - unit` keeps the logarithm's argument above zero.
        self.at_us -= (1.0 - self.rng.unit()).ln() * self.gap_us;
        Some(self.at_us as u64)
    }
}

#[cfg(test)]
mod test {
    use super::Schedule;

    #[test]
    fn as_many_come_as_were_asked_for_and_never_back_in_time() {
        let due: Vec<u64> = Schedule::new(20_000.0, 5_000_000, 1).take(100_000).collect();
        assert!(due.is_sorted() && due[0] >= 5_000_000);
        let lasted_s = (due[due.len() - 1] - 5_000_000) as f64 / 1e6;
        assert!((4.9..5.1).contains(&lasted_s), "{lasted_s}");
    }

    #[test]
    fn gaps_are_as_uneven_as_those_of_strangers() {
        let due: Vec<u64> = Schedule::new(1_000.0, 0, 2).take(10_000).collect();
        let short = due.windows(2).filter(|pair| pair[1] - pair[0] < 1_000).count();
        // Of exponential gaps, 1 - 1/e are shorter than their mean.
        assert!((6_100..6_550).contains(&short), "{short}");
    }

    #[test]
    fn a_seed_gives_one_schedule() {
        let schedule = |seed| Schedule::new(100.0, 0, seed).take(50).collect::<Vec<_>>();
        assert_eq!(schedule(7), schedule(7));
        assert_ne!(schedule(7), schedule(8));
    }
}
