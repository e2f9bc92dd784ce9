//! What organizers may write: the drafts of catalogue entries and the rules of their fields.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::charges::ChargesDraft;
use crate::event::{Cancellation, MAX_HOLD_AGE_MS, SaleTerms};
use crate::ids::{PerformerId, VenueId};
use crate::invalid::{Findings, Invalid};
use crate::money::Currency;
use crate::seat_map::SeatMap;
use crate::time::UnixMillis;

/// The longest time an event may let its holds last.
pub const MAX_HOLD_SECONDS: u32 = (MAX_HOLD_AGE_MS / 1000) as u32;
pub(super) const MAX_PRICE_MINOR: i64 = 1_000_000_000_000;
const MAX_PERFORMERS: usize = 100;

/// A venue as its author wrote it; the seat map is built already.
#[derive(Debug, Clone)]
pub struct VenueDraft {
    /// 1 to 200 characters.
    pub name: String,
    /// 1 to 300 characters.
    pub address: String,
    /// 1 to 100 characters.
    pub city: String,
    /// 1 to 100 characters.
    pub country: String,
    /// -90 to 90.
    pub lat: f64,
    /// -180 to 180.
    pub lon: f64,
    /// An IANA name.
    pub timezone: String,
    /// Its seats.
    pub seat_map: Arc<SeatMap>,
    /// What it is called where it comes from.
    pub external_id: Option<String>,
}

impl VenueDraft {
    pub(super) fn check(&self) -> Result<(), Vec<Invalid>> {
        let mut findings = Findings::default();
        findings.check_text("/name", &self.name, 1, 200);
        findings.check_text("/address", &self.address, 1, 300);
        findings.check_text("/city", &self.city, 1, 100);
        findings.check_text("/country", &self.country, 1, 100);
        findings.check((-90.0..=90.0).contains(&self.lat), "/location/lat", "must be from -90 to 90");
        findings.check((-180.0..=180.0).contains(&self.lon), "/location/lon", "must be from -180 to 180");
        let zone = "must be the IANA name of a time zone, for example Asia/Taipei";
        findings.check(is_timezone(&self.timezone), "/timezone", zone);
        findings.into_result()
    }
}

/// Only the form: the names change with the years, and nothing here computes local time.
fn is_timezone(name: &str) -> bool {
    let is_part = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic())
            && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '+'))
    };
    name.len() <= 64 && name.split('/').all(is_part)
}

/// A performer as their author wrote them.
#[derive(Debug, Clone)]
pub struct PerformerDraft {
    /// 1 to 200 characters.
    pub name: String,
    /// 0 to 100 characters.
    pub genre: String,
    /// 0 to 10,000 characters.
    pub bio: String,
    /// What they are called where they come from.
    pub external_id: Option<String>,
}

impl PerformerDraft {
    pub(super) fn check(&self) -> Result<(), Vec<Invalid>> {
        let mut findings = Findings::default();
        findings.check_text("/name", &self.name, 1, 200);
        findings.check_text("/genre", &self.genre, 0, 100);
        findings.check_text("/bio", &self.bio, 0, 10_000);
        findings.into_result()
    }
}

/// The cancellation rule as its author wrote it.
#[derive(Debug, Clone, Copy)]
pub struct CancellationDraft {
    /// No cancellation from here on.
    pub until: UnixMillis,
    /// 0 to 100.
    pub fee_percent: u8,
}

impl CancellationDraft {
    /// The rule of a sale; none where it is the one that events have without any, which follows the event's time.
    pub(super) fn of(terms: &SaleTerms) -> Option<Self> {
        let Cancellation { until, fee_percent } = terms.cancellation;
        let usual = fee_percent == 0 && until == terms.starts_at;
        (!usual).then_some(Self { until, fee_percent })
    }
}

/// An event as its author wrote it.
#[derive(Debug, Clone)]
pub struct EventDraft {
    /// 1 to 200 characters.
    pub name: String,
    /// 0 to 10,000 characters.
    pub description: String,
    /// 1 to 50 characters.
    pub kind: String,
    /// Known ones, none twice.
    pub performers: Vec<PerformerId>,
    /// A known one.
    pub venue: VenueId,
    /// The show begins.
    pub starts_at: UnixMillis,
    /// The sale opens, before the show begins. At once where there is none.
    pub opens_at: Option<UnixMillis>,
    /// Of all prices.
    pub currency: Currency,
    /// Minor units for each category of the venue's seat map.
    pub prices_minor: BTreeMap<String, i64>,
    /// An http or https address.
    pub image_url: Option<String>,
    /// Tickets a customer; at least 1.
    pub per_customer: Option<u32>,
    /// 1 to [`MAX_HOLD_SECONDS`].
    pub hold_seconds: u32,
    /// Free cancellation until the show begins where there is none.
    pub cancellation: Option<CancellationDraft>,
    /// Price types, fees and taxes.
    pub charges: ChargesDraft,
    /// What it is called where it comes from.
    pub external_id: Option<String>,
}

impl EventDraft {
    /// What can be said without the catalogue.
    pub(super) fn check(&self, findings: &mut Findings) {
        findings.check_text("/name", &self.name, 1, 200);
        findings.check_text("/description", &self.description, 0, 10_000);
        findings.check_text("/type", &self.kind, 1, 50);
        let opens_in_time = self.opens_at.is_none_or(|opens_at| opens_at < self.starts_at);
        findings.check(opens_in_time, "/onsaleAt", "must be before startsAt");
        findings.check(self.image_url.as_deref().is_none_or(is_web_address), "/imageUrl", WEB_ADDRESS_RULE);
        findings.check(self.per_customer != Some(0), "/limits/perCustomer", "must be at least 1");
        let hold_rule = format!("must be from 1 to {MAX_HOLD_SECONDS}");
        findings.check((1..=MAX_HOLD_SECONDS).contains(&self.hold_seconds), "/holdSeconds", hold_rule);
        let fee_is_fine = self.cancellation.is_none_or(|rule| rule.fee_percent <= 100);
        findings.check(fee_is_fine, "/cancellation/feePercent", "must be from 0 to 100");
        let few = self.performers.len() <= MAX_PERFORMERS;
        findings.check(few, "/performerIds", format!("must have at most {MAX_PERFORMERS}"));
    }

    /// The prices in the order of the categories of `map`; zero where one is missing, which is a finding.
    pub(super) fn prices_for(&self, map: &SeatMap, findings: &mut Findings) -> Vec<i64> {
        prices_for(&self.prices_minor, "/prices", map, findings)
    }
}

/// The prices at `pointer` in the order of the categories of `map`; zero where one is missing, which is a finding.
pub(super) fn prices_for(
    prices_minor: &BTreeMap<String, i64>,
    pointer: &str,
    map: &SeatMap,
    findings: &mut Findings,
) -> Vec<i64> {
    let price_pointer =
        |category: &str| format!("{pointer}/{}", category.replace('~', "~0").replace('/', "~1"));
    for (category, amount) in prices_minor {
        let pointer = price_pointer(category);
        let known = map.category_named(category).is_some();
        findings.check(known, &pointer, "the seat map of the venue has no such category");
        let rule = format!("must be from 0 to {MAX_PRICE_MINOR} minor units");
        findings.check((0..=MAX_PRICE_MINOR).contains(amount), &pointer, rule);
    }
    let price = |category: &String| {
        let price = prices_minor.get(category).copied();
        findings.check(
            price.is_some(),
            &price_pointer(category),
            "every category of the seat map needs a price",
        );
        price.unwrap_or(0)
    };
    map.categories().iter().map(price).collect()
}

const WEB_ADDRESS_RULE: &str = "must be an http or https address of at most 2000 bytes";

/// Pages show it as a picture: no other schemes.
fn is_web_address(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    text.len() <= 2000
        && rest.is_some_and(|rest| !rest.is_empty())
        && !text
            .contains(|c: char| c.is_control() || c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>'))
}
