//! Whether a run kept every promise: the history checker's verdict, the provider's books against the bookings, and what
//! only a simulation can see.

use bench::checker::{Limits, check};
use bench::history::Outcome;
use domain::event::{Booking, BookingStatus, PaymentStatus};
use domain::time::ShardTime;

use crate::audit;
use crate::client::{Client, MOST_DELAY_MS, PAYMENT_MS};
use crate::node::PATIENCE;
use crate::provider::{Account, Provider};

/// What a run came to.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    /// Every broken promise, in words; none is what is hoped for.
    pub(crate) violations: Vec<String>,
    pub(crate) operations: u64,
    pub(crate) unknown: u64,
    pub(crate) holds: u64,
    pub(crate) bookings: u64,
}

/// What the promises leave to nodes whose clocks and disks are as bad as here.
pub(crate) fn limits() -> Limits {
    Limits {
        // When all replicas are down at once nothing but the wall clock tells how long; a shard's time that was drawn
        // off course by a wrong one is up to so much beside it.
        slack_us: 100_000 + 300_000 + BEHIND_US,
        payment_us: PAYMENT_MS * 1_000,
        staleness_us: 0,
        straggler_us: MOST_DELAY_MS * 1_000 + PATIENCE.as_micros() as u64 + UNCOMMITTED_US,
        // A shard's time runs a thousandth fast or slow, and is put right where all of its replicas start at once.
        clock_rate_part: ShardTime::SLEW,
        ..Limits::default()
    }
}

/// A new owner goes on from the time that it heard last of the one before, which may have been some messages ago.
const BEHIND_US: u64 = 800_000;
/// What is decided by an owner that is cut off then may be committed when that is over, if nobody has replaced it.
const UNCOMMITTED_US: u64 = 8_000_000;

/// Judges what the clients saw, and the state that all of it has left.
pub(crate) fn judge(client: &Client, provider: &Provider) -> Verdict {
    let history = client.history.borrow();
    let checked = check(&history, &limits());
    let mut violations: Vec<String> = checked
        .violations
        .iter()
        .map(|violation| format!("{:?} at {} ms: {}", violation.kind, violation.at_ms, violation.what))
        .collect();
    violations.extend(money(client, provider));
    let acknowledged = history.operations.iter().filter(|op| op.outcome.is_acknowledged()).count();
    if acknowledged == 0 {
        violations.push("nothing was ever acknowledged".to_owned());
    }
    let booked = history.operations.iter().filter(|op| matches!(op.outcome, Outcome::Booked(_)));
    Verdict {
        violations,
        operations: checked.operations,
        unknown: checked.unknown,
        holds: checked.holds,
        bookings: booked.count() as u64,
    }
}

/// Every charge ends in a booking or goes back.
fn money(client: &Client, provider: &Provider) -> Vec<String> {
    let (mut accounts, mut wrong) = provider.close();
    for (id, booking) in audit::bookings(client) {
        let account = accounts.remove(&(id.event, id.part)).unwrap_or_default();
        if let Err(why) = fits(&booking, &account) {
            wrong.push(format!(
                "{id} is {:?}, {:?}: {why}; its money: {account:?}",
                booking.status, booking.payment
            ));
        }
    }
    if client.stage.events.iter().any(|event| audit::owner(client, *event).is_none()) {
        return wrong; // Whatever is missing then is said elsewhere.
    }
    let kept = |account: &Account| account.captured.or(account.authorized).is_some();
    let strange = accounts.iter().filter(|(_, account)| kept(account));
    wrong.extend(strange.map(|((event, number), account)| {
        format!("money without a booking: {event} {number:?} {account:?}")
    }));
    wrong
}

fn fits(booking: &Booking, account: &Account) -> Result<(), &'static str> {
    let refunded: i64 = account.refunds.values().sum();
    match booking.payment.status {
        PaymentStatus::Pending | PaymentStatus::RequiresAction | PaymentStatus::Authorized => {
            Err("its payment is never done")
        }
        PaymentStatus::Captured if booking.total_minor() == 0 => Ok(()),
        PaymentStatus::Captured if account.captured != Some(booking.total_minor()) => Err("it was not taken"),
        PaymentStatus::Captured if refunded != booking.payment.refunded_minor => {
            Err("another sum was given back")
        }
        PaymentStatus::Captured if audit::is_good(booking) && refunded != 0 => Err("it was given back"),
        PaymentStatus::Captured if booking.status == BookingStatus::Cancelled && refunded == 0 => {
            Err("nothing was given back")
        }
        PaymentStatus::Captured => Ok(()),
        PaymentStatus::Voided | PaymentStatus::Declined | PaymentStatus::Due
            if account.captured.is_some() || account.authorized.is_some() =>
        {
            Err("the provider still has it")
        }
        PaymentStatus::Voided | PaymentStatus::Declined | PaymentStatus::Due => Ok(()),
    }
}
