//! Second pass: the line of every acknowledged hold and booking, from its acknowledgement to its end.
//!
//! Owns: what ends a hold or a booking, and every rule that can be judged from a line alone: reused ids and codes, lost
//! acknowledgements, holds past their deadline, wrong answers.

use super::Limits;
use super::acts::Act;
use super::deadline::Deadline;
use super::findings::{Findings, Kind};
use crate::history::{Account, Booking, BookingStatus, Call, Key, Outcome, Owner, Ticket, Want};
use std::collections::HashMap;

/// Refusals that tell an owner that the hold is not theirs any more.
const GONE: [&str; 3] = ["hold-expired", "not-found", "forbidden"];
/// Refusals of a booking that tell that the hold did not keep its seats.
const NOT_KEPT: [&str; 2] = ["seat-unavailable", "sold-out"];

/// An acknowledged hold.
pub(super) struct HoldLine<'h> {
    pub(super) id: &'h str,
    pub(super) created: &'h Act<'h>,
    /// The tickets that it began with.
    pub(super) tickets: &'h [Ticket],
    /// What was done with it, in order of sending.
    pub(super) later: Vec<&'h Act<'h>>,
    /// It certainly lived until then, unless somebody may have ended it.
    pub(super) earliest_deadline_us: u64,
    /// It was certainly over after this, pending payments and slack included.
    pub(super) latest_deadline_us: u64,
    /// The booking that it became, if that was done in time.
    pub(super) became: Option<usize>,
}

/// An acknowledged booking.
pub(super) struct BookingLine<'h> {
    pub(super) act: &'h Act<'h>,
    pub(super) booking: &'h Booking,
    /// Attempts to cancel it, in order of sending.
    pub(super) cancels: Vec<&'h Act<'h>>,
}

/// All lines of a history.
pub(super) struct Lines<'h> {
    pub(super) holds: Vec<HoldLine<'h>>,
    pub(super) bookings: Vec<BookingLine<'h>>,
    pub(super) booking_by_id: HashMap<&'h str, usize>,
    booking_by_key: HashMap<(Account, Key), usize>,
    hold_by_id: HashMap<&'h str, usize>,
}

impl<'h> Lines<'h> {
    pub(super) fn follow(acts: &'h [Act<'h>], limits: &Limits, findings: &mut Findings<'h>) -> Self {
        let mut lines = Self {
            holds: Vec::new(),
            bookings: Vec::new(),
            booking_by_id: HashMap::new(),
            booking_by_key: HashMap::new(),
            hold_by_id: HashMap::new(),
        };
        for act in acts {
            lines.open_hold(act, findings);
            lines.open_booking(act, findings);
        }
        for act in acts {
            lines.attach(act);
        }
        for index in 0..lines.holds.len() {
            lines.walk(index, limits, findings);
        }
        for line in &lines.bookings {
            line.judge(findings);
        }
        lines.judge_codes(findings);
        lines
    }

    /// The position of the booking that an act was acknowledged with.
    pub(super) fn booking_of(&self, act: &Act<'_>) -> Option<usize> {
        self.booking_by_key.get(&(act.op.account, act.op.key)).copied()
    }

    fn open_hold(&mut self, act: &'h Act<'h>, findings: &mut Findings<'h>) {
        let (Call::Hold { want, .. }, Outcome::Held { hold, tickets }) = (&act.op.call, &act.op.outcome)
        else {
            return;
        };
        if !satisfies(tickets, want) {
            findings.add(Kind::WrongAnswer, act.ended_us(), |names| {
                format!("hold {hold} has {} where {want:?} was asked for", names.seats(tickets))
            });
        }
        if let Some(earlier) = self.hold_by_id.insert(hold, self.holds.len()) {
            let earlier = self.holds[earlier].created;
            findings.add(Kind::ReusedHoldId, act.ended_us(), |names| {
                let (first, second) = (names.buyer(earlier.op.account), names.buyer(act.op.account));
                format!("hold {hold} was given to {first}, later to {second}")
            });
        }
        self.holds.push(HoldLine {
            id: hold,
            created: act,
            tickets,
            later: Vec::new(),
            earliest_deadline_us: 0,
            latest_deadline_us: 0,
            became: None,
        });
    }

    fn open_booking(&mut self, act: &'h Act<'h>, findings: &mut Findings<'h>) {
        let Outcome::Booked(booking) = &act.op.outcome else { return };
        if let Some(earlier) = self.booking_by_id.insert(&booking.id, self.bookings.len()) {
            let earlier = self.bookings[earlier].act;
            findings.add(Kind::ReusedBookingId, act.ended_us(), |names| {
                let (first, second) = (names.buyer(earlier.op.account), names.buyer(act.op.account));
                format!("booking {} was given to {first}, later to {second}", booking.id)
            });
        }
        if !matches!(booking.owner, Owner::Untold) && booking.owner != Owner::Buyer(act.op.account) {
            findings.add(Kind::WrongOwner, act.ended_us(), |names| {
                let (buyer, owner) = (names.buyer(act.op.account), names.owner(&booking.owner));
                format!("booking {} of {buyer} was acknowledged as {owner}'s", booking.id)
            });
        }
        self.booking_by_key.insert((act.op.account, act.op.key), self.bookings.len());
        self.bookings.push(BookingLine { act, booking, cancels: Vec::new() });
    }

    fn attach(&mut self, act: &'h Act<'h>) {
        let subject = act.op.call.subject();
        match act.op.call {
            Call::Hold { .. } => {}
            Call::Cancel { .. } => {
                if let Some(index) = self.booking_by_id.get(subject) {
                    self.bookings[*index].cancels.push(act);
                }
            }
            _ => {
                if let Some(index) = self.hold_by_id.get(subject) {
                    self.holds[*index].later.push(act);
                }
            }
        }
    }

    /// Follows one hold through everything that was done with it.
    fn walk(&mut self, index: usize, limits: &Limits, findings: &mut Findings<'h>) {
        let mut deadline = Deadline::of_new(self.holds[index].created, limits);
        let line = &self.holds[index];
        let mut became = None;
        for (position, act) in line.later.iter().enumerate() {
            if denies(act) && act.ended_us() <= deadline.earliest_us && !ended_before(&line.later, position) {
                findings.add(Kind::LostHold, act.ended_us(), |names| {
                    let (call, code) = (act.op.call.word(), act.refusal().unwrap_or_default());
                    let early_ms = (deadline.earliest_us - act.ended_us()) / 1_000;
                    let buyer = names.buyer(line.created.op.account);
                    format!(
                        "{call} of hold {} by {buyer}: {code}, {early_ms} ms before its deadline",
                        line.id
                    )
                });
            }
            let needs_life = matches!(
                act.op.call,
                Call::Extend { .. } | Call::Change { .. } | Call::Show { .. } | Call::Book { .. }
            );
            let late = needs_life && act.acknowledged() && act.invoked_us > deadline.latest_us;
            if late {
                findings.add(Kind::HoldPastDeadline, act.invoked_us, |names| {
                    let late_ms = (act.invoked_us - deadline.latest_us) / 1_000;
                    let (call, buyer) = (act.op.call.word(), names.buyer(line.created.op.account));
                    format!(
                        "{call} of hold {} by {buyer}, sent {late_ms} ms too late, was acknowledged",
                        line.id
                    )
                });
            }
            if let (Outcome::Booked(booking), false) = (&act.op.outcome, late) {
                line.judge_booked(booking, act, findings);
                became = became.or(if books(act) { self.booking_of(act) } else { None });
            }
            if matches!(act.op.call, Call::Show { .. }) {
                line.judge_shown(act, findings);
            }
            deadline.after(act, limits);
        }
        let line = &mut self.holds[index];
        line.earliest_deadline_us = deadline.earliest_us;
        line.latest_deadline_us = deadline.latest_us;
        line.became = became;
    }

    fn judge_codes(&self, findings: &mut Findings<'h>) {
        let mut codes: HashMap<&str, &str> = HashMap::new();
        for line in &self.bookings {
            for (ticket, code) in line.booking.tickets.iter().filter(|(_, code)| !code.is_empty()) {
                if let Some(earlier) = codes.insert(code, &line.booking.id) {
                    findings.add(Kind::ReusedTicketCode, line.act.ended_us(), |names| {
                        let (seat, id) = (names.seat(*ticket), &line.booking.id);
                        format!("the code of {seat} in booking {id} is also one of booking {earlier}")
                    });
                }
            }
        }
    }
}

impl<'h> HoldLine<'h> {
    /// The first instant at which something was sent that may have ended the hold: a release, or a booking whose fate
    /// is not known. A booking that was acknowledged keeps the seats and so ends nothing.
    pub(super) fn may_end_us(&self) -> u64 {
        let ends = |act: &&&Act<'_>| match act.op.call {
            Call::Release { .. } => act.maybe,
            Call::Book { .. } => act.maybe && !books(act),
            _ => false,
        };
        self.later.iter().find(ends).map_or(u64::MAX, |act| act.invoked_us)
    }

    /// The tickets that it ever had, or may have had.
    pub(super) fn ever(&self) -> Vec<Ticket> {
        let mut tickets = self.tickets.to_vec();
        for act in self.later.iter().filter(|act| act.maybe) {
            if let Call::Change { add, .. } = &act.op.call {
                tickets.extend_from_slice(add);
            }
        }
        tickets.sort_unstable();
        tickets.dedup();
        tickets
    }

    /// A booking must be of the hold's tickets.
    fn judge_booked(&self, booking: &Booking, act: &Act<'_>, findings: &mut Findings<'h>) {
        let unchanged = !self.later.iter().any(|act| matches!(act.op.call, Call::Change { .. }) && act.maybe);
        let ever = self.ever();
        let seats = booking.seats();
        let explained = seats.iter().all(|seat| ever.binary_search(seat).is_ok());
        if !explained || (unchanged && seats != ever) {
            findings.add(Kind::WrongAnswer, act.ended_us(), |names| {
                format!("booking {} of hold {} has other seats: {}", booking.id, self.id, names.seats(&seats))
            });
        }
    }
}

impl<'h> BookingLine<'h> {
    /// When it may have ended: the sending of the first cancellation that may have happened.
    pub(super) fn may_end_us(&self) -> u64 {
        self.cancels.iter().find(|act| act.maybe).map_or(u64::MAX, |act| act.invoked_us)
    }

    /// When it had certainly ended: the acknowledgement of a cancellation.
    pub(super) fn ended_us(&self) -> Option<u64> {
        self.cancels.iter().filter(|act| act.acknowledged()).map(|act| act.ended_us()).min()
    }

    /// A good booking can be cancelled, or the policy forbids it; but it cannot be gone.
    fn judge(&self, findings: &mut Findings<'h>) {
        if self.booking.status != BookingStatus::Booked {
            return;
        }
        for (position, act) in self.cancels.iter().enumerate() {
            let code = act.refusal().unwrap_or_default();
            let gone = GONE.contains(&code) || code == "already-cancelled";
            let others = self.cancels.iter().enumerate().filter(|(other, _)| *other != position);
            let ended =
                others.filter(|(_, other)| other.maybe).any(|(_, other)| other.invoked_us < act.ended_us());
            if gone && !ended {
                findings.add(Kind::LostBooking, act.ended_us(), |names| {
                    let buyer = names.buyer(self.act.op.account);
                    format!(
                        "cancel of booking {} by {buyer}, who has not cancelled before: {code}",
                        self.booking.id
                    )
                });
            }
        }
    }
}

/// Whether an act was refused in words that deny the hold.
fn denies(act: &Act<'_>) -> bool {
    let code = act.refusal().unwrap_or_default();
    GONE.contains(&code) || (matches!(act.op.call, Call::Book { .. }) && NOT_KEPT.contains(&code))
}

/// Whether an act other than the one at `position` may have ended the hold before that one was answered.
fn ended_before(later: &[&Act<'_>], position: usize) -> bool {
    let ends = |act: &Act<'_>| matches!(act.op.call, Call::Release { .. } | Call::Book { .. }) && act.maybe;
    let answered_us = later[position].ended_us();
    let mut others = later.iter().enumerate().filter(|(other, _)| *other != position);
    others.any(|(_, act)| ends(act) && act.invoked_us < answered_us)
}

/// Whether an act was acknowledged with a paid booking.
pub(super) fn books(act: &Act<'_>) -> bool {
    matches!(&act.op.outcome, Outcome::Booked(booking) if booking.status == BookingStatus::Booked)
}

/// Whether `tickets` are what was wanted, each once.
fn satisfies(tickets: &[Ticket], want: &Want) -> bool {
    let mut got = tickets.to_vec();
    got.sort_unstable();
    match want {
        Want::Best(quantity) => {
            got.dedup();
            got.len() == *quantity as usize && tickets.len() == got.len()
        }
        Want::Exact(wanted) => {
            let mut wanted = wanted.clone();
            wanted.sort_unstable();
            got == wanted
        }
    }
}
