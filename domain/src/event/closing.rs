//! A sale that is over for good: why, and what is left to do.
//!
//! Nothing is ever sold of a closed sale again. Of a cancelled event every booking is cancelled and refunded after that, in
//! steps; how far that is can be read from the bookings themselves, so a new owner goes on wherever the last one was.

use serde::{Deserialize, Serialize};

use super::booking::BookingStatus;
use super::sale::Sale;

/// Why nothing is sold any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Closing {
    /// The event will not take place.
    Cancelled,
    /// The event had no bookings and is to be removed.
    Withdrawn,
    /// The event is removed.
    Purged,
}

/// How far the bookings of a cancelled event are cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// That were ever paid.
    pub bookings: u32,
    /// Of these, cancelled.
    pub cancelled: u32,
    /// Of these, with nothing left to give back.
    pub refunded: u32,
    /// Given back in all, minor units.
    pub refunded_minor: i64,
}

impl Sale {
    /// Why nothing is sold any more; `None` while something may be.
    #[must_use]
    pub fn closing(&self) -> Option<Closing> {
        self.closing
    }

    /// How far the bookings are cancelled, in time linear in their number.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let mut progress = Progress::default();
        for booking in self.bookings.values().filter(|booking| booking.booked_at.is_some()) {
            progress.bookings += 1;
            progress.refunded_minor += booking.payment.refunded_minor;
            if booking.status == BookingStatus::Cancelled {
                progress.cancelled += 1;
                progress.refunded += u32::from(booking.open_work().is_none());
            }
        }
        progress
    }

    /// Whether a closed sale still has something to do by itself.
    pub(super) fn winds_up(&self) -> bool {
        match self.closing {
            Some(Closing::Cancelled) => self.seats.counts().booked > 0,
            Some(Closing::Withdrawn) => true,
            Some(Closing::Purged) | None => false,
        }
    }

    /// Whether no booking needs the sale: none was ever paid or may yet be, and no provider is still at work.
    pub(super) fn is_unsold(&self) -> bool {
        let counts = |booking: &super::Booking| {
            booking.booked_at.is_some() || booking.status == BookingStatus::Pending
        };
        self.working.is_empty() && !self.bookings.values().any(counts)
    }
}
