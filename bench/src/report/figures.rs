//! The figures of a run, worked out of its history.
//!
//! Owns: what is counted, and against which time. Goodput (what buyers got) is kept apart from refusals (answers that
//! cost little and bring nothing). A call that was repeated with its key counts once.

use super::latency::{Collector, Latency};
use super::{Aftermath, Context};
use crate::history::{Account, BookingStatus, Call, History, Key, Operation, Outcome};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, HashSet};

/// The figures of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Seconds from the start until the last buyer had left.
    pub duration_s: f64,
    /// Calls that were answered.
    pub answered: u64,
    /// Answers a second.
    pub throughput: f64,
    /// Holds that were acknowledged.
    pub holds: u64,
    /// Bookings that were acknowledged as paid.
    pub bookings: u64,
    /// Holds and bookings acknowledged a second.
    pub goodput: f64,
    /// Seats in acknowledged bookings, those cancelled later included.
    pub seats_booked: u64,
    /// Calls refused, by code.
    pub refusals: BTreeMap<String, u64>,
    /// Refusals a second.
    pub refused: f64,
    /// Calls whose fate the client never learnt.
    pub unknown: u64,
    /// Calls that never got a connection in time.
    pub unsent: u64,
    /// Attempts to hold, accepted or refused.
    pub hold_latency: Latency,
    /// Payments for a hold.
    pub booking_latency: Latency,
    /// Seats that were on sale.
    pub seats: u64,
    /// Seats booked and not cancelled at the end.
    pub seats_sold: u64,
    /// Seconds until every seat was held or booked for the first time.
    pub all_taken_s: Option<f64>,
    /// Seconds until every seat was booked.
    pub sold_out_s: Option<f64>,
    /// Seconds until the last booking that was acknowledged.
    pub last_booking_s: f64,
    /// What kills and moves cost.
    #[serde(default)]
    pub aftermath: Aftermath,
    /// What happened in each second.
    pub seconds: Vec<Second>,
}

/// One second of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Second {
    /// Calls meant to be made.
    pub intended: u64,
    /// Holds and bookings acknowledged.
    pub good: u64,
    /// Refusals.
    pub refused: u64,
    /// Median of holds and bookings meant to be made in this second.
    pub p50_ms: f64,
    /// 99th percentile of the same.
    pub p99_ms: f64,
    /// The longest of the same.
    pub max_ms: f64,
}

impl Figures {
    /// The figures of `history`.
    pub(super) fn of(history: &History, context: &Context) -> Self {
        let duration_s = seconds(context.played_us.saturating_sub(context.started_us)).max(0.001);
        let operations = once(history);
        let mut figures = Self { duration_s, ..Self::default() };
        let (mut holding, mut booking) = (Collector::new(), Collector::new());
        for op in &operations {
            figures.count(op);
            let collector = match op.call {
                Call::Hold { .. } => &mut holding,
                Call::Book { .. } => &mut booking,
                _ => continue,
            };
            if is_answer(&op.outcome) {
                collector.add(op.ended_us.saturating_sub(op.intended_us));
            }
            if let Outcome::Booked(_) = op.outcome {
                let at_s = seconds(op.ended_us.saturating_sub(context.started_us));
                figures.last_booking_s = figures.last_booking_s.max(at_s);
            }
        }
        figures.hold_latency = holding.latency();
        figures.booking_latency = booking.latency();
        figures.throughput = figures.answered as f64 / duration_s;
        figures.goodput = (figures.holds + figures.bookings) as f64 / duration_s;
        figures.refused = figures.refusals.values().sum::<u64>() as f64 / duration_s;
        figures.aftermath = Aftermath::of(&operations, context);
        figures.seconds = by_second(&operations, context);
        figures.sell(history, &operations, context);
        figures
    }

    fn count(&mut self, op: &Operation) {
        self.answered += u64::from(is_answer(&op.outcome));
        match &op.outcome {
            Outcome::Held { .. } if matches!(op.call, Call::Hold { .. }) => self.holds += 1,
            Outcome::Booked(booking) if booking.status == BookingStatus::Booked => {
                self.bookings += 1;
                self.seats_booked += booking.tickets.len() as u64;
            }
            Outcome::Refused { status, code } => {
                let code = if code.is_empty() { status.to_string() } else { code.clone() };
                *self.refusals.entry(code).or_default() += 1;
            }
            Outcome::Unknown { .. } => self.unknown += 1,
            Outcome::Unsent => self.unsent += 1,
            _ => {}
        }
    }

    /// Follows how many seats were taken, and how many sold, through the run.
    fn sell(&mut self, history: &History, operations: &[&Operation], context: &Context) {
        self.seats = (history.tickets.len() - history.taken_before.len()) as u64;
        let mut changes = changes(operations, u64::from(context.ttl_seconds) * 1_000_000);
        changes.sort_unstable();
        let (mut taken, mut sold) = (0_i64, 0_i64);
        for (at_us, taken_more, sold_more) in changes {
            taken += taken_more;
            sold += sold_more;
            let at_s = seconds(at_us.saturating_sub(context.started_us));
            if taken >= self.seats as i64 {
                self.all_taken_s.get_or_insert(at_s);
            }
            if sold >= self.seats as i64 {
                self.sold_out_s.get_or_insert(at_s);
            }
        }
        self.seats_sold = u64::try_from(sold).unwrap_or_default();
    }
}

/// When how many seats more were taken and sold, so far as the client knows.
fn changes(operations: &[&Operation], ttl_us: u64) -> Vec<(u64, i64, i64)> {
    let mut seats_of_hold: HashMap<&str, i64> = HashMap::new();
    let mut seats_of_booking: HashMap<&str, i64> = HashMap::new();
    // Holds that somebody ended; the others end by themselves.
    let mut ended: HashSet<&str> = HashSet::new();
    let mut changes = Vec::new();
    for op in operations {
        match (&op.call, &op.outcome) {
            (Call::Hold { .. }, Outcome::Held { hold, tickets }) => {
                seats_of_hold.insert(hold, tickets.len() as i64);
                changes.push((op.ended_us, tickets.len() as i64, 0));
            }
            (Call::Book { hold }, Outcome::Booked(booking)) => {
                ended.insert(hold);
                seats_of_booking.insert(&booking.id, booking.tickets.len() as i64);
                changes.push((op.ended_us, 0, booking.tickets.len() as i64));
            }
            (Call::Release { hold }, Outcome::Done) => {
                ended.insert(hold);
                let seats = seats_of_hold.get(hold.as_str()).copied().unwrap_or_default();
                changes.push((op.ended_us, -seats, 0));
            }
            (Call::Cancel { booking }, Outcome::Done) => {
                let seats = seats_of_booking.get(booking.as_str()).copied().unwrap_or_default();
                changes.push((op.ended_us, -seats, -seats));
            }
            _ => {}
        }
    }
    for op in operations {
        if let (Call::Hold { .. }, Outcome::Held { hold, tickets }) = (&op.call, &op.outcome)
            && !ended.contains(hold.as_str())
        {
            changes.push((op.ended_us + ttl_us, -(tickets.len() as i64), 0));
        }
    }
    changes
}

/// The operations in order of their ends, those repeated with their key left out.
fn once(history: &History) -> Vec<&Operation> {
    let mut operations: Vec<&Operation> = history.operations.iter().collect();
    operations.sort_by_key(|op| op.ended_us);
    let mut keys: HashSet<(Account, Key)> = HashSet::with_capacity(operations.len());
    operations.retain(|op| keys.insert((op.account, op.key)));
    operations
}

fn by_second(operations: &[&Operation], context: &Context) -> Vec<Second> {
    let second_of = |us: u64| (us.saturating_sub(context.started_us) / 1_000_000) as usize;
    let count = second_of(context.played_us) + 1;
    let mut all = vec![Second::default(); count];
    for op in operations {
        all[second_of(op.intended_us).min(count - 1)].intended += 1;
        let ended = &mut all[second_of(op.ended_us).min(count - 1)];
        match &op.outcome {
            Outcome::Held { .. } | Outcome::Booked(_) => ended.good += 1,
            Outcome::Refused { .. } => ended.refused += 1,
            _ => {}
        }
    }
    let measured =
        |op: &&&Operation| matches!(op.call, Call::Hold { .. } | Call::Book { .. }) && is_answer(&op.outcome);
    let mut by_intention: Vec<_> = operations.iter().filter(measured).collect();
    by_intention.sort_by_key(|op| op.intended_us);
    let mut collector = Collector::new();
    for group in by_intention.chunk_by(|one, next| second_of(one.intended_us) == second_of(next.intended_us))
    {
        collector.clear();
        for op in group {
            collector.add(op.ended_us.saturating_sub(op.intended_us));
        }
        let latency = collector.latency();
        let second = &mut all[second_of(group[0].intended_us).min(count - 1)];
        (second.p50_ms, second.p99_ms, second.max_ms) = (latency.p50_ms, latency.p99_ms, latency.max_ms);
    }
    all
}

fn is_answer(outcome: &Outcome) -> bool {
    !matches!(outcome, Outcome::Unknown { .. } | Outcome::Unsent)
}

fn seconds(us: u64) -> f64 {
    us as f64 / 1e6
}
