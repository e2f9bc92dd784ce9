//! A seat map as its author writes it, before anybody has checked it, and what can be wrong with one.

use serde::{Deserialize, Serialize};

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
