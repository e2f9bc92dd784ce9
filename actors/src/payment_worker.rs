//! The payment worker: does a booking's open work at its provider and reports the outcome to the owner.
//!
//! It begins only when the fact that asks for it is on disk. Should the owner die in between, the next one finds the
//! work open in its state and has it done again under the same keys: a provider acts once, however often it is asked.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use actix::Addr;
use domain::event::{PaymentOutcome, Work};
use domain::ports::{Authorization, Charge, PaymentGateway};

use crate::answer::Fault;
use crate::event::{EventActor, Settle};

/// How long the worker waits before it reports again to an owner whose queues are full.
const RETRY: Duration = Duration::from_millis(50);

/// Does `work` once `begin` allows it, then reports to `owner` until that has taken the outcome or is gone.
pub(crate) async fn run(
    gateway: Arc<dyn PaymentGateway>,
    charge: Charge,
    work: Work,
    begin: impl Future<Output = bool>,
    lapsed: Duration,
    owner: Addr<EventActor>,
) {
    if !begin.await {
        return;
    }
    let booking = charge.booking;
    // By then the booking has lapsed, and what the provider says of it no longer counts: the void that follows lets go
    // of whatever it may yet set aside.
    let Some(outcome) = until(lapsed, work, perform(&*gateway, charge, work)).await else { return };
    while let Ok(Err(Fault::Overloaded)) = owner.send(Settle { booking, outcome }).await {
        tokio::time::sleep(RETRY).await;
    }
}

/// An authorization is given up after `lapsed`; everything else is owed, however long it takes.
async fn until(
    lapsed: Duration,
    work: Work,
    outcome: impl Future<Output = PaymentOutcome>,
) -> Option<PaymentOutcome> {
    match work {
        Work::Authorize => tokio::time::timeout(lapsed, outcome).await.ok(),
        Work::Capture | Work::Void | Work::Refund { .. } => Some(outcome.await),
    }
}

async fn perform(gateway: &dyn PaymentGateway, charge: Charge, work: Work) -> PaymentOutcome {
    match work {
        Work::Authorize => match gateway.authorize(charge).await {
            Authorization::Granted => PaymentOutcome::Authorized,
            Authorization::Declined => PaymentOutcome::Declined,
        },
        Work::Capture => {
            gateway.capture(charge).await;
            PaymentOutcome::Captured
        }
        Work::Void => {
            gateway.void(charge).await;
            PaymentOutcome::Voided
        }
        Work::Refund { amount_minor, attempt } => {
            gateway.refund(charge, amount_minor, attempt).await;
            PaymentOutcome::Refunded { amount_minor, attempt }
        }
    }
}
