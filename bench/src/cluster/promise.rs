//! The promise behind every acknowledgement: what was held or booked still is, by whom it was.
//!
//! Owns: reading the seats once the nodes have settled, and what is missing then. A hold that may have lapsed meanwhile
//! promises nothing any more; a booking does.

use super::crowd::{Ack, Log};
use crate::load::house::{HOLD_SECONDS, House};
use crate::replay::http::Ask;
use crate::replay::wire::{SeatsAnswer, parse};
use hyper::Method;
use std::collections::{BTreeMap, HashMap};

/// Of the time that a hold lives, this much is left out, for clocks and for reading.
const MARGIN_US: u64 = 120_000_000;

/// What came of the promises.
#[derive(Default)]
pub(super) struct Kept {
    pub(super) holds: u64,
    pub(super) bookings: u64,
    pub(super) lost: Vec<String>,
}

/// Reads every event that something was acknowledged for.
pub(super) async fn check(house: &House, log: &Log) -> anyhow::Result<Kept> {
    let mut events: BTreeMap<&str, Vec<&Ack>> = BTreeMap::new();
    for ack in &log.acks {
        events.entry(&ack.stall.event).or_default().push(ack);
    }
    let mut kept = Kept::default();
    for (event, acks) in events {
        let ask = Ask::new(Method::GET, format!("/events/{event}/seats")).bearer(&house.operator);
        let answer = house.caller.must(&ask).await?;
        let now_us = house.caller.clock.now_us();
        let seats: SeatsAnswer<'_> =
            parse(&answer.body).map_err(|what| anyhow::anyhow!("{}: {what}", ask.path))?;
        let seats: HashMap<&str, (&str, Option<&str>)> =
            seats.seats.iter().map(|seat| (&*seat.id, (&*seat.status, seat.user_id.as_deref()))).collect();
        let lives_us = u64::from(HOLD_SECONDS) * 1_000_000 - MARGIN_US;
        for ack in acks.iter().filter(|ack| ack.is_paid || ack.at_us + lives_us > now_us) {
            let ticket = ack.stall.tickets[ack.ticket].as_str();
            kept.look(ack, ticket, seats.get(ticket).copied(), &house.buyers[ack.buyer]);
        }
    }
    Ok(kept)
}

impl Kept {
    fn look(&mut self, ack: &Ack, ticket: &str, seat: Option<(&str, Option<&str>)>, buyer: &str) {
        let promised = if ack.is_paid { "booked" } else { "held" };
        *(if ack.is_paid { &mut self.bookings } else { &mut self.holds }) += 1;
        let is_kept = seat.is_some_and(|(status, owner)| {
            let is_taken = status == "booked" || status == promised;
            is_taken && owner.is_none_or(|owner| owner == buyer)
        });
        if !is_kept {
            self.lost.push(format!("{ticket} was {promised} for {buyer} and is {seat:?}"));
        }
    }
}

#[cfg(test)]
mod test {
    use super::Kept;
    use crate::cluster::crowd::{Ack, Stall};
    use std::sync::Arc;

    #[test]
    fn a_seat_that_is_free_or_another_s_is_lost() {
        let stall = Arc::new(Stall::new("evt_1".into(), vec!["tkt_1".into()]));
        let ack = |is_paid| Ack { stall: stall.clone(), ticket: 0, buyer: 0, sent_us: 0, at_us: 0, is_paid };
        let lost = |is_paid, seat| {
            let mut kept = Kept::default();
            kept.look(&ack(is_paid), "tkt_1", seat, "usr_1");
            kept.lost.len()
        };
        for (status, of_hold, of_booking) in [("held", 0, 1), ("booked", 0, 0), ("available", 1, 1)] {
            assert_eq!(lost(false, Some((status, Some("usr_1")))), of_hold, "{status}");
            assert_eq!(lost(true, Some((status, Some("usr_1")))), of_booking, "{status}");
        }
        assert_eq!(lost(false, Some(("held", Some("usr_2")))), 1);
        assert_eq!(lost(false, None), 1);
    }
}
