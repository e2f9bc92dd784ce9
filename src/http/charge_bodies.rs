//! Price types, fees and taxes in JSON: as organizers write and read them, and as the lines of a total.

use std::collections::BTreeMap;
use std::fmt;

use domain::catalogue::{ChargesDraft, PriceTypeDraft};
use domain::event::{Charges, Fee, FeeAmount, Line, LineKind, Per, Percent, Priced, Tax};
use domain::invalid::Invalid;
use domain::money::Currency;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use utoipa::ToSchema;

use super::wire::MoneyView;

/// Minor units by category. A category that is there twice is refused: nobody knows which price was meant.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub(super) struct Prices(pub(super) BTreeMap<String, i64>);

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

/// A percentage: a number from 0 to 100 with at most two decimals.
#[derive(Debug, Clone, Copy)]
pub(super) struct PercentNumber(pub(super) Percent);

impl<'de> Deserialize<'de> for PercentNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = f64::deserialize(deserializer)?;
        let hundredths = (number * 100.0).round();
        let whole = (0.0..=10_000.0).contains(&hundredths) && (hundredths / 100.0 - number).abs() < 1e-9;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 10,000, and whole")]
        let percent = if whole { Percent::hundredths(hundredths as u32) } else { None };
        percent.map(Self).ok_or_else(|| de::Error::custom("must be from 0 to 100, with at most two decimals"))
    }
}

impl Serialize for PercentNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.in_hundredths() {
            whole if whole % 100 == 0 => serializer.serialize_u32(whole / 100),
            hundredths => serializer.serialize_f64(f64::from(hundredths) / 100.0),
        }
    }
}

/// A price type: with a percentage of the adult's price, or with prices of its own.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PriceType)]
pub(super) struct PriceTypeBody {
    id: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    percent: Option<PercentNumber>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<BTreeMap<String, i64>>)]
    prices: Option<Prices>,
}

/// A fee: an amount in minor units, or a percentage.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Fee)]
pub(super) struct FeeBody {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    percent: Option<PercentNumber>,
    per: PerName,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = Per)]
enum PerName {
    Ticket,
    Booking,
}

/// A tax on tickets and fees.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Tax)]
pub(super) struct TaxBody {
    name: String,
    #[schema(value_type = f64)]
    percent: PercentNumber,
    #[serde(default)]
    included: bool,
}

impl From<PriceTypeBody> for PriceTypeDraft {
    fn from(body: PriceTypeBody) -> Self {
        Self {
            id: body.id,
            name: body.name,
            percent: body.percent.map(|percent| percent.0),
            prices_minor: body.prices.map(|prices| prices.0),
        }
    }
}

impl From<PriceTypeDraft> for PriceTypeBody {
    fn from(draft: PriceTypeDraft) -> Self {
        Self {
            id: draft.id,
            name: draft.name,
            percent: draft.percent.map(PercentNumber),
            prices: draft.prices_minor.map(Prices),
        }
    }
}

impl From<&Fee> for FeeBody {
    fn from(fee: &Fee) -> Self {
        let (amount, percent) = match fee.amount {
            FeeAmount::Fixed(amount) => (Some(amount), None),
            FeeAmount::Percent(percent) => (None, Some(PercentNumber(percent))),
        };
        let per = match fee.per {
            Per::Ticket => PerName::Ticket,
            Per::Booking => PerName::Booking,
        };
        Self { name: fee.name.clone(), amount, percent, per }
    }
}

impl From<&Tax> for TaxBody {
    fn from(tax: &Tax) -> Self {
        Self { name: tax.name.clone(), percent: PercentNumber(tax.percent), included: tax.included }
    }
}

impl From<TaxBody> for Tax {
    fn from(body: TaxBody) -> Self {
        Self { name: body.name, percent: body.percent.0, included: body.included }
    }
}

/// The fees that are meant.
pub(super) fn fees(bodies: Vec<FeeBody>) -> Result<Vec<Fee>, Vec<Invalid>> {
    let fee = |(at, body): (usize, FeeBody)| {
        let amount = match (body.amount, body.percent) {
            (Some(amount), None) => FeeAmount::Fixed(amount),
            (None, Some(percent)) => FeeAmount::Percent(percent.0),
            _ => return Err(vec![Invalid::new(format!("/fees/{at}"), "must have either amount or percent")]),
        };
        let per = match body.per {
            PerName::Ticket => Per::Ticket,
            PerName::Booking => Per::Booking,
        };
        Ok(Fee { name: body.name, amount, per })
    };
    bodies.into_iter().enumerate().map(fee).collect()
}

/// The drafts that are meant; what is left out is not there.
pub(super) fn charges(
    types: Option<Vec<PriceTypeBody>>,
    fee_bodies: Option<Vec<FeeBody>>,
    taxes: Option<Vec<TaxBody>>,
) -> Result<ChargesDraft, Vec<Invalid>> {
    Ok(ChargesDraft {
        types: types.unwrap_or_default().into_iter().map(PriceTypeDraft::from).collect(),
        fees: fees(fee_bodies.unwrap_or_default())?,
        taxes: taxes.unwrap_or_default().into_iter().map(Tax::from).collect(),
    })
}

/// A part of a total.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Line)]
pub(super) struct LineBody<'a> {
    r#type: &'static str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    price_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quantity: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<MoneyView>,
    amount: MoneyView,
}

/// A tax that the prices contain, and how much of the total it is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct IncludedTax<'a> {
    name: &'a str,
    #[schema(value_type = f64)]
    percent: PercentNumber,
    amount: MoneyView,
}

/// The parts of what `tickets` cost.
pub(super) fn lines<'a>(charges: &'a Charges, tickets: &[Priced], currency: Currency) -> Vec<LineBody<'a>> {
    let line = |line: Line<'a>| {
        let amount = MoneyView::new(line.amount_minor, currency);
        let plain =
            LineBody { r#type: "", name: line.name, price_type: None, quantity: None, price: None, amount };
        match line.kind {
            LineKind::Tickets { price_type, quantity, price_minor } => LineBody {
                r#type: "tickets",
                price_type: Some(price_type),
                quantity: Some(quantity),
                price: Some(MoneyView::new(price_minor, currency)),
                ..plain
            },
            LineKind::Fee => LineBody { r#type: "fee", ..plain },
            LineKind::Tax => LineBody { r#type: "tax", ..plain },
        }
    };
    charges.lines(tickets).into_iter().map(line).collect()
}

/// The taxes that the prices of `tickets` contain.
pub(super) fn included_taxes<'a>(
    charges: &'a Charges,
    tickets: &[Priced],
    currency: Currency,
) -> Vec<IncludedTax<'a>> {
    let tax = |(tax, amount): (&'a Tax, i64)| IncludedTax {
        name: &tax.name,
        percent: PercentNumber(tax.percent),
        amount: MoneyView::new(amount, currency),
    };
    charges.included(tickets).map(tax).collect()
}

/// The id of a price type, where the event has some.
pub(super) fn type_name(charges: Option<&Charges>, price_type: u8) -> Option<&str> {
    charges.and_then(|charges| charges.types.get(usize::from(price_type))).map(|known| known.id.as_str())
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

    #[test]
    fn a_percentage_has_two_decimals_and_is_written_as_it_was_read() {
        for text in ["0", "7.7", "8.25", "50", "100"] {
            let percent: PercentNumber = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&percent).unwrap(), text);
        }
        for text in ["-1", "100.01", "1.005", "\"5\"", "null", "1e300"] {
            assert!(serde_json::from_str::<PercentNumber>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_fee_is_an_amount_or_a_percentage() {
        let fee = |text: &str| fees(vec![serde_json::from_str(text).unwrap()]);
        assert!(fee(r#"{"name": "Service", "amount": 100, "per": "ticket"}"#).is_ok());
        assert!(fee(r#"{"name": "Service", "percent": 2.5, "per": "booking"}"#).is_ok());
        for wrong in [
            r#"{"name": "S", "per": "ticket"}"#,
            r#"{"name": "S", "amount": 1, "percent": 1, "per": "ticket"}"#,
        ] {
            assert_eq!(fee(wrong).unwrap_err()[0].pointer, "/fees/0");
        }
    }
}
