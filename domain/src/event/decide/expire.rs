//! What is due: deadlines of holds and of payments under way. The owner says so before each of its answers and by
//! timer, and the facts carry its stamp; nobody else ends a hold.

use super::super::fact::Fact;
use super::super::sale::Sale;
use super::Decision;
use super::settle::release_one_call;
use crate::ids::HoldNumber;
use crate::time::UnixMillis;

/// At most so many holds are ended by one decision, so that other commands get their turn.
const AT_MOST: usize = 512;

/// The facts of what is due at `now`; call again while there are any.
#[must_use]
pub fn expire(sale: &Sale, now: UnixMillis) -> Decision {
    let mut facts = Vec::new();
    // Asked before every answer, and nearly always in vain.
    if sale.next_deadline().is_some_and(|next| next <= now) {
        let due = sale.deadlines.iter().take_while(|(at, _)| *at <= now).take(AT_MOST);
        due.for_each(|(_, hold)| end(sale, hold, now, &mut facts));
    }
    Decision::silent(facts)
}

fn end(sale: &Sale, number: HoldNumber, now: UnixMillis, facts: &mut Vec<Fact>) {
    let Some(hold) = sale.hold(number) else { return };
    let Some((paying, booking)) = hold.paying.and_then(|paying| Some((paying, sale.booking(paying)?))) else {
        return facts.push(Fact::HoldExpired { hold: number });
    };
    // The holds of a booking are due together; it ends once, with the first of them.
    if booking.holds.iter().min() != Some(&number) {
        return;
    }
    facts.push(match booking.payment.is_open() {
        true => Fact::BookingLapsed { booking: paying },
        false => Fact::PaymentTimedOut { booking: paying },
    });
    let released = release_one_call(sale, booking);
    if released.is_some() {
        return facts.extend(released);
    }
    let over = |hold: &HoldNumber| sale.hold(*hold).is_some_and(|hold| hold.expires_at <= now);
    let over = booking.holds.iter().filter(|hold| over(hold));
    facts.extend(over.map(|hold| Fact::HoldExpired { hold: *hold }));
}

#[cfg(test)]
#[path = "expire_test.rs"]
mod test;
