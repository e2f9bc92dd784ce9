//! Percentiles of response times.
//!
//! Owns: the histogram and its few numbers; microseconds in, milliseconds out.

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

/// Longer than any call is tried for.
const HIGHEST_US: u64 = 3_600_000_000;
const DIGITS: u8 = 3;

/// How long calls took, from when they were meant to be made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    /// How many calls.
    pub count: u64,
    /// Half of them took less.
    pub p50_ms: f64,
    /// 99 of 100 took less.
    pub p99_ms: f64,
    /// 999 of 1,000 took less.
    pub p999_ms: f64,
    /// None took longer.
    pub max_ms: f64,
}

/// Collects response times.
pub(crate) struct Collector {
    histogram: Histogram<u64>,
}

impl Collector {
    pub(crate) fn new() -> Self {
        let histogram = Histogram::new_with_bounds(1, HIGHEST_US, DIGITS);
        Self { histogram: histogram.expect("the bounds are constants that hdrhistogram accepts") }
    }

    pub(crate) fn add(&mut self, us: u64) {
        self.histogram.saturating_record(us.max(1));
    }

    pub(crate) fn latency(&self) -> Latency {
        let ms = |us: u64| us as f64 / 1_000.0;
        let at = |quantile| ms(self.histogram.value_at_quantile(quantile));
        Latency {
            count: self.histogram.len(),
            p50_ms: at(0.5),
            p99_ms: at(0.99),
            p999_ms: at(0.999),
            max_ms: ms(self.histogram.max()),
        }
    }

    pub(crate) fn clear(&mut self) {
        self.histogram.reset();
    }
}
