//! Who has each seat, four bytes and a bit a seat.
//!
//! Hazard: numbers of holds and bookings share the slot with two marks, so both end at [`LAST_NUMBER`].

use serde::{Deserialize, Serialize};

use crate::ids::{BookingNumber, HoldNumber, SeatIndex};

/// The highest number of a hold or booking that a slot can carry.
pub(super) const LAST_NUMBER: u32 = (u32::MAX - 3) / 2;

const FREE: u32 = 0;
const BLOCKED: u32 = 1;

/// What a client sees of a seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum SeatStatus {
    /// Anyone may hold it.
    Available = 0,
    /// Set aside until a deadline.
    Held = 1,
    /// Sold.
    Booked = 2,
    /// Kept by the house.
    Blocked = 3,
}

/// Who has a seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// Nobody.
    Free,
    /// The house.
    Blocked,
    /// A live hold.
    Hold(HoldNumber),
    /// A booking that was not cancelled.
    Booking(BookingNumber),
}

impl Claim {
    /// The status that goes with it.
    #[must_use]
    pub const fn status(self) -> SeatStatus {
        match self {
            Self::Free => SeatStatus::Available,
            Self::Blocked => SeatStatus::Blocked,
            Self::Hold(_) => SeatStatus::Held,
            Self::Booking(_) => SeatStatus::Booked,
        }
    }

    const fn slot(self) -> u32 {
        match self {
            Self::Free => FREE,
            Self::Blocked => BLOCKED,
            Self::Hold(HoldNumber(number)) => 2 + 2 * number,
            Self::Booking(BookingNumber(number)) => 3 + 2 * number,
        }
    }

    const fn of(slot: u32) -> Self {
        match slot {
            FREE => Self::Free,
            BLOCKED => Self::Blocked,
            even if even % 2 == 0 => Self::Hold(HoldNumber((even - 2) / 2)),
            odd => Self::Booking(BookingNumber((odd - 3) / 2)),
        }
    }
}

/// How many seats are in each status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Free for anyone.
    pub available: u32,
    /// In live holds.
    pub held: u32,
    /// In bookings.
    pub booked: u32,
    /// Kept by the house.
    pub blocked: u32,
}

impl Counts {
    fn of(&mut self, status: SeatStatus) -> &mut u32 {
        match status {
            SeatStatus::Available => &mut self.available,
            SeatStatus::Held => &mut self.held,
            SeatStatus::Booked => &mut self.booked,
            SeatStatus::Blocked => &mut self.blocked,
        }
    }
}

/// All seats of a sale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Seats {
    slots: Vec<u32>,
    /// One bit a seat, set where the slot is free: best available skips full rows by whole words.
    free: Vec<u64>,
    counts: Counts,
}

impl Seats {
    pub(super) fn all_free(seats: u32) -> Self {
        let mut free = vec![u64::MAX; seats.div_ceil(64) as usize];
        if let (Some(last), 1..) = (free.last_mut(), seats % 64) {
            *last = (1 << (seats % 64)) - 1;
        }
        Self {
            slots: vec![FREE; seats as usize],
            free,
            counts: Counts { available: seats, ..Counts::default() },
        }
    }

    pub(super) fn len(&self) -> u32 {
        self.slots.len() as u32
    }

    pub(super) fn claim(&self, seat: SeatIndex) -> Option<Claim> {
        self.slots.get(seat.0 as usize).map(|slot| Claim::of(*slot))
    }

    pub(super) fn counts(&self) -> Counts {
        self.counts
    }

    pub(super) fn is_free(&self, seat: SeatIndex) -> bool {
        self.free.get(seat.0 as usize / 64).is_some_and(|word| word >> (seat.0 % 64) & 1 == 1)
    }

    /// Free seats among `first..first + count`.
    pub(super) fn free_within(&self, first: SeatIndex, count: u32) -> u32 {
        let (mut at, end) = (first.0, first.0.saturating_add(count).min(self.len()));
        let mut free = 0;
        while at < end {
            let span = (64 - at % 64).min(end - at);
            let mask = if span == 64 { u64::MAX } else { ((1 << span) - 1) << (at % 64) };
            free += (self.free[at as usize / 64] & mask).count_ones();
            at += span;
        }
        free
    }

    /// Gives the seat to `claim`; a seat beyond the map is left alone.
    pub(super) fn set(&mut self, seat: SeatIndex, claim: Claim) {
        let Some(slot) = self.slots.get_mut(seat.0 as usize) else { return };
        let before = Claim::of(*slot);
        *slot = claim.slot();
        *self.counts.of(before.status()) -= 1;
        *self.counts.of(claim.status()) += 1;
        let bit = 1 << (seat.0 % 64);
        match claim {
            Claim::Free => self.free[seat.0 as usize / 64] |= bit,
            _ => self.free[seat.0 as usize / 64] &= !bit,
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (SeatIndex, Claim)> + '_ {
        self.slots.iter().enumerate().map(|(seat, slot)| (SeatIndex(seat as u32), Claim::of(*slot)))
    }
}

#[cfg(test)]
mod test {
    use super::*;
    use crate::event::fading::Fading;
    use crate::event::sale::{Opening, Sale};
    use crate::event::terms::SaleTerms;
    use crate::event::test::scene::{START, terms};
    use crate::ids::EventId;

    #[test]
    fn a_slot_carries_every_claim() {
        for claim in [
            Claim::Free,
            Claim::Blocked,
            Claim::Hold(HoldNumber(0)),
            Claim::Hold(HoldNumber(LAST_NUMBER)),
            Claim::Booking(BookingNumber(0)),
            Claim::Booking(BookingNumber(LAST_NUMBER)),
        ] {
            assert_eq!(Claim::of(claim.slot()), claim);
        }
    }

    #[test]
    fn free_seats_are_counted_across_words() {
        let mut seats = Seats::all_free(130);
        assert_eq!(seats.free_within(SeatIndex(0), 1_000), 130);
        seats.set(SeatIndex(63), Claim::Blocked);
        seats.set(SeatIndex(64), Claim::Blocked);
        assert_eq!(seats.free_within(SeatIndex(60), 10), 8);
        assert_eq!(seats.free_within(SeatIndex(63), 2), 0);
        assert_eq!(seats.counts().available, 128);
        assert!(!seats.is_free(SeatIndex(130)));
    }

    /// What a sale occupies, itself and on the heap. Names every field, so that a new one cannot be forgotten.
    fn bytes(sale: &Sale) -> usize {
        let Sale {
            event: _,
            terms: SaleTerms { prices_minor, .. },
            revision: _,
            facts: _,
            version: _,
            last_stamp: _,
            seats: Seats { slots, free, counts: _ },
            holds,
            next_hold: _,
            ended,
            bookings,
            next_booking: _,
            working,
            customers,
            answers,
            deadlines,
        } = sale;
        assert!(holds.is_empty() && deadlines.next().is_none() && customers.is_empty());
        assert!(bookings.is_empty() && working.is_empty());
        assert!(*ended == Fading::default() && *answers == Fading::default());
        size_of::<Sale>()
            + size_of_val(prices_minor.as_slice())
            + slots.capacity() * size_of::<u32>()
            + free.capacity() * size_of::<u64>()
    }

    #[test]
    fn a_sale_without_holds_costs_less_than_eight_bytes_a_seat() {
        let terms = terms(vec![5_000; 20]);
        let sale =
            Sale::open(EventId::new(1), Opening { terms: &terms, seats: 200_000, revision: 1, at: START });
        let bytes = bytes(&sale);
        assert!(bytes <= 8 * 200_000, "{bytes}");
    }
}
