//! The body of `PUT /events/{id}`, laid over the event as it is. What is left out stays; null takes away what may be
//! missing.

use domain::catalogue::{CancellationDraft, Catalogue, Event, EventDraft, Standing};
use serde::Deserialize;
use utoipa::ToSchema;

use super::charge_bodies::{FeeBody, PriceTypeBody, Prices, TaxBody, fees};
use super::extract::{given, set};
use super::new_event::{Cancellation, DEFAULT_HOLD_SECONDS, Limits};
use super::problem::Problem;
use super::wire::{CurrencyCode, Timestamp, ids};

/// A change of an event as an organizer writes it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct EventChange {
    #[serde(default, deserialize_with = "given")]
    name: Option<String>,
    #[serde(default, deserialize_with = "given")]
    description: Option<String>,
    #[serde(default, deserialize_with = "given")]
    r#type: Option<String>,
    #[serde(default, deserialize_with = "given")]
    performer_ids: Option<Vec<ids::Performer>>,
    #[serde(default, deserialize_with = "given")]
    venue_id: Option<ids::Venue>,
    #[serde(default, deserialize_with = "given")]
    starts_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Timestamp>)]
    onsale_at: Option<Option<Timestamp>>,
    #[serde(default, deserialize_with = "given")]
    currency: Option<CurrencyCode>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<BTreeMap<String, i64>>)]
    prices: Option<Prices>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    image_url: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Limits>)]
    limits: Option<Option<Limits>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<u32>)]
    hold_seconds: Option<Option<u32>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Cancellation>)]
    cancellation: Option<Option<Cancellation>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Vec<PriceTypeBody>>)]
    price_types: Option<Option<Vec<PriceTypeBody>>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Vec<FeeBody>>)]
    fees: Option<Option<Vec<FeeBody>>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Vec<TaxBody>>)]
    taxes: Option<Option<Vec<TaxBody>>>,
    #[serde(default, deserialize_with = "given")]
    status: Option<NewStatus>,
}

/// What an organizer decides of the status; the rest of it follows from times, and `DELETE` cancels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum NewStatus {
    Postponed,
    Scheduled,
    Onsale,
}

impl EventChange {
    /// The event as it is to be, and whether it is put off: until it gets another date, or is said to take place.
    pub(super) fn of(self, catalogue: &Catalogue, event: &Event) -> Result<(EventDraft, bool), Problem> {
        let mut draft = catalogue.draft_of(event).ok_or_else(|| Problem::not_found("venue"))?;
        let has_new_date = self.starts_at.is_some_and(|at| at.0 != draft.starts_at);
        let postponed = match self.status {
            Some(status) => status == NewStatus::Postponed,
            None => event.standing == Standing::Postponed && !has_new_date,
        };
        set(&mut draft.name, self.name);
        set(&mut draft.description, self.description);
        set(&mut draft.kind, self.r#type);
        set(&mut draft.performers, self.performer_ids.map(|ids| ids.into_iter().map(|id| id.0).collect()));
        set(&mut draft.venue, self.venue_id.map(|id| id.0));
        set(&mut draft.starts_at, self.starts_at.map(|at| at.0));
        set(&mut draft.opens_at, self.onsale_at.map(|at| at.map(|at| at.0)));
        set(&mut draft.currency, self.currency.map(|currency| currency.0));
        set(&mut draft.prices_minor, self.prices.map(|prices| prices.0));
        set(&mut draft.image_url, self.image_url);
        let per_customer = |limits: Option<Limits>| limits.and_then(|limits| limits.per_customer);
        set(&mut draft.per_customer, self.limits.map(per_customer));
        let hold_seconds = self.hold_seconds.map(|seconds| seconds.unwrap_or(DEFAULT_HOLD_SECONDS));
        set(&mut draft.hold_seconds, hold_seconds);
        let rule = |rule: Option<Cancellation>| rule.map(CancellationDraft::from);
        set(&mut draft.cancellation, self.cancellation.map(rule));
        let types = self.price_types.map(Option::unwrap_or_default);
        set(&mut draft.charges.types, types.map(|types| types.into_iter().map(Into::into).collect()));
        set(&mut draft.charges.fees, self.fees.map(|bodies| fees(bodies.unwrap_or_default())).transpose()?);
        let taxes = self.taxes.map(Option::unwrap_or_default);
        set(&mut draft.charges.taxes, taxes.map(|taxes| taxes.into_iter().map(Into::into).collect()));
        Ok((draft, postponed))
    }
}
