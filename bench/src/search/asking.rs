//! What people ask for: names as they are and mistyped, words, places, days, and some of it together.

use super::misspelling::misspelt;
use super::town::START_MS;
use crate::rng::Rng;
use search::{Day, Entry, Point, Query, Sort};

/// A kind of query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A name as it is.
    Name,
    /// A name with a slip or two.
    Typo,
    /// The beginning of a name.
    Beginning,
    /// One word of a description, which many events have.
    Word,
    /// What is near, the nearest first.
    Near,
    /// What takes place on a day, or in a week, in a city.
    Days,
    /// A word, of a type, in a month.
    Filtered,
}

/// How often each is asked of a hundred times.
const SHARES: [(Kind, f64); 7] = [
    (Kind::Name, 20.0),
    (Kind::Typo, 25.0),
    (Kind::Beginning, 15.0),
    (Kind::Word, 10.0),
    (Kind::Near, 10.0),
    (Kind::Days, 10.0),
    (Kind::Filtered, 10.0),
];

impl Kind {
    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Typo => "name, misspelt",
            Self::Beginning => "beginning of a name",
            Self::Word => "a common word",
            Self::Near => "near, by distance",
            Self::Days => "days in a city",
            Self::Filtered => "word, type, month",
        }
    }
}

/// `count` queries about `entries`.
pub fn queries(entries: &[Entry], count: usize, seed: u64) -> Vec<(Kind, Query)> {
    let mut rng = Rng::new(seed);
    let shares = SHARES.map(|(_, share)| share);
    (0..count)
        .filter_map(|_| {
            let entry = &entries[rng.below(entries.len() as u64) as usize];
            let kind = SHARES[rng.weighted(&shares)].0;
            Some((kind, query(kind, entry, &mut rng)?))
        })
        .collect()
}

fn query(kind: Kind, entry: &Entry, rng: &mut Rng) -> Option<Query> {
    let query = Query::default();
    let day = Day::at(entry.starts_at, &entry.zone);
    let word = || entry.description.split(' ').max_by_key(|word| word.len()).unwrap_or_default().to_owned();
    Some(match kind {
        Kind::Name => Query { keyword: entry.name.clone(), ..query },
        Kind::Typo => {
            let slips = 1 + usize::from(entry.name.len() > 12 && rng.chance(0.3));
            Query { keyword: misspelt(&entry.name, slips, &[], rng)?, ..query }
        }
        Kind::Beginning => {
            let letters = 2 + rng.below(6) as usize;
            Query { keyword: entry.name.chars().take(letters).collect(), ..query }
        }
        Kind::Word => Query { keyword: entry.description.split(' ').next()?.to_owned(), ..query },
        Kind::Near => {
            let point = Point::new(entry.point.lat() + rng.unit(), entry.point.lon() + rng.unit());
            let radius = [10.0, 50.0, 200.0][rng.below(3) as usize];
            Query { near: Some((point, Some(radius))), sort: Sort::Distance, ..query }
        }
        Kind::Days => {
            let last = Day(day.0 + [0, 6][rng.below(2) as usize]);
            Query { location: Some(entry.city.clone()), days: day..=last, sort: Sort::Date, ..query }
        }
        Kind::Filtered => Query {
            keyword: word(),
            kind: Some(entry.kind.clone()),
            days: Day(day.0 - 15)..=Day(day.0 + 15),
            ..query
        },
    })
}

/// When it is asked.
pub const NOW_MS: u64 = START_MS - 1;
