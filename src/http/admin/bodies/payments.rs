//! What is told of payments to whoever compares them. Amounts are minor units of the event's currency.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An event that may have payments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PaidEventBody {
    /// Which.
    pub event_id: String,
    /// Of all its amounts.
    pub currency: String,
}

/// A page of events.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PaidEventsBody {
    /// The events of this page.
    pub items: Vec<PaidEventBody>,
    /// How many there are in all.
    pub total: u64,
}

/// A payment as we have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PaymentRow {
    /// Which.
    pub payment_id: String,
    /// Its number within the event.
    pub number: u32,
    /// Who was asked; nobody yet, where there is none.
    pub provider: Option<String>,
    /// What the provider calls the newest attempt.
    pub reference: Option<String>,
    /// Which attempt that is.
    pub attempt: u32,
    /// Where the money is.
    pub status: String,
    /// Taken.
    pub captured: i64,
    /// Given back.
    pub refunded: i64,
    /// Whether the buyer disputes it.
    pub disputed: bool,
    /// Whether something is still to be done at the provider.
    pub open: bool,
}

/// Payments of one event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PaymentsBody {
    /// Some of them.
    pub items: Vec<PaymentRow>,
    /// After which the rest comes.
    pub next: Option<u32>,
}

/// An attempt to pay as its provider has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PaymentRecordBody {
    /// Our payment.
    pub payment_id: String,
    /// Which attempt to pay it.
    pub attempt: u32,
    /// What the provider calls it.
    pub reference: String,
    /// The provider's word for where it stands.
    pub status: String,
    /// Taken.
    pub captured: i64,
    /// Given back.
    pub refunded: i64,
    /// Of these amounts.
    pub currency: String,
}

/// Records of a provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecordsBody {
    /// Some of them.
    pub items: Vec<PaymentRecordBody>,
    /// After which the rest comes.
    pub next: Option<String>,
}
