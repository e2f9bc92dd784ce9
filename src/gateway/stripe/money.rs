//! Taking what was set aside, and giving it back.
//!
//! Owns the idempotency keys of both. Before anything is asked for again it is looked up, because Stripe forgets keys
//! after a day and remembers a fault under a key as long as a success.

use domain::ports::Capture;

use super::client::NoAnswer;
use super::intents::Intents;
use super::patience::Patience;
use super::shapes::{Intent, List, PAYMENT, REFUND, Refund};

impl Intents {
    pub(super) async fn capture(self) -> Capture {
        let mut patience = Patience::new(self.payment(), "capture");
        let Some(mut intent) = self.find().await else { return Capture::Gone };
        for tries in 0_u32.. {
            match intent.status.as_str() {
                "succeeded" => return Capture::Taken,
                "canceled" => return Capture::Gone,
                _ => {}
            }
            match self.take(&intent, tries).await {
                Ok(taken) => intent = taken,
                Err(why) => {
                    patience.after(&why).await;
                    intent = self.retrieve(&intent.id).await;
                }
            }
        }
        Capture::Gone
    }

    async fn take(&self, intent: &Intent, tries: u32) -> Result<Intent, NoAnswer> {
        let path = format!("/v1/payment_intents/{}/capture", intent.id);
        let form = vec![("amount_to_capture", self.charge.amount_minor.to_string())];
        self.client.post(&path, &self.key(&format!("capture-{tries}")), &form).await
    }

    /// Gives `amount_minor` back; `number` tells the refunds of one payment apart.
    pub(super) async fn refund(self, amount_minor: i64, number: u32) {
        let mut patience = Patience::new(self.payment(), "refund");
        let Some(intent) = self.find().await else { return };
        loop {
            let known = match self.refunds(&intent, number).await {
                Ok(known) => known,
                Err(why) => {
                    patience.after(&why).await;
                    continue;
                }
            };
            if known.iter().any(Refund::is_given) {
                return;
            }
            match self.give_back(&intent, amount_minor, (number, known.len())).await {
                Ok(refund) if refund.is_given() => return,
                Ok(_) => patience.meanwhile().await,
                Err(NoAnswer::Refused { why, .. })
                    if why.code.as_deref() == Some("charge_already_refunded") =>
                {
                    let payment = self.payment();
                    tracing::warn!(%payment, "somebody has refunded a payment at stripe, past this program");
                    return;
                }
                Err(why) => patience.after(&why).await,
            }
        }
    }

    /// What there is of this refund: at most one that was given, and those that failed.
    async fn refunds(&self, intent: &Intent, number: u32) -> Result<Vec<Refund>, NoAnswer> {
        let query = vec![("payment_intent", intent.id.clone()), ("limit", "100".to_owned())];
        let all: List<Refund> = self.client.get("/v1/refunds", &query).await?;
        let number = number.to_string();
        let ours = |refund: &Refund| refund.metadata.get(REFUND) == Some(&number);
        Ok(all.data.into_iter().filter(ours).collect())
    }

    async fn give_back(
        &self,
        intent: &Intent,
        amount_minor: i64,
        (number, failed): (u32, usize),
    ) -> Result<Refund, NoAnswer> {
        let payment = format!("metadata[{PAYMENT}]");
        let refund = format!("metadata[{REFUND}]");
        let form = vec![
            ("payment_intent", intent.id.clone()),
            ("amount", amount_minor.to_string()),
            (payment.as_str(), self.payment().to_string()),
            (refund.as_str(), number.to_string()),
        ];
        self.client.post("/v1/refunds", &self.key(&format!("refund-{number}-{failed}")), &form).await
    }
}
