//! What the checker has found.
//!
//! Owns: the kinds of violation, their counting, and the names that details use. Every violation is counted, the
//! first of each kind are kept in words.

use super::Limits;
use super::lines::Lines;
use crate::history::{Account, History, Outcome, Owner, Ticket};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// Violations of one kind that are kept in words.
const KEPT_PER_KIND: u64 = 20;

/// What kind of promise was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Two buyers certainly owned one seat at one instant.
    DoubleSale,
    /// An acknowledged hold is not there, before its time.
    LostHold,
    /// An acknowledged booking is not there, or not as it was acknowledged.
    LostBooking,
    /// A hold lived on after its deadline.
    HoldPastDeadline,
    /// Something belongs to another buyer than the one to whom it was acknowledged.
    WrongOwner,
    /// A cancelled booking is still good.
    CancelledYetBooked,
    /// One idempotency key, two different successes.
    KeyExecutedTwice,
    /// Two holds have one id.
    ReusedHoldId,
    /// Two bookings have one id.
    ReusedBookingId,
    /// Two tickets have one code.
    ReusedTicketCode,
    /// A seat is taken or a booking exists that nobody asked for.
    Unexplained,
    /// A success does not say what was asked for, or does not say it in the contract's form.
    WrongAnswer,
}

impl Kind {
    /// Every kind, worst first.
    pub const ALL: [Self; 12] = [
        Self::DoubleSale,
        Self::LostHold,
        Self::LostBooking,
        Self::HoldPastDeadline,
        Self::WrongOwner,
        Self::CancelledYetBooked,
        Self::KeyExecutedTwice,
        Self::ReusedHoldId,
        Self::ReusedBookingId,
        Self::ReusedTicketCode,
        Self::Unexplained,
        Self::WrongAnswer,
    ];

    /// What a report calls several of them.
    pub fn plural(self) -> &'static str {
        match self {
            Self::DoubleSale => "double sells",
            Self::LostHold => "lost acknowledged holds",
            Self::LostBooking => "lost acknowledged bookings",
            Self::HoldPastDeadline => "holds past deadline",
            Self::WrongOwner => "wrong owners",
            Self::CancelledYetBooked => "cancelled yet booked",
            Self::KeyExecutedTwice => "keys executed twice",
            Self::ReusedHoldId => "reused hold ids",
            Self::ReusedBookingId => "reused booking ids",
            Self::ReusedTicketCode => "reused ticket codes",
            Self::Unexplained => "unexplained",
            Self::WrongAnswer => "wrong answers",
        }
    }
}

/// One broken promise, in words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Violation {
    /// Its kind.
    pub kind: Kind,
    /// When it was seen, in milliseconds of the run.
    pub at_ms: u64,
    /// What was seen, with ids.
    pub what: String,
}

/// The checker's judgement, and how much it rests on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// Violations of every kind, zeros included.
    pub counts: BTreeMap<Kind, u64>,
    /// The first violations of each kind, in order of time.
    pub violations: Vec<Violation>,
    /// Operations that were judged.
    pub operations: u64,
    /// Those among them whose fate the client never learnt.
    pub unknown: u64,
    /// Acknowledged holds.
    pub holds: u64,
    /// Acknowledged bookings.
    pub bookings: u64,
    /// Seats read from maps after the run, all audits together.
    pub seats_read: u64,
    /// Whether a final audit was there to be judged.
    pub audited: bool,
    /// How long after its deadline a hold was still let pass.
    pub slack_ms: u64,
}

impl Verdict {
    /// Whether every promise was kept.
    pub fn is_clean(&self) -> bool {
        self.counts.values().all(|count| *count == 0)
    }

    /// Violations of one kind.
    pub fn count(&self, kind: Kind) -> u64 {
        self.counts.get(&kind).copied().unwrap_or_default()
    }
}

/// Collects violations while the passes run.
pub(super) struct Findings<'h> {
    history: &'h History,
    counts: BTreeMap<Kind, u64>,
    violations: Vec<Violation>,
}

impl<'h> Findings<'h> {
    pub(super) fn new(history: &'h History) -> Self {
        let counts = Kind::ALL.into_iter().map(|kind| (kind, 0)).collect();
        Self { history, counts, violations: Vec::new() }
    }

    /// Counts a violation; `what` is only put into words for the first ones of its kind.
    pub(super) fn add(&mut self, kind: Kind, at_us: u64, what: impl FnOnce(&Names<'h>) -> String) {
        let count = self.counts.entry(kind).or_default();
        *count += 1;
        if *count <= KEPT_PER_KIND {
            let what = what(&Names { history: self.history });
            self.violations.push(Violation { kind, at_ms: at_us / 1_000, what });
        }
    }

    pub(super) fn verdict(mut self, history: &History, lines: &Lines<'_>, limits: &Limits) -> Verdict {
        self.violations.sort_by_key(|violation| violation.at_ms);
        let unknown = history.operations.iter().filter(|op| matches!(op.outcome, Outcome::Unknown { .. }));
        let maps = history.audits.iter().flat_map(|audit| &audit.maps);
        Verdict {
            counts: self.counts,
            violations: self.violations,
            operations: history.operations.len() as u64,
            unknown: unknown.count() as u64,
            holds: lines.holds.len() as u64,
            bookings: lines.bookings.len() as u64,
            seats_read: maps.map(|map| map.seats.len() as u64).sum(),
            audited: !history.audits.is_empty(),
            slack_ms: limits.slack_us / 1_000,
        }
    }
}

/// Puts positions into words.
pub(super) struct Names<'h> {
    history: &'h History,
}

impl<'h> Names<'h> {
    pub(super) fn seat(&self, ticket: Ticket) -> &'h str {
        self.history.tickets.get(ticket.0 as usize).map_or("a ticket of no known event", String::as_str)
    }

    pub(super) fn seats(&self, tickets: &[Ticket]) -> String {
        let names: Vec<_> = tickets.iter().map(|ticket| self.seat(*ticket)).collect();
        names.join(", ")
    }

    pub(super) fn buyer(&self, account: Account) -> &'h str {
        self.history.accounts.get(account.0 as usize).map_or("an unknown account", String::as_str)
    }

    pub(super) fn owner<'a>(&'a self, owner: &'a Owner) -> impl fmt::Display + 'a {
        match owner {
            Owner::Buyer(account) => self.buyer(*account),
            Owner::Stranger(id) => id,
            Owner::Untold => "somebody",
        }
    }
}
