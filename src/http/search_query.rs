//! What a search asks for, as it stands in an address.
//!
//! A day without a time is that day at each event's venue.

use std::str::FromStr;

use domain::time::UnixMillis;
use search::{ANY_DAY, ANY_PRICE, ANY_TIME, Day, Point, Query};
use serde::{Deserialize, Deserializer, de};
use utoipa::{IntoParams, ToSchema};

use super::problem::Problem;
use super::wire::Timestamp;

const DEFAULT_RADIUS_KM: f64 = 50.0;
const FARTHEST_KM: f64 = 20_100.0;
/// More than any name has.
const LONGEST_TEXT: usize = 256;

/// What can be asked for; everything that is there must fit.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct SearchQuery {
    /// Words of the name, the description, the performers, the venue or the city. Small typos are forgiven but in the first
    /// letter, and the last word may be the beginning of one. `term` is another name for it.
    #[serde(alias = "term")]
    keyword: Option<String>,
    /// The name of a city, a country or a venue, in any language that is known.
    location: Option<String>,
    /// Degrees north.
    lat: Option<f64>,
    /// Degrees east.
    lon: Option<f64>,
    /// How far from there it may be: 50, unless they are only sorted by distance.
    radius_km: Option<f64>,
    r#type: Option<String>,
    /// A day at the venue, or an instant.
    #[param(value_type = Option<String>)]
    date: Option<Moment>,
    /// The same: the first.
    #[param(value_type = Option<String>)]
    start: Option<Moment>,
    /// The same: the last.
    #[param(value_type = Option<String>)]
    end: Option<Moment>,
    /// Minor units. Some seat costs as much or more.
    min_price: Option<i64>,
    /// Minor units. Some seat costs as much or less.
    max_price: Option<i64>,
    /// Which ones: those to come, or `all`, also those that are called off or over.
    #[param(inline)]
    status: Which,
    #[param(inline)]
    sort: Sort,
    /// Whether to tell how many of them there are of each type, city and month.
    facets: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Which {
    #[default]
    Upcoming,
    All,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Sort {
    /// The exact name first, then what is like it; of equals the soonest first.
    #[default]
    Relevance,
    Date,
    Distance,
    Price,
}

/// A day of a calendar, or an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    Day(Day),
    Instant(UnixMillis),
}

impl FromStr for Moment {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(day) = Day::parse(text) {
            return Ok(Self::Day(day));
        }
        let Timestamp(at) = text.parse().map_err(|_| "must be a day as 2027-05-01, or an RFC 3339 time")?;
        Ok(Self::Instant(at))
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl SearchQuery {
    /// What it means, of which `take` are wanted after the first `skip`.
    pub(super) fn checked(self, skip: usize, take: usize) -> Result<Query, Problem> {
        let near = self.near()?;
        let long =
            |text: &Option<String>| text.as_ref().is_some_and(|text| text.chars().count() > LONGEST_TEXT);
        if long(&self.keyword) || long(&self.location) || long(&self.r#type) {
            return Err(Problem::malformed(format!(
                "A text to search for has {LONGEST_TEXT} characters at most."
            )));
        }
        let mut query = Query {
            near,
            keyword: self.keyword.unwrap_or_default(),
            location: self.location.filter(|name| !name.trim().is_empty()),
            kind: self.r#type.filter(|kind| !kind.trim().is_empty()),
            days: ANY_DAY,
            times: ANY_TIME,
            prices: self.min_price.unwrap_or(*ANY_PRICE.start())..=self.max_price.unwrap_or(*ANY_PRICE.end()),
            all: self.status == Which::All,
            sort: match self.sort {
                Sort::Relevance => search::Sort::Relevance,
                Sort::Date => search::Sort::Date,
                Sort::Distance => search::Sort::Distance,
                Sort::Price => search::Sort::Price,
            },
            facets: self.facets,
            skip,
            take,
        };
        for first in [self.date, self.start].into_iter().flatten() {
            match first {
                Moment::Day(day) => query.days = day.max(*query.days.start())..=*query.days.end(),
                Moment::Instant(at) => {
                    query.times = at.millis().max(*query.times.start())..=*query.times.end();
                }
            }
        }
        for last in [self.date, self.end].into_iter().flatten() {
            match last {
                Moment::Day(day) => query.days = *query.days.start()..=day.min(*query.days.end()),
                Moment::Instant(at) => {
                    query.times = *query.times.start()..=at.millis().min(*query.times.end());
                }
            }
        }
        Ok(query)
    }

    fn near(&self) -> Result<Option<(Point, Option<f64>)>, Problem> {
        let center = match (self.lat, self.lon) {
            (None, None) => None,
            (Some(lat), Some(lon)) if (-90.0..=90.0).contains(&lat) && (-180.0..=180.0).contains(&lon) => {
                Some(Point::new(lat, lon))
            }
            _ => return Err(Problem::malformed("Give lat (-90 to 90) and lon (-180 to 180), or neither.")),
        };
        if center.is_none() && (self.radius_km.is_some() || self.sort == Sort::Distance) {
            return Err(Problem::malformed("radiusKm and sort=distance need lat and lon."));
        }
        if self.radius_km.is_some_and(|radius| !(0.0..=FARTHEST_KM).contains(&radius)) {
            return Err(Problem::malformed("radiusKm must be from 0 to 20100."));
        }
        // To be sorted by distance is no wish to leave the far ones out.
        let usual = (self.sort != Sort::Distance).then_some(DEFAULT_RADIUS_KM);
        Ok(center.map(|center| (center, self.radius_km.or(usual))))
    }
}

#[cfg(test)]
mod test {
    use super::*;

    fn read(query: &str) -> Result<Query, String> {
        let uri = format!("/search?{query}").parse().unwrap();
        let axum::extract::Query(query) = axum::extract::Query::<SearchQuery>::try_from_uri(&uri)
            .map_err(|rejection| rejection.body_text())?;
        query.checked(0, 20).map_err(|problem| format!("{problem:?}"))
    }

    #[test]
    fn a_query_is_what_the_address_says() {
        assert_eq!(read("").unwrap(), Query::default());
        assert_eq!(read("keyword=&location=%20&type=").unwrap(), Query::default());
        assert_eq!(read("term=a%20b").unwrap(), read("keyword=a+b").unwrap());
        let day = |text| Day::parse(text).unwrap();
        let new_year = read("date=2026-12-31").unwrap();
        assert_eq!((new_year.days, new_year.times), (day("2026-12-31")..=day("2026-12-31"), ANY_TIME));
        let some = read("date=2026-12-31&start=2026-12-01&end=2027-01-01T00:00:00Z").unwrap();
        assert_eq!((some.days, some.times), (day("2026-12-31")..=day("2026-12-31"), 0..=1_798_761_600_000));
        let near = |query| read(query).unwrap().near.unwrap().1;
        assert_eq!(near("lat=1&lon=2"), Some(50.0));
        assert_eq!(near("lat=1&lon=2&sort=distance"), None);
        assert_eq!(near("lat=1&lon=2&sort=distance&radiusKm=3"), Some(3.0));
        assert_eq!(read("minPrice=5").unwrap().prices, 5..=i64::MAX);
        assert!(read("status=all&facets=true").is_ok_and(|query| query.all && query.facets));
    }

    #[test]
    fn odd_queries_are_refused() {
        let long = format!("keyword={}", "x".repeat(257));
        for query in [
            "lat=1",
            "lat=91&lon=0",
            "lat=NaN&lon=0",
            "radiusKm=5",
            "sort=distance",
            "sort=x",
            "status=x",
            "facets=x",
            "date=tomorrow",
            "date=2027-02-30",
            "start=20270501",
            "minPrice=x",
            "minPrice=1.5",
            "lat=1&lon=1&radiusKm=-1",
            "lat=1&lon=1&radiusKm=inf",
            "keyword=a&term=b",
            &long,
        ] {
            assert!(read(query).is_err(), "{query}");
        }
    }
}
