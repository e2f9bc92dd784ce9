//! How long a search takes over very many events, and how long PostgreSQL takes for the same.
//!
//! Owns: the index that is made for it, the clock around each query, and the figures. One thread asks one query after the
//! other, none twice, so that nothing is remembered.

use super::asking::{Kind, NOW_MS, queries};
use super::postgres::Postgres;
use super::town::Town;
use crate::ambient::Clock;
use anyhow::Context;
use search::{Entry, Gazetteer, Searcher, Writer};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// What is measured.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many events there are.
    pub events: u64,
    /// How many queries the index is asked.
    pub queries: usize,
    /// How many of them PostgreSQL is asked; none: it is left out.
    pub postgres_queries: usize,
    /// What everything follows from.
    pub seed: u64,
    /// Where everybody's data is.
    pub data: PathBuf,
}

/// How long queries took, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Times {
    /// How many there were.
    pub count: usize,
    /// The one in the middle.
    pub p50: f64,
    /// One in a hundred takes longer.
    pub p99: f64,
    /// All of them, divided by how many there were.
    pub mean: f64,
}

/// What was measured.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Speed {
    /// How many events there were.
    pub events: u64,
    /// How long it took to make the index, in seconds.
    pub indexed_in: f64,
    /// By what was asked; "all" is everything.
    pub index: BTreeMap<String, Times>,
    /// The same for PostgreSQL, which was asked the first of the same queries.
    pub postgres: BTreeMap<String, Times>,
    /// The index again, for those that PostgreSQL was asked.
    pub index_same: BTreeMap<String, Times>,
}

type Taken = Vec<(Kind, f64)>;

/// Measures; `tell` hears what is being done.
///
/// # Errors
/// When there can be no index, or no PostgreSQL where one is wanted.
pub fn measure(options: &Options, tell: &dyn Fn(&str)) -> anyhow::Result<Speed> {
    tell("events are made up");
    let mut town = Town::new(options.seed);
    let entries: Vec<Entry> = (1..=options.events).map(|number| town.event(number)).collect();
    let asked = queries(&entries, options.queries, options.seed);
    tell("they are indexed");
    let clock = Clock::start();
    let folder = tempfile::tempdir_in(&options.data).context("there is no room for an index")?;
    let searcher = Searcher::unopened(Arc::new(Gazetteer::built_in()));
    let (mut writer, _) = Writer::open(&folder.path().join("index"), &searcher)?;
    entries.iter().try_for_each(|entry| writer.put(entry))?;
    writer.commit(0)?;
    let indexed_in = clock.now_us() as f64 / 1e6;
    tell("the index is asked");
    let mut taken = Taken::new();
    for (kind, query) in &asked {
        let clock = Clock::start();
        searcher.search(query, NOW_MS)?;
        taken.push((*kind, clock.now_us() as f64 / 1e3));
    }
    let same = &taken[..options.postgres_queries.min(taken.len())];
    let mut speed = Speed {
        events: options.events,
        indexed_in,
        index: times(&taken),
        index_same: times(same),
        ..Speed::default()
    };
    if options.postgres_queries > 0 {
        tell("PostgreSQL gets the same events, which takes minutes");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let taken = runtime.block_on(async {
            let postgres = Postgres::start(&options.data, &entries).await?;
            tell("PostgreSQL is asked");
            let mut taken = Taken::new();
            for (kind, query) in asked.iter().take(options.postgres_queries) {
                let clock = Clock::start();
                postgres.ask(*kind, query).await?;
                taken.push((*kind, clock.now_us() as f64 / 1e3));
            }
            postgres.stop().await?;
            anyhow::Ok(taken)
        })?;
        speed.postgres = times(&taken);
    }
    Ok(speed)
}

fn times(taken: &[(Kind, f64)]) -> BTreeMap<String, Times> {
    let mut by_kind: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for (kind, ms) in taken {
        by_kind.entry(kind.name().to_owned()).or_default().push(*ms);
        by_kind.entry("all".to_owned()).or_default().push(*ms);
    }
    by_kind.into_iter().map(|(name, times)| (name, Times::of(times))).collect()
}

impl Times {
    fn of(mut taken: Vec<f64>) -> Self {
        taken.sort_by(f64::total_cmp);
        let at = |share: f64| {
            taken.get(((taken.len() as f64 * share) as usize).min(taken.len().saturating_sub(1)))
        };
        Self {
            count: taken.len(),
            p50: at(0.5).copied().unwrap_or_default(),
            p99: at(0.99).copied().unwrap_or_default(),
            mean: taken.iter().sum::<f64>() / taken.len().max(1) as f64,
        }
    }
}

impl Speed {
    /// For people.
    pub fn text(&self) -> String {
        let mut text = format!("{} events, indexed in {:.0} s\n\n", self.events, self.indexed_in);
        text += "| asked | queries | p50 ms | p99 ms | PostgreSQL: queries | p50 ms | p99 ms | p50 of it | p99 of it |\n";
        text += "|---|---|---|---|---|---|---|---|---|\n";
        for (name, times) in &self.index {
            text += &format!("| {name} | {} | {:.2} | {:.2} |", times.count, times.p50, times.p99);
            match (self.postgres.get(name), self.index_same.get(name)) {
                (Some(peer), Some(same)) => {
                    let ratios = (peer.p50 / same.p50, peer.p99 / same.p99);
                    let (count, p50, p99) = (peer.count, peer.p50, peer.p99);
                    text += &format!(
                        " {count} | {p50:.1} | {p99:.1} | {:.0} x | {:.0} x |\n",
                        ratios.0, ratios.1
                    );
                }
                _ => text += " | | | | |\n",
            }
        }
        text
    }
}
