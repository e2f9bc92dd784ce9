//! Money that a provider set aside when its time was over: the same seats are taken again if all of them can be had,
//! else the void that is due lets the money go. Nobody is charged without a ticket.

use super::super::booking::Booking;
use super::super::sale::Sale;
use super::super::seats::Claim;
use super::Context;
use super::hold::{open_for_sale, within_limit};
use crate::ids::{HoldNumber, SeatIndex};

/// Whether everything that `booking` was about can still be sold to its buyer.
pub(super) fn can_be_had_again(sale: &Sale, booking: &Booking, context: &Context<'_>) -> bool {
    let claims = booking.live_seats().map(|seat| sale.claim(seat));
    let (mut free, mut all) = (0, true);
    for claim in claims {
        match claim {
            Some(Claim::Free) => free += 1,
            Some(Claim::Hold(hold)) => {
                all &= booking.holds.contains(&hold) && is_as_it_was(sale, hold, booking);
            }
            _ => all = false,
        }
    }
    all && open_for_sale(sale, context.now).is_ok() && within_limit(sale, booking.buyer, free).is_ok()
}

/// The booking takes its whole hold along, so that must have nothing else in it by now and be nobody's payment.
fn is_as_it_was(sale: &Sale, hold: HoldNumber, booking: &Booking) -> bool {
    let of_the_booking = |seat: SeatIndex| booking.tickets.iter().any(|ticket| ticket.seat == seat);
    sale.hold(hold).is_some_and(|hold| {
        hold.paying.is_none() && hold.tickets.iter().all(|ticket| of_the_booking(ticket.seat))
    })
}
