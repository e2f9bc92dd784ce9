//! What a booking that is paid costs beside a hold: both by the same node, in turn, round after round.
//!
//! Owns: the two runs of a round and their ratio. A booking here is one call that holds a seat, has it paid by the
//! node's own test provider, and is answered when the money is taken.

use super::contender::Contender;
use super::generate::Pace;
use super::mix::Mix;
use super::{Figures, LoadOptions};
use crate::ambient::Clock;
use crate::progress::Progress;
use crate::report::whole;
use crate::stadium;
use crate::stats::Spread;
use serde::{Deserialize, Serialize};

/// Holds and paid bookings, round after round.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BookingsReport {
    /// How the node makes things durable.
    pub durability: String,
    /// One after the other.
    pub rounds: Vec<BookingsRound>,
}

/// One round.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BookingsRound {
    /// Holds alone.
    pub holds: Figures,
    /// Bookings with their payment; what is counted as held is booked.
    pub bookings: Figures,
}

impl BookingsReport {
    /// Bookings a second against holds a second.
    pub fn ratio(&self) -> Option<Spread> {
        let of = |figures: fn(&BookingsRound) -> f64| self.rounds.iter().map(figures).collect::<Vec<_>>();
        Spread::of_ratios(&of(|round| round.bookings.holds_per_s), &of(|round| round.holds.holds_per_s))
    }
}

pub(super) async fn bookings(
    options: &LoadOptions,
    clock: Clock,
    progress: &dyn Progress,
) -> anyhow::Result<BookingsReport> {
    let mut node = Contender::node(options, stadium::plan()?, clock, progress).await?;
    let mut rounds = Vec::new();
    for round in 1..=options.rounds {
        let holds = one(&mut node, Mix::Hold, options, clock).await?;
        let bookings = one(&mut node, Mix::Book, options, clock).await?;
        let (held, booked) = (whole(holds.holds_per_s as u64), whole(bookings.holds_per_s as u64));
        progress.note(&format!("round {round}: {held} holds/s, {booked} bookings/s"));
        rounds.push(BookingsRound { holds, bookings });
    }
    let durability = node.durability.into();
    node.server.stop().await;
    Ok(BookingsReport { durability, rounds })
}

async fn one(node: &mut Contender, mix: Mix, options: &LoadOptions, clock: Clock) -> anyhow::Result<Figures> {
    node.prepare(mix, options, clock).await?;
    node.stock(mix, options, 0.0).await?;
    node.run(mix, options, Pace::Closed, options.connections, clock).await
}
