//! Ids: opaque strings with a kind prefix outside, small numbers inside.
//!
//! Ids of things that belong to a sale (`tkt_ hld_ bkg_ pay_`) carry the event's id, so any node can find the owner
//! from the id alone. The text is Crockford base32 in lower case: thirteen digits of the event, then as few digits as
//! the number within the event needs. Only the canonical text parses, so an id has one spelling.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

/// The digits of numbers in ids, from 0 to 31.
pub const ALPHABET: &str = "0123456789abcdefghjkmnpqrstvwxyz";
const WIDE: usize = 13;

/// The text is not an id of the kind that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidId;

impl fmt::Display for InvalidId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a valid id")
    }
}

impl core::error::Error for InvalidId {}

/// The value of each byte as a digit; 255 where it is none.
const DIGITS: [u8; 256] = {
    let mut digits = [u8::MAX; 256];
    let mut digit = 0;
    while digit < ALPHABET.len() {
        digits[ALPHABET.as_bytes()[digit] as usize] = digit as u8;
        digit += 1;
    }
    digits
};

fn write_wide(f: &mut fmt::Formatter<'_>, value: u64) -> fmt::Result {
    write_digits(f, value, WIDE)
}

fn write_short(f: &mut fmt::Formatter<'_>, value: u32) -> fmt::Result {
    let digits = (u32::BITS - value.leading_zeros()).div_ceil(5).max(1);
    write_digits(f, u64::from(value), digits as usize)
}

/// All at once: every write passes through whatever the text is put into.
fn write_digits(f: &mut fmt::Formatter<'_>, value: u64, count: usize) -> fmt::Result {
    let mut text = [0; WIDE];
    for (place, digit) in text[..count].iter_mut().rev().enumerate() {
        *digit = ALPHABET.as_bytes()[(value >> (place * 5) & 31) as usize];
    }
    f.write_str(core::str::from_utf8(&text[..count]).map_err(|_| fmt::Error)?)
}

fn read_digits(text: &str) -> Result<u64, InvalidId> {
    let mut value: u128 = 0;
    for byte in text.bytes() {
        let digit = DIGITS[usize::from(byte)];
        if digit == u8::MAX {
            return Err(InvalidId);
        }
        value = value << 5 | u128::from(digit);
    }
    u64::try_from(value).map_err(|_| InvalidId)
}

fn read_wide(text: &str) -> Result<u64, InvalidId> {
    if text.len() == WIDE { read_digits(text) } else { Err(InvalidId) }
}

fn read_short(text: &str) -> Result<u32, InvalidId> {
    let canonical = matches!(text.len(), 1..=7) && (text.len() == 1 || !text.starts_with('0'));
    if !canonical {
        return Err(InvalidId);
    }
    u32::try_from(read_digits(text)?).map_err(|_| InvalidId)
}

macro_rules! wide_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(u64);

        impl $name {
            /// The id with this number; numbers are drawn at random by the node that creates the thing.
            #[must_use]
            pub const fn new(number: u64) -> Self {
                Self(number)
            }

            /// The number behind the text, the form that is hashed and journaled.
            #[must_use]
            pub const fn number(self) -> u64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($prefix)?;
                write_wide(f, self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                read_wide(text.strip_prefix($prefix).ok_or(InvalidId)?).map(Self)
            }
        }
    };
}

macro_rules! sale_id {
    ($(#[$doc:meta])* $name:ident, $part:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name {
            /// The event whose sale this belongs to.
            pub event: EventId,
            /// The number within the event.
            pub part: $part,
        }

        impl $name {
            /// The id of `part` of `event`.
            #[must_use]
            pub const fn new(event: EventId, part: $part) -> Self {
                Self { event, part }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($prefix)?;
                write_wide(f, self.event.0)?;
                write_short(f, self.part.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let digits = text.strip_prefix($prefix).ok_or(InvalidId)?;
                let (event, part) = digits.split_at_checked(WIDE).ok_or(InvalidId)?;
                Ok(Self { event: EventId(read_wide(event)?), part: $part(read_short(part)?) })
            }
        }
    };
}

macro_rules! part {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(pub(crate) u32);

        impl $name {
            /// The part with this number.
            #[must_use]
            pub const fn new(number: u32) -> Self {
                Self(number)
            }

            /// Its number, counted from zero within the event.
            #[must_use]
            pub const fn number(self) -> u32 {
                self.0
            }
        }
    };
}

wide_id!(
    /// An event (the show).
    EventId,
    "evt_"
);
wide_id!(
    /// A venue.
    VenueId,
    "ven_"
);
wide_id!(
    /// A performer.
    PerformerId,
    "prf_"
);
wide_id!(
    /// A person with an account.
    UserId,
    "usr_"
);
wide_id!(
    /// An address of an organizer that is told what happens to their events.
    EndpointId,
    "whk_"
);

part!(
    /// A seat of an event: its place in the order of the seat map.
    SeatIndex
);
part!(
    /// The number of a hold within its event; never given twice.
    HoldNumber
);
part!(
    /// The number of a booking within its event; its payment has the same.
    BookingNumber
);
part!(
    /// The number of a delivery within its event; never given twice.
    DeliveryNumber
);

sale_id!(
    /// One seat at one event.
    TicketId,
    SeatIndex,
    "tkt_"
);
sale_id!(
    /// Seats set aside until a deadline.
    HoldId,
    HoldNumber,
    "hld_"
);
sale_id!(
    /// Seats sold.
    BookingId,
    BookingNumber,
    "bkg_"
);
sale_id!(
    /// The payment of a booking.
    PaymentId,
    BookingNumber,
    "pay_"
);
sale_id!(
    /// A mail, a text message or a webhook: the same id whenever it is sent again.
    DeliveryId,
    DeliveryNumber,
    "msg_"
);

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn a_ticket_id_is_read_back_and_has_one_spelling() {
        for (event, seat) in [(0, 0), (1, 31), (u64::MAX, u32::MAX), (0xdead_beef, 49_999)] {
            let id = TicketId::new(EventId::new(event), SeatIndex::new(seat));
            assert_eq!(id.to_string().parse(), Ok(id), "{id}");
        }
        for wrong in [
            "",
            "tkt_",
            "tkt_0000000000000",
            "tkt_000000000000000",
            "hld_00000000000000",
            "tkt_zzzzzzzzzzzzz0",
            "tkt_0000000000000é",
            "tkt_00000000000001é",
        ] {
            assert_eq!(wrong.parse::<TicketId>(), Err(InvalidId), "{wrong}");
        }
    }

    #[test]
    fn an_event_id_has_thirteen_digits() {
        let id = EventId::new(0x0123_4567_89ab_cdef);
        assert_eq!(id.to_string().len(), 17);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!("evt_0123".parse::<EventId>(), Err(InvalidId));
        assert_eq!(id.to_string().to_uppercase().parse::<EventId>(), Err(InvalidId));
    }
}
