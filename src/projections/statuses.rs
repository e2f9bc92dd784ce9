//! ⑧ The statuses of all seats of a sale, two bits a seat, lowest first, as the binary form of `/events/{id}/seats` has
//! them.
//!
//! Owns the packing and what differs between two of them. Hazard: bits behind the last seat are zero, so that equal
//! seats are equal bytes; bytes from elsewhere are refused where they are not.

use std::ops::Range;

use domain::event::{Counts, SeatStatus};
use domain::ids::SeatIndex;

const SEATS_A_BYTE: usize = 4;

/// The status of every seat, and how many are in each.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Statuses {
    seats: u32,
    packed: Vec<u8>,
    counts: Counts,
}

impl Statuses {
    /// All seats available.
    #[must_use]
    pub fn all_free(seats: u32) -> Self {
        let packed = vec![0; (seats as usize).div_ceil(SEATS_A_BYTE)];
        Self { seats, packed, counts: Counts { available: seats, ..Counts::default() } }
    }

    /// Of as many `seats` as there are statuses.
    #[must_use]
    pub fn of(seats: u32, statuses: impl Iterator<Item = SeatStatus>) -> Self {
        let mut all = Self::all_free(seats);
        let mut counts = [seats, 0, 0, 0];
        for (seat, status) in (0..seats).zip(statuses).filter(|(_, status)| *status != SeatStatus::Available)
        {
            all.packed[seat as usize / SEATS_A_BYTE] |= (status as u8) << shift(SeatIndex::new(seat));
            counts[status as usize] += 1;
            counts[SeatStatus::Available as usize] -= 1;
        }
        let [available, held, booked, blocked] = counts;
        Self { counts: Counts { available, held, booked, blocked }, ..all }
    }

    /// What another node has packed; `None` where it is not as many bytes as `seats` take, or has bits behind the last.
    #[must_use]
    pub fn from_packed(seats: u32, packed: Vec<u8>) -> Option<Self> {
        if packed.len() != (seats as usize).div_ceil(SEATS_A_BYTE) {
            return None;
        }
        let used = seats as usize % SEATS_A_BYTE;
        if used > 0 && packed.last().is_some_and(|last| last >> (2 * used) != 0) {
            return None;
        }
        let mut all = Self { seats, packed, counts: Counts::default() };
        let mut counts = Counts::default();
        all.iter().for_each(|status| *of(&mut counts, status) += 1);
        all.counts = counts;
        Some(all)
    }

    /// How many seats there are.
    #[must_use]
    pub fn seats(&self) -> u32 {
        self.seats
    }

    /// How many are in each status.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Four seats a byte.
    #[must_use]
    pub fn packed(&self) -> &[u8] {
        &self.packed
    }

    /// The status of `seat`, or `None` beyond the last one.
    #[must_use]
    pub fn get(&self, seat: SeatIndex) -> Option<SeatStatus> {
        let byte = self.packed.get(seat.number() as usize / SEATS_A_BYTE)?;
        (seat.number() < self.seats).then(|| status(byte >> shift(seat)))
    }

    /// Gives `seat` another status; one beyond the last is left alone.
    pub fn set(&mut self, seat: SeatIndex, status: SeatStatus) {
        let Some(before) = self.get(seat) else { return };
        *of(&mut self.counts, before) -= 1;
        *of(&mut self.counts, status) += 1;
        let byte = &mut self.packed[seat.number() as usize / SEATS_A_BYTE];
        *byte = *byte & !(0b11 << shift(seat)) | (status as u8) << shift(seat);
    }

    /// Every status, in order.
    pub fn iter(&self) -> impl Iterator<Item = SeatStatus> + '_ {
        let all =
            self.packed.iter().flat_map(|byte| (0..SEATS_A_BYTE).map(move |at| status(byte >> (2 * at))));
        all.take(self.seats as usize)
    }

    /// Whether any of `seats` may have another status in `other`: a neighbour may be taken for one of them.
    #[must_use]
    pub fn differs(&self, other: &Self, seats: Range<u32>) -> bool {
        let bytes = seats.start as usize / SEATS_A_BYTE..(seats.end as usize).div_ceil(SEATS_A_BYTE);
        self.packed.get(bytes.clone()) != other.packed.get(bytes)
    }

    /// The seats that have another status in `later`, which has as many seats.
    #[must_use]
    pub fn changes(&self, later: &Self) -> Vec<(SeatIndex, SeatStatus)> {
        let mut changes = Vec::new();
        for ((before, after), first) in self.packed.iter().zip(&later.packed).zip((0..).step_by(SEATS_A_BYTE))
        {
            if before != after {
                let seats = (first..later.seats).take(SEATS_A_BYTE).map(SeatIndex::new);
                let changed = |seat: &SeatIndex| (before ^ after) >> shift(*seat) & 0b11 != 0;
                changes.extend(seats.filter(changed).map(|seat| (seat, status(after >> shift(seat)))));
            }
        }
        changes
    }
}

fn shift(seat: SeatIndex) -> u32 {
    2 * (seat.number() % SEATS_A_BYTE as u32)
}

/// By the lowest two bits.
fn status(bits: u8) -> SeatStatus {
    match bits & 0b11 {
        0 => SeatStatus::Available,
        1 => SeatStatus::Held,
        2 => SeatStatus::Booked,
        _ => SeatStatus::Blocked,
    }
}

fn of(counts: &mut Counts, status: SeatStatus) -> &mut u32 {
    match status {
        SeatStatus::Available => &mut counts.available,
        SeatStatus::Held => &mut counts.held,
        SeatStatus::Booked => &mut counts.booked,
        SeatStatus::Blocked => &mut counts.blocked,
    }
}

#[cfg(test)]
mod test {
    use SeatStatus::{Available, Blocked, Booked, Held};

    use super::*;

    const FIVE: [SeatStatus; 5] = [Available, Held, Booked, Blocked, Held];

    #[test]
    fn two_bits_a_seat_lowest_first_and_back() {
        let five = Statuses::of(5, FIVE.into_iter());
        assert_eq!(five.packed(), [0b1110_0100, 0b01]);
        assert_eq!(five.iter().collect::<Vec<_>>(), FIVE);
        assert_eq!(five.counts(), Counts { available: 1, held: 2, booked: 1, blocked: 1 });
        assert_eq!(Statuses::from_packed(5, five.packed().to_vec()), Some(five.clone()));
        assert_eq!((five.get(SeatIndex::new(4)), five.get(SeatIndex::new(5))), (Some(Held), None));
    }

    #[test]
    fn what_no_seats_can_be_packed_to_is_refused() {
        assert_eq!(Statuses::from_packed(0, Vec::new()), Some(Statuses::default()));
        for (seats, packed) in
            [(0, vec![0]), (5, vec![0]), (5, vec![0; 3]), (5, vec![0, 0b100]), (1, vec![0x40])]
        {
            assert_eq!(Statuses::from_packed(seats, packed.clone()), None, "{seats} {packed:?}");
        }
    }

    #[test]
    fn changes_lead_from_one_to_the_other() {
        let before = Statuses::of(11, FIVE.into_iter().cycle());
        let after = Statuses::of(11, FIVE.into_iter().cycle().skip(1));
        let changes = before.changes(&after);
        let unchanged =
            (0..11).map(SeatIndex::new).filter(|seat| before.get(*seat) == after.get(*seat)).count();
        assert_eq!(changes.len(), 11 - unchanged);
        let mut changed = before.clone();
        changes.into_iter().for_each(|(seat, status)| changed.set(seat, status));
        assert_eq!(changed, after);
        assert!(after.changes(&after).is_empty());
        assert!(before.differs(&after, 0..1) && !after.differs(&after, 0..11));
        changed.set(SeatIndex::new(11), Booked);
        assert_eq!(changed, after, "there is no such seat");
    }
}
