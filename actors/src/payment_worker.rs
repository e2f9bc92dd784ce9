//! The payment worker: does a booking's open work at its provider and reports the outcome to the owner.
//!
//! It begins only when the fact that asks for it is on disk. Should the owner die in between, the next one finds the
//! work open in its state and has it done again under the same keys: a provider acts once, however often it is asked.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use actix::Addr;
use domain::event::{PaymentOutcome, Work};
use domain::ports::{Authorization, Capture, Charge, PaymentGateway};

use crate::answer::Fault;
use crate::event::{EventActor, Settle};

/// How long the worker waits before it reports again to an owner whose queues are full.
const RETRY: Duration = Duration::from_millis(50);

/// One piece of work at a provider.
pub(crate) struct Worker {
    pub(crate) gateway: Arc<dyn PaymentGateway>,
    pub(crate) charge: Charge,
    pub(crate) work: Work,
    /// What the provider says later no longer counts as its answer.
    pub(crate) lapsed: Duration,
    pub(crate) owner: Addr<EventActor>,
}

impl Worker {
    /// Does the work once `begin` allows it, then reports to the owner until that has taken the outcome or is gone.
    pub(crate) async fn run(self, begin: impl Future<Output = bool>) {
        if !begin.await {
            return;
        }
        let (gateway, charge) = (self.gateway.clone(), self.charge.clone());
        let outcome = match self.work {
            Work::Authorize => self.in_time(gateway.authorize(charge)).await,
            Work::Await => self.in_time(gateway.settled(charge)).await,
            Work::Capture => Some(match gateway.capture(charge).await {
                Capture::Taken => PaymentOutcome::Captured,
                Capture::Gone => PaymentOutcome::Lost,
            }),
            Work::Void => return self.let_go().await,
            Work::Refund { amount_minor, attempt } => {
                gateway.refund(charge, amount_minor, attempt).await;
                Some(PaymentOutcome::Refunded { amount_minor, attempt })
            }
        };
        // Too late, the booking has lapsed: the void that follows finds out what the provider may yet have set aside.
        let Some(outcome) = outcome else { return };
        self.report(&outcome).await;
        if gateway.repeats_itself(&self.charge) {
            self.report(&outcome).await;
        }
    }

    /// An authorization is given up when its time is over; everything else is owed, however long it takes.
    async fn in_time(&self, answer: impl Future<Output = Authorization>) -> Option<PaymentOutcome> {
        tokio::time::timeout(self.lapsed, answer).await.ok().map(outcome)
    }

    /// Offers what was set aside too late to the owner, which may still have the seats; else lets it go.
    async fn let_go(self) {
        let late = self.gateway.set_aside_late(self.charge.clone()).await;
        if let Some(late) = late.and_then(found_late)
            && self.report(&late).await
        {
            return;
        }
        self.gateway.void(self.charge.clone()).await;
        self.report(&PaymentOutcome::Voided).await;
    }

    /// Whether the owner has made a fact of `outcome`.
    async fn report(&self, outcome: &PaymentOutcome) -> bool {
        loop {
            let settle = Settle { booking: self.charge.booking, outcome: outcome.clone() };
            match self.owner.send(settle).await {
                Ok(Ok(taken)) => return taken,
                Ok(Err(Fault::Overloaded)) => tokio::time::sleep(RETRY).await,
                // The owner has gone; the next one begins anew, so nothing more may be done for this one.
                Ok(Err(Fault::OwnerUnavailable)) | Err(_) => return true,
            }
        }
    }
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
