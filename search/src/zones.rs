//! Which day it is somewhere: the calendar of a venue.
//!
//! Owns the time zones, which are built in, so that every node says the same. A name that is none means UTC.

use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{TimeZone, TimeZoneDatabase};

/// A day of a calendar, counted from 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub i32);

impl Day {
    /// The one that `text` means, as 2027-05-01.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let dashed = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        text.parse::<Date>().ok().filter(|_| dashed).map(Self::of)
    }

    /// The day of `unix_ms` in the zone called `zone`.
    #[must_use]
    pub fn at(unix_ms: u64, zone: &str) -> Self {
        static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);
        let zone = ZONES.get(zone).unwrap_or(TimeZone::UTC);
        let millis = i64::try_from(unix_ms).unwrap_or(i64::MAX);
        let at = Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX);
        Self::of(zone.to_datetime(at).date())
    }

    /// Its month, counted from January of the year 0.
    #[must_use]
    pub fn month(self) -> u64 {
        let date = self.date();
        u64::try_from(i32::from(date.year()) * 12 + i32::from(date.month()) - 1).unwrap_or(0)
    }

    fn of(date: Date) -> Self {
        let since = date.since(Date::constant(1970, 1, 1)).map_or(0, |span| span.get_days());
        Self(since)
    }

    fn date(self) -> Date {
        let span = jiff::Span::new().try_days(self.0).unwrap_or_default();
        Date::constant(1970, 1, 1).checked_add(span).unwrap_or(Date::MAX)
    }
}

/// What `month` of [`Day::month`] is called, as 2027-05.
#[must_use]
pub(crate) fn month_name(month: u64) -> String {
    format!("{:04}-{:02}", month / 12, month % 12 + 1)
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn a_day_is_that_of_the_place() {
        // 2026-12-31T23:30:00Z
        let new_year = 1_798_759_800_000;
        let name = |zone| {
            let day = Day::at(new_year, zone);
            (day == Day::parse("2026-12-31").unwrap(), month_name(day.month()))
        };
        assert_eq!(name("UTC"), (true, "2026-12".into()));
        assert_eq!(name("Europe/Berlin"), (false, "2027-01".into()));
        assert_eq!(name("America/Los_Angeles"), (true, "2026-12".into()));
        assert_eq!(name("Nowhere/Land"), (true, "2026-12".into()));
        assert_eq!(Day::at(new_year, "Asia/Taipei"), Day::parse("2027-01-01").unwrap());
    }

    #[test]
    fn days_are_counted_and_named() {
        assert_eq!(Day::parse("1970-01-02"), Some(Day(1)));
        assert_eq!(Day::parse("1969-12-31"), Some(Day(-1)));
        for odd in ["", "2027-5-1", "2027-02-30", "tomorrow", "20270501", "2027-05-01T00"] {
            assert_eq!(Day::parse(odd), None, "{odd}");
        }
        assert!(Day::at(u64::MAX, "UTC") > Day(1_000_000));
    }
}
