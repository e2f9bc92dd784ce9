//! Medians, spreads and ratios of a few rounds.

use serde::{Deserialize, Serialize};

/// What a figure was over the rounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// The one in the middle, or between the two in the middle.
    pub median: f64,
    /// The least.
    pub min: f64,
    /// The most.
    pub max: f64,
}

impl Spread {
    /// The spread of these values; nothing when there are none.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let (min, max) = (*values.first()?, *values.last()?);
        let middle = values.len() / 2;
        let median = if values.len() % 2 == 1 {
            values[middle]
        } else {
            f64::midpoint(values[middle - 1], values[middle])
        };
        Some(Self { median, min, max })
    }

    /// The spread of `ours` / `theirs`, round by round. Rounds in which they did nothing have no ratio.
    pub fn of_ratios(ours: &[f64], theirs: &[f64]) -> Option<Self> {
        let rounds = ours.iter().zip(theirs).filter(|(_, theirs)| **theirs > 0.0);
        Self::of(rounds.map(|(ours, theirs)| ours / theirs))
    }
}

#[cfg(test)]
mod test {
    use super::Spread;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(Spread::of([5.0, 1.0, 3.0]), Some(Spread { median: 3.0, min: 1.0, max: 5.0 }));
        assert_eq!(Spread::of([4.0, 1.0, 2.0, 9.0]).unwrap().median, 3.0);
        assert_eq!(Spread::of([7.0]), Some(Spread { median: 7.0, min: 7.0, max: 7.0 }));
        assert_eq!(Spread::of([]), None);
    }

    #[test]
    fn ratios_are_taken_within_a_round() {
        // Both halve together: a ratio of medians over other rounds would not see that they are alike.
        let ratios = Spread::of_ratios(&[10.0, 20.0, 60.0], &[5.0, 10.0, 20.0]);
        assert_eq!(ratios, Some(Spread { median: 2.0, min: 2.0, max: 3.0 }));
        assert_eq!(Spread::of_ratios(&[10.0], &[0.0]), None);
    }
}
