//! Arrival rates: requests per second, minute or hour, as recorded somewhere.
//!
//! Owns: reading `second|minute|hour...,requests` and choosing a window. The first column is a whole number or a
//! date and time; the unit comes from its name, and gaps between stamps are kept.

use super::table::{Column, Row, Table};
use anyhow::{Context, bail};
use std::io::Read;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

/// One row: how many requests came in the unit that starts at `offset_s`.
#[derive(Clone, Debug, PartialEq)]
pub struct Bucket {
    /// The first column as it stands in the file.
    pub stamp: String,
    /// Seconds since the first row.
    pub offset_s: u64,
    /// Requests in this unit.
    pub requests: f64,
}

/// A series of rates.
#[derive(Clone, Debug, PartialEq)]
pub struct Rates {
    /// Length of one bucket in seconds.
    pub unit_s: u64,
    /// The buckets in order of time.
    pub buckets: Vec<Bucket>,
}

impl Rates {
    /// Reads a rate CSV.
    ///
    /// # Errors
    /// The line and column of the first thing that is wrong.
    pub fn read(source: impl Read) -> anyhow::Result<Self> {
        let mut table = Table::read(source)?;
        let stamp = table.at(0).context("line 1: the file has no column")?;
        let requests = table
            .find(|name| name == "requests")
            .or_else(|| table.at(1))
            .context("line 1: a rate file needs a second column: the requests")?;
        let unit_s = unit(&stamp)?;
        let mut buckets: Vec<Bucket> = Vec::new();
        let mut first_s = None;
        for row in table.rows() {
            let row = row?;
            let at_s = seconds(&row, &stamp, unit_s)?;
            let count: f64 = row.number(&requests)?;
            if !(count.is_finite() && count >= 0.0) {
                return Err(row.fault(&requests, "must not be negative"));
            }
            let start_s = *first_s.get_or_insert(at_s);
            let offset_s = u64::try_from(at_s - start_s)
                .map_err(|_| row.fault(&stamp, "is earlier than the first row; rows must be in order"))?;
            if buckets.last().is_some_and(|last| last.offset_s >= offset_s) {
                return Err(row.fault(&stamp, "is not later than the row before; rows must be in order"));
            }
            buckets.push(Bucket { stamp: row.text(&stamp).to_owned(), offset_s, requests: count });
        }
        if buckets.is_empty() {
            bail!("there is no row below the header");
        }
        Ok(Self { unit_s, buckets })
    }

    /// Keeps `rows` buckets (all that follow when none is given) from the one whose stamp is `from` (the first).
    ///
    /// # Errors
    /// When no row has that stamp, or the window is empty.
    pub fn window(mut self, from: Option<&str>, rows: Option<usize>) -> anyhow::Result<Self> {
        let start = match from {
            None => 0,
            Some(stamp) => {
                let found = self.buckets.iter().position(|bucket| bucket.stamp == stamp);
                found.with_context(|| {
                    format!("no row starts with `{stamp}`; the first is `{}`", self.buckets[0].stamp)
                })?
            }
        };
        self.buckets.drain(..start);
        self.buckets.truncate(rows.unwrap_or(usize::MAX));
        self.rebased()
    }

    /// Keeps the `minutes` with the most requests.
    ///
    /// # Errors
    /// When the window is shorter than one bucket.
    pub fn peak(mut self, minutes: u64) -> anyhow::Result<Self> {
        let width_s = minutes * 60;
        if width_s < self.unit_s {
            bail!("a window of {minutes} minutes is shorter than one row of {} s", self.unit_s);
        }
        let (mut best, mut best_sum) = (0..0, -1.0);
        let (mut start, mut sum) = (0, 0.0);
        for end in 0..self.buckets.len() {
            sum += self.buckets[end].requests;
            while self.buckets[end].offset_s + self.unit_s - self.buckets[start].offset_s > width_s {
                sum -= self.buckets[start].requests;
                start += 1;
            }
            if sum > best_sum {
                (best, best_sum) = (start..end + 1, sum);
            }
        }
        self.buckets = self.buckets.drain(best).collect();
        self.rebased()
    }

    fn rebased(mut self) -> anyhow::Result<Self> {
        let Some(first_s) = self.buckets.first().map(|bucket| bucket.offset_s) else {
            bail!("the window holds no row");
        };
        for bucket in &mut self.buckets {
            bucket.offset_s -= first_s;
        }
        Ok(self)
    }
}

fn unit(column: &Column) -> anyhow::Result<u64> {
    let units = [("second", 1), ("minute", 60), ("hour", 3_600)];
    let known = units.into_iter().find(|(prefix, _)| column.name().starts_with(prefix));
    known.map(|(_, seconds)| seconds).with_context(|| {
        format!(
            "line 1: the first column must be called second..., minute... or hour..., not `{}`",
            column.name()
        )
    })
}

/// Seconds on the file's own axis: a number counts units, a date and time counts from 1970.
fn seconds(row: &Row, column: &Column, unit_s: u64) -> anyhow::Result<i64> {
    let text = row.text(column);
    if let Ok(units) = text.parse::<u32>() {
        return Ok(i64::from(units) * unit_s as i64);
    }
    let stamp = stamp_seconds(text);
    stamp.ok_or_else(|| {
        row.fault(column, &format!("`{text}` is neither a whole number nor a time as 1998-06-23T15:57:00Z"))
    })
}

/// Seconds since 1970 of a date and time; one without an offset is taken as UTC.
pub(super) fn stamp_seconds(text: &str) -> Option<i64> {
    let local = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]");
    let to_the_minute = format_description!("[year]-[month]-[day]T[hour]:[minute]");
    let stamp = OffsetDateTime::parse(text, &Rfc3339).ok();
    let stamp =
        stamp.or_else(|| PrimitiveDateTime::parse(text, local).ok().map(PrimitiveDateTime::assume_utc));
    let stamp = stamp
        .or_else(|| PrimitiveDateTime::parse(text, to_the_minute).ok().map(PrimitiveDateTime::assume_utc));
    stamp.map(OffsetDateTime::unix_timestamp)
}

#[cfg(test)]
mod test {
    use super::Rates;

    fn rates(text: &str) -> Rates {
        Rates::read(text.as_bytes()).unwrap()
    }

    #[test]
    fn the_unit_comes_from_the_header_and_stamps_may_be_dates_or_numbers() {
        let minutes = rates("minute,requests\n1998-06-01T23:59:00Z,5\n1998-06-02T00:01:00Z,7\n");
        assert_eq!(minutes.unit_s, 60);
        assert_eq!(minutes.buckets.iter().map(|bucket| bucket.offset_s).collect::<Vec<_>>(), [0, 120]);
        let seconds = rates("second,requests\n10,0\n11,3.5\n");
        assert_eq!((seconds.unit_s, seconds.buckets[1].offset_s), (1, 1));
        let hours = rates("hour_local,views\n2010-10-01T00:00,9\n2010-10-01T01:00,4\n");
        assert_eq!((hours.unit_s, hours.buckets[1].offset_s, hours.buckets[1].requests), (3_600, 3_600, 4.0));
    }

    #[test]
    fn a_window_starts_at_zero_again() {
        let text = "minute,requests\n1,5\n2,7\n3,9\n4,1\n";
        let window = rates(text).window(Some("2"), Some(2)).unwrap();
        let kept: Vec<_> = window.buckets.iter().map(|bucket| (bucket.offset_s, bucket.requests)).collect();
        assert_eq!(kept, [(0, 7.0), (60, 9.0)]);
        assert!(rates(text).window(Some("9"), None).unwrap_err().to_string().contains("`9`"));
    }

    #[test]
    fn the_peak_is_the_busiest_stretch_of_time_not_of_rows() {
        let text = "minute,requests\n0,4\n1,4\n2,4\n60,9\n61,1\n";
        let kept = rates(text).peak(2).unwrap();
        assert_eq!(kept.buckets.iter().map(|bucket| bucket.requests).collect::<Vec<_>>(), [9.0, 1.0]);
        assert!(rates("hour,requests\n0,4\n").peak(2).is_err());
    }

    #[test]
    fn faults_name_line_and_column() {
        let fault = |text: &str| Rates::read(text.as_bytes()).unwrap_err().to_string();
        assert!(fault("day,requests\n1,1\n").contains("`day`"));
        assert!(fault("minute,requests\nsoon,1\n").starts_with("line 2, column `minute`: `soon`"));
        assert!(fault("minute,requests\n1,1\n1,1\n").starts_with("line 3, column `minute`: is not later"));
        assert!(fault("minute,requests\n1,-1\n").starts_with("line 2, column `requests`"));
    }
}
