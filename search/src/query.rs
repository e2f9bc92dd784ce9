//! What can be asked for.

use std::ops::RangeInclusive;

use crate::geo::Point;
use crate::zones::Day;

/// Everything that is given must fit.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// Words.
    pub keyword: String,
    /// The name of a place.
    pub location: Option<String>,
    /// A point, and how far from it it may be; `None`: anywhere.
    pub near: Option<(Point, Option<f64>)>,
    /// Concert, match, play.
    pub kind: Option<String>,
    /// The days at the venue on which it may begin.
    pub days: RangeInclusive<Day>,
    /// The time at which it may begin, in milliseconds since 1970.
    pub times: RangeInclusive<u64>,
    /// What a seat may cost, in minor units.
    pub prices: RangeInclusive<i64>,
    /// Also what is called off or has begun.
    pub all: bool,
    /// The order.
    pub sort: Sort,
    /// Whether to count what there is of each type, city and month.
    pub facets: bool,
    /// How many of the first ones to leave out.
    pub skip: usize,
    /// How many to give.
    pub take: usize,
}

/// In which order events come; of equals, the sooner one first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Sort {
    /// The one that fits best first.
    #[default]
    Relevance,
    /// The soonest first.
    Date,
    /// The nearest first.
    Distance,
    /// The cheapest first.
    Price,
}

/// Every day.
pub const ANY_DAY: RangeInclusive<Day> = Day(i32::MIN)..=Day(i32::MAX);
/// Any time.
pub const ANY_TIME: RangeInclusive<u64> = 0..=u64::MAX;
/// Any price.
pub const ANY_PRICE: RangeInclusive<i64> = i64::MIN..=i64::MAX;

impl Default for Query {
    fn default() -> Self {
        Self {
            keyword: String::new(),
            location: None,
            near: None,
            kind: None,
            days: ANY_DAY,
            times: ANY_TIME,
            prices: ANY_PRICE,
            all: false,
            sort: Sort::Relevance,
            facets: false,
            skip: 0,
            take: 20,
        }
    }
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// The numbers of the events that were asked for, in order.
    pub numbers: Vec<u64>,
    /// How many there are in all.
    pub total: u64,
    /// How many there are of each, if that was asked for.
    pub facets: Option<Facets>,
}

/// How many there are of each, the most first; months in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facets {
    /// By type.
    pub kinds: Vec<(String, u64)>,
    /// By city.
    pub cities: Vec<(String, u64)>,
    /// By month at the venue, as 2027-05.
    pub months: Vec<(String, u64)>,
}
