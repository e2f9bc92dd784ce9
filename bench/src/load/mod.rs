//! How fast one node does its one job: a durable hold over HTTP/1.1.
//!
//! Owns: the runs and their options. Everything that is compared is started here, as a process of its own, and takes
//! its turn in every round: figures of different minutes on a shared machine say little, ratios within a round do.
//! Not: whether what was acknowledged is true; that is the replay's and the checker's.

mod batch;
mod bookings;
mod compare;
pub mod constant;
pub(crate) mod contender;
pub(crate) mod cost;
mod expiry;
pub(crate) mod figures;
pub(crate) mod generate;
pub(crate) mod house;
pub(crate) mod lane;
pub(crate) mod mix;
mod one_client;
pub(crate) mod orders;
mod overload;
mod plot;
mod report;
mod schedule;
pub(crate) mod servers;
mod tally;
mod text;

pub use bookings::{BookingsReport, BookingsRound};
pub use expiry::{ExpiryReport, Freed};
pub use figures::Figures;
pub use mix::Mix;
pub use one_client::OneClientReport;
pub use overload::{OverloadReport, OverloadRound};
pub use report::{ContenderReport, LoadReport, Measured, MixReport};
pub use servers::Programs;

use crate::ambient::Clock;
use crate::progress::Progress;
use crate::report::Hardware;
use generate::{Drive, Open, Pace};
use orders::Orders;
use std::time::Duration;

/// Holds live for half an hour and logins for one; a run that outlasts them would measure something else.
const LONGEST_RUN: Duration = Duration::from_secs(1_500);
/// What a round takes beside its runs, at most: making events, connecting.
const AROUND_A_RUN: Duration = Duration::from_secs(4);
/// Requests of an open loop that may wait for a connection.
const LINE: usize = 4_096;

/// What is to be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// Throughput and latency of each mix, against the constant and against the node without a journal.
    Compare,
    /// What ten times the sustainable load does to the goodput.
    Overload,
    /// One client's hold against one write to the disk.
    OneClient,
    /// Fifty thousand holds that end in one second.
    Expiry,
    /// Bookings with their payment, against holds.
    Bookings,
}

/// How it is measured.
#[derive(Clone, Debug)]
pub struct LoadOptions {
    /// What is to be measured.
    pub question: Question,
    /// What everybody asks for, one after the other.
    pub mixes: Vec<Mix>,
    /// Seats of one hold.
    pub party: usize,
    /// Holds of one batch.
    pub batch: usize,
    /// Whether every hold carries an Idempotency-Key.
    pub has_keys: bool,
    /// Connections, in a closed loop each with one request in flight.
    pub connections: usize,
    /// Connections of an overload.
    pub overload_connections: usize,
    /// Requests a second of an open loop; closed without.
    pub rate_per_s: Option<f64>,
    /// How long is measured.
    pub seconds: Duration,
    /// How long it runs before that.
    pub warm_up: Duration,
    /// How often everybody takes a turn.
    pub rounds: u32,
    /// Threads of the generator.
    pub threads: usize,
    /// Accounts that buyers share in turn.
    pub accounts: u32,
    /// The same seed asks for the same seats in the same order.
    pub seed: u64,
    /// What is started.
    pub programs: Programs,
}

impl LoadOptions {
    fn validate(&self) -> anyhow::Result<()> {
        let mixes = u32::try_from(self.mixes.len())?;
        let lasts = (self.warm_up + self.seconds + AROUND_A_RUN) * self.rounds * 3 * mixes;
        anyhow::ensure!(
            lasts <= LONGEST_RUN,
            "the run would last about {} s, longer than the holds it makes live; choose fewer --seconds or --rounds, \
             to stay within {} s",
            lasts.as_secs(),
            LONGEST_RUN.as_secs()
        );
        Ok(())
    }

    fn pace(&self) -> Pace {
        match self.rate_per_s {
            None => Pace::Closed,
            Some(rate_per_s) => Pace::Open(Open { rate_per_s, line: LINE, seed: self.seed }),
        }
    }

    pub(crate) fn drive(
        &self,
        authority: &str,
        orders: Orders,
        mix: Mix,
        pace: Pace,
        connections: usize,
    ) -> Drive {
        Drive {
            authority: authority.to_owned(),
            orders,
            mix,
            pace,
            connections,
            threads: self.threads.min(connections),
            warm_up: self.warm_up,
            lasts: self.seconds,
            is_checked: false,
        }
    }
}

/// Starts what is needed, measures, and says what came of it.
///
/// # Errors
/// When the options make no sense, a program cannot be found or started, or a server does something else than it was
/// asked for.
pub async fn run(options: &LoadOptions, progress: &dyn Progress) -> anyhow::Result<LoadReport> {
    options.validate()?;
    let clock = Clock::start();
    let measured = match options.question {
        Question::Compare => Measured::Mixes(compare::compare(options, clock, progress).await?),
        Question::Overload => Measured::Overload(overload::overload(options, clock, progress).await?),
        Question::OneClient => Measured::OneClient(one_client::one_client(options, clock, progress).await?),
        Question::Bookings => Measured::Bookings(bookings::bookings(options, clock, progress).await?),
        Question::Expiry => Measured::Expiry(Box::new(expiry::expiry(options, clock, progress).await?)),
    };
    Ok(LoadReport { settings: report::Settings::of(options), hardware: Hardware::here(), measured })
}

#[cfg(test)]
#[path = "load_test.rs"]
mod test;
