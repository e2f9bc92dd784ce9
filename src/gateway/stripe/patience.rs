//! How long to wait before asking Stripe again: longer each time, never longer than ten seconds, and never all nodes at once.

use std::time::Duration;

use domain::ids::PaymentId;
use domain::ports::Random;

use super::client::NoAnswer;
use crate::clock::SystemRandom;

const FIRST_MS: u64 = 200;
const MOST_MS: u64 = 10_000;

/// Counts the attempts of one piece of work.
pub(super) struct Patience {
    payment: PaymentId,
    what: &'static str,
    tries: u32,
}

impl Patience {
    pub(super) fn new(payment: PaymentId, what: &'static str) -> Self {
        Self { payment, what, tries: 0 }
    }

    /// Waits before the next attempt, and says why there has to be one.
    pub(super) async fn after(&mut self, why: &NoAnswer) {
        self.tries += 1;
        let (payment, what, tries) = (self.payment, self.what, self.tries);
        // A provider that is gone for hours must not fill the log.
        if tries.is_power_of_two() {
            tracing::warn!(%payment, what, tries, %why, "stripe has to be asked again");
        }
        self.pause().await;
    }

    /// The same where nothing is wrong but has to be waited for.
    pub(super) async fn meanwhile(&mut self) {
        self.tries = (self.tries + 1).min(5);
        self.pause().await;
    }

    async fn pause(&self) {
        let longest = MOST_MS.min(FIRST_MS << self.tries.min(10));
        let mut drawn = [0; 8];
        SystemRandom.fill(&mut drawn);
        let wait = longest / 2 + u64::from_le_bytes(drawn) % (longest / 2 + 1);
        tokio::time::sleep(Duration::from_millis(wait)).await;
    }
}
