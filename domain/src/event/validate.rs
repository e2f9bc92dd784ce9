//! What must be true of every state, said once and checked after each fact in tests and debug builds.

use std::collections::{BTreeMap, BTreeSet};

use super::booking::BookingStatus;
use super::sale::Sale;
use super::seats::{Claim, Counts, SeatStatus};
use super::table::Table;
use crate::ids::SeatIndex;

impl Sale {
    /// Checks the invariants of the state, in time linear in seats, holds and bookings.
    ///
    /// # Errors
    /// The first one that is broken, in words. Its sale must not go on.
    pub fn validate(&self) -> Result<(), String> {
        let claims = self.claims_told_by_owners()?;
        let mut counts = Counts::default();
        for (seat, claim) in self.seats.iter() {
            match claim.status() {
                SeatStatus::Available => counts.available += 1,
                SeatStatus::Held => counts.held += 1,
                SeatStatus::Booked => counts.booked += 1,
                SeatStatus::Blocked => counts.blocked += 1,
            }
            let told = claims.get(&seat).copied();
            let right = match claim {
                Claim::Free | Claim::Blocked => told.is_none(),
                owned => told == Some(owned),
            };
            ensure(right, || format!("{seat:?} says {claim:?}, its owner says {told:?}"))?;
            ensure(self.seats.is_free(seat) == (claim == Claim::Free), || format!("free bit of {seat:?}"))?;
        }
        ensure(counts == self.seats.counts(), || {
            format!("{counts:?} counted, {:?} kept", self.seats.counts())
        })?;
        let killed = |seat: &SeatIndex| self.seats.claim(*seat) == Some(Claim::Blocked);
        ensure(self.killed.iter().all(killed), || "killed seats are not blocked".into())?;
        ensure(self.closing.is_none() || self.holds.is_empty(), || "holds of a closed sale".into())?;
        self.validate_deadlines()?;
        self.validate_customers()?;
        self.validate_work()?;
        ensure(self.outbox.is_sound(), || "a delivery's number will be given again".into())
    }

    fn claims_told_by_owners(&self) -> Result<BTreeMap<SeatIndex, Claim>, String> {
        let mut claims = BTreeMap::new();
        let held = self
            .holds
            .in_order()
            .flat_map(|(number, hold)| hold.tickets.iter().map(|ticket| (ticket.seat, Claim::Hold(*number))));
        let booked = self.bookings.iter().filter(|(_, booking)| booking.status == BookingStatus::Booked);
        let booked = booked
            .flat_map(|(number, booking)| booking.live_seats().map(|seat| (seat, Claim::Booking(*number))));
        for (seat, claim) in held.chain(booked) {
            if let Some(other) = claims.insert(seat, claim) {
                return Err(format!("{seat:?} belongs to {claim:?} and to {other:?}"));
            }
            ensure(seat.0 < self.seats.len(), || format!("{seat:?} is beyond the map"))?;
        }
        Ok(claims)
    }

    fn validate_deadlines(&self) -> Result<(), String> {
        let due: BTreeSet<_> =
            self.holds.in_order().map(|(number, hold)| (self.deadline_of(hold), *number)).collect();
        ensure(self.deadlines.iter().eq(due), || "deadlines are not those of the live holds".into())?;
        for (number, hold) in self.holds.in_order() {
            ensure(!hold.tickets.is_empty(), || format!("{number:?} has no seat"))?;
            ensure(number.0 < self.next_hold, || format!("{number:?} will be given again"))?;
            let paying = hold.paying.map(|booking| self.bookings.get(&booking));
            let right = paying.is_none_or(|booking| {
                booking.is_some_and(|booking| {
                    booking.status == BookingStatus::Pending && booking.holds.contains(number)
                })
            });
            ensure(right, || format!("{number:?} is being paid by {:?}", hold.paying))?;
        }
        Ok(())
    }

    fn validate_customers(&self) -> Result<(), String> {
        let mut customers = Table::default();
        for (_, hold) in self.holds.in_order() {
            *customers.entry(hold.buyer).or_default() += hold.tickets.len() as u32;
        }
        for (_, booking) in self.bookings().filter(|(_, booking)| booking.status == BookingStatus::Booked) {
            *customers.entry(booking.buyer).or_default() += booking.live_seats().count() as u32;
        }
        ensure(customers == self.customers, || "tickets by customer are miscounted".into())
    }

    fn validate_work(&self) -> Result<(), String> {
        for (number, booking) in self.bookings.iter() {
            ensure(number.0 < self.next_booking, || format!("{number:?} will be given again"))?;
            let filed = self.working.contains(number);
            ensure(filed == booking.open_work().is_some(), || format!("the open work of {number:?}"))?;
            let due = &booking.payment.refunds_due_minor;
            ensure(due.iter().all(|amount| *amount > 0), || format!("{number:?} refunds {due:?}"))?;
            let back = due.iter().sum::<i64>() + booking.payment.refunded_minor;
            ensure((0..=booking.total_minor()).contains(&back), || format!("{number:?} refunds {back}"))?;
            let waits = booking.status == BookingStatus::Pending;
            let held = |hold| self.hold(hold).is_some_and(|hold| hold.paying == Some(*number));
            let all_held = booking.holds.iter().all(|hold| held(*hold));
            ensure(!waits || all_held, || format!("{number:?} waits for {:?}", booking.holds))?;
            let sold = booking.status == BookingStatus::Booked;
            let coded = booking.tickets.iter().all(|ticket| ticket.code.is_some());
            ensure(!sold || coded, || format!("{number:?} lacks ticket codes"))?;
        }
        let gone = self.working.iter().find(|number| self.bookings.get(number).is_none());
        ensure(gone.is_none(), || format!("work is filed for {gone:?}, which is gone"))
    }
}

fn ensure(right: bool, message: impl FnOnce() -> String) -> Result<(), String> {
    if right { Ok(()) } else { Err(message()) }
}
