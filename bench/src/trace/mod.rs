//! Session traces: one buyer per row, with when they come, what they want and how it ends.
//!
//! Owns: the [`Session`] and its stored form ([`mod@file`]), how traces are made ([`make`], [`flash_sale`]), imported
//! ([`orders`], [`seat_lists`]) and summed up ([`show`]). Not: playing them, which is [`crate::replay`].

pub mod behaviour;
pub mod file;
pub mod flash_sale;
pub mod make;
pub mod orders;
pub mod rates;
pub mod seat_lists;
pub mod show;
mod table;

use std::fmt;

/// One buyer's visit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Milliseconds after the start of the trace at which the buyer arrives.
    pub arrive_ms: u64,
    /// The buyer's name within the trace.
    pub buyer: String,
    /// An `evt_` id, or a name for which the replay makes an event.
    pub event: String,
    /// How many tickets the buyer wants.
    pub quantity: u32,
    /// Which ones.
    pub preference: Preference,
    /// Milliseconds between having the hold and the next step.
    pub think_ms: u64,
    /// What the buyer does with the hold.
    pub outcome: Ending,
}

/// Which seats a buyer wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Preference {
    /// The best that are available anywhere.
    Best,
    /// The best that are available in one section.
    Section(String),
    /// Exactly these.
    Seats(Vec<SeatName>),
}

/// How a buyer's visit ends, provided that they get a hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Pays.
    Confirm,
    /// Walks away and lets the hold lapse.
    Abandon,
    /// Pays, and cancels the booking.
    Cancel,
    /// Gives the hold back.
    Release,
}

/// The name of a seat as people say it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeatName {
    /// The section.
    pub section: String,
    /// The row; none in a standing area.
    pub row: Option<String>,
    /// The seat in its row, or the number in a standing area.
    pub seat: String,
}

/// Characters that separate the parts of a preference and so cannot occur in a name.
pub const RESERVED: [char; 2] = ['/', ';'];

impl Preference {
    /// Reads the `preference` column: `best`, a section, or seats as `A/1/5;A/1/6`.
    ///
    /// # Errors
    /// What is wrong with the text, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text {
            "" => Err("is empty; write `best`, a section, or seats as `A/1/5;A/1/6`".into()),
            "best" => Ok(Self::Best),
            seats if seats.contains(RESERVED) => {
                seats.split(';').map(SeatName::parse).collect::<Result<Vec<_>, _>>().map(Self::Seats)
            }
            section => Ok(Self::Section(section.into())),
        }
    }
}

impl SeatName {
    fn parse(text: &str) -> Result<Self, String> {
        let mut parts = text.split('/');
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(section), Some(row), Some(seat), None) if !section.is_empty() && !seat.is_empty() => {
                Ok(Self {
                    section: section.into(),
                    row: (!row.is_empty()).then(|| row.into()),
                    seat: seat.into(),
                })
            }
            _ => Err(format!("`{text}` is not a seat; a seat is written section/row/seat")),
        }
    }
}

impl Ending {
    /// Every ending, in the order in which behaviour ratios are given.
    pub const ALL: [Self; 4] = [Self::Confirm, Self::Abandon, Self::Cancel, Self::Release];

    /// The word in the `outcome` column.
    pub fn word(self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::Abandon => "abandon",
            Self::Cancel => "cancel",
            Self::Release => "release",
        }
    }

    /// Reads the `outcome` column.
    ///
    /// # Errors
    /// What is wrong with the text, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|ending| ending.word() == text);
        known.ok_or_else(|| format!("`{text}` is none of confirm, abandon, cancel, release"))
    }
}

impl fmt::Display for SeatName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}/{}", self.section, self.row.as_deref().unwrap_or_default(), self.seat)
    }
}

impl fmt::Display for Preference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Best => out.write_str("best"),
            Self::Section(section) => out.write_str(section),
            Self::Seats(seats) => {
                for (position, seat) in seats.iter().enumerate() {
                    let separator = if position == 0 { "" } else { ";" };
                    write!(out, "{separator}{seat}")?;
                }
                Ok(())
            }
        }
    }
}
