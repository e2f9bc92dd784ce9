//! Which events a search means, and in which order.
//!
//! Words are compared without regard to case, anywhere in a text. Days are days in UTC.

use std::cmp::Ordering;
use std::str::FromStr;

use domain::time::UnixMillis;
use serde::{Deserialize, Deserializer, de};
use utoipa::{IntoParams, ToSchema};

use super::event_view::Found;
use super::problem::Problem;
use super::wire::Timestamp;

const DAY_MS: u64 = 24 * 60 * 60 * 1000;
const DEFAULT_RADIUS_KM: f64 = 50.0;
const EARTH_RADIUS_KM: f64 = 6371.0;

/// What can be asked for; everything that is there must fit.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct SearchQuery {
    /// Words; `term` is another name for it.
    #[serde(alias = "term")]
    keyword: Option<String>,
    location: Option<String>,
    lat: Option<f64>,
    lon: Option<f64>,
    radius_km: Option<f64>,
    r#type: Option<String>,
    /// A day, or an instant.
    #[param(value_type = Option<String>)]
    date: Option<Span>,
    /// The same: the first.
    #[param(value_type = Option<String>)]
    start: Option<Span>,
    /// The same: the last.
    #[param(value_type = Option<String>)]
    end: Option<Span>,
    min_price: Option<i64>,
    max_price: Option<i64>,
    #[param(inline)]
    sort: Sort,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Sort {
    /// As long as all words must be there anyway, all events are as relevant: soonest first.
    #[default]
    Relevance,
    Date,
    Distance,
    Price,
}

/// An instant, or all instants of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    first: UnixMillis,
    last: UnixMillis,
}

impl FromStr for Span {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(Timestamp(at)) = text.parse() {
            return Ok(Self { first: at, last: at });
        }
        let Timestamp(first) = format!("{text}T00:00:00Z")
            .parse()
            .map_err(|_| "must be a day as 2027-05-01, or an RFC 3339 time")?;
        Ok(Self { first, last: first.plus_ms(DAY_MS - 1) })
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// A checked query.
#[derive(Debug)]
pub(super) struct Filter {
    words: Vec<String>,
    location: Option<String>,
    kind: Option<String>,
    from: UnixMillis,
    until: UnixMillis,
    prices: std::ops::RangeInclusive<i64>,
    center: Option<(f64, f64)>,
    radius_km: Option<f64>,
    sort: Sort,
}

impl Filter {
    /// What `query` means.
    pub(super) fn new(query: SearchQuery) -> Result<Self, Problem> {
        let center = match (query.lat, query.lon) {
            (None, None) => None,
            (Some(lat), Some(lon)) if (-90.0..=90.0).contains(&lat) && (-180.0..=180.0).contains(&lon) => {
                Some((lat, lon))
            }
            _ => return Err(Problem::malformed("Give lat (-90 to 90) and lon (-180 to 180), or neither.")),
        };
        if center.is_none() && (query.radius_km.is_some() || query.sort == Sort::Distance) {
            return Err(Problem::malformed("radiusKm and sort=distance need lat and lon."));
        }
        if query.radius_km.is_some_and(|radius| !(0.0..=20_100.0).contains(&radius)) {
            return Err(Problem::malformed("radiusKm must be from 0 to 20100."));
        }
        let spans = [query.date, query.start].into_iter().flatten().map(|span| span.first);
        let ends = [query.date, query.end].into_iter().flatten().map(|span| span.last);
        Ok(Self {
            words: fold(&query.keyword.unwrap_or_default()).split_whitespace().map(str::to_owned).collect(),
            location: query.location.as_deref().map(fold),
            kind: query.r#type.as_deref().map(fold),
            from: spans.max().unwrap_or_default(),
            until: ends.min().unwrap_or(UnixMillis::new(u64::MAX)),
            prices: query.min_price.unwrap_or(0)..=query.max_price.unwrap_or(i64::MAX),
            // To be sorted by distance is no wish to leave the far ones out.
            radius_km: query.radius_km.or((query.sort != Sort::Distance).then_some(DEFAULT_RADIUS_KM)),
            center,
            sort: query.sort,
        })
    }

    /// Whether the event is meant.
    pub(super) fn fits(&self, found: &Found) -> bool {
        let terms = &found.event.terms;
        (self.from..=self.until).contains(&terms.starts_at)
            && terms.prices_minor.iter().any(|price| self.prices.contains(price))
            && self.kind.as_ref().is_none_or(|kind| fold(&found.event.kind) == *kind)
            && self.location.as_ref().is_none_or(|wanted| fold(&place(found)).contains(wanted))
            && self.is_near(found)
            && self.has_words(found)
    }

    fn is_near(&self, found: &Found) -> bool {
        match (self.center, self.radius_km) {
            (Some(center), Some(radius)) => distance_km(center, found) <= radius,
            _ => true,
        }
    }

    fn has_words(&self, found: &Found) -> bool {
        if self.words.is_empty() {
            return true;
        }
        let performers = found.performers().flat_map(|performer| [&performer.name, &performer.genre]);
        let mut text: Vec<&str> = performers.map(String::as_str).collect();
        text.extend([found.event.name.as_str(), &found.event.kind, &found.event.description]);
        let text = fold(&format!("{} {}", text.join(" "), place(found)));
        self.words.iter().all(|word| text.contains(word))
    }

    /// Brings events, which come soonest first, into the wanted order.
    pub(super) fn sort(&self, found: &mut [Found]) {
        match (self.sort, self.center) {
            (Sort::Price, _) => {
                found.sort_by_key(|found| found.event.terms.prices_minor.iter().min().copied());
            }
            (Sort::Distance, Some(center)) => found.sort_by(|a, b| {
                distance_km(center, a).partial_cmp(&distance_km(center, b)).unwrap_or(Ordering::Equal)
            }),
            _ => {}
        }
    }
}

fn fold(text: &str) -> String {
    text.trim().to_lowercase()
}

fn place(found: &Found) -> String {
    let venue = found.venue();
    format!("{}, {}, {}, {}", venue.name, venue.address, venue.city, venue.country)
}

/// Along the great circle (haversine formula).
fn distance_km((lat, lon): (f64, f64), found: &Found) -> f64 {
    let venue = found.venue();
    let (lat, lon, to_lat, to_lon) =
        (lat.to_radians(), lon.to_radians(), venue.lat.to_radians(), venue.lon.to_radians());
    let half = ((to_lat - lat) / 2.0).sin().powi(2)
        + lat.cos() * to_lat.cos() * ((to_lon - lon) / 2.0).sin().powi(2);
    2.0 * EARTH_RADIUS_KM * half.min(1.0).sqrt().asin()
}

#[cfg(test)]
#[path = "search_filter_test.rs"]
mod test;
