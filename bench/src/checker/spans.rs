//! Third pass: when a buyer certainly owned a seat.
//!
//! Owns: spans of certain ownership, and the rule that everything is about: no two of them meet on one seat.
//!
//! A hold is certain from its acknowledgement until its earliest possible deadline, or the sending of anything that
//! may end it. A booking is certain until the sending of a cancellation, else for good. A hold that was booked in time
//! is one span with its booking: there is no instant between them at which the seat was free.

use super::findings::{Findings, Kind};
use super::lines::{HoldLine, Lines, books};
use crate::history::{Account, Call, Ticket};

/// A stretch of time for which one buyer certainly owned one seat.
#[derive(Debug)]
pub(super) struct Span<'h> {
    pub(super) ticket: Ticket,
    pub(super) start_us: u64,
    pub(super) end_us: u64,
    pub(super) account: Account,
    /// From here on the seat was certainly booked, not only held.
    pub(super) booked_from_us: u64,
    /// The id that was acknowledged.
    pub(super) id: &'h str,
    /// Spans of one line never conflict.
    line: usize,
}

/// All spans, by seat and start.
pub(super) struct Spans<'h> {
    spans: Vec<Span<'h>>,
}

impl<'h> Spans<'h> {
    pub(super) fn of(lines: &Lines<'h>) -> Self {
        let mut spans = Vec::new();
        let mut continued = vec![false; lines.bookings.len()];
        for (number, line) in lines.holds.iter().enumerate() {
            add_hold(line, number, lines, &mut spans);
            if let Some(index) = line.became {
                continued[index] = true;
            }
        }
        for (index, line) in lines.bookings.iter().enumerate() {
            if continued[index] || !books(line.act) {
                continue;
            }
            let start_us = line.act.ended_us();
            spans.extend(line.booking.seats().into_iter().map(|ticket| Span {
                ticket,
                start_us,
                end_us: line.may_end_us(),
                account: line.act.op.account,
                booked_from_us: start_us,
                id: &line.booking.id,
                line: lines.holds.len() + index,
            }));
        }
        spans.retain(|span| span.start_us < span.end_us);
        spans.sort_by_key(|span| (span.ticket, span.start_us));
        Self { spans }
    }

    /// The spans of one seat, by start.
    pub(super) fn on(&self, ticket: Ticket) -> &[Span<'h>] {
        let from = self.spans.partition_point(|span| span.ticket < ticket);
        let count = self.spans[from..].partition_point(|span| span.ticket == ticket);
        &self.spans[from..from + count]
    }

    pub(super) fn find_double_sales(&self, findings: &mut Findings<'h>) {
        // Of the spans that began earlier on this seat, the one that lasts longest.
        let mut longest: Option<&Span<'h>> = None;
        for span in &self.spans {
            let Some(earlier) = longest.filter(|earlier| earlier.ticket == span.ticket) else {
                longest = Some(span);
                continue;
            };
            if span.start_us < earlier.end_us && span.line != earlier.line {
                findings.add(Kind::DoubleSale, span.start_us, |names| {
                    format!(
                        "{}: {} is {}'s from {} ms{}, yet {} was acknowledged to {} at {} ms",
                        names.seat(span.ticket),
                        earlier.id,
                        names.buyer(earlier.account),
                        earlier.start_us / 1_000,
                        until(earlier.end_us),
                        span.id,
                        names.buyer(span.account),
                        span.start_us / 1_000
                    )
                });
            }
            if span.end_us > earlier.end_us {
                longest = Some(span);
            }
        }
    }
}

fn until(end_us: u64) -> String {
    if end_us == u64::MAX { " on".into() } else { format!(" to {} ms at least", end_us / 1_000) }
}

/// The spans of a hold and of the booking that it became.
fn add_hold<'h>(line: &HoldLine<'h>, number: usize, lines: &Lines<'h>, spans: &mut Vec<Span<'h>>) {
    let booking = line.became.map(|index| &lines.bookings[index]);
    let hold_end_us = line.earliest_deadline_us.min(line.may_end_us());
    let span = |ticket, start_us, end_us| Span {
        ticket,
        start_us,
        end_us,
        account: line.created.op.account,
        booked_from_us: u64::MAX,
        id: line.id,
        line: number,
    };
    let booked_us = booking.map_or(u64::MAX, |booking| booking.act.ended_us());
    let mut open: Vec<(Ticket, u64)> =
        line.tickets.iter().map(|ticket| (*ticket, line.created.ended_us())).collect();
    // Once it is booked, a hold cannot be changed any more.
    for act in line.later.iter().filter(|act| act.invoked_us < booked_us) {
        let Call::Change { add, remove, .. } = &act.op.call else { continue };
        if act.maybe {
            let (gone, kept): (Vec<_>, Vec<_>) =
                open.into_iter().partition(|(ticket, _)| remove.contains(ticket));
            let ends = act.invoked_us.min(if booking.is_some() { u64::MAX } else { hold_end_us });
            spans.extend(gone.into_iter().map(|(ticket, start_us)| span(ticket, start_us, ends)));
            open = kept;
        }
        if act.acknowledged() {
            open.extend(add.iter().map(|ticket| (*ticket, act.ended_us())));
        }
    }
    let Some(booking) = booking else {
        spans.extend(open.into_iter().map(|(ticket, start_us)| span(ticket, start_us, hold_end_us)));
        return;
    };
    for ticket in booking.booking.seats() {
        let held = open.iter().find(|(held, _)| *held == ticket);
        let start_us = held.map_or(booked_us, |(_, start_us)| *start_us);
        let booked = span(ticket, start_us, booking.may_end_us());
        spans.push(Span { booked_from_us: booked_us, id: &booking.booking.id, ..booked });
    }
}
