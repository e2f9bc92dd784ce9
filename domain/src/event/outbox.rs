//! What is still to be told about a sale: one delivery for each mail, text message or webhook, from the fact that asks
//! for it to the one that ends it.
//!
//! Owns which facts are worth telling and the open deliveries; not how anything is sent, nor when it is tried again: that
//! is the owner's, which finds the open ones here and goes on with them. Hazard: this is memory of every replica, so it
//! is bounded, and it is journaled, so no name, address or secret is in it.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::fact::Fact;
use super::sale::Sale;
use crate::ids::{BookingNumber, DeliveryNumber, EndpointId, SeatIndex};
use crate::time::UnixMillis;

/// Deliveries of one sale that may be open; for more, the oldest are given up.
pub const MOST_OPEN: usize = 100_000;
/// Of those that were given up, so many are remembered.
const MOST_GIVEN_UP: usize = 100;
/// Bytes of the reason for it.
const MOST_WORDS: usize = 200;

/// Something that somebody is to be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Notice {
    /// The seats are sold.
    BookingConfirmed {
        /// Which.
        booking: BookingNumber,
    },
    /// Tickets were given back, or taken back with the event.
    TicketsCancelled {
        /// Of which booking.
        booking: BookingNumber,
        /// Which.
        seats: Vec<SeatIndex>,
        /// What the buyer gets back, minor units.
        refund_minor: i64,
    },
    /// The provider gave money back.
    RefundPaid {
        /// For which booking.
        booking: BookingNumber,
        /// Minor units.
        amount_minor: i64,
    },
    /// The event was called off. Each buyer is told of the tickets, so this is for the organizer's programs.
    EventCancelled,
    /// A ticket is for another seat now, and has another code.
    TicketMoved {
        /// Of which booking.
        booking: BookingNumber,
        /// No longer this one.
        from: SeatIndex,
        /// But this one.
        to: SeatIndex,
    },
}

/// A way to tell somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Channel {
    /// A mail to the buyer.
    Mail,
    /// A text message to the buyer.
    Sms,
    /// A request to an address of the organizer.
    Webhook(EndpointId),
}

impl Channel {
    /// A short name for metrics and logs.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Sms => "sms",
            Self::Webhook(_) => "webhook",
        }
    }
}

/// One message to one receiver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// What it says.
    pub notice: Notice,
    /// Which way it goes.
    pub by: Channel,
    /// Since when it is to be sent, in the shard's time.
    pub since: UnixMillis,
}

/// How a delivery ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ended {
    /// The receiver has it.
    Sent,
    /// There is nobody to send it to: no account, no address, no endpoint any more.
    NobodyThere,
    /// It could not be sent, for this reason, and is not tried again.
    GivenUp(String),
}

/// A delivery that was given up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenUp {
    /// Which.
    pub number: DeliveryNumber,
    /// All of it.
    pub delivery: Delivery,
    /// When it was given up.
    pub at: UnixMillis,
    /// Why, in words that name nobody.
    pub why: String,
}

/// The deliveries of a sale.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outbox {
    open: BTreeMap<DeliveryNumber, Delivery>,
    next: u32,
    /// The newest of them, oldest first.
    given_up: VecDeque<GivenUp>,
    all_given_up: u64,
}

impl Ended {
    /// A short name for metrics and logs.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::NobodyThere => "nobody-there",
            Self::GivenUp(_) => "given-up",
        }
    }
}

impl Notice {
    /// What `fact` gives to tell, which `sale` includes.
    #[must_use]
    pub fn of(sale: &Sale, fact: &Fact) -> Option<Self> {
        match fact {
            // The buyer was told that the seats are sold; no money was taken for them.
            Fact::PaymentLost { booking } => {
                let tickets = &sale.booking(*booking)?.tickets;
                let seats = tickets.iter().map(|ticket| ticket.seat).collect();
                Some(Self::TicketsCancelled { booking: *booking, seats, refund_minor: 0 })
            }
            Fact::Booked { booking, .. } => Some(Self::BookingConfirmed { booking: *booking }),
            Fact::TicketsCancelled { booking, seats, refund_minor, .. } => Some(Self::TicketsCancelled {
                booking: *booking,
                seats: seats.clone(),
                refund_minor: *refund_minor,
            }),
            Fact::RefundPaid { booking, amount_minor } => {
                Some(Self::RefundPaid { booking: *booking, amount_minor: *amount_minor })
            }
            Fact::SaleClosed { withdrawn: false } => Some(Self::EventCancelled),
            Fact::TicketMoved { booking, from, to, .. } => {
                Some(Self::TicketMoved { booking: *booking, from: *from, to: *to })
            }
            _ => None,
        }
    }

    /// The booking it is about, whose buyer is told.
    #[must_use]
    pub const fn booking(&self) -> Option<BookingNumber> {
        match self {
            Self::BookingConfirmed { booking }
            | Self::TicketsCancelled { booking, .. }
            | Self::RefundPaid { booking, .. }
            | Self::TicketMoved { booking, .. } => Some(*booking),
            Self::EventCancelled => None,
        }
    }
}

impl Outbox {
    /// The open deliveries, oldest first.
    pub fn open(&self) -> impl ExactSizeIterator<Item = (DeliveryNumber, &Delivery)> + '_ {
        self.open.iter().map(|(number, delivery)| (*number, delivery))
    }

    /// An open delivery.
    #[must_use]
    pub fn get(&self, number: DeliveryNumber) -> Option<&Delivery> {
        self.open.get(&number)
    }

    /// The newest of those that were given up, oldest first.
    pub fn given_up(&self) -> impl ExactSizeIterator<Item = &GivenUp> + '_ {
        self.given_up.iter()
    }

    /// How many were ever given up.
    #[must_use]
    pub fn all_given_up(&self) -> u64 {
        self.all_given_up
    }

    pub(super) fn put(&mut self, at: UnixMillis, first: DeliveryNumber, notice: &Notice, by: &[Channel]) {
        for (number, by) in (first.0..).zip(by) {
            let delivery = Delivery { notice: notice.clone(), by: *by, since: at };
            self.open.insert(DeliveryNumber(number), delivery);
            self.next = self.next.max(number.saturating_add(1));
        }
        while self.open.len() > MOST_OPEN
            && let Some((oldest, _)) = self.open.first_key_value()
        {
            let why = Ended::GivenUp("too many deliveries of this event are open".into());
            self.end(at, *oldest, &why);
        }
    }

    pub(super) fn end(&mut self, at: UnixMillis, number: DeliveryNumber, how: &Ended) {
        let Some(delivery) = self.open.remove(&number) else { return };
        if let Ended::GivenUp(why) = how {
            self.all_given_up += 1;
            self.given_up.push_back(GivenUp { number, delivery, at, why: why.clone() });
            if self.given_up.len() > MOST_GIVEN_UP {
                self.given_up.pop_front();
            }
        }
    }

    /// No number will be given twice.
    pub(super) fn is_sound(&self) -> bool {
        self.open.last_key_value().is_none_or(|(last, _)| last.0 < self.next)
    }
}

/// The fact that somebody is to be told of `fact`, which `sale` includes: by the channels that `ways` gives. None where
/// there are none, so that a sale that tells nobody anything has no more to journal.
pub fn due(sale: &Sale, fact: &Fact, ways: impl FnOnce(&Notice) -> Vec<Channel>) -> Option<Fact> {
    let notice = Notice::of(sale, fact)?;
    let by = ways(&notice);
    let first = DeliveryNumber(sale.outbox.next);
    let numbers_left = usize::try_from(u32::MAX - sale.outbox.next).is_ok_and(|left| by.len() <= left);
    (!by.is_empty() && numbers_left).then_some(Fact::DeliveriesDue { first, notice, by })
}

/// The fact that a delivery has ended; none where it had ended before.
#[must_use]
pub fn ended(sale: &Sale, delivery: DeliveryNumber, how: Ended) -> Option<Fact> {
    sale.outbox.get(delivery)?;
    let how = match how {
        Ended::GivenUp(why) => Ended::GivenUp(why.chars().take(MOST_WORDS).collect()),
        other => other,
    };
    Some(Fact::DeliveryEnded { delivery, how })
}

#[cfg(test)]
#[path = "outbox_test.rs"]
mod test;
