//! Fourth pass: what could at most be seen on a map.
//!
//! Owns: claims, the widest stretch of time in which an operation of this run may have kept a seat held or booked. A
//! taken seat that no claim covers was taken by nobody here, or for longer than allowed.

use super::Limits;
use super::acts::Act;
use super::lines::{HoldLine, Lines, books};
use crate::history::{Account, Call, History, Owner, Ticket, Want};
use std::collections::HashMap;

/// A stretch of time in which a buyer may have had a seat.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claim {
    pub(super) ticket: Ticket,
    pub(super) account: Account,
    pub(super) from_us: u64,
    pub(super) until_us: u64,
    /// As booked; else as held.
    pub(super) booked: bool,
}

/// All claims.
pub(super) struct Claims {
    /// By seat.
    claims: Vec<Claim>,
    /// Holds of unknown fate and unknown seats: from and until, by account.
    anywhere: HashMap<Account, Vec<(u64, u64)>>,
    last_hold_us: u64,
}

impl Claims {
    pub(super) fn of(acts: &[Act<'_>], lines: &Lines<'_>, history: &History, limits: &Limits) -> Self {
        let mut all = Self {
            claims: Vec::with_capacity(history.tickets.len()),
            anywhere: HashMap::new(),
            last_hold_us: 0,
        };
        for line in &lines.holds {
            all.add_hold(line, lines);
        }
        for act in acts {
            all.add_unknown_hold(act, limits);
        }
        all.claims.sort_by_key(|claim| claim.ticket);
        all
    }

    /// When the last hold must have ended that may still be alive.
    pub(super) fn last_hold_us(&self) -> u64 {
        self.last_hold_us
    }

    /// The claims on one seat.
    pub(super) fn on(&self, ticket: Ticket) -> &[Claim] {
        let from = self.claims.partition_point(|claim| claim.ticket < ticket);
        let count = self.claims[from..].partition_point(|claim| claim.ticket == ticket);
        &self.claims[from..from + count]
    }

    /// Whether a hold whose seats nobody knows may explain what was read of `owner` in this window.
    pub(super) fn may_be_anywhere(&self, owner: &Owner, from_us: u64, until_us: u64) -> bool {
        let within = |holds: &Vec<(u64, u64)>| {
            holds.iter().any(|(begins_us, ends_us)| *begins_us <= until_us && *ends_us >= from_us)
        };
        match owner {
            Owner::Buyer(account) => self.anywhere.get(account).is_some_and(within),
            Owner::Stranger(_) => false,
            Owner::Untold => self.anywhere.values().any(within),
        }
    }

    fn add_hold(&mut self, line: &HoldLine<'_>, lines: &Lines<'_>) {
        let account = line.created.op.account;
        let ended_us = line.later.iter().filter(|act| ends(act)).map(|act| act.ended_us()).min();
        let until_us = ended_us.unwrap_or(line.latest_deadline_us);
        self.last_hold_us = self.last_hold_us.max(until_us);
        for ticket in line.ever() {
            let from_us = line.created.invoked_us;
            self.claims.push(Claim { ticket, account, from_us, until_us, booked: false });
            for act in line.later.iter().filter(|act| matches!(act.op.call, Call::Book { .. }) && act.maybe) {
                let until_us = lines.booking_of(act).and_then(|index| lines.bookings[index].ended_us());
                let until_us = until_us.unwrap_or(u64::MAX);
                self.claims.push(Claim { ticket, account, from_us: act.invoked_us, until_us, booked: true });
            }
        }
    }

    /// A hold that may exist although nobody was told its id.
    fn add_unknown_hold(&mut self, act: &Act<'_>, limits: &Limits) {
        let Call::Hold { want, ttl_us } = &act.op.call else { return };
        if !act.maybe || act.acknowledged() {
            return;
        }
        let rate_us = ttl_us / limits.clock_rate_part;
        let until_us = act.last_us + limits.straggler_us + ttl_us + rate_us + limits.slack_us;
        self.last_hold_us = self.last_hold_us.max(until_us);
        let (account, from_us) = (act.op.account, act.invoked_us);
        match want {
            Want::Best(_) => self.anywhere.entry(account).or_default().push((from_us, until_us)),
            Want::Exact(tickets) => self.claims.extend(tickets.iter().map(|ticket| Claim {
                ticket: *ticket,
                account,
                from_us,
                until_us,
                booked: false,
            })),
        }
    }
}

/// Whether the hold was certainly over once `act` was answered.
pub(super) fn ends(act: &Act<'_>) -> bool {
    books(act) || (matches!(act.op.call, Call::Release { .. }) && act.acknowledged())
}
