//! Giving tickets back: the seats are free at once, the money follows by the cancellation rule.

use super::super::booking::{Booking, BookingStatus, SoldTicket};
use super::super::closing::Closing;
use super::super::command::Caller;
use super::super::fact::Fact;
use super::super::refusal::Refusal;
use super::super::reply::{BookingView, Reply};
use super::super::sale::Sale;
use super::hold::distinct;
use super::{Context, Decision, Outcome};
use crate::ids::{BookingNumber, SeatIndex};

pub(super) fn tickets(
    sale: &Sale,
    number: BookingNumber,
    seats: Option<&[SeatIndex]>,
    context: &Context<'_>,
) -> Result<Decision, Refusal> {
    let booking = sale.booking(number).ok_or(Refusal::NotFound)?;
    if !may_manage(sale, booking, context.caller) {
        return Err(Refusal::NotFound);
    }
    let chosen = match seats {
        None => booking.live_seats().collect(),
        Some(seats) => named(&booking.tickets, seats)?,
    };
    match booking.status {
        BookingStatus::Cancelled => return Err(Refusal::AlreadyCancelled),
        BookingStatus::Pending if seats.is_none() && booking.payment.is_open() => {
            return Ok(given_up(sale, number, booking, context));
        }
        BookingStatus::Pending => return Err(Refusal::NotCancellable),
        BookingStatus::Booked => {}
    }
    // Whoever is quicker than the organizer's cancellation gets back no less.
    let in_full = sale.closing == Some(Closing::Cancelled);
    if !in_full && context.now >= sale.terms.cancellation.until {
        return Err(Refusal::NotCancellable);
    }
    let rule = |paid| if in_full { paid } else { sale.terms.cancellation.refund_minor(paid) };
    let refund_minor = booking.paid_minor(&chosen).map(rule).sum();

    let mut after = booking.clone();
    after.cancel(&chosen, refund_minor);
    let fact = |owed| Fact::TicketsCancelled { booking: number, seats: chosen, refund_minor, owed };
    if after.open_work().is_some() {
        let outcome = Outcome::Settling { booking: number, joined: false };
        return Ok(Decision { outcome, ..Decision::silent(vec![fact(context.key)]) });
    }
    let view = BookingView { number, booking: Box::new(after) };
    Ok(Decision::reply(vec![fact(None)], Reply::Booking(view)).remembered(context.key))
}

/// A booking that nobody has paid lets its seats go.
fn given_up(sale: &Sale, number: BookingNumber, booking: &Booking, context: &Context<'_>) -> Decision {
    let live = booking.holds.iter().filter(|hold| sale.hold(**hold).is_some());
    let released = live.map(|hold| Fact::HoldReleased { hold: *hold });
    let facts = [Fact::BookingLapsed { booking: number }].into_iter().chain(released).collect();
    let mut after = booking.clone();
    after.lapse();
    let view = BookingView { number, booking: Box::new(after) };
    Decision::reply(facts, Reply::Booking(view)).remembered(context.key)
}

/// The buyer, the event's organizer and operators may; for others there is no such booking.
pub(super) fn may_manage(sale: &Sale, booking: &Booking, caller: Caller) -> bool {
    booking.buyer == caller.user || caller.runs_event_of(sale.terms.organizer)
}

fn named(tickets: &[SoldTicket], seats: &[SeatIndex]) -> Result<Vec<SeatIndex>, Refusal> {
    distinct(seats, "/ticketIds")?;
    for seat in seats {
        // A seat may be there twice: cancelled, and taken again by a ticket that was moved to it.
        let mut tickets = tickets.iter().filter(|ticket| ticket.seat == *seat).peekable();
        tickets.peek().ok_or(Refusal::NotFound)?;
        if tickets.all(|ticket| ticket.cancelled) {
            return Err(Refusal::AlreadyCancelled);
        }
    }
    Ok(seats.to_vec())
}

#[cfg(test)]
#[path = "cancel_test.rs"]
mod test;
