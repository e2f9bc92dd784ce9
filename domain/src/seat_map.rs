//! The manifest of a venue: sections, rows and seats in one order, which numbers the seats of every event there.
//!
//! Owns names, categories and adjacency; knows nothing of prices or of who holds what. Shared by `Arc` between all
//! sales of a venue, so a sale itself costs no names. A row of a standing area has no name and its seats no order.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::ids::SeatIndex;

/// The most seats an event may have.
pub const MAX_SEATS: usize = 200_000;
/// The longest name of a section, row, seat or category, in bytes.
pub const MAX_NAME_BYTES: usize = 100;

/// A seat map as its author wrote it, not checked yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Sections in order.
    pub sections: Vec<PlanSection>,
}

/// One section of a [`Plan`].
#[derive(Debug, Clone, PartialEq)]
pub struct PlanSection {
    /// Unique in the plan.
    pub name: String,
    /// The price level of all its seats.
    pub category: String,
    /// What it is made of.
    pub layout: PlanLayout,
}

/// The two kinds of section.
#[derive(Debug, Clone, PartialEq)]
pub enum PlanLayout {
    /// Rows of numbered seats, front to back.
    Rows(Vec<PlanRow>),
    /// A standing area for so many people.
    Standing(u32),
}

/// One row of a [`PlanSection`].
#[derive(Debug, Clone, PartialEq)]
pub struct PlanRow {
    /// Unique in its section.
    pub name: String,
    /// Its seats, left to right.
    pub seats: PlanSeats,
}

/// The two ways to write the seats of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum PlanSeats {
    /// So many, named from 1.
    Count(u32),
    /// Each by its own name.
    Named(Vec<NamedSeat>),
}

/// A seat with a name of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NamedSeat {
    /// Unique in its row.
    pub name: String,
    /// Where it stands in the venue's drawing, `(x, y)`.
    pub position: Option<(f64, f64)>,
    /// Fit for a wheelchair.
    pub accessible: bool,
    /// An aisle follows: the next seat is not beside this one.
    pub aisle: bool,
}

/// One thing wrong with a [`Plan`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanError {
    /// JSON pointer into the plan, for example `/sections/2/rows/0/name`.
    pub pointer: String,
    /// What is wrong there and what is allowed.
    pub message: String,
}

/// A checked seat map.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeatMap {
    categories: Vec<String>,
    sections: Vec<Section>,
    rows: Vec<Row>,
    seats: u32,
}

/// A section of a [`SeatMap`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Section {
    /// Its name.
    pub name: String,
    /// Index into [`SeatMap::categories`].
    pub category: u16,
    first_row: u32,
    rows: u32,
}

/// A row of a [`SeatMap`]; a standing area is one row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Its name; none for a standing area.
    pub name: Option<String>,
    /// Index into [`SeatMap::sections`].
    pub section: u32,
    first_seat: u32,
    names: Names,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Names {
    Count(u32),
    Named(Vec<NamedSeat>),
}

/// Where a seat is.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Its section.
    pub section: &'a Section,
    /// Its row.
    pub row: &'a Row,
    /// Its place in the row, from zero.
    pub position: u32,
}

impl Row {
    /// Number of seats.
    #[must_use]
    pub fn len(&self) -> u32 {
        match &self.names {
            Names::Count(count) => *count,
            Names::Named(seats) => seats.len() as u32,
        }
    }

    /// Whether there is no seat; never so in a checked map.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The seats, left to right.
    pub fn seats(&self) -> impl DoubleEndedIterator<Item = SeatIndex> + ExactSizeIterator + use<> {
        (self.first_seat..self.first_seat + self.len()).map(SeatIndex)
    }

    /// Whether the seat at `position` and the next one are neighbours.
    #[must_use]
    pub fn joined_to_next(&self, position: u32) -> bool {
        match &self.names {
            Names::Count(_) => true,
            Names::Named(seats) => !seats[position as usize].aisle,
        }
    }

    /// Whether the seat at `position` is fit for a wheelchair.
    #[must_use]
    pub fn accessible(&self, position: u32) -> bool {
        match &self.names {
            Names::Count(_) => false,
            Names::Named(seats) => seats[position as usize].accessible,
        }
    }

    /// Whether this is a standing area.
    #[must_use]
    pub fn is_standing(&self) -> bool {
        self.name.is_none()
    }
}

impl Place<'_> {
    /// Writes the seat's name: its own, or its number counted from 1.
    ///
    /// # Errors
    /// Only what `out` gives.
    pub fn write_seat_name(&self, out: &mut impl core::fmt::Write) -> core::fmt::Result {
        match &self.row.names {
            Names::Count(_) => write!(out, "{}", self.position + 1),
            Names::Named(seats) => out.write_str(&seats[self.position as usize].name),
        }
    }

    /// Whether the seat is fit for a wheelchair.
    #[must_use]
    pub fn accessible(&self) -> bool {
        self.row.accessible(self.position)
    }
}

impl SeatMap {
    /// Checks `plan` and numbers its seats.
    ///
    /// # Errors
    /// Everything that is wrong with it, each with its pointer; a duplicate is reported at its second place.
    pub fn build(plan: Plan) -> Result<Self, Vec<PlanError>> {
        Builder::default().build(plan)
    }

    /// Number of seats.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.seats
    }

    /// Whether there is no seat; never so in a checked map.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.seats == 0
    }

    /// The categories, in the order of their first section.
    #[must_use]
    pub fn categories(&self) -> &[String] {
        &self.categories
    }

    /// The sections, in order.
    #[must_use]
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// The rows of a section, front to back.
    #[must_use]
    pub fn rows(&self, section: &Section) -> &[Row] {
        &self.rows[section.first_row as usize..(section.first_row + section.rows) as usize]
    }

    /// All rows in the order of their seats.
    #[must_use]
    pub fn all_rows(&self) -> &[Row] {
        &self.rows
    }

    /// The section of a row.
    #[must_use]
    pub fn section_of(&self, row: &Row) -> &Section {
        &self.sections[row.section as usize]
    }

    /// The number of the section called `name`.
    #[must_use]
    pub fn section_named(&self, name: &str) -> Option<u32> {
        self.sections.iter().position(|section| section.name == name).map(|at| at as u32)
    }

    /// The number of the category called `name`.
    #[must_use]
    pub fn category_named(&self, name: &str) -> Option<u16> {
        self.categories.iter().position(|category| category == name).map(|at| at as u16)
    }

    /// Where `seat` is, or `None` beyond the last seat. Binary search over the rows.
    #[must_use]
    pub fn place(&self, seat: SeatIndex) -> Option<Place<'_>> {
        if seat.0 >= self.seats {
            return None;
        }
        let row = &self.rows[self.rows.partition_point(|row| row.first_seat <= seat.0) - 1];
        Some(Place { section: self.section_of(row), row, position: seat.0 - row.first_seat })
    }
}

#[derive(Default)]
struct Builder {
    errors: Vec<PlanError>,
    categories: BTreeMap<String, u16>,
    map: SeatMapParts,
}

#[derive(Default)]
struct SeatMapParts {
    categories: Vec<String>,
    sections: Vec<Section>,
    rows: Vec<Row>,
    seats: usize,
}

impl Builder {
    fn build(mut self, plan: Plan) -> Result<SeatMap, Vec<PlanError>> {
        let mut names = HashSet::new();
        for (at, section) in plan.sections.into_iter().enumerate() {
            let pointer = format!("/sections/{at}");
            self.check_name(&format!("{pointer}/name"), &section.name, &mut names, "section");
            self.section(&pointer, section);
        }
        if self.map.seats == 0 && self.errors.is_empty() {
            self.error("/sections".into(), "the seat map has no seat; give at least one".into());
        }
        if self.map.seats > MAX_SEATS {
            self.error(
                "/sections".into(),
                format!("{} seats; at most {MAX_SEATS} are allowed", self.map.seats),
            );
        }
        if !self.errors.is_empty() {
            return Err(self.errors);
        }
        let SeatMapParts { categories, sections, rows, seats } = self.map;
        Ok(SeatMap { categories, sections, rows, seats: seats as u32 })
    }

    fn section(&mut self, pointer: &str, section: PlanSection) {
        let number = self.map.sections.len() as u32;
        let first_row = self.map.rows.len() as u32;
        let category = self.category(pointer, section.category);
        match section.layout {
            PlanLayout::Standing(capacity) => {
                self.row(&format!("{pointer}/capacity"), number, None, Names::Count(capacity));
            }
            PlanLayout::Rows(rows) => self.rows(pointer, number, rows),
        }
        let rows = self.map.rows.len() as u32 - first_row;
        self.map.sections.push(Section { name: section.name, category, first_row, rows });
    }

    fn category(&mut self, pointer: &str, name: String) -> u16 {
        let known = self.map.categories.len();
        if let Some(number) = self.categories.get(&name) {
            return *number;
        }
        if name.is_empty() || name.len() > MAX_NAME_BYTES || known > usize::from(u16::MAX) {
            self.error(format!("{pointer}/category"), format!("a category has 1 to {MAX_NAME_BYTES} bytes"));
            return 0;
        }
        self.categories.insert(name.clone(), known as u16);
        self.map.categories.push(name);
        known as u16
    }

    fn rows(&mut self, pointer: &str, section: u32, rows: Vec<PlanRow>) {
        let mut names = HashSet::new();
        for (at, row) in rows.into_iter().enumerate() {
            let pointer = format!("{pointer}/rows/{at}");
            self.check_name(&format!("{pointer}/name"), &row.name, &mut names, "row");
            let seats = match row.seats {
                PlanSeats::Count(count) => Names::Count(count),
                PlanSeats::Named(seats) => {
                    self.check_seats(&pointer, &seats);
                    Names::Named(seats)
                }
            };
            self.row(&format!("{pointer}/seats"), section, Some(row.name), seats);
        }
    }

    fn check_seats(&mut self, pointer: &str, seats: &[NamedSeat]) {
        let mut names = HashSet::with_capacity(seats.len());
        for (at, seat) in seats.iter().enumerate() {
            self.check_name(&format!("{pointer}/seats/{at}/name"), &seat.name, &mut names, "seat");
        }
    }

    fn row(&mut self, pointer: &str, section: u32, name: Option<String>, names: Names) {
        let row = Row { name, section, first_seat: self.map.seats.min(MAX_SEATS) as u32, names };
        if row.is_empty() {
            self.error(pointer.into(), "at least 1 seat is needed".into());
        }
        // Saturates far beyond MAX_SEATS instead of overflowing on hostile counts.
        self.map.seats = self.map.seats.saturating_add(row.len() as usize);
        self.map.rows.push(row);
    }

    fn check_name(&mut self, pointer: &str, name: &str, seen: &mut HashSet<String>, what: &str) {
        if name.is_empty() || name.len() > MAX_NAME_BYTES {
            self.error(pointer.into(), format!("the name of a {what} has 1 to {MAX_NAME_BYTES} bytes"));
        } else if !seen.insert(name.to_owned()) {
            self.error(pointer.into(), format!("another {what} here is called {name:?} already"));
        }
    }

    fn error(&mut self, pointer: String, message: String) {
        const ENOUGH: usize = 100;
        if self.errors.len() < ENOUGH {
            self.errors.push(PlanError { pointer, message });
        }
    }
}

#[cfg(test)]
#[path = "seat_map_test.rs"]
mod test;
