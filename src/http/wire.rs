//! How values look in JSON: times, money, roles and ids. Owns the newtypes that the DTOs are made of, and nothing else.

pub mod ids;
mod schemas;

use std::fmt::{self, Display};
use std::marker::PhantomData;
use std::str::FromStr;

use domain::account::Role;
use domain::event::SeatStatus;
use domain::money::{Currency, Money};
use domain::time::UnixMillis;
use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, SerializeStruct, Serializer};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

pub use schemas::Described;

/// What is text in JSON: written by `Display`, read by `FromStr`.
macro_rules! text_in_json {
    ($name:ident) => {
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str(Parsed(PhantomData))
            }
        }
    };
}

/// An instant: RFC 3339 in UTC with milliseconds. Reads any offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timestamp(pub UnixMillis);

impl Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.millis();
        let seconds = i64::try_from(millis / 1000).unwrap_or(i64::MAX);
        // The year 9999 ends what RFC 3339 can say; nothing that the API accepts lies beyond.
        let at = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(LAST_INSTANT);
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
            at.year(),
            u8::from(at.month()),
            at.day(),
            at.hour(),
            at.minute(),
            at.second(),
            millis % 1000
        )
    }
}

const LAST_INSTANT: OffsetDateTime = time::macros::datetime!(9999-12-31 23:59:59 UTC);

/// The text is not an instant between 1970 and 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidTimestamp;

impl Display for InvalidTimestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("must be an RFC 3339 time from 1970 on, for example 2027-05-01T19:30:00.000Z")
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, InvalidTimestamp> {
        let at = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| InvalidTimestamp)?;
        let millis = at.unix_timestamp_nanos().div_euclid(1_000_000);
        u64::try_from(millis).map(|millis| Self(UnixMillis::new(millis))).map_err(|_| InvalidTimestamp)
    }
}

text_in_json!(Timestamp);

/// An id: its canonical text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id<T>(pub T);

impl<T: Display> Serialize for Id<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<T: FromStr<Err: Display>> FromStr for Id<T> {
    type Err = T::Err;

    fn from_str(text: &str) -> Result<Self, T::Err> {
        text.parse().map(Self)
    }
}

impl<'de, T: FromStr<Err: Display>> Deserialize<'de> for Id<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Parsed(PhantomData))
    }
}

/// A currency code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CurrencyCode(pub Currency);

text_in_json!(CurrencyCode);

impl Display for CurrencyCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for CurrencyCode {
    type Err = domain::money::InvalidCurrency;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// What an account may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoleName(pub Role);

text_in_json!(RoleName);

impl Display for RoleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Role::Customer => "customer",
            Role::Organizer => "organizer",
            Role::Operator => "operator",
        })
    }
}

impl FromStr for RoleName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "customer" => Ok(Self(Role::Customer)),
            "organizer" => Ok(Self(Role::Organizer)),
            "operator" => Ok(Self(Role::Operator)),
            _ => Err("must be customer, organizer or operator"),
        }
    }
}

/// An amount: `{"amount": 12500, "currency": "EUR"}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MoneyView(pub Money);

impl MoneyView {
    /// So many minor units.
    #[must_use]
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self(Money { minor, currency })
    }
}

impl Serialize for MoneyView {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut money = serializer.serialize_struct("Money", 2)?;
        money.serialize_field("amount", &self.0.minor)?;
        money.serialize_field("currency", &CurrencyCode(self.0.currency))?;
        money.end()
    }
}

/// The word for a seat's status.
#[must_use]
pub const fn seat_status(status: SeatStatus) -> &'static str {
    match status {
        SeatStatus::Available => "available",
        SeatStatus::Held => "held",
        SeatStatus::Booked => "booked",
        SeatStatus::Blocked => "blocked",
    }
}

/// Reads a string through [`FromStr`], without a copy.
struct Parsed<T>(PhantomData<T>);

impl<T: FromStr<Err: Display>> Visitor<'_> for Parsed<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn an_instant_has_milliseconds_and_a_z() {
        for (millis, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_007, "2000-02-29T00:00:00.007Z"),
            (1_795_000_000_999, "2026-11-18T11:06:40.999Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
        ] {
            let at = Timestamp(UnixMillis::new(millis));
            assert_eq!(at.to_string(), text);
            assert_eq!(text.parse(), Ok(at));
        }
        assert!(Timestamp(UnixMillis::new(u64::MAX)).to_string().starts_with("9999-12-31"));
    }

    #[test]
    fn other_offsets_are_read_and_nonsense_is_not() {
        let noon = Timestamp(UnixMillis::new(1_795_000_000_000));
        assert_eq!("2026-11-18T19:06:40+08:00".parse(), Ok(noon));
        for wrong in
            ["", "2026-11-18", "2026-11-18 17:06", "1969-12-31T23:59:59Z", "2026-02-30T00:00:00Z", "17"]
        {
            assert_eq!(wrong.parse::<Timestamp>(), Err(InvalidTimestamp), "{wrong}");
        }
    }

    #[test]
    fn money_is_whole_minor_units() {
        let price = MoneyView::new(12_500, "EUR".parse().unwrap());
        assert_eq!(serde_json::to_string(&price).unwrap(), r#"{"amount":12500,"currency":"EUR"}"#);
    }

    #[test]
    fn an_id_is_its_canonical_text() {
        let id: Id<domain::ids::VenueId> = serde_json::from_str(r#""ven_0000000000001""#).unwrap();
        assert_eq!(serde_json::to_string(&id).unwrap(), r#""ven_0000000000001""#);
        assert!(serde_json::from_str::<Id<domain::ids::VenueId>>(r#""evt_0000000000001""#).is_err());
    }
}
