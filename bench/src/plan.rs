//! What a venue looks like and costs: the files `seatmap.json` and `prices.json`.
//!
//! Owns: the compact seat map of the HTTP contract, its prices, and building one from single seats with duplicates
//! found. Not: a seat's state, nor its ticket id; those are the node's.

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;

/// The name of the seat map beside a trace.
pub const SEAT_MAP_FILE: &str = "seatmap.json";
/// The name of the prices beside a seat map.
const PRICES_FILE: &str = "prices.json";
/// What a category costs when nothing says so, in minor units.
const DEFAULT_PRICE_MINOR: i64 = 5_000;
const DEFAULT_CURRENCY: &str = "EUR";

/// A venue's seats and what they cost.
#[derive(Clone, Debug, PartialEq)]
pub struct VenuePlan {
    /// The seat map as the node takes it; kept as JSON so that members unknown here reach the node.
    pub seat_map: Value,
    /// Prices of its categories.
    pub prices: Prices,
}

/// The form of `prices.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// An ISO 4217 code.
    pub currency: String,
    /// Minor units by category.
    pub prices: BTreeMap<String, i64>,
}

/// The compact seat map.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SeatMap {
    /// Sections in the order of the map.
    pub sections: Vec<Section>,
}

/// One section: rows of seats, or a standing area with a capacity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Section {
    /// Unique within the map.
    pub name: String,
    /// The price level.
    pub category: String,
    /// Rows, front first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<Row>,
    /// Places in a standing area.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<u32>,
}

/// One row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Unique within the section.
    pub name: String,
    /// Its seats.
    pub seats: Seats,
}

/// The seats of a row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Seats {
    /// Named 1..n.
    Count(u32),
    /// Named one by one.
    Named(Vec<Seat>),
}

/// One seat.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Seat {
    /// Unique within the row.
    pub name: String,
    /// Where it is drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x: Option<f64>,
    /// Where it is drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub y: Option<f64>,
}

impl VenuePlan {
    /// A plan of a map made here.
    ///
    /// # Errors
    /// When the map holds a number that JSON cannot express.
    pub fn new(map: &SeatMap, prices: Prices) -> anyhow::Result<Self> {
        Ok(Self { seat_map: serde_json::to_value(map)?, prices })
    }

    /// Reads a seat map and the `prices.json` beside it; without one every category costs 50.00 EUR.
    ///
    /// # Errors
    /// Names the file that cannot be read, is no JSON, or lacks the price of a category.
    pub fn load(seat_map: &Path) -> anyhow::Result<Self> {
        let map: Value = load_json(seat_map)?;
        let categories = categories(&map).with_context(|| seat_map.display().to_string())?;
        let beside = seat_map.with_file_name(PRICES_FILE);
        let prices = if beside.exists() { load_json(&beside)? } else { Prices::flat(&categories) };
        if let Some(category) = categories.iter().find(|category| !prices.prices.contains_key(*category)) {
            bail!("{}: there is no price for the category `{category}`", beside.display());
        }
        Ok(Self { seat_map: map, prices })
    }

    /// Writes `seatmap.json` and `prices.json` into `folder`.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn save(&self, folder: &Path) -> anyhow::Result<()> {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        save_json(&folder.join(SEAT_MAP_FILE), &self.seat_map)?;
        save_json(&folder.join(PRICES_FILE), &self.prices)
    }
}

impl Prices {
    /// One price for every category.
    pub fn flat(categories: &[String]) -> Self {
        let prices = categories.iter().map(|category| (category.clone(), DEFAULT_PRICE_MINOR)).collect();
        Self { currency: DEFAULT_CURRENCY.into(), prices }
    }
}

impl SeatMap {
    /// How many people fit.
    pub fn capacity(&self) -> u64 {
        let seats = |row: &Row| match &row.seats {
            Seats::Count(count) => u64::from(*count),
            Seats::Named(seats) => seats.len() as u64,
        };
        let section = |section: &Section| {
            u64::from(section.capacity.unwrap_or_default()) + section.rows.iter().map(seats).sum::<u64>()
        };
        self.sections.iter().map(section).sum()
    }

    /// Its categories, each once.
    pub fn categories(&self) -> Vec<String> {
        let mut all: Vec<_> = self.sections.iter().map(|section| section.category.clone()).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// Collects seats in any order and puts sections, rows and seats in the order in which people count.
#[derive(Debug, Default)]
pub struct SeatMapBuilder {
    sections: HashMap<String, Draft>,
}

#[derive(Debug, Default)]
struct Draft {
    category: String,
    capacity: u32,
    /// Row, then seat, with the line that named it.
    rows: HashMap<String, HashMap<String, (Seat, u64)>>,
}

impl SeatMapBuilder {
    /// Adds a seat that `line` of the input names.
    ///
    /// # Errors
    /// When an earlier line has named the same seat; says both lines.
    pub fn seat(
        &mut self,
        section: &str,
        category: &str,
        row: &str,
        seat: Seat,
        line: u64,
    ) -> anyhow::Result<()> {
        let seats = self.draft(section, category).rows.entry(row.to_owned()).or_default();
        if let Some((_, earlier)) = seats.get(&seat.name) {
            bail!(
                "line {line}: section `{section}`, row `{row}`, seat `{}` is already named in line {earlier}",
                seat.name
            );
        }
        seats.insert(seat.name.clone(), (seat, line));
        Ok(())
    }

    /// Adds places to a standing area.
    pub fn places(&mut self, section: &str, category: &str, count: u32) {
        self.draft(section, category).capacity += count;
    }

    fn draft(&mut self, section: &str, category: &str) -> &mut Draft {
        let draft = self.sections.entry(section.to_owned()).or_default();
        category.clone_into(&mut draft.category);
        draft
    }

    /// The map.
    ///
    /// # Errors
    /// When a section has both rows and standing places, or there is nothing at all.
    pub fn build(self) -> anyhow::Result<SeatMap> {
        if self.sections.is_empty() {
            bail!("there is no seat below the header");
        }
        let mut sections = Vec::with_capacity(self.sections.len());
        for (name, draft) in in_order(self.sections) {
            if draft.capacity > 0 && !draft.rows.is_empty() {
                bail!("section `{name}` has both numbered seats and standing places");
            }
            let rows = in_order(draft.rows).into_iter();
            let rows = rows.map(|(name, seats)| Row { name, seats: compact(seats) }).collect();
            let capacity = (draft.capacity > 0).then_some(draft.capacity);
            sections.push(Section { name, category: draft.category, rows, capacity });
        }
        Ok(SeatMap { sections })
    }
}

/// A count where the names are just 1..n and no seat says where it is drawn.
fn compact(seats: HashMap<String, (Seat, u64)>) -> Seats {
    let seats: Vec<Seat> = in_order(seats).into_iter().map(|(_, (seat, _))| seat).collect();
    let plain =
        |(index, seat): (usize, &Seat)| seat.x.or(seat.y).is_none() && seat.name == (index + 1).to_string();
    if seats.iter().enumerate().all(plain) { Seats::Count(seats.len() as u32) } else { Seats::Named(seats) }
}

/// Numbers by value, then words by letters.
fn in_order<T>(named: HashMap<String, T>) -> Vec<(String, T)> {
    let mut all: Vec<_> = named.into_iter().collect();
    all.sort_by_cached_key(|(name, _)| (name.parse::<u64>().unwrap_or(u64::MAX), name.clone()));
    all
}

fn categories(map: &Value) -> anyhow::Result<Vec<String>> {
    let sections = map.get("sections").and_then(Value::as_array).context("there is no list `sections`")?;
    let mut all = Vec::new();
    for (index, section) in sections.iter().enumerate() {
        let category = section.get("category").and_then(Value::as_str);
        all.push(category.with_context(|| format!("/sections/{index} has no `category`"))?.to_owned());
    }
    all.sort_unstable();
    all.dedup();
    Ok(all)
}

fn load_json<T: serde::de::DeserializeOwned>(path: &Path) -> anyhow::Result<T> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| path.display().to_string())
}

fn save_json<T: Serialize>(path: &Path, value: &T) -> anyhow::Result<()> {
    let text = serde_json::to_string(value)?;
    fs::write(path, text + "\n").with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
#[path = "plan_test.rs"]
mod test;
