//! The body of `POST /events`, on its way to [`EventDraft`].

use std::collections::BTreeMap;
use std::fmt;

use domain::catalogue::{CancellationDraft, EventDraft};
use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use utoipa::ToSchema;

use super::wire::{CurrencyCode, Timestamp, ids};

const DEFAULT_HOLD_SECONDS: u32 = 600;

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
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewLimits)]
struct Limits {
    per_customer: Option<u32>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewCancellation)]
struct Cancellation {
    until: Timestamp,
    fee_percent: u8,
}

/// Minor units by category. A category that is there twice is refused: nobody knows which price was meant.
#[derive(Debug)]
struct Prices(BTreeMap<String, i64>);

impl<'de> Deserialize<'de> for Prices {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;

        impl<'de> Visitor<'de> for Each {
            type Value = Prices;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an amount for each category")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Prices, A::Error> {
                let mut prices = BTreeMap::new();
                while let Some(category) = entries.next_key::<String>()? {
                    if prices.contains_key(&category) {
                        return Err(de::Error::custom(format_args!("duplicate field `{category}`")));
                    }
                    let amount = entries.next_value()?;
                    prices.insert(category, amount);
                }
                Ok(Prices(prices))
            }
        }

        deserializer.deserialize_map(Each)
    }
}

impl From<NewEvent> for EventDraft {
    fn from(new: NewEvent) -> Self {
        Self {
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
            cancellation: new
                .cancellation
                .map(|rule| CancellationDraft { until: rule.until.0, fee_percent: rule.fee_percent }),
        }
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn a_category_has_one_price() {
        let prices: Prices = serde_json::from_str(r#"{"floor": 1, "pit": 2}"#).unwrap();
        assert_eq!(prices.0.len(), 2);
        let twice = serde_json::from_str::<Prices>(r#"{"floor": 1, "floor": 2}"#).unwrap_err();
        assert!(twice.to_string().starts_with("duplicate field `floor`"), "{twice}");
    }
}
