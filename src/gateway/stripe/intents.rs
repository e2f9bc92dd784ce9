//! Stripe's PaymentIntents: setting money aside, finding out what became of an attempt, and letting go of it.
//!
//! Owns the idempotency keys of intents, which are made of our payment's id and the number of the attempt. An attempt
//! whose answer was lost is found again by Stripe's search; where that knows nothing, the key itself is used up by an
//! intent that charges nobody, after which the lost request cannot be done any more, however late it arrives.
//! Hazard: an intent that is not cancelled can be paid by whoever has its client secret; so what is declined is cancelled.

use std::future::pending;
use std::sync::Arc;

use domain::ids::PaymentId;
use domain::ports::{Authorization, Charge};

use super::client::{Client, Form, NoAnswer};
use super::patience::Patience;
use super::shapes::{ATTEMPT, Intent, List, PAYMENT, Refund, currency};

const INTENTS: &str = "/v1/payment_intents";

/// Does what is to be done to the intents of one charge.
pub(super) struct Intents {
    pub(super) client: Arc<Client>,
    pub(super) charge: Charge,
}

impl Intents {
    pub(super) fn payment(&self) -> PaymentId {
        PaymentId::new(self.charge.event, self.charge.booking)
    }

    /// The start of all idempotency keys of this attempt.
    pub(super) fn key(&self, step: &str) -> String {
        format!("{}-{}-{step}", self.payment(), self.charge.attempt)
    }

    fn form(&self, confirm: bool) -> Form<'static> {
        vec![
            ("amount", self.charge.amount_minor.to_string()),
            ("currency", currency(&self.charge)),
            ("capture_method", "manual".to_owned()),
            ("confirm", confirm.to_string()),
            ("payment_method", self.charge.method.token.clone()),
            ("payment_method_types[]", "card".to_owned()),
            (METADATA_PAYMENT, self.payment().to_string()),
            (METADATA_ATTEMPT, self.charge.attempt.to_string()),
        ]
    }

    /// Asks Stripe to set the money aside: one request under one key, however often it has to be sent.
    async fn create(&self, confirm: bool) -> Result<Intent, NoAnswer> {
        self.client.post(INTENTS, &self.key("intent"), &self.form(confirm)).await
    }

    pub(super) async fn authorize(self) -> Authorization {
        let mut patience = Patience::new(self.payment(), "authorize");
        loop {
            match self.create(true).await {
                Ok(intent) => return self.standing(intent).await,
                Err(NoAnswer::Refused { why, .. }) if why.r#type == "card_error" => {
                    return self.declined(why.payment_intent.as_deref()).await;
                }
                // The token names no means of payment: that is the buyer's matter.
                Err(NoAnswer::Refused { why, .. }) if why.param.as_deref() == Some("payment_method") => {
                    return Authorization::Declined;
                }
                Err(why @ NoAnswer::Unclear(_)) => patience.after(&why).await,
                // Ours or the account's fault, which another attempt does not mend: the payment's time runs out.
                Err(why) => {
                    tracing::error!(payment = %self.payment(), %why, "stripe does not take a payment");
                    return pending().await;
                }
            }
        }
    }

    /// What an intent comes to, once it is clear.
    pub(super) async fn standing(&self, mut intent: Intent) -> Authorization {
        let mut patience = Patience::new(self.payment(), "wait for the processing of");
        while intent.status == "processing" {
            patience.meanwhile().await;
            intent = self.retrieve(&intent.id).await;
        }
        match intent.status.as_str() {
            "requires_capture" | "succeeded" if intent.is_for(&self.charge) => {
                Authorization::GrantedAs(intent.id)
            }
            "requires_action" => {
                Authorization::ActionRequired { action: intent.action(), reference: intent.id }
            }
            "requires_payment_method" | "requires_confirmation" | "canceled" => {
                self.declined(Some(&intent)).await
            }
            status => {
                let (intent, payment) = (&intent.id, self.payment());
                tracing::error!(%payment, intent, status, "stripe set something else aside than was asked for");
                pending().await
            }
        }
    }

    /// Nothing is set aside, nor can be any more.
    async fn declined(&self, intent: Option<&Intent>) -> Authorization {
        if let Some(intent) = intent {
            self.cancel(intent.clone()).await;
        }
        Authorization::Declined
    }

    /// Waits for the buyer's part.
    pub(super) async fn settled(self) -> Authorization {
        let Some(reference) = self.charge.reference.clone() else { return self.authorize().await };
        let mut patience = Patience::new(self.payment(), "wait for the buyer of");
        loop {
            let intent = self.retrieve(&reference).await;
            if intent.status != "requires_action" {
                return self.standing(intent).await;
            }
            patience.meanwhile().await;
        }
    }

    pub(super) async fn retrieve(&self, id: &str) -> Intent {
        let mut patience = Patience::new(self.payment(), "retrieve");
        loop {
            match self.client.get(&format!("{INTENTS}/{id}"), &Vec::new()).await {
                Ok(intent) => return intent,
                Err(why) => patience.after(&why).await,
            }
        }
    }

    /// The intent of this attempt; where there was none, one that charges nobody.
    pub(super) async fn find(&self) -> Option<Intent> {
        if let Some(reference) = &self.charge.reference {
            return Some(self.retrieve(reference).await);
        }
        let mut patience = Patience::new(self.payment(), "find");
        loop {
            if let Some(intent) = self.search().await {
                return Some(intent);
            }
            match self.use_up_the_key().await {
                Ok(found) => return found,
                Err(why) => patience.after(&why).await,
            }
        }
    }

    async fn search(&self) -> Option<Intent> {
        let (payment, attempt) = (self.payment(), self.charge.attempt);
        let query = format!("metadata['{PAYMENT}']:'{payment}' AND metadata['{ATTEMPT}']:'{attempt}'");
        let found: Result<List<Intent>, _> =
            self.client.get(&format!("{INTENTS}/search"), &vec![("query", query)]).await;
        // Not every account can search. What it cannot tell is told by the key, as long as Stripe remembers that.
        found.ok()?.data.into_iter().next()
    }

    /// Sends another request under the key of the lost one, which then either has been done, and is told again, or never
    /// will be.
    async fn use_up_the_key(&self) -> Result<Option<Intent>, NoAnswer> {
        match self.create(false).await {
            Ok(charges_nobody) => return Ok(Some(charges_nobody)),
            Err(NoAnswer::Refused { why, .. }) if why.r#type == "idempotency_error" => {}
            // The token names no means of payment, now as then.
            Err(NoAnswer::Refused { why, .. }) if why.param.as_deref() == Some("payment_method") => {
                return Ok(None);
            }
            Err(why) => return Err(why),
        }
        match self.create(true).await {
            // As it was then; what it is now says the intent itself.
            Ok(then) => Ok(Some(self.retrieve(&then.id).await)),
            Err(NoAnswer::Refused { why, .. }) if why.r#type == "card_error" => {
                Ok(why.payment_intent.map(|intent| *intent))
            }
            Err(NoAnswer::Refused { .. }) => Ok(None),
            Err(why) => Err(why),
        }
    }

    /// Makes sure that nothing is or will be taken by `intent`: cancels it, or gives back what was taken. Neither does more
    /// when it is done twice, so each try has a key of its own: under the same one Stripe repeats a fault for a day.
    pub(super) async fn cancel(&self, mut intent: Intent) {
        let mut patience = Patience::new(self.payment(), "void");
        for tries in 0_u32.. {
            let step = match intent.status.as_str() {
                "canceled" => return,
                "succeeded" => self.give_all_back(&intent, tries).await,
                _ => {
                    let (path, key) =
                        (format!("{INTENTS}/{}/cancel", intent.id), self.key(&format!("void-{tries}")));
                    let cancelled: Result<Intent, _> = self.client.post(&path, &key, &Vec::new()).await;
                    cancelled.map(|cancelled| cancelled.status == "canceled")
                }
            };
            match step {
                Ok(true) => return,
                Ok(false) => patience.meanwhile().await,
                Err(why) => patience.after(&why).await,
            }
            intent = self.retrieve(&intent.id).await;
        }
    }

    /// Somebody took what we had let go of.
    async fn give_all_back(&self, intent: &Intent, tries: u32) -> Result<bool, NoAnswer> {
        tracing::error!(payment = %self.payment(), intent = intent.id, "charged without a booking: is refunded");
        let form = vec![("payment_intent", intent.id.clone())];
        let key = self.key(&format!("void-refund-{tries}"));
        match self.client.post::<Refund>("/v1/refunds", &key, &form).await {
            Err(NoAnswer::Refused { why, .. }) if why.code.as_deref() == Some("charge_already_refunded") => {
                Ok(true)
            }
            refunded => refunded.map(|refund| refund.is_given()),
        }
    }
}

const METADATA_PAYMENT: &str = "metadata[onsale_payment]";
const METADATA_ATTEMPT: &str = "metadata[onsale_attempt]";
