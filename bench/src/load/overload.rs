//! Ten times more than the node can take: what becomes of its goodput, and how long its queue gets.

use super::contender::Contender;
use super::cost::{Meter, value};
use super::generate::{Open, Pace};
use super::mix::Mix;
use super::{Figures, LoadOptions};
use crate::ambient::Clock;
use crate::progress::Progress;
use crate::stadium;
use crate::stats::Spread;
use serde::{Deserialize, Serialize};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// So many times the sustainable rate is offered.
const TIMES: f64 = 10.0;
/// What the node may answer at most, for the most part with 503, as a multiple of what it holds.
const ANSWERS_A_HOLD: f64 = 4.0;
const LOOK_EVERY: Duration = Duration::from_millis(100);
const MAILBOX: &str = "onsale_mailbox_depth";

/// The best and the worst, round after round.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OverloadReport {
    /// How the node makes things durable.
    pub durability: String,
    /// Connections of the overload.
    pub connections: u64,
    /// One after the other.
    pub rounds: Vec<OverloadRound>,
}

/// One round.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OverloadRound {
    /// The closed loop, which finds out what can be sustained.
    pub best: Figures,
    /// The open loop at ten times of that.
    pub overload: Figures,
    /// The longest that the mailboxes were seen, if the node shows it.
    pub mailbox_peak: Option<f64>,
}

impl OverloadReport {
    /// Goodput under overload against the best.
    pub fn ratio(&self) -> Option<Spread> {
        let of = |figures: fn(&OverloadRound) -> f64| self.rounds.iter().map(figures).collect::<Vec<_>>();
        Spread::of_ratios(&of(|round| round.overload.holds_per_s), &of(|round| round.best.holds_per_s))
    }
}

pub(super) async fn overload(
    options: &LoadOptions,
    clock: Clock,
    progress: &dyn Progress,
) -> anyhow::Result<OverloadReport> {
    let mut node = Contender::node(options, stadium::plan()?, clock, progress).await?;
    let mut rounds = Vec::new();
    node.prepare(Mix::Hold, options, clock).await?;
    for round in 1..=options.rounds {
        node.stock(Mix::Hold, options, 0.0).await?;
        let best = node.run(Mix::Hold, options, Pace::Closed, options.connections, clock).await?;
        node.stock(Mix::Hold, options, best.holds_per_s * ANSWERS_A_HOLD).await?;
        let rate_per_s = best.holds_per_s * TIMES;
        // Who finds every connection busy is not sent: a line in the generator would only hide the node's.
        let pace = Pace::Open(Open { rate_per_s, line: 0, seed: options.seed });
        let peak = Peak::watch(Meter::of(&node.server).await?);
        let overload = node.run(Mix::Hold, options, pace, options.overload_connections, clock).await?;
        let mailbox_peak = peak.seen();
        let (good, bad) = (best.holds_per_s, overload.holds_per_s);
        progress.note(&format!("round {round}: {good:.0} holds/s at best, {bad:.0} holds/s overloaded"));
        rounds.push(OverloadRound { best, overload, mailbox_peak });
    }
    let durability = node.durability.into();
    node.server.stop().await;
    Ok(OverloadReport { durability, connections: options.overload_connections as u64, rounds })
}

/// Watches how long the mailboxes get, until dropped.
struct Peak {
    deepest: Arc<Mutex<Option<f64>>>,
    watching: JoinHandle<()>,
}

impl Peak {
    fn watch(meter: Meter) -> Self {
        let deepest = Arc::new(Mutex::new(None));
        let seen = deepest.clone();
        let watching = tokio::spawn(async move {
            loop {
                // A node too busy to show its metrics shows them next time.
                if let Ok(metrics) = meter.metrics().await
                    && let Some(depth) = value(&metrics, MAILBOX)
                {
                    let mut deepest = seen.lock().expect("no holder of this lock panics");
                    *deepest = Some(deepest.map_or(depth, |known: f64| known.max(depth)));
                }
                sleep(LOOK_EVERY).await;
            }
        });
        Self { deepest, watching }
    }

    fn seen(&self) -> Option<f64> {
        *self.deepest.lock().expect("no holder of this lock panics")
    }
}

impl Drop for Peak {
    fn drop(&mut self) {
        self.watching.abort();
    }
}
