//! Whether somebody who asks for an event by its name gets that event first, also when they mistype it.
//!
//! Owns: the asking and the counting. Every different name is asked for as it is, with one slip, and, if it is long enough for
//! two, with two. An event of the same name is as good as the one that is wanted.

use super::misspelling::misspelt;
use crate::rng::Rng;
use anyhow::Context;
use search::{Entry, Gazetteer, Query, Searcher, Writer, fold};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Shorter names have one slip at most: with two there would be little left of them.
const LONG: usize = 8;
/// What is kept of what went wrong.
const EXAMPLES: usize = 1_000;

/// What was asked and found.
#[derive(Debug, Default, Serialize)]
pub struct Quality {
    /// How many events there are.
    pub events: usize,
    /// How many different names they have.
    pub names: usize,
    /// By what was done to the name.
    pub asked: BTreeMap<String, Count>,
    /// What was typed, what was wanted, and what came first, where that was something else or nothing.
    pub missed: Vec<(String, String, Option<String>)>,
}

/// How many were asked for, and came first.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Count {
    /// Asked for.
    pub asked: usize,
    /// Came first.
    pub first: usize,
}

impl Count {
    /// In per cent.
    pub fn percent(self) -> f64 {
        100.0 * self.first as f64 / self.asked.max(1) as f64
    }
}

/// Asks for each of `entries`; `rounds` times with other slips.
///
/// # Errors
/// When there can be no index.
pub fn measure(entries: &[Entry], rounds: u64, seed: u64) -> anyhow::Result<Quality> {
    let folder = tempfile::tempdir().context("there is no room for an index")?;
    let searcher = Searcher::unopened(Arc::new(Gazetteer::built_in()));
    let (mut writer, _) = Writer::open(&folder.path().join("index"), &searcher)?;
    entries.iter().try_for_each(|entry| writer.put(entry))?;
    writer.commit(0)?;
    let names: BTreeSet<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
    let letters: Vec<char> = names
        .iter()
        .flat_map(|name| name.chars())
        .filter(|it| it.is_alphabetic() && !it.is_ascii())
        .collect();
    let named: BTreeMap<u64, String> =
        entries.iter().map(|entry| (entry.number, fold(&entry.name))).collect();
    let mut quality = Quality { events: entries.len(), names: names.len(), ..Quality::default() };
    let mut rng = Rng::new(seed);
    for name in names {
        let mut ask = |what: &str, typed: &str| -> anyhow::Result<()> {
            let query = Query { keyword: typed.to_owned(), all: true, take: 1, ..Query::default() };
            let found = searcher.search(&query, 0)?;
            let first = found.numbers.first().and_then(|number| named.get(number));
            let hit = first == Some(&fold(name));
            let count = quality.asked.entry(what.to_owned()).or_default();
            count.asked += 1;
            count.first += usize::from(hit);
            if !hit && quality.missed.len() < EXAMPLES {
                quality.missed.push((typed.to_owned(), name.to_owned(), first.cloned()));
            }
            Ok(())
        };
        ask("exact", name)?;
        let long = name.chars().filter(|letter| letter.is_alphabetic()).count() >= LONG;
        for _ in 0..rounds {
            if let Some(typed) = misspelt(name, 1, &letters, &mut rng) {
                ask("one slip", &typed)?;
            }
            if let Some(typed) = misspelt(name, 2, &letters, &mut rng).filter(|_| long) {
                ask("two slips", &typed)?;
            }
        }
    }
    Ok(quality)
}

impl Quality {
    /// How many with a slip or two came first, of all that had some.
    pub fn misspelt(&self) -> Count {
        let slips = self.asked.iter().filter(|(what, _)| *what != "exact");
        slips.fold(Count::default(), |sum, (_, count)| Count {
            asked: sum.asked + count.asked,
            first: sum.first + count.first,
        })
    }

    /// For people; with so many of what went wrong.
    pub fn text(&self, missed: usize) -> String {
        let mut text = format!("{} events of {} names\n", self.events, self.names);
        for (what, count) in &self.asked {
            text += &format!("{what:>10}: {:6.2} % of {} first\n", count.percent(), count.asked);
        }
        text += &format!("{:>10}: {:6.2} %\n", "misspelt", self.misspelt().percent());
        for (typed, name, first) in self.missed.iter().take(missed) {
            text +=
                &format!("  missed: {typed:?} for {name:?}, found: {:?}\n", first.as_deref().unwrap_or(""));
        }
        text
    }
}
