//! Stripe's PaymentIntents as a payment provider: manual capture, one intent for each attempt to pay.
//!
//! `client` sends one request, `intents` and `money` do a piece of work however often it takes, `webhook` reads what
//! Stripe tells unasked, `records` lists what it has. Hazard: everything here runs on the node's own runtime and not on
//! an actor's thread; whoever drops the future of a piece of work ends it.

mod client;
mod intents;
mod money;
mod patience;
mod records;
mod shapes;
mod webhook;

use std::future::{Future, pending};
use std::sync::Arc;

use domain::ids::PaymentId;
use domain::ports::{Authorization, BoxFuture, Capture, Charge, PaymentGateway};
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use crate::config::{Secret, StripeConfig};
use client::{Client, Form};
use intents::Intents;
use shapes::Intent;

pub use records::Record;
#[cfg(any(test, fuzzing))]
pub(crate) use webhook::read_any as read_any_webhook;
pub use webhook::{About, Told, WebhookFault};

/// A Stripe account.
pub struct Stripe {
    client: Arc<Client>,
    runtime: Handle,
    webhook_secret: Option<Secret>,
}

impl Stripe {
    /// What clients call it.
    pub const NAME: &str = "stripe";

    /// The account of `config`. To be made on the runtime on which it is to be spoken to.
    ///
    /// # Errors
    /// Where TLS cannot be set up.
    pub fn new(config: &StripeConfig) -> Result<Self, String> {
        let client = Arc::new(Client::new(config)?);
        Ok(Self { client, runtime: Handle::current(), webhook_secret: config.webhook_secret.clone() })
    }

    fn work<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
        &self,
        charge: Charge,
        work: impl FnOnce(Intents) -> F,
    ) -> BoxFuture<T> {
        let work = work(Intents { client: self.client.clone(), charge });
        let runtime = self.runtime.clone();
        Box::pin(async move {
            // A set of one, because dropping it ends the task.
            let mut task = JoinSet::new();
            task.spawn_on(work, &runtime);
            match task.join_next().await {
                Some(Ok(done)) => done,
                // It panicked, or the node stops: the work stays open for the next owner.
                _ => pending().await,
            }
        })
    }

    /// Our payment that an intent is an attempt of, which attempt, and what the intent is now.
    async fn whose(&self, intent: &str) -> Result<Option<(PaymentId, u32)>, String> {
        let query: Form<'_> = Vec::new();
        let path = format!("/v1/payment_intents/{intent}");
        let intent: Intent = self.client.get(&path, &query).await.map_err(|why| why.to_string())?;
        Ok(intent.ours())
    }
}

impl PaymentGateway for Stripe {
    fn authorize(&self, charge: Charge) -> BoxFuture<Authorization> {
        self.work(charge, Intents::authorize)
    }

    fn settled(&self, charge: Charge) -> BoxFuture<Authorization> {
        self.work(charge, Intents::settled)
    }

    fn set_aside_late(&self, charge: Charge) -> BoxFuture<Option<Authorization>> {
        self.work(charge, |intents| async move {
            let intent = intents.find().await?;
            let late = intent.status == "requires_capture" && intent.is_for(&intents.charge);
            late.then_some(Authorization::GrantedAs(intent.id))
        })
    }

    fn capture(&self, charge: Charge) -> BoxFuture<Capture> {
        self.work(charge, Intents::capture)
    }

    fn void(&self, charge: Charge) -> BoxFuture<()> {
        self.work(charge, |intents| async move {
            if let Some(intent) = intents.find().await {
                intents.cancel(intent).await;
            }
        })
    }

    fn refund(&self, charge: Charge, amount_minor: i64, attempt: u32) -> BoxFuture<()> {
        self.work(charge, move |intents| intents.refund(amount_minor, attempt))
    }
}
