//! A flash sale of our own making: everybody comes at once, for far fewer seats than people.
//!
//! Owns: its arrival curve and behaviour. The same seed makes the same sale.

use super::Session;
use super::behaviour::Behaviour;
use crate::rng::Rng;

/// Of the window, the part after which nobody changes their mind any more, so that every seat finds its buyer.
const SETTLED_AFTER: f64 = 0.5;
/// Of the buyers, those who come in the first rush; the others come evenly, until the end.
const RUSH: f64 = 0.6;
/// The rush thins out by a factor of e in this part of the window.
const RUSH_DECAY: f64 = 0.12;
const THINK_MEDIAN_MS: f64 = 1_500.0;
/// Late comers have made up their minds; hardly any lets a hold of a few seconds lapse by thinking.
const SETTLED_THINK_MEDIAN_MS: f64 = 300.0;

/// A sale of `seats` that `buyers` come to within `window_ms`, all wanting the best seats of `event`.
///
/// Most buyers come in a rush at the start; in the first half some abandon, cancel or release what they hold, later
/// everybody who gets seats pays, and parties are small, so that single seats left over are sold too. Buyers beyond
/// the seats are there to be refused: a sale sells out when they want at least half as many seats again.
pub fn sessions(seed: u64, seats: u32, buyers: u32, window_ms: u64, event: &str) -> Vec<Session> {
    let mut rng = Rng::new(seed);
    let undecided = Behaviour {
        endings: [0.86, 0.06, 0.04, 0.04],
        think_median_ms: THINK_MEDIAN_MS,
        parties: parties(seats, buyers),
    };
    let settled = Behaviour {
        endings: [1.0, 0.0, 0.0, 0.0],
        think_median_ms: SETTLED_THINK_MEDIAN_MS,
        parties: vec![0.7, 0.3],
    };
    let window = window_ms as f64;
    let mut arrivals: Vec<u64> = (0..buyers)
        .map(|_| {
            let rushed = -(1.0 - rng.unit()).ln() * RUSH_DECAY;
            let share = if rng.chance(RUSH) && rushed < 1.0 { rushed } else { rng.unit() };
            (share * window) as u64
        })
        .collect();
    arrivals.sort_unstable();
    let session = |(number, arrive_ms): (usize, u64)| {
        let behaviour = if arrive_ms as f64 > window * SETTLED_AFTER { &settled } else { &undecided };
        behaviour.session(&mut rng, arrive_ms, number, event)
    };
    arrivals.into_iter().enumerate().map(session).collect()
}

/// Larger parties where there are few buyers for the seats.
fn parties(seats: u32, buyers: u32) -> Vec<f64> {
    if u64::from(buyers) >= 2 * u64::from(seats) {
        vec![0.45, 0.4, 0.05, 0.1]
    } else {
        Behaviour::default().parties
    }
}

#[cfg(test)]
mod test {
    use super::sessions;
    use crate::trace::Ending;

    #[test]
    fn the_rush_comes_first_and_late_comers_pay() {
        let sale = sessions(9, 1_000, 10_000, 30_000, "stadium");
        assert_eq!(sale.len(), 10_000);
        assert!(sale.is_sorted_by_key(|session| session.arrive_ms));
        assert!(sale.iter().all(|session| session.arrive_ms <= 30_000));
        let in_first_fifth = sale.iter().filter(|session| session.arrive_ms < 6_000).count();
        assert!(in_first_fifth > 4_500, "{in_first_fifth}");
        let late = sale.iter().filter(|session| session.arrive_ms > 15_000);
        assert!(late.clone().count() > 1_000);
        assert!(late.into_iter().all(|session| session.outcome == Ending::Confirm));
        assert!(sale.iter().any(|session| session.outcome == Ending::Abandon));
    }

    #[test]
    fn far_more_seats_are_wanted_than_there_are() {
        let sale = sessions(1, 50_000, 60_000, 30_000, "stadium");
        let wanted: u64 = sale.iter().map(|session| u64::from(session.quantity)).sum();
        assert!(wanted > 75_000, "{wanted}");
        assert_eq!(sale, sessions(1, 50_000, 60_000, 30_000, "stadium"));
    }
}
