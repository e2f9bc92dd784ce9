//! The manifest of a venue: sections, rows and seats in one order, which numbers the seats of every event there.
//!
//! Owns names, categories and adjacency; knows nothing of prices or of who holds what. Shared by `Arc` between all
//! sales of a venue, so a sale itself costs no names. A row of a standing area has no name and its seats no order.

mod build;
mod drawing;
mod plan;

use serde::{Deserialize, Serialize};

use crate::ids::SeatIndex;

pub use drawing::{DrawnRow, DrawnSeat, DrawnZone, plan_of};
pub use plan::{
    MAX_NAME_BYTES, MAX_SEATS, NamedSeat, Plan, PlanError, PlanLayout, PlanRow, PlanSeats, PlanSection,
};

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

    /// The seats by their own names, where they have some: else they are counted from 1.
    #[must_use]
    pub fn named_seats(&self) -> Option<&[NamedSeat]> {
        match &self.names {
            Names::Count(_) => None,
            Names::Named(seats) => Some(seats),
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
        build::Builder::default().build(plan)
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

    /// The section that `seat` is in, or `None` beyond the last seat. Binary search over the sections.
    #[must_use]
    pub fn section_at(&self, seat: SeatIndex) -> Option<&Section> {
        if seat.0 >= self.seats {
            return None;
        }
        // A section without rows begins where the next one does, which comes after it; the last ones begin nowhere.
        let begins = |section: &Section| self.rows.get(section.first_row as usize).map(|row| row.first_seat);
        let after =
            self.sections.partition_point(|section| begins(section).is_some_and(|first| first <= seat.0));
        Some(&self.sections[after - 1])
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

#[cfg(test)]
#[path = "seat_map_test.rs"]
mod test;
