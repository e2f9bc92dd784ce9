//! What buyers do once they have arrived: how many they are, how long they think, how it ends.
//!
//! Owns: the ratios and their defaults. Not: when buyers arrive.

use super::{Ending, Preference, Session};
use crate::rng::Rng;
use anyhow::bail;

/// Spread of the logarithm of thinking times: one in six takes more than twice the median.
const THINK_SIGMA: f64 = 0.8;

/// Parties of 1, 2, 3, ... : pairs lead, fours outnumber threes, large groups are rare.
const PARTY_WEIGHTS: [f64; 6] = [20.0, 41.0, 13.0, 22.0, 2.0, 2.0];

/// How buyers behave.
#[derive(Clone, Debug)]
pub struct Behaviour {
    /// How likely each of [`Ending::ALL`] is, in that order; only the proportions count.
    pub endings: [f64; 4],
    /// How likely a party of one, two, three, ... is; only the proportions count.
    pub parties: Vec<f64>,
    /// Half of the buyers think for less than this.
    pub think_median_ms: f64,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self { endings: [0.7, 0.2, 0.05, 0.05], parties: PARTY_WEIGHTS.to_vec(), think_median_ms: 20_000.0 }
    }
}

impl Behaviour {
    /// Checks that something can be drawn from every ratio.
    ///
    /// # Errors
    /// Names the ratio that is negative, not a number, or adds up to nothing.
    pub fn validate(&self) -> anyhow::Result<()> {
        for (what, weights) in
            [("confirm, abandon, cancel, release", &self.endings[..]), ("party sizes", &self.parties[..])]
        {
            let sound = weights.iter().all(|weight| weight.is_finite() && *weight >= 0.0);
            if !sound || weights.iter().sum::<f64>() <= 0.0 {
                bail!("the ratios of {what} must not be negative and must add up to more than 0");
            }
        }
        if !(self.think_median_ms.is_finite() && self.think_median_ms >= 0.0) {
            bail!("the think time must not be negative");
        }
        Ok(())
    }

    /// The size of a party.
    pub fn party(&self, rng: &mut Rng) -> u32 {
        1 + rng.weighted(&self.parties) as u32
    }

    /// Milliseconds of thinking.
    pub fn think_ms(&self, rng: &mut Rng) -> u64 {
        rng.log_normal(self.think_median_ms, THINK_SIGMA) as u64
    }

    /// How a visit ends.
    pub fn ending(&self, rng: &mut Rng) -> Ending {
        Ending::ALL[rng.weighted(&self.endings)]
    }

    /// A buyer of the best seats, with everything but the arrival drawn.
    pub fn session(&self, rng: &mut Rng, arrive_ms: u64, number: usize, event: &str) -> Session {
        Session {
            arrive_ms,
            buyer: format!("b{number}"),
            event: event.to_owned(),
            quantity: self.party(rng),
            preference: Preference::Best,
            think_ms: self.think_ms(rng),
            outcome: self.ending(rng),
        }
    }
}
