//! Who has each seat: two bits a seat, and four bytes more where seats nearby are not free.
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

/// As many seats as one word of free bits has.
const PAGE: usize = 64;

/// The slots of a page; none while all its seats are free, so that equal seats are kept equally.
type Page = Option<Box<[u32; PAGE]>>;

/// All seats of a sale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub(super) struct Seats {
    len: u32,
    pages: Vec<Page>,
    /// One bit a seat, set where the slot is free: best available skips full rows by whole words.
    free: Vec<u64>,
    counts: Counts,
}

/// As it is stored: every slot.
#[derive(Serialize, Deserialize)]
struct Stored {
    slots: Vec<u32>,
    free: Vec<u64>,
    counts: Counts,
}

impl From<Seats> for Stored {
    fn from(seats: Seats) -> Self {
        let slots = seats.iter().map(|(_, claim)| claim.slot()).collect();
        Self { slots, free: seats.free, counts: seats.counts }
    }
}

impl From<Stored> for Seats {
    fn from(Stored { slots, free, counts }: Stored) -> Self {
        let page = |slots: &[u32]| {
            let mut page = Box::new([FREE; PAGE]);
            page[..slots.len()].copy_from_slice(slots);
            slots.iter().any(|slot| *slot != FREE).then_some(page)
        };
        Self { len: slots.len() as u32, pages: slots.chunks(PAGE).map(page).collect(), free, counts }
    }
}

impl Seats {
    pub(super) fn all_free(seats: u32) -> Self {
        let pages = seats.div_ceil(PAGE as u32);
        let free = (0..pages).map(|page| all_free_in(page, seats)).collect();
        let counts = Counts { available: seats, ..Counts::default() };
        Self { len: seats, pages: vec![None; pages as usize], free, counts }
    }

    pub(super) fn len(&self) -> u32 {
        self.len
    }

    pub(super) fn claim(&self, seat: SeatIndex) -> Option<Claim> {
        if seat.0 >= self.len {
            return None;
        }
        let page = self.pages[seat.0 as usize / PAGE].as_ref();
        Some(page.map_or(Claim::Free, |page| Claim::of(page[seat.0 as usize % PAGE])))
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
        let Some(before) = self.claim(seat) else { return };
        *self.counts.of(before.status()) -= 1;
        *self.counts.of(claim.status()) += 1;
        let (page, bit) = (seat.0 as usize / PAGE, 1 << (seat.0 % 64));
        match claim {
            Claim::Free => self.free[page] |= bit,
            _ => self.free[page] &= !bit,
        }
        if self.free[page] == all_free_in(page as u32, self.len) {
            self.pages[page] = None;
        } else {
            let slots = self.pages[page].get_or_insert_with(|| Box::new([FREE; PAGE]));
            slots[seat.0 as usize % PAGE] = claim.slot();
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (SeatIndex, Claim)> + '_ {
        (0..self.len).map(SeatIndex).filter_map(|seat| Some((seat, self.claim(seat)?)))
    }
}

/// The free bits of a page of which every seat is free; the last page may have fewer seats.
const fn all_free_in(page: u32, seats: u32) -> u64 {
    match seats - page * PAGE as u32 {
        0..64 => (1 << (seats % 64)) - 1,
        _ => u64::MAX,
    }
}

#[cfg(test)]
mod test {
    use super::*;
    use crate::event::fading::Fading;
    use crate::event::outbox::Outbox;
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

    #[test]
    fn seats_that_went_and_came_back_are_as_they_were_and_cost_no_more() {
        for count in [1, 63, 64, 65, 130, 200] {
            let mut seats = Seats::all_free(count);
            let all = || (0..count).map(SeatIndex);
            all().for_each(|seat| seats.set(seat, Claim::Hold(HoldNumber(seat.0))));
            assert!(all().all(|seat| seats.claim(seat) == Some(Claim::Hold(HoldNumber(seat.0)))));
            assert_eq!((seats.claim(SeatIndex(count)), seats.counts().held), (None, count));
            let stored = Stored::from(seats.clone());
            assert_eq!(
                (stored.slots.len(), stored.free.len()),
                (count as usize, count.div_ceil(64) as usize)
            );
            assert_eq!(Seats::from(stored), seats);
            all().rev().for_each(|seat| seats.set(seat, Claim::Free));
            assert_eq!(seats, Seats::all_free(count));
            assert!(seats.pages.iter().all(Option::is_none));
            assert_eq!(Seats::from(Stored::from(seats.clone())), seats);
        }
    }

    /// What a sale occupies, itself and on the heap. Names every field, so that a new one cannot be forgotten.
    fn bytes(sale: &Sale) -> usize {
        let Sale {
            event: _,
            terms: SaleTerms { prices_minor, charges: None, .. },
            revision: _,
            facts: _,
            version: _,
            last_stamp: _,
            seats: Seats { len: _, pages, free, counts: _ },
            holds,
            next_hold: _,
            ended,
            bookings,
            next_booking: _,
            working,
            customers,
            answers,
            deadlines,
            outbox,
            killed,
            closing: None,
        } = sale
        else {
            panic!("a plain sale")
        };
        assert!(killed.is_empty());
        assert!(holds.is_empty() && deadlines.next().is_none() && customers.is_empty());
        assert!(bookings.iter().next().is_none() && working.is_empty() && *outbox == Outbox::default());
        assert!(*ended == Fading::default() && *answers == Fading::default());
        size_of::<Sale>()
            + size_of_val(prices_minor.as_slice())
            + pages.capacity() * size_of::<Page>()
            + pages.iter().flatten().count() * size_of::<[u32; PAGE]>()
            + free.capacity() * size_of::<u64>()
    }

    #[test]
    fn a_sale_without_holds_costs_bits_a_seat() {
        let terms = terms(vec![5_000; 20]);
        for (seats, at_most) in [(5_000, 2_048), (200_000, 52_000)] {
            let sale = Sale::open(EventId::new(1), Opening { terms: &terms, seats, revision: 1, at: START });
            let bytes = bytes(&sale);
            assert!(bytes <= at_most, "{seats} seats: {bytes} bytes");
        }
    }
}
