//! What was read after the run, held against what is certain and what is possible.
//!
//! Owns: the rules about maps, lists of bookings and single bookings. An acknowledged booking must still be there for
//! its buyer, with its tickets and codes; it is not enough that its seats are booked.

use super::Limits;
use super::acts::Act;
use super::claims::Claims;
use super::findings::{Findings, Kind};
use super::lines::{BookingLine, Lines};
use super::spans::Spans;
use crate::history::{
    Account, Audit, Booking, BookingStatus, Call, History, ListRead, MapRead, Owner, SeatRead, SeatStatus,
    Ticket,
};
use std::collections::{HashMap, HashSet};

pub(super) fn check<'h>(
    history: &'h History,
    limits: &Limits,
    lines: &Lines<'h>,
    spans: &Spans<'h>,
    claims: &Claims,
    findings: &mut Findings<'h>,
) {
    let taken_before: HashSet<Ticket> = history.taken_before.iter().copied().collect();
    for map in history.audits.iter().flat_map(|audit| &audit.maps) {
        let fresh_us = map.invoked_us.saturating_sub(limits.staleness_us);
        for seat in &map.seats {
            if !lost_or_given_away(seat, map, fresh_us, spans, findings)
                && !taken_before.contains(&seat.ticket)
            {
                explained(seat, map, fresh_us, claims, findings);
            }
        }
    }
    if let Some(audit) = history.audits.last() {
        check_bookings(audit, lines, findings);
    }
}

/// A seat that is certainly somebody's must be shown as theirs. True when it is not.
fn lost_or_given_away<'h>(
    seat: &'h SeatRead,
    map: &MapRead,
    fresh_us: u64,
    spans: &Spans<'h>,
    findings: &mut Findings<'h>,
) -> bool {
    let mut certain = spans.on(seat.ticket).iter();
    let Some(span) = certain.find(|span| span.start_us <= fresh_us && span.end_us >= map.ended_us) else {
        return false;
    };
    let booked = span.booked_from_us <= fresh_us;
    let others = match &seat.owner {
        Owner::Buyer(account) => *account != span.account,
        Owner::Stranger(_) => true,
        Owner::Untold => false,
    };
    let there = match seat.status {
        SeatStatus::Booked => true,
        SeatStatus::Held => !booked,
        SeatStatus::Available | SeatStatus::Blocked => false,
    };
    if there && !others {
        return false;
    }
    let lost = if booked { Kind::LostBooking } else { Kind::LostHold };
    let kind = if there { Kind::WrongOwner } else { lost };
    findings.add(kind, map.ended_us, |names| {
        let (name, buyer) = (names.seat(seat.ticket), names.buyer(span.account));
        let (state, owner) = (seat.status, names.owner(&seat.owner));
        let had = if booked { "booked" } else { "held" };
        format!("{name} is {had} by {buyer} ({}), but the map says {state:?}, owner {owner}", span.id)
    });
    true
}

/// A taken seat must be somebody's doing, and still within their time.
fn explained<'h>(
    seat: &'h SeatRead,
    map: &MapRead,
    fresh_us: u64,
    claims: &Claims,
    findings: &mut Findings<'h>,
) {
    let booked = match seat.status {
        SeatStatus::Available | SeatStatus::Blocked => return,
        SeatStatus::Held => false,
        SeatStatus::Booked => true,
    };
    let owns = |account: Account| match &seat.owner {
        Owner::Buyer(owner) => *owner == account,
        Owner::Stranger(_) => false,
        Owner::Untold => true,
    };
    let mut once =
        claims.on(seat.ticket).iter().filter(|claim| claim.booked == booked && owns(claim.account));
    let mut over = false;
    let possible = once.any(|claim| {
        over |= claim.until_us < fresh_us;
        claim.from_us <= map.ended_us && claim.until_us >= fresh_us
    });
    if possible || (!booked && claims.may_be_anywhere(&seat.owner, fresh_us, map.ended_us)) {
        return;
    }
    let kind = match (over, booked) {
        (true, true) => Kind::CancelledYetBooked,
        (true, false) => Kind::HoldPastDeadline,
        (false, _) => Kind::Unexplained,
    };
    findings.add(kind, map.ended_us, |names| {
        let (name, owner) = (names.seat(seat.ticket), names.owner(&seat.owner));
        let why = if over { "whose time was over before" } else { "for no reason that this run knows of" };
        format!("{name} is {:?} by {owner}, {why}", seat.status)
    });
}

fn check_bookings<'h>(audit: &'h Audit, lines: &Lines<'h>, findings: &mut Findings<'h>) {
    let mut listed: HashMap<&str, (&ListRead, &Booking)> = HashMap::new();
    for list in &audit.lists {
        for booking in &list.bookings {
            listed.insert(&booking.id, (list, booking));
            let owner = Owner::Buyer(list.account);
            if booking.owner != owner && booking.owner != Owner::Untold {
                findings.add(Kind::WrongOwner, list.ended_us, |names| {
                    let (buyer, other) = (names.buyer(list.account), names.owner(&booking.owner));
                    format!("booking {} is in the list of {buyer} but says that it is {other}'s", booking.id)
                });
            }
        }
    }
    let lists: HashMap<Account, &ListRead> = audit.lists.iter().map(|list| (list.account, list)).collect();
    for line in &lines.bookings {
        let Some(list) = lists.get(&line.act.op.account) else { continue };
        match listed.get(line.booking.id.as_str()) {
            Some((found, booking)) if found.account == line.act.op.account => {
                judge(line, Some(booking), list.ended_us, findings);
            }
            Some((found, _)) => findings.add(Kind::WrongOwner, list.ended_us, |names| {
                let (buyer, other) = (names.buyer(line.act.op.account), names.buyer(found.account));
                format!("booking {} of {buyer} is in the list of {other}", line.booking.id)
            }),
            None => judge(line, None, list.ended_us, findings),
        }
    }
    for read in &audit.bookings {
        if let Some(index) = lines.booking_by_id.get(read.id.as_str()) {
            judge(&lines.bookings[*index], read.booking.as_ref(), read.ended_us, findings);
        }
    }
    check_strangers(audit, lines, findings);
}

/// Holds what is there of an acknowledged booking against what was acknowledged.
fn judge<'h>(line: &BookingLine<'h>, found: Option<&'h Booking>, at_us: u64, findings: &mut Findings<'h>) {
    let (id, account) = (&line.booking.id, line.act.op.account);
    let cancelled = line.ended_us().is_some();
    let Some(found) = found else {
        if !cancelled {
            findings.add(Kind::LostBooking, at_us, |names| {
                format!("booking {id} of {} is not there", names.buyer(account))
            });
        }
        return;
    };
    let ok = match found.status {
        BookingStatus::Pending => false,
        BookingStatus::Booked => !cancelled,
        BookingStatus::Cancelled => {
            line.booking.status != BookingStatus::Booked || line.may_end_us() != u64::MAX
        }
    };
    if !ok {
        let kind = match found.status {
            BookingStatus::Pending if line.booking.status == BookingStatus::Pending => Kind::HoldPastDeadline,
            BookingStatus::Booked => Kind::CancelledYetBooked,
            _ => Kind::LostBooking,
        };
        findings.add(kind, at_us, |names| {
            let (buyer, was, is) = (names.buyer(account), line.booking.status, found.status);
            let after = if cancelled { ", then its cancellation," } else { "" };
            format!("booking {id} of {buyer} was acknowledged as {was:?}{after} and is {is:?}")
        });
    } else if found.status == BookingStatus::Booked && !same_tickets(line.booking, found) {
        findings.add(Kind::LostBooking, at_us, |names| {
            format!("booking {id} of {} has other tickets or codes than acknowledged", names.buyer(account))
        });
    }
}

/// The same seats, with the same codes where both sides tell them.
fn same_tickets(acknowledged: &Booking, found: &Booking) -> bool {
    let mut sorted = [acknowledged.tickets.clone(), found.tickets.clone()];
    sorted.iter_mut().for_each(|tickets| tickets.sort());
    let [acknowledged, found] = sorted;
    let same = |((seat, code), (other, other_code)): (&(Ticket, String), &(Ticket, String))| {
        seat == other && (code == other_code || code.is_empty() || other_code.is_empty())
    };
    acknowledged.len() == found.len() && acknowledged.iter().zip(&found).all(same)
}

/// Bookings that were never acknowledged must each come from a booking call whose fate is unknown.
fn check_strangers<'h>(audit: &'h Audit, lines: &Lines<'h>, findings: &mut Findings<'h>) {
    let mut unknown: HashMap<Account, Vec<Vec<Ticket>>> = HashMap::new();
    for line in &lines.holds {
        for _ in line.later.iter().filter(|act| unknown_booking(act)) {
            unknown.entry(line.created.op.account).or_default().push(line.ever());
        }
    }
    for list in &audit.lists {
        for booking in &list.bookings {
            let known = lines.booking_by_id.contains_key(booking.id.as_str());
            if known || booking.status == BookingStatus::Cancelled {
                continue;
            }
            let calls = unknown.entry(list.account).or_default();
            let of_hold =
                |ever: &Vec<Ticket>| booking.seats().iter().all(|seat| ever.binary_search(seat).is_ok());
            match calls.iter().position(of_hold) {
                // Each call explains one booking.
                Some(call) if booking.status == BookingStatus::Booked => drop(calls.swap_remove(call)),
                _ => findings.add(Kind::Unexplained, list.ended_us, |names| {
                    let (buyer, status) = (names.buyer(list.account), booking.status);
                    format!(
                        "booking {} of {buyer} is {status:?}, but no call of this run made it",
                        booking.id
                    )
                }),
            }
        }
    }
}

fn unknown_booking(act: &Act<'_>) -> bool {
    matches!(act.op.call, Call::Book { .. }) && act.maybe && !act.acknowledged()
}
