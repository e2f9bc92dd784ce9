//! Makes a trace out of recorded rates and assumed behaviour.
//!
//! Owns: spreading sessions over a window in proportion to its rates. The same seed makes the same trace.

use super::Session;
use super::behaviour::Behaviour;
use super::rates::Rates;
use crate::rng::Rng;
use anyhow::bail;

/// Spreads `count` sessions for `event` over the window of `rates`.
///
/// Every bucket gets its share to within one session; inside a bucket arrivals are uniform.
///
/// # Errors
/// When the window holds no request at all, or the behaviour has no valid ratio.
pub fn sessions(
    rates: &Rates,
    count: usize,
    event: &str,
    behaviour: &Behaviour,
    seed: u64,
) -> anyhow::Result<Vec<Session>> {
    behaviour.validate()?;
    let total: f64 = rates.buckets.iter().map(|bucket| bucket.requests).sum();
    if total <= 0.0 {
        bail!("the window holds no request; choose another one");
    }
    let mut rng = Rng::new(seed);
    let mut arrivals = Vec::with_capacity(count);
    let mut passed = 0.0;
    for bucket in &rates.buckets {
        passed += bucket.requests;
        // The share of everything up to here, rounded, so that the errors of single buckets cancel out.
        let due = (count as f64 * passed / total).round() as usize;
        while arrivals.len() < due.min(count) {
            arrivals.push(bucket.offset_s * 1_000 + rng.below(rates.unit_s * 1_000));
        }
    }
    arrivals.sort_unstable();
    let numbered = arrivals.into_iter().enumerate();
    Ok(numbered.map(|(number, at)| behaviour.session(&mut rng, at, number, event)).collect())
}

#[cfg(test)]
mod test {
    use super::sessions;
    use crate::trace::Ending;
    use crate::trace::behaviour::Behaviour;
    use crate::trace::rates::Rates;

    fn rates() -> Rates {
        Rates::read("minute,requests\n0,100\n1,0\n2,300\n".as_bytes()).unwrap()
    }

    #[test]
    fn arrivals_follow_the_rates_and_the_seed() {
        let made = sessions(&rates(), 1_000, "stadium", &Behaviour::default(), 5).unwrap();
        let within = |minute: u64| made.iter().filter(|session| session.arrive_ms / 60_000 == minute).count();
        assert_eq!((made.len(), within(0), within(1), within(2)), (1_000, 250, 0, 750));
        assert!(made.is_sorted_by_key(|session| session.arrive_ms));
        assert_eq!(made, sessions(&rates(), 1_000, "stadium", &Behaviour::default(), 5).unwrap());
        assert_ne!(made, sessions(&rates(), 1_000, "stadium", &Behaviour::default(), 6).unwrap());
    }

    #[test]
    fn behaviour_follows_its_ratios() {
        let behaviour =
            Behaviour { endings: [0.0, 1.0, 0.0, 1.0], parties: vec![0.0, 1.0], think_median_ms: 0.0 };
        let made = sessions(&rates(), 2_000, "evt_1", &behaviour, 1).unwrap();
        assert!(made.iter().all(|session| session.quantity == 2 && session.think_ms == 0));
        let abandoned = made.iter().filter(|session| session.outcome == Ending::Abandon).count();
        assert!((900..1_100).contains(&abandoned), "{abandoned}");
    }

    #[test]
    fn nothing_to_draw_from_is_said() {
        let silent = Rates::read("minute,requests\n0,0\n".as_bytes()).unwrap();
        assert!(sessions(&silent, 1, "e", &Behaviour::default(), 1).is_err());
        let broken = Behaviour { endings: [0.0; 4], ..Behaviour::default() };
        assert!(sessions(&rates(), 1, "e", &broken, 1).unwrap_err().to_string().contains("confirm"));
    }
}
