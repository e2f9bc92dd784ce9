//! What the buyers attempt: pure, from a seed, and the same whoever sells.
//!
//! Owns: the three mixes and the parties of a sale. A party wants exact adjacent seats, all or nothing.
//! The share of losers is the same from the first to the last attempt, so that a fast seller, who gets further into
//! the plan in the same time, does not get an easier or harder one.

use crate::plan::{Prices, Row, SeatMap, Seats, Section, VenuePlan};
use crate::rng::Rng;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Seats in a row; a party sits in one row.
pub const ROW: u32 = 50;
const ROWS_A_SECTION: u32 = 20;
/// Shares of parties of one to four people.
const PARTIES: [f64; 4] = [0.25, 0.45, 0.12, 0.18];
/// Attempts on a row before the crowd has moved on.
const FLASH_ATTEMPTS_A_ROW: u32 = 320;
/// The rows that the crowd wants at one time, the front one most.
const FLASH_ROWS: [f64; 4] = [1.0, 0.5, 0.333, 0.25];
/// Share of the buyers of a big sale who want what somebody else has asked for shortly before.
const BIG_RIVALS: f64 = 0.04;
const BIG_RIVAL_OF: u64 = 1_000;

/// What is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mix {
    /// Flash sale: a crowd wants the best seats that are left, and most lose.
    Flash,
    /// Big sale: nearly everybody wants other seats, and most win.
    Big,
    /// Big sale in which everybody who has a hold confirms it.
    Confirm,
}

impl Mix {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Flash, Self::Big, Self::Confirm];

    /// As it is called on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Flash => "flash",
            Self::Big => "big",
            Self::Confirm => "confirm",
        }
    }

    /// What it is, in a heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Flash => "flash sale (most lose)",
            Self::Big => "big sale (most win)",
            Self::Confirm => "hold and confirm",
        }
    }

    /// Whether a hold is confirmed.
    pub fn confirms(self) -> bool {
        self == Self::Confirm
    }
}

/// People who want to sit together: so many seats from `first` on, counted through the house from zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Party {
    /// The leftmost seat.
    pub first: u32,
    /// How many.
    pub size: u32,
}

impl Party {
    /// Its seats.
    pub fn seats(self) -> Range<u32> {
        self.first..self.first + self.size
    }
}

/// The attempts of one sale in their order.
pub fn parties(mix: Mix, seats: u32, seed: u64) -> Vec<Party> {
    let mut rng = Rng::new(seed);
    let rows = shuffled(seats / ROW, &mut rng);
    match mix {
        Mix::Flash => flash(&rows, &mut rng),
        Mix::Big | Mix::Confirm => big(&rows, &mut rng),
    }
}

/// The house in which the parties sit, for a seller who wants to know it.
///
/// # Errors
/// Never in practice; see [`VenuePlan::new`].
pub fn house(seats: u32) -> anyhow::Result<VenuePlan> {
    let rows: Vec<u32> = (0..seats / ROW).collect();
    let section = |(number, rows): (usize, &[u32])| Section {
        name: format!("S{}", number + 1),
        category: "seat".into(),
        rows: rows.iter().map(|row| Row { name: row.to_string(), seats: Seats::Count(ROW) }).collect(),
        capacity: None,
    };
    let map = SeatMap { sections: rows.chunks(ROWS_A_SECTION as usize).enumerate().map(section).collect() };
    VenuePlan::new(&map, Prices::flat(&map.categories()))
}

/// The rows by popularity.
fn shuffled(rows: u32, rng: &mut Rng) -> Vec<u32> {
    let mut all: Vec<u32> = (0..rows).collect();
    for last in (1..all.len()).rev() {
        all.swap(last, rng.below(last as u64 + 1) as usize);
    }
    all
}

fn size(rng: &mut Rng) -> u32 {
    rng.weighted(&PARTIES) as u32 + 1
}

/// The crowd stands before a few rows, and moves on to less popular ones as it goes.
fn flash(rows: &[u32], rng: &mut Rng) -> Vec<Party> {
    let fronts = rows.windows(FLASH_ROWS.len().min(rows.len().max(1)));
    let mut parties = Vec::with_capacity(rows.len() * FLASH_ATTEMPTS_A_ROW as usize);
    for front in fronts {
        for _ in 0..FLASH_ATTEMPTS_A_ROW {
            let row = front[rng.weighted(&FLASH_ROWS[..front.len()])];
            let size = size(rng);
            let first = row * ROW + rng.below(u64::from(ROW - size + 1)) as u32;
            parties.push(Party { first, size });
        }
    }
    parties
}

/// Everybody takes the next seats, but for a few who want what another one wanted.
fn big(rows: &[u32], rng: &mut Rng) -> Vec<Party> {
    let mut parties: Vec<Party> = Vec::with_capacity(rows.len() * ROW as usize / 2);
    for row in rows {
        let (mut next, end) = (row * ROW, (row + 1) * ROW);
        while next < end {
            if !parties.is_empty() && rng.chance(BIG_RIVALS) {
                let back = rng.below(BIG_RIVAL_OF.min(parties.len() as u64)) as usize;
                parties.push(parties[parties.len() - 1 - back]);
                continue;
            }
            let party = Party { first: next, size: size(rng).min(end - next) };
            next += party.size;
            parties.push(party);
        }
    }
    parties
}

#[cfg(test)]
#[path = "plan_test.rs"]
mod test;
