//! What letters and webhooks say of an event: from the catalogue, as it is now.

use std::fmt::Write as _;
use std::sync::Arc;

use cluster::Cluster;
use domain::ids::{EventId, SeatIndex, UserId};
use domain::money::Currency;
use domain::seat_map::SeatMap;
use domain::time::UnixMillis;
use time::OffsetDateTime;

/// An event, for people.
#[derive(Debug, Clone)]
pub(super) struct Show {
    pub(super) name: String,
    pub(super) venue: String,
    pub(super) city: String,
    pub(super) starts_at: UnixMillis,
    pub(super) organizer: UserId,
    pub(super) currency: Currency,
    pub(super) map: Arc<SeatMap>,
}

impl Show {
    /// The event with this id.
    pub(super) fn of(cluster: &Cluster, event: EventId) -> Option<Self> {
        cluster.with_catalogue(|catalogue| {
            let event = catalogue.event(event)?;
            let venue = catalogue.venue(event.venue)?;
            Some(Self {
                name: event.name.clone(),
                venue: venue.name.clone(),
                city: venue.city.clone(),
                starts_at: event.terms.starts_at,
                organizer: event.terms.organizer,
                currency: event.terms.currency,
                map: Arc::clone(&venue.seat_map),
            })
        })
    }

    /// Section, row and seat.
    pub(super) fn seat(&self, seat: SeatIndex) -> String {
        let Some(place) = self.map.place(seat) else { return "a seat".to_owned() };
        let mut text = place.section.name.clone();
        if let Some(row) = &place.row.name {
            let _ = write!(text, ", row {row}");
        }
        text.push_str(", seat ");
        let _ = place.write_seat_name(&mut text);
        text
    }

    /// An amount with its currency.
    pub(super) fn money(&self, minor: i64) -> String {
        let currency = self.currency.to_string();
        match decimals(&currency) {
            0 => format!("{minor} {currency}"),
            digits => {
                let unit = 10_i64.pow(digits);
                let (whole, part) = (minor / unit, (minor % unit).abs());
                format!("{whole}.{part:0width$} {currency}", width = digits as usize)
            }
        }
    }

    /// When it begins.
    pub(super) fn when(&self) -> String {
        let seconds = i64::try_from(self.starts_at.millis() / 1000).unwrap_or(i64::MAX);
        let Ok(at) = OffsetDateTime::from_unix_timestamp(seconds) else { return "later".to_owned() };
        format!("{} {} {}, {:02}:{:02} UTC", at.day(), at.month(), at.year(), at.hour(), at.minute())
    }
}

/// Digits of the minor unit (ISO 4217).
fn decimals(currency: &str) -> u32 {
    match currency {
        "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "UYI"
        | "VND" | "VUV" | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        _ => 2,
    }
}

#[cfg(test)]
pub(super) mod test {
    use domain::seat_map::{Plan, PlanLayout, PlanRow, PlanSeats, PlanSection};

    use super::*;

    pub(in crate::notify) fn show() -> Show {
        let row = PlanRow { name: "K".into(), seats: PlanSeats::Count(12) };
        let rows =
            PlanSection { name: "Floor".into(), category: "a".into(), layout: PlanLayout::Rows(vec![row]) };
        let pit = PlanSection { name: "Pit".into(), category: "a".into(), layout: PlanLayout::Standing(5) };
        Show {
            name: "Us & <Them>".into(),
            venue: "The Hall".into(),
            city: "Graz".into(),
            starts_at: UnixMillis::new(1_795_000_000_000),
            organizer: UserId::new(3),
            currency: "EUR".parse().unwrap(),
            map: Arc::new(SeatMap::build(Plan { sections: vec![rows, pit] }).unwrap()),
        }
    }

    #[test]
    fn seats_money_and_time_are_for_people() {
        let mut show = show();
        assert_eq!(show.seat(SeatIndex::new(2)), "Floor, row K, seat 3");
        assert_eq!(show.seat(SeatIndex::new(13)), "Pit, seat 2");
        assert_eq!(show.seat(SeatIndex::new(99)), "a seat");
        assert_eq!(show.when(), "18 November 2026, 11:06 UTC");
        for (currency, minor, text) in
            [("EUR", 12_505, "125.05 EUR"), ("JPY", 12_505, "12505 JPY"), ("KWD", 5, "0.005 KWD")]
        {
            show.currency = currency.parse().unwrap();
            assert_eq!(show.money(minor), text);
        }
    }
}
