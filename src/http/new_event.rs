//! The body of `POST /events`, on its way to [`EventDraft`].

use domain::catalogue::{CancellationDraft, ChargesDraft, EventDraft};
use domain::invalid::Invalid;
use serde::Deserialize;
use utoipa::ToSchema;

use super::charge_bodies::{FeeBody, PriceTypeBody, Prices, TaxBody, charges};
use super::wire::{CurrencyCode, Timestamp, ids};

/// How long holds last where nothing is said.
pub(super) const DEFAULT_HOLD_SECONDS: u32 = 600;

/// An event as an organizer writes it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewEvent {
    name: String,
    description: String,
    r#type: String,
    performer_ids: Vec<ids::Performer>,
    venue_id: ids::Venue,
    starts_at: Timestamp,
    onsale_at: Option<Timestamp>,
    currency: CurrencyCode,
    #[schema(value_type = BTreeMap<String, i64>)]
    prices: Prices,
    image_url: Option<String>,
    limits: Option<Limits>,
    hold_seconds: Option<u32>,
    cancellation: Option<Cancellation>,
    price_types: Option<Vec<PriceTypeBody>>,
    fees: Option<Vec<FeeBody>>,
    taxes: Option<Vec<TaxBody>>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewLimits)]
pub(super) struct Limits {
    pub(super) per_customer: Option<u32>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewCancellation)]
pub(super) struct Cancellation {
    until: Timestamp,
    fee_percent: u8,
}

impl From<Cancellation> for CancellationDraft {
    fn from(rule: Cancellation) -> Self {
        Self { until: rule.until.0, fee_percent: rule.fee_percent }
    }
}

impl NewEvent {
    /// The event, for the core to check.
    pub(super) fn draft(self) -> Result<EventDraft, Vec<Invalid>> {
        let new = self;
        Ok(EventDraft {
            name: new.name,
            description: new.description,
            kind: new.r#type,
            performers: new.performer_ids.into_iter().map(|id| id.0).collect(),
            venue: new.venue_id.0,
            starts_at: new.starts_at.0,
            opens_at: new.onsale_at.map(|at| at.0),
            currency: new.currency.0,
            prices_minor: new.prices.0,
            image_url: new.image_url,
            per_customer: new.limits.and_then(|limits| limits.per_customer),
            hold_seconds: new.hold_seconds.unwrap_or(DEFAULT_HOLD_SECONDS),
            cancellation: new.cancellation.map(CancellationDraft::from),
            charges: charges(new.price_types, new.fees, new.taxes)?,
            external_id: None,
        })
    }
}

/// The same as one of many that come from elsewhere.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct BatchEvent {
    external_id: String,
    name: String,
    description: String,
    r#type: String,
    performer_ids: Vec<ids::Performer>,
    venue_id: ids::Venue,
    starts_at: Timestamp,
    onsale_at: Option<Timestamp>,
    currency: CurrencyCode,
    #[schema(value_type = BTreeMap<String, i64>)]
    prices: Prices,
    image_url: Option<String>,
}

impl BatchEvent {
    /// What it is called where it comes from, and the event for the core to check.
    pub(super) fn draft(self) -> (String, EventDraft) {
        let draft = EventDraft {
            name: self.name,
            description: self.description,
            kind: self.r#type,
            performers: self.performer_ids.into_iter().map(|id| id.0).collect(),
            venue: self.venue_id.0,
            starts_at: self.starts_at.0,
            opens_at: self.onsale_at.map(|at| at.0),
            currency: self.currency.0,
            prices_minor: self.prices.0,
            image_url: self.image_url,
            per_customer: None,
            hold_seconds: DEFAULT_HOLD_SECONDS,
            cancellation: None,
            charges: ChargesDraft::default(),
            external_id: Some(self.external_id.clone()),
        };
        (self.external_id, draft)
    }
}
