//! Everything that the buyers of a run share.
//!
//! Owns: accounts, events with their seats, the record of operations, and the tally for the progress line.

use super::caller::Caller;
use super::wire::Ids;
use crate::ambient::Clock;
use crate::history::{Account, History, Operation, Outcome, Ticket};
use crate::report::whole;
use crate::trace::{Preference, SeatName, Session};
use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// An account and its login.
pub(crate) struct Login {
    pub(crate) id: String,
    pub(crate) token: String,
}

/// An event that is played.
#[derive(Default)]
pub(super) struct Event {
    pub(super) id: String,
    pub(super) seats: HashMap<SeatName, Ticket>,
    pub(super) sections: HashSet<String>,
}

/// What buyers share.
pub(super) struct Stage {
    pub(super) caller: Caller,
    pub(super) prefix: String,
    pub(super) speed: f64,
    pub(super) ttl_seconds: u32,
    pub(super) attempts: u32,
    pub(super) operator_token: Option<String>,
    pub(super) accounts: Vec<Login>,
    /// By the names that the trace uses.
    pub(super) events: HashMap<String, Event>,
    pub(super) ids: Ids,
    /// The node's ids, by position.
    pub(super) ticket_ids: Vec<String>,
    pub(super) ticket_names: Vec<String>,
    pub(super) taken_before: Vec<Ticket>,
    pub(super) tally: Tally,
    pub(super) keys: AtomicU64,
    pub(super) operations: Mutex<Vec<Operation>>,
}

/// Counts for the progress line.
#[derive(Default)]
pub(super) struct Tally {
    left: AtomicU64,
    held: AtomicU64,
    booked: AtomicU64,
    refused: AtomicU64,
    unknown: AtomicU64,
}

impl Stage {
    pub(super) fn clock(&self) -> Clock {
        self.caller.clock
    }

    /// The account that the buyer with this number uses.
    pub(super) fn account_of(&self, number: usize) -> Account {
        Account((number % self.accounts.len()) as u32)
    }

    pub(super) fn login(&self, account: Account) -> &Login {
        &self.accounts[account.0 as usize]
    }

    pub(super) fn record(&self, operation: Operation) {
        self.tally.count(&operation.outcome);
        self.operations.lock().expect("no holder of this lock panics").push(operation);
    }

    /// Everything recorded so far, which is then forgotten here.
    pub(super) fn history(&self) -> History {
        History {
            tickets: self.ticket_names.clone(),
            accounts: self.accounts.iter().map(|login| login.id.clone()).collect(),
            taken_before: self.taken_before.clone(),
            operations: std::mem::take(&mut self.operations.lock().expect("no holder of this lock panics")),
            audits: Vec::new(),
        }
    }

    /// Whether the session's event has what the session wants.
    pub(super) fn has(&self, session: &Session) -> Result<(), String> {
        let event = self.events.get(&session.event).ok_or_else(|| format!("no event `{}`", session.event))?;
        match &session.preference {
            Preference::Best => Ok(()),
            Preference::Section(section) if event.sections.contains(section) => Ok(()),
            Preference::Section(section) => Err(format!("no section `{section}`")),
            Preference::Seats(seats) => match seats.iter().find(|seat| !event.seats.contains_key(seat)) {
                None => Ok(()),
                Some(seat) => Err(format!("no seat `{seat}`")),
            },
        }
    }
}

impl Tally {
    pub(super) fn leave(&self) {
        self.left.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn left(&self) -> u64 {
        self.left.load(Ordering::Relaxed)
    }

    fn count(&self, outcome: &Outcome) {
        let counter = match outcome {
            Outcome::Held { .. } => &self.held,
            Outcome::Booked(_) => &self.booked,
            Outcome::Refused { .. } => &self.refused,
            Outcome::Unknown { .. } | Outcome::Unsent | Outcome::Malformed { .. } => &self.unknown,
            Outcome::Done => return,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn text(&self) -> String {
        let of = |counter: &AtomicU64| whole(counter.load(Ordering::Relaxed));
        let (held, booked, refused) = (of(&self.held), of(&self.booked), of(&self.refused));
        format!("{held} holds, {booked} bookings, {refused} refused, {} unknown", of(&self.unknown))
    }
}
