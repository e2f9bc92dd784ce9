//! What the organizer does with tickets: gives some away, and moves those that are sold.

use super::super::booking::{Booking, BookingStatus};
use super::super::fact::Fact;
use super::super::hold::PricedSeat;
use super::super::payment::{Payment, PaymentMethod, PaymentStatus};
use super::super::refusal::Refusal;
use super::super::reply::{BookingView, Reply};
use super::super::sale::Sale;
use super::super::seats::SeatStatus;
use super::blocking::{may_change, takeable};
use super::book::codes;
use super::cancel::may_manage;
use super::{Context, Decision, next_booking, next_hold};
use crate::ids::{BookingNumber, SeatIndex, UserId};

/// What a booking that costs nothing is paid with.
const NOBODY: &str = "none";

/// A booking of total zero, made at once. Told as what it is: a hold for nothing that is booked in the same breath.
pub(super) fn comp(
    sale: &Sale,
    seats: &[SeatIndex],
    to: UserId,
    context: &Context<'_>,
) -> Result<Decision, Refusal> {
    may_change(sale, seats, context)?;
    takeable(sale, seats)?;
    let (hold, booking) = (next_hold(sale)?, next_booking(sale)?);
    let tickets: Vec<PricedSeat> =
        seats.iter().map(|seat| PricedSeat { seat: *seat, price_minor: 0, price_type: 0 }).collect();
    let method = PaymentMethod { provider: NOBODY.to_owned(), token: String::new() };
    let codes = codes(seats.len(), context);
    let charges = sale.terms.charges.clone();
    let payment = Payment::begin(method.clone(), context.now);
    let given = tickets.iter().copied();
    let mut sold = Booking::begin(context.now, to, vec![hold], given, charges, payment);
    sold.one_call = true;
    sold.sell(context.now, &codes);
    sold.payment.status = PaymentStatus::Captured;

    let mut facts = Vec::with_capacity(6);
    let kept: Vec<SeatIndex> =
        seats.iter().copied().filter(|seat| sale.status(*seat) == Some(SeatStatus::Blocked)).collect();
    if !kept.is_empty() {
        facts.push(Fact::SeatsUnblocked { seats: kept });
    }
    facts.push(Fact::Held { hold, buyer: to, tickets: tickets.into(), expires_at: context.now });
    let (settle_by, owed) = (context.now, None);
    facts.push(Fact::PaymentStarted { booking, hold, method, settle_by, one_call: true, owed });
    facts.push(Fact::Booked { booking, codes });
    facts.push(Fact::PaymentCaptured { booking });
    let view = BookingView { number: booking, booking: Box::new(sold) };
    Ok(Decision::reply(facts, Reply::Booking(view)).remembered(context.key))
}

/// Another seat for the same money: the ticket keeps its price, and its old code lets nobody in.
pub(super) fn move_ticket(
    sale: &Sale,
    number: BookingNumber,
    from: SeatIndex,
    to: SeatIndex,
    context: &Context<'_>,
) -> Result<Decision, Refusal> {
    let booking = sale.booking(number).ok_or(Refusal::NotFound)?;
    if !may_manage(sale, booking, context.caller) {
        return Err(Refusal::NotFound);
    }
    if !context.caller.runs_event_of(sale.terms.organizer) {
        return Err(Refusal::Forbidden);
    }
    let mut tickets = booking.tickets.iter().filter(|ticket| ticket.seat == from).peekable();
    tickets.peek().ok_or(Refusal::NotFound)?;
    match booking.status {
        BookingStatus::Pending => return Err(Refusal::NotCancellable),
        // One that was never paid keeps its tickets as they were, but has none of the seats.
        BookingStatus::Cancelled => return Err(Refusal::AlreadyCancelled),
        BookingStatus::Booked if tickets.all(|ticket| ticket.cancelled) => {
            return Err(Refusal::AlreadyCancelled);
        }
        BookingStatus::Booked => {}
    }
    match sale.status(to).ok_or(Refusal::NotFound)? {
        SeatStatus::Available => {}
        status => return Err(Refusal::SeatUnavailable(vec![(to, status)])),
    }
    let code = codes(1, context)[0];
    let mut after = booking.clone();
    after.move_ticket(from, to, code);
    after.owed.clear();
    let view = BookingView { number, booking: Box::new(after) };
    let fact = Fact::TicketMoved { booking: number, from, to, code };
    Ok(Decision::reply(vec![fact], Reply::Booking(view)).remembered(context.key))
}

#[cfg(test)]
#[path = "house_test.rs"]
mod test;
