//! From a plan to a checked map: numbers the seats and finds everything that is wrong, each with its pointer.
//!
//! Hazard: counts come from outside; nothing here may overflow or grow by what a number merely claims.

use std::collections::{BTreeMap, HashSet};

use super::plan::{
    MAX_NAME_BYTES, MAX_SEATS, NamedSeat, Plan, PlanError, PlanLayout, PlanRow, PlanSeats, PlanSection,
};
use super::{Names, Row, SeatMap, Section};

#[derive(Default)]
pub(super) struct Builder {
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
    pub(super) fn build(mut self, plan: Plan) -> Result<SeatMap, Vec<PlanError>> {
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
