//! A seeded generator, so that a trace is the same on every machine and with every release of a library.
//!
//! Owns: SplitMix64 and the few distributions that traces need. Not for secrets.

/// SplitMix64 (Steele, Lea and Flood, 2014): 64 bits of state, passes BigCrush.
#[derive(Clone, Debug)]
pub struct Rng {
    state: u64,
}

impl Rng {
    /// A generator whose whole sequence follows from `seed`.
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A whole number below `end`; zero when `end` is zero.
    pub fn below(&mut self, end: u64) -> u64 {
        // The high half of a 128-bit product: its bias is under end / 2^64.
        ((u128::from(self.bits()) * u128::from(end)) >> 64) as u64
    }

    /// A number in `[0, 1)`.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Whether a chance of `probability` comes true.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// The position of one of `weights`, each as likely as it is heavy.
    pub fn weighted(&mut self, weights: &[f64]) -> usize {
        let mut left = self.unit() * weights.iter().sum::<f64>();
        for (position, weight) in weights.iter().enumerate() {
            left -= weight;
            if left < 0.0 {
                return position;
            }
        }
        weights.len().saturating_sub(1)
    }

    /// A log-normal duration with this median; `sigma` is the spread of its logarithm.
    pub fn log_normal(&mut self, median: f64, sigma: f64) -> f64 {
        // Box and Muller; `1 - unit` keeps the logarithm's argument above zero.
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        let normal = radius * (std::f64::consts::TAU * self.unit()).cos();
        median * (sigma * normal).exp()
    }
}

#[cfg(test)]
mod test {
    use super::Rng;

    #[test]
    fn a_seed_gives_the_published_sequence() {
        let mut rng = Rng::new(1_234_567);
        assert_eq!([rng.bits(), rng.bits()], [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]);
    }

    #[test]
    fn weights_are_followed_and_zero_is_never_drawn() {
        let mut rng = Rng::new(7);
        let mut drawn = [0_u32; 3];
        for _ in 0..9_000 {
            drawn[rng.weighted(&[1.0, 0.0, 2.0])] += 1;
        }
        assert_eq!(drawn[1], 0);
        assert!((2_700..3_300).contains(&drawn[0]), "{drawn:?}");
    }

    #[test]
    fn the_median_of_thinking_is_the_median_asked_for() {
        let mut rng = Rng::new(3);
        let below = (0..10_000).filter(|_| rng.log_normal(20.0, 0.8) < 20.0).count();
        assert!((4_800..5_200).contains(&below), "{below}");
    }
}
