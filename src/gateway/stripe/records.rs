//! What Stripe has on record of our payments, a page at a time, for whoever compares it with ours.

use domain::ids::PaymentId;

use super::Stripe;
use super::client::Form;
use super::shapes::{Intent, List};

const PAGE: &str = "100";

/// One attempt to pay, as Stripe has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Our payment.
    pub payment: PaymentId,
    /// Which attempt to pay it.
    pub attempt: u32,
    /// Stripe's id of it.
    pub reference: String,
    /// Stripe's word for where it stands.
    pub status: String,
    /// Minor units that were taken.
    pub captured_minor: i64,
    /// Of them, given back.
    pub refunded_minor: i64,
    /// The currency, in capitals.
    pub currency: String,
}

impl Stripe {
    /// The records after the one called `after`, newest first, and where to go on. What is not ours is left out.
    ///
    /// # Errors
    /// Stripe cannot be asked, or refuses.
    pub async fn records(&self, after: Option<&str>) -> Result<(Vec<Record>, Option<String>), String> {
        let mut query: Form<'_> =
            vec![("limit", PAGE.to_owned()), ("expand[]", "data.latest_charge".to_owned())];
        query.extend(after.map(|after| ("starting_after", after.to_owned())));
        let page: List<Intent> =
            self.client.get("/v1/payment_intents", &query).await.map_err(|why| why.to_string())?;
        let next = page.data.last().filter(|_| page.has_more).map(|last| last.id.clone());
        Ok((page.data.iter().filter_map(record).collect(), next))
    }
}

fn record(intent: &Intent) -> Option<Record> {
    let (payment, attempt) = intent.ours()?;
    Some(Record {
        payment,
        attempt,
        reference: intent.id.clone(),
        status: intent.status.clone(),
        captured_minor: intent.amount_received,
        refunded_minor: intent.refunded(),
        currency: intent.currency.to_ascii_uppercase(),
    })
}
