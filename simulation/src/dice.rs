//! The scenario's own randomness, apart from that of the nodes: each part of the world rolls its own dice, so that one
//! more roll in one place changes nothing in another.

use std::cell::RefCell;
use std::ops::Range;
use std::time::Duration;

use bench::rng::Rng;

/// Dice of one part of the world.
pub(crate) struct Dice(RefCell<Rng>);

impl Dice {
    /// Those of `part` in the world of `seed`.
    pub(crate) fn of(seed: u64, part: u64) -> Self {
        let mut mixed = Rng::new(seed);
        let first = mixed.bits();
        Self(RefCell::new(Rng::new(first ^ part.wrapping_mul(0x9e37_79b9_7f4a_7c15))))
    }

    /// Whether a chance of `probability` comes true.
    pub(crate) fn chance(&self, probability: f64) -> bool {
        self.0.borrow_mut().chance(probability)
    }

    /// A number in `range`.
    pub(crate) fn within(&self, range: Range<u64>) -> u64 {
        range.start + self.0.borrow_mut().below(range.end - range.start)
    }

    /// So many milliseconds.
    pub(crate) fn ms(&self, range: Range<u64>) -> Duration {
        Duration::from_millis(self.within(range))
    }

    /// The place of one of `weights`.
    pub(crate) fn weighted(&self, weights: &[f64]) -> usize {
        self.0.borrow_mut().weighted(weights)
    }

    /// One of `choices`.
    pub(crate) fn pick<'a, T>(&self, choices: &'a [T]) -> &'a T {
        &choices[self.within(0..choices.len() as u64) as usize]
    }
}
