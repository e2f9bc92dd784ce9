//! The same answers by looking at every event: slow, plain, and with nothing of the index in it.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::asked::{Asked, Part};
use crate::finding::nearness;
use crate::fold::fold;
use crate::geo::Circle;
use crate::near::forgiven;
use crate::query::ANY_PRICE;
use crate::terms::{Place, Terms};
use crate::title::slips;
use crate::variants::{BEST_WORTH, Likeness};
use crate::{Day, Sort};

/// Insertions, deletions, changes and swaps of neighbours between two words.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut table = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            table[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let change = table[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                let mut least = change.min(table[i - 1][j] + 1).min(table[i][j - 1] + 1);
                if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                    least = least.min(table[i - 2][j - 2] + 1);
                }
                least
            };
        }
    }
    table[a.len()][b.len()]
}

/// What the best word of an event is worth for `part`.
fn worth(terms: &Terms, part: &Part) -> Option<u8> {
    let get = |from: &BTreeMap<String, Place>, word: &str, likeness: Likeness| {
        from.get(word).map(|place| likeness.worth(*place))
    };
    let mut found: Vec<Option<u8>> = vec![get(&terms.words, &part.text, Likeness::Same)];
    if part.open && (part.spaceless || part.text.chars().count() <= 3) {
        found.push(get(&terms.starts, &part.text, Likeness::Begins));
    }
    if !part.spaceless {
        found.push(get(&terms.joined, &part.text, Likeness::Spaced));
        found.extend(part.together.iter().map(|word| get(&terms.words, word, Likeness::Spaced)));
        for (word, place) in &terms.words {
            if part.open
                && part.text.chars().count() > 3
                && word.starts_with(&part.text)
                && *word != part.text
            {
                found.push(Some(Likeness::Begins.worth(*place)));
            }
            let off = distance(&part.text, word);
            if off > 0
                && off <= forgiven(&part.text).into()
                && word.chars().next() == part.text.chars().next()
            {
                let likeness = if off == 1 { Likeness::OneOff } else { Likeness::TwoOff };
                found.push(Some(likeness.worth(*place)));
            }
        }
    }
    found.into_iter().flatten().max()
}

fn score(entry: &Entry, asked: &Asked) -> Option<u64> {
    let terms = Terms::of(entry);
    let (mut sum, mut in_name) = (0, 0);
    for part in &asked.parts {
        let worth = worth(&terms, part)?;
        sum += u64::from(worth >> 1) * u64::from(part.weight);
        in_name += u64::from(worth & 1);
    }
    let exact = |name: &String| crate::gazetteer::key(name) == asked.whole;
    let bonus = if exact(&entry.name) {
        20_000
    } else if entry.performers.iter().any(exact) {
        10_000
    } else {
        0
    };
    let coverage = in_name.min(terms.name_words) * 200 / terms.name_words;
    let fit = sum * 1_000 / u64::from(asked.weight() * BEST_WORTH);
    let every_word = if fit == 1_000 { 5_000 } else { 0 };
    Some(bonus + every_word + fit + coverage)
}

/// All that fits `query`, in order; `None` where no event has all words, and the index may give more.
fn scan(entries: &[Entry], query: &Query) -> Option<Vec<u64>> {
    let asked = Asked::read(&query.keyword);
    let mut found = Vec::new();
    for entry in entries {
        let day = Day::at(entry.starts_at, &entry.zone);
        let fits = (query.all || entry.starts_at > NOW && !entry.cancelled)
            && query.days.contains(&day)
            && query.times.contains(&entry.starts_at)
            && (query.prices == ANY_PRICE || entry.prices.iter().any(|price| query.prices.contains(price)))
            && query.kind.as_ref().is_none_or(|kind| fold(kind) == fold(&entry.kind))
            && query.near.is_none_or(|(center, radius)| {
                radius.is_none_or(|radius_km| Circle { center, radius_km }.contains(entry.point))
            });
        let Some(score) = (if asked.is_empty() { Some(0) } else { score(entry, &asked) }).filter(|_| fits)
        else {
            continue;
        };
        let near = match query.sort {
            Sort::Relevance => nearness(score, slips(&fold(&query.keyword), &fold(&entry.name))),
            _ => 0,
        };
        let first = match (query.sort, query.near) {
            (Sort::Relevance, _) => u64::MAX - score,
            (Sort::Price, _) => entry.prices.iter().min().copied().unwrap() as u64,
            (Sort::Distance, Some((center, _))) => (center.distance_km(entry.point) * 1000.0).round() as u64,
            _ => 0,
        };
        found.push((near, first, entry.starts_at, entry.number));
    }
    found.sort_unstable();
    let may_relax = found.is_empty() && asked.parts.len() > 1;
    (!may_relax).then(|| found.into_iter().map(|(_, _, _, number)| number).collect())
}

const WORDS: [&str; 16] = [
    "velvet",
    "velvets",
    "foxes",
    "fox",
    "the",
    "rock",
    "rocks",
    "Café",
    "cafe",
    "hamilton",
    "hamiltons",
    "o'neill",
    "悲慘世界",
    "世界",
    "night",
    "nights",
];

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(&WORDS[..]), 1..4).prop_map(|words| words.join(" "))
}

fn entry() -> impl Strategy<Value = Entry> {
    let texts = (text(), text(), text(), text());
    let place = (
        -60.0..60.0_f64,
        -180.0..180.0_f64,
        prop::sample::select(&["UTC", "Asia/Tokyo", "America/New_York"][..]),
    );
    let rest = (
        0..40_u64,
        prop::collection::vec(0..50_i64, 1..3),
        any::<bool>(),
        prop::sample::select(&["play", "Match"][..]),
    );
    (texts, place, rest).prop_map(|((name, performer, venue, description), (lat, lon, zone), rest)| {
        let (hours, prices, cancelled, kind) = rest;
        Entry {
            name,
            performers: vec![performer],
            venue,
            description,
            point: Point::new(lat, lon),
            zone: zone.into(),
            starts_at: NOW + hours * DAY_MS / 8 - 2,
            prices,
            cancelled: cancelled && hours % 2 == 0,
            kind: kind.into(),
            ..event(0, "")
        }
    })
}

/// Words as they are, in part, or with a slip.
fn typed() -> impl Strategy<Value = String> {
    let slip = (text(), 0..12_usize, 0..5_u8).prop_map(|(text, at, how)| {
        let mut letters: Vec<char> = text.chars().collect();
        let at = at.min(letters.len() - 1);
        match how {
            0 => drop(letters.remove(at)),
            1 => letters.insert(at, 'e'),
            2 if at > 0 => letters.swap(at, at - 1),
            3 => letters.truncate(at + 1),
            _ => {}
        }
        letters.into_iter().collect()
    });
    prop_oneof![1 => Just(String::new()), 6 => slip]
}

fn query() -> impl Strategy<Value = Query> {
    let first = Day::at(NOW, "UTC").0;
    let near = (-60.0..60.0_f64, -180.0..180.0_f64, prop::option::of(10.0..12_000.0_f64));
    let near = prop::option::of(near.prop_map(|(lat, lon, radius)| (Point::new(lat, lon), radius)));
    let kind = prop::option::of(prop::sample::select(&["PLAY", "match"][..]).prop_map(str::to_owned));
    let days = prop_oneof![2 => Just(crate::ANY_DAY), 1 => (0..5, 0..100).prop_map(move |(from, days)| Day(first + from)..=Day(first + from + days))];
    let prices = prop_oneof![2 => Just(ANY_PRICE), 1 => (0..50_i64, 0..30_i64).prop_map(|(from, more)| from..=from + more)];
    let times = prop_oneof![3 => Just(crate::ANY_TIME), 1 => (0..4_u64).prop_map(|days| NOW + days * DAY_MS..=u64::MAX)];
    let sort = prop::sample::select(&[Sort::Relevance, Sort::Date, Sort::Price, Sort::Distance][..]);
    (typed(), near, kind, days, prices, times, (any::<bool>(), sort)).prop_map(
        |(keyword, near, kind, days, prices, times, (all, sort))| Query {
            keyword,
            location: None,
            near,
            kind,
            days,
            times,
            prices,
            all,
            sort,
            facets: false,
            skip: 0,
            take: 1_000,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn the_index_finds_what_a_scan_finds(
        mut entries in prop::collection::vec(entry(), 1..60),
        queries in prop::collection::vec(query(), 30),
        cut in 0..60_usize,
    ) {
        (1..).zip(&mut entries).for_each(|(number, entry)| entry.number = number);
        let cut = cut.min(entries.len());
        let (some, others) = (&entries[..cut], &entries[cut..]);
        let mut stage = Stage::new(some);
        stage.put(others);
        // Once more, so that there is something to be left out.
        stage.put(&some[..some.len() / 2]);
        for query in queries {
            if let Some(expected) = scan(&entries, &query) {
                prop_assert_eq!(stage.found(&query), expected, "{:?}", query);
            }
        }
    }
}
