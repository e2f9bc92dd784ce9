//! The payment worker: does bookings' open work at their providers and reports the outcomes to the owner.
//!
//! It begins only when the facts that ask for the work are on disk. Should the owner die in between, the next one finds the
//! work open in its state and has it done again under the same keys: a provider acts once, however often it is asked.
//! What a turn asked for is begun together, and what is answered at once is reported together, as one turn of the owner;
//! whatever takes longer goes on by itself.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use actix::Addr;
use domain::event::{PaymentOutcome, Work};
use domain::ids::BookingNumber;
use domain::ports::{Authorization, Capture, Charge, PaymentGateway};

use crate::event::{EventActor, Settle};

/// How long the worker waits before it reports again to an owner whose queues are full.
const RETRY: Duration = Duration::from_millis(50);

type Outcomes = Vec<(BookingNumber, PaymentOutcome)>;

/// One piece of work at a provider.
pub(crate) struct Piece {
    pub(crate) charge: Charge,
    pub(crate) work: Work,
    /// What the provider says later no longer counts as its answer.
    pub(crate) lapsed: Duration,
}

/// Does `work` once `begin` allows it, and reports to the owner until that has taken every outcome or is gone.
pub(crate) async fn run(
    work: Vec<Piece>,
    gateway: Arc<dyn PaymentGateway>,
    owner: Addr<EventActor>,
    begin: impl Future<Output = bool>,
) {
    if !begin.await {
        return;
    }
    let mut answered = Vec::new();
    for piece in work {
        let mut doing = Box::pin(piece.outcomes(gateway.clone(), owner.clone()));
        match poll_fn(|context| Poll::Ready(doing.as_mut().poll(context))).await {
            Poll::Ready(outcomes) => answered.extend(outcomes),
            Poll::Pending => {
                let owner = owner.clone();
                tokio::task::spawn_local(async move { report(&owner, doing.await).await });
            }
        }
    }
    report(&owner, answered).await;
}

impl Piece {
    /// Does it, and gives what the owner is to be told.
    async fn outcomes(self, gateway: Arc<dyn PaymentGateway>, owner: Addr<EventActor>) -> Outcomes {
        let (booking, charge) = (self.charge.booking, self.charge.clone());
        let twice = gateway.repeats_itself(&self.charge);
        let outcome = match self.work {
            Work::Authorize => self.in_time(gateway.authorize(charge)).await,
            Work::Await => self.in_time(gateway.settled(charge)).await,
            Work::Capture => Some(match gateway.capture(charge).await {
                Capture::Taken => PaymentOutcome::Captured,
                Capture::Gone => PaymentOutcome::Lost,
            }),
            Work::Void => let_go(&*gateway, charge, &owner).await,
            Work::Refund { amount_minor, attempt } => {
                gateway.refund(charge, amount_minor, attempt).await;
                Some(PaymentOutcome::Refunded { amount_minor, attempt })
            }
        };
        // Too late, the booking has lapsed: the void that follows finds out what the provider may yet have set aside.
        let Some(outcome) = outcome else { return Vec::new() };
        let again = twice.then(|| (booking, outcome.clone()));
        [(booking, outcome)].into_iter().chain(again).collect()
    }

    /// An authorization is given up when its time is over; everything else is owed, however long it takes.
    async fn in_time(&self, answer: impl Future<Output = Authorization>) -> Option<PaymentOutcome> {
        let mut answer = pin!(answer);
        // Most providers that answer at once need no timer.
        if let Poll::Ready(at_once) = poll_fn(|context| Poll::Ready(answer.as_mut().poll(context))).await {
            return Some(outcome(at_once));
        }
        tokio::time::timeout(self.lapsed, answer).await.ok().map(outcome)
    }
}

/// Offers what was set aside too late to the owner, which may still have the seats; else lets it go.
async fn let_go(
    gateway: &dyn PaymentGateway,
    charge: Charge,
    owner: &Addr<EventActor>,
) -> Option<PaymentOutcome> {
    let late = gateway.set_aside_late(charge.clone()).await;
    if let Some(late) = late.and_then(found_late)
        && report(owner, vec![(charge.booking, late)]).await
    {
        return None;
    }
    gateway.void(charge).await;
    Some(PaymentOutcome::Voided)
}

/// Whether all of `outcomes` counted, as far as anybody is there to say so: where the owner has gone, the next one begins
/// anew, and nothing more may be done for this one.
async fn report(owner: &Addr<EventActor>, mut outcomes: Outcomes) -> bool {
    let mut count = true;
    while !outcomes.is_empty() {
        let Ok(heard) = owner.send(Settle(outcomes)).await else { return true };
        count &= heard.counts;
        outcomes = heard.again;
        if !outcomes.is_empty() {
            tokio::time::sleep(RETRY).await;
        }
    }
    count
}

fn outcome(authorization: Authorization) -> PaymentOutcome {
    match authorization {
        Authorization::Granted => PaymentOutcome::Authorized,
        Authorization::GrantedAs(reference) => PaymentOutcome::AuthorizedAs(reference),
        Authorization::Declined => PaymentOutcome::Declined,
        Authorization::ActionRequired { action, reference } => {
            PaymentOutcome::ActionRequired { action, reference }
        }
    }
}

/// Only money that is set aside gets seats.
fn found_late(authorization: Authorization) -> Option<PaymentOutcome> {
    match authorization {
        Authorization::Granted => Some(PaymentOutcome::FoundLate(None)),
        Authorization::GrantedAs(reference) => Some(PaymentOutcome::FoundLate(Some(reference))),
        Authorization::Declined | Authorization::ActionRequired { .. } => None,
    }
}
