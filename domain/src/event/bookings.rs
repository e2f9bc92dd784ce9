//! The bookings of a sale, found by number and by buyer.
//!
//! Owns the index by buyer, which follows from the bookings: it is not stored with them, and made anew when they are read.
//! Hazard: it holds as long as nobody's booking becomes somebody else's.

use std::collections::{BTreeMap, BTreeSet, btree_map};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::booking::Booking;
use crate::ids::{BookingNumber, UserId};

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Bookings {
    by_number: BTreeMap<BookingNumber, Booking>,
    #[expect(
        clippy::box_collection,
        reason = "most sales have no booking yet, and every one has this field"
    )]
    by_buyer: Option<Box<BTreeSet<(UserId, BookingNumber)>>>,
}

impl Bookings {
    pub(super) fn insert(&mut self, number: BookingNumber, booking: Booking) {
        self.by_buyer.get_or_insert_default().insert((booking.buyer, number));
        self.by_number.insert(number, booking);
    }

    pub(super) fn get(&self, number: &BookingNumber) -> Option<&Booking> {
        self.by_number.get(number)
    }

    pub(super) fn get_mut(&mut self, number: &BookingNumber) -> Option<&mut Booking> {
        self.by_number.get_mut(number)
    }

    /// Oldest first.
    pub(super) fn iter(&self) -> btree_map::Iter<'_, BookingNumber, Booking> {
        self.by_number.iter()
    }

    /// Oldest first.
    pub(super) fn values(&self) -> btree_map::Values<'_, BookingNumber, Booking> {
        self.by_number.values()
    }

    /// Those of `buyer`, oldest first.
    pub(super) fn of(&self, buyer: UserId) -> impl Iterator<Item = (BookingNumber, &Booking)> {
        let theirs = (buyer, BookingNumber::new(0))..=(buyer, BookingNumber::new(u32::MAX));
        let found = self.by_buyer.iter().flat_map(move |all| all.range(theirs.clone()));
        found.filter_map(|(_, number)| Some((*number, self.get(number)?)))
    }
}

impl Serialize for Bookings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.by_number.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Bookings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let by_number = BTreeMap::<BookingNumber, Booking>::deserialize(deserializer)?;
        let mut bookings = Self::default();
        by_number.into_iter().for_each(|(number, booking)| bookings.insert(number, booking));
        Ok(bookings)
    }
}
