//! The state of a sale, folded from its facts; replicated, snapshotted, cloned by the owner's actor.
//!
//! Owns seats, holds, bookings, remembered answers. Holds no names: those are in the seat map, shared. Only
//! [`apply`](super::apply()) changes it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::booking::Booking;
use super::bookings::Bookings;
use super::closing::Closing;
use super::deadlines::Deadlines;
use super::fading::Fading;
use super::hold::Hold;
use super::outbox::Outbox;
use super::reply::{BookingView, HoldView, Reply};
use super::seats::{Claim, Counts, SeatStatus, Seats};
use super::table::Table;
use super::terms::SaleTerms;
use crate::ids::{BookingNumber, EventId, HoldNumber, SeatIndex, UserId};
use crate::time::UnixMillis;

/// What the sale remembers of a keyed request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Remembered {
    pub(super) fingerprint: [u8; 16],
    pub(super) answer: Answer,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Answer {
    Given(Reply),
    /// Owed when the outside work for this booking is done.
    Settling(BookingNumber),
}

/// What the sale is opened with, by its first fact.
#[derive(Debug, Clone, Copy)]
pub struct Opening<'a> {
    /// Prices and rules.
    pub terms: &'a SaleTerms,
    /// Number of seats.
    pub seats: u32,
    /// The directory's revision of the event.
    pub revision: u64,
    /// When.
    pub at: UnixMillis,
}

/// The sale of one event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sale {
    pub(super) event: EventId,
    pub(super) terms: SaleTerms,
    pub(super) revision: u64,
    pub(super) facts: u64,
    pub(super) version: u64,
    pub(super) last_stamp: UnixMillis,
    pub(super) seats: Seats,
    pub(super) holds: Table<HoldNumber, Hold>,
    pub(super) next_hold: u32,
    pub(super) ended: Fading<HoldNumber, UserId>,
    pub(super) bookings: Bookings,
    pub(super) next_booking: u32,
    pub(super) working: BTreeSet<BookingNumber>,
    /// Tickets held and booked, by customer.
    pub(super) customers: Table<UserId, u32>,
    pub(super) answers: Fading<(UserId, [u8; 16]), Remembered>,
    /// Every live hold by the moment at which something must happen to it.
    pub(super) deadlines: Deadlines,
    pub(super) outbox: Outbox,
    /// Blocked seats that are withdrawn.
    pub(super) killed: BTreeSet<SeatIndex>,
    pub(super) closing: Option<Closing>,
}

impl Sale {
    pub(super) fn open(event: EventId, opening: Opening<'_>) -> Self {
        Self {
            event,
            terms: opening.terms.clone(),
            revision: opening.revision,
            facts: 0,
            version: 0,
            last_stamp: opening.at,
            seats: Seats::all_free(opening.seats),
            holds: Table::default(),
            next_hold: 0,
            ended: Fading::default(),
            bookings: Bookings::default(),
            next_booking: 0,
            working: BTreeSet::new(),
            customers: Table::default(),
            answers: Fading::default(),
            deadlines: Deadlines::default(),
            outbox: Outbox::default(),
            killed: BTreeSet::new(),
            closing: None,
        }
    }

    /// The event that is sold.
    #[must_use]
    pub fn event(&self) -> EventId {
        self.event
    }

    /// Prices and rules.
    #[must_use]
    pub fn terms(&self) -> &SaleTerms {
        &self.terms
    }

    /// The directory's revision of the event that `terms` come from.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// How many facts made this state: the base of the next batch.
    #[must_use]
    pub fn facts(&self) -> u64 {
        self.facts
    }

    /// Grows with every change of a seat's status.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The seats that were withdrawn, in order; blocked to everybody.
    pub fn killed(&self) -> impl Iterator<Item = SeatIndex> {
        self.killed.iter().copied()
    }

    /// When the last fact was stamped.
    #[must_use]
    pub fn last_stamp(&self) -> UnixMillis {
        self.last_stamp
    }

    /// Number of seats.
    #[must_use]
    pub fn seats(&self) -> u32 {
        self.seats.len()
    }

    /// How many seats are in each status.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.seats.counts()
    }

    /// Who has `seat`, or `None` beyond the last one.
    #[must_use]
    pub fn claim(&self, seat: SeatIndex) -> Option<Claim> {
        self.seats.claim(seat)
    }

    /// The status of every seat, in order.
    pub fn statuses(&self) -> impl Iterator<Item = SeatStatus> + '_ {
        self.seats.iter().map(|(_, claim)| claim.status())
    }

    /// The status of `seat`, or `None` beyond the last one.
    #[must_use]
    pub fn status(&self, seat: SeatIndex) -> Option<SeatStatus> {
        self.claim(seat).map(Claim::status)
    }

    /// A live hold.
    #[must_use]
    pub fn hold(&self, number: HoldNumber) -> Option<&Hold> {
        self.holds.get(&number)
    }

    /// How many holds are live.
    #[must_use]
    pub fn open_holds(&self) -> usize {
        self.holds.len()
    }

    /// The live holds, oldest first; they are put in order for it.
    pub fn holds(&self) -> impl ExactSizeIterator<Item = (HoldNumber, &Hold)> + '_ {
        self.holds.in_order().map(|(number, hold)| (*number, hold))
    }

    /// The live holds of `buyer`, oldest first; who has none costs next to nothing.
    pub fn live_holds_of(&self, buyer: UserId) -> impl Iterator<Item = (HoldNumber, &Hold)> {
        let some = self.customers.get(&buyer).is_some();
        let theirs = some.then(|| self.holds().filter(move |(_, hold)| hold.buyer == buyer));
        theirs.into_iter().flatten()
    }

    /// A booking.
    #[must_use]
    pub fn booking(&self, number: BookingNumber) -> Option<&Booking> {
        self.bookings.get(&number)
    }

    /// All bookings, oldest first.
    pub fn bookings(
        &self,
    ) -> impl ExactSizeIterator<Item = (BookingNumber, &Booking)> + DoubleEndedIterator + '_ {
        self.bookings.iter().map(|(number, booking)| (*number, booking))
    }

    /// The bookings of `buyer`, oldest first, at the cost of those alone.
    pub fn bookings_of(&self, buyer: UserId) -> impl Iterator<Item = (BookingNumber, &Booking)> {
        self.bookings.of(buyer)
    }

    /// Bookings with work to do at a payment provider.
    pub fn working(&self) -> impl Iterator<Item = BookingNumber> + '_ {
        self.working.iter().copied()
    }

    /// Tickets that `customer` holds and has booked, together.
    #[must_use]
    pub fn tickets_of(&self, customer: UserId) -> u32 {
        self.customers.get(&customer).copied().unwrap_or(0)
    }

    /// When something must next happen to a hold.
    #[must_use]
    pub fn next_deadline(&self) -> Option<UnixMillis> {
        self.deadlines.next()
    }

    /// Whether the sale needs an owner even when nobody asks.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        !self.holds.is_empty()
            || !self.working.is_empty()
            || self.outbox.open().next().is_some()
            || self.winds_up()
    }

    /// What is still to be told about the sale, and what could not be.
    #[must_use]
    pub fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    pub(super) fn ended_hold_of(&self, number: HoldNumber, now: UnixMillis) -> Option<UserId> {
        self.ended.get(&number, now).copied()
    }

    pub(super) fn view_hold(&self, number: HoldNumber, as_of: UnixMillis) -> Option<HoldView> {
        self.holds.get(&number).map(|hold| HoldView {
            hold: number,
            buyer: hold.buyer,
            tickets: hold.tickets.clone(),
            created_at: hold.created_at,
            expires_at: hold.expires_at,
            as_of,
            charges: hold.charges.clone(),
        })
    }

    pub(super) fn view_booking(&self, number: BookingNumber) -> Option<BookingView> {
        self.bookings.get(&number).map(|booking| BookingView { number, booking: Box::new(booking.clone()) })
    }

    /// What a new owner with a planted bug takes for the state.
    #[cfg(feature = "planted")]
    pub(crate) fn spoil(&mut self, bug: crate::planted::Bug) {
        match bug {
            crate::planted::Bug::ForgetKeys => self.answers = Fading::default(),
            crate::planted::Bug::ReuseHoldNumbers => {
                self.next_hold = self.holds().last().map_or(0, |(number, _)| number.0 + 1);
            }
            _ => {}
        }
    }

    /// When something must happen to `hold`: its deadline, or its payment's.
    pub(super) fn deadline_of(&self, hold: &Hold) -> UnixMillis {
        let paying = hold.paying.and_then(|number| self.bookings.get(&number));
        paying.map_or(hold.expires_at, |booking| booking.payment.settle_by)
    }
}
