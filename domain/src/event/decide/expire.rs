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
    let due = sale.deadlines.iter().take_while(|(at, _)| *at <= now).take(AT_MOST);
    Decision::silent(due.flat_map(|(_, hold)| end(sale, *hold, now)).collect())
}

fn end(sale: &Sale, number: HoldNumber, now: UnixMillis) -> Vec<Fact> {
    let Some(hold) = sale.hold(number) else { return Vec::new() };
    let expired = Fact::HoldExpired { hold: number };
    let Some((paying, booking)) = hold.paying.and_then(|paying| Some((paying, sale.booking(paying)?))) else {
        return vec![expired];
    };
    let mut facts = vec![Fact::PaymentTimedOut { booking: paying }];
    let released = release_one_call(sale, booking);
    facts.extend(released.or_else(|| (hold.expires_at <= now).then_some(expired)));
    facts
}

#[cfg(test)]
#[path = "expire_test.rs"]
mod test;
