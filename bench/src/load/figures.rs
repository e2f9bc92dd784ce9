//! The figures of one run of the generator against one server.

use super::cost::{Meter, Usage};
use super::generate::Drive;
use super::orders::Orders;
use super::tally::{Tally, Window};
use crate::ambient::Clock;
use crate::report::Latency;
use anyhow::bail;
use serde::{Deserialize, Serialize};
use tokio::time::sleep_until;

/// What came of one run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Figures {
    /// Whole answers a second.
    pub answers_per_s: f64,
    /// Goodput: acknowledged holds a second, and where holds are confirmed, only those that were paid.
    pub holds_per_s: f64,
    /// Business noes a second.
    pub refusals_per_s: f64,
    /// Answers 503 a second.
    pub overloaded_per_s: f64,
    /// Everything else a second: it should be nothing.
    pub faults_per_s: f64,
    /// How long a visit took, in an open loop from when it was due.
    pub latency: Latency,
    /// CPU time of the server's process for an acknowledged hold, or for an answer where nothing is held.
    pub cpu_us: f64,
    /// Allocations of the server likewise, if it counts them.
    pub allocations: Option<f64>,
    /// Of an open loop: requests that were due a second.
    pub due_per_s: f64,
    /// Of an open loop: requests a second that could not be sent, for want of a connection.
    pub unsent_per_s: f64,
    /// What went wrong first.
    pub fault: Option<String>,
}

/// Runs the generator and says what came of it; gives back what was not sent.
pub(crate) async fn measure(meter: &Meter, drive: Drive, clock: Clock) -> anyhow::Result<(Figures, Orders)> {
    let running = drive.start(clock);
    let window = running.window;
    sleep_until(clock.at(window.from_us)).await;
    let before = meter.usage().await?;
    sleep_until(clock.at(window.until_us)).await;
    let after = meter.usage().await?;
    let (tally, orders) = running.end().await?;
    if tally.is_dry {
        bail!("every free seat was held before the end; measure for fewer --seconds, or try again");
    }
    Ok((Figures::of(&tally, window, before, after), orders))
}

impl Figures {
    fn of(tally: &Tally, window: Window, before: Usage, after: Usage) -> Self {
        let counts = tally.counts;
        let per_s = |count: u64| count as f64 / window.seconds();
        let worth = if counts.holds > 0 { counts.holds } else { counts.answers }.max(1) as f64;
        let allocated = after.allocations.zip(before.allocations);
        Self {
            answers_per_s: per_s(counts.answers),
            holds_per_s: per_s(counts.holds),
            refusals_per_s: per_s(counts.refusals),
            overloaded_per_s: per_s(counts.overloaded),
            faults_per_s: per_s(counts.faults),
            latency: tally.latency(),
            cpu_us: (after.cpu_us - before.cpu_us) as f64 / worth,
            allocations: allocated.map(|(after, before)| (after - before) / worth),
            due_per_s: per_s(tally.due),
            unsent_per_s: per_s(tally.unsent),
            fault: tally.fault.clone(),
        }
    }

    /// Visits a second.
    pub(crate) fn visits_per_s(&self, window_s: f64) -> f64 {
        self.latency.count as f64 / window_s
    }
}

#[cfg(test)]
mod test {
    use super::{Figures, Tally, Usage, Window};
    use crate::load::mix::Outcome;

    const WINDOW: Window = Window { from_us: 1_000_000, until_us: 3_000_000 };

    #[test]
    fn costs_are_shared_by_the_holds_or_by_the_answers_where_nothing_is_held() {
        let before = Usage { cpu_us: 10_000, allocations: Some(100.0) };
        let after = Usage { cpu_us: 30_000, allocations: Some(500.0) };
        let mut tally = Tally::new();
        for _ in 0..100 {
            tally.add(Outcome { answers: 1, refusals: 1, ..Outcome::default() }, 500);
        }
        let refused = Figures::of(&tally, WINDOW, before, after);
        assert_eq!((refused.answers_per_s, refused.refusals_per_s, refused.holds_per_s), (50.0, 50.0, 0.0));
        assert_eq!((refused.cpu_us, refused.allocations), (200.0, Some(4.0)));
        for _ in 0..50 {
            tally.add(Outcome { answers: 1, holds: 1, ..Outcome::default() }, 500);
        }
        let held = Figures::of(&tally, WINDOW, before, Usage { allocations: None, ..after });
        assert_eq!((held.holds_per_s, held.cpu_us, held.allocations), (25.0, 400.0, None));
        assert_eq!(held.visits_per_s(2.0), 75.0);
    }
}
