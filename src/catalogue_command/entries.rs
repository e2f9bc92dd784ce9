//! What an event of another catalogue is in this one, or why it is none.
//!
//! Owns the rules, which the help and docs/catalogue.md tell people: what is skipped, and what stands in for what is not
//! said. A venue without a seat map gets a standing area; an event without a price range gets a price that is reported.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::report::Report;
use crate::http::catalogue_batch::{Kind, id_of};
use crate::http::wire::Timestamp;

/// How many people the standing area of a venue takes that comes without a seat map.
const CAPACITY: u32 = 500;
/// The category of that area.
const CATEGORY: &str = "general";
/// What a ticket costs where nothing is said, in whole units of the currency.
const PRICE: f64 = 50.0;
/// Events of one batch.
const MOST_EVENTS: usize = 250;
/// Bytes of one batch, about; half of what a node takes.
const MOST_BYTES: usize = 512 << 10;
const SOURCE: &str = "ticketmaster";

/// An event with its venue and performers, as the batch call takes them.
#[derive(Debug)]
pub(super) struct Entry {
    id: String,
    event: Value,
    venue: (String, Value),
    performers: Vec<(String, Value)>,
    priced: bool,
}

/// What is to be sent together.
#[derive(Debug, Default)]
pub(super) struct Entries {
    pub(super) venues: Vec<Value>,
    pub(super) performers: Vec<Value>,
    pub(super) events: Vec<Value>,
    known: BTreeSet<String>,
    bytes: usize,
}

impl Entries {
    /// Takes an event, and what it needs that was not taken yet.
    pub(super) fn take(&mut self, entry: Entry, report: &mut Report) {
        if !entry.priced {
            report.note("have no priceRanges and cost 50.00 a ticket", &entry.id);
        }
        let mut take = |list: &mut Vec<Value>, id: String, value: Value| {
            if self.known.insert(id) {
                self.bytes += value.to_string().len();
                list.push(value);
            }
        };
        take(&mut self.venues, entry.venue.0, entry.venue.1);
        entry.performers.into_iter().for_each(|(id, performer)| take(&mut self.performers, id, performer));
        self.bytes += entry.event.to_string().len();
        self.events.push(entry.event);
    }

    pub(super) fn is_full(&self) -> bool {
        self.events.len() >= MOST_EVENTS || self.bytes >= MOST_BYTES
    }

    pub(super) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }
}

fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty())
}

/// At most so many characters of it.
fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

fn external(kind: &str, id: &str) -> String {
    format!("{SOURCE}:{kind}:{id}")
}

/// The event, or what it is called and why it is skipped.
pub(super) fn read_event(event: &Value) -> Result<Entry, (String, &'static str)> {
    let id = text(event, "/id").ok_or_else(|| ("(one without an id)".to_owned(), "has no id"))?;
    entry(id, event).map_err(|why| (id.to_owned(), why))
}

fn entry(id: &str, event: &Value) -> Result<Entry, &'static str> {
    let name = text(event, "/name").ok_or("has no name")?;
    if event["test"] == true {
        return Err("is a test entry");
    }
    match text(event, "/dates/status/code") {
        Some("cancelled" | "canceled") => return Err("is cancelled"),
        Some("postponed") => return Err("is postponed, without a date"),
        Some("offsale") => return Err("is off sale"),
        _ => {}
    }
    let starts_at = text(event, "/dates/start/dateTime").ok_or("has no time (dates.start.dateTime)")?;
    let starts: Timestamp =
        starts_at.parse().map_err(|_| "has a time that is none (dates.start.dateTime)")?;
    let (venue_id, venue) = venue(event)?;
    let performers = performers(event);
    let mut body = Map::new();
    let mut put = |name: &str, value: Value| drop(body.insert(name.to_owned(), value));
    put("externalId", json!(external("event", id)));
    put("name", json!(cut(name, 200)));
    let description = ["/description", "/info", "/pleaseNote"].iter().find_map(|place| text(event, place));
    put("description", json!(cut(description.unwrap_or_default(), 10_000)));
    put("type", json!(kind(event)));
    put("venueId", json!(id_of(Kind::Venue, &venue_id)));
    let ids: Vec<String> = performers.iter().map(|(id, _)| id_of(Kind::Performer, id)).collect();
    put("performerIds", json!(ids));
    put("startsAt", json!(starts_at));
    let opens = text(event, "/sales/public/startDateTime").and_then(|text| text.parse::<Timestamp>().ok());
    if let Some(opens) = opens.filter(|opens| opens.0 < starts.0) {
        put("onsaleAt", json!(opens));
    }
    let (currency, amount) = price(event);
    put("currency", json!(currency));
    put("prices", json!({CATEGORY: minor(amount.unwrap_or(PRICE), &currency)}));
    let image = event["images"].as_array().into_iter().flatten().find_map(|image| text(image, "/url"));
    if let Some(image) = image.filter(|url| url.starts_with("https://") && url.len() <= 2_000) {
        put("imageUrl", json!(image));
    }
    Ok(Entry {
        id: id.to_owned(),
        event: Value::Object(body),
        venue: (venue_id, venue),
        performers,
        priced: amount.is_some(),
    })
}

fn kind(event: &Value) -> &'static str {
    match text(event, "/classifications/0/segment/name") {
        Some("Music") => "concert",
        Some("Sports") => "match",
        Some("Arts & Theatre") => "theatre",
        Some("Film") => "film",
        _ => "event",
    }
}

fn venue(event: &Value) -> Result<(String, Value), &'static str> {
    let venue = event.pointer("/_embedded/venues/0").ok_or("has no venue")?;
    let id = text(venue, "/id").ok_or("has a venue without an id")?;
    let degrees = |place| text(venue, place).and_then(|text| text.parse::<f64>().ok());
    let (lat, lon) = degrees("/location/latitude")
        .zip(degrees("/location/longitude"))
        .ok_or("has a venue without coordinates")?;
    let city = text(venue, "/city/name").or_else(|| text(venue, "/state/name"));
    let country = text(venue, "/country/countryCode").or_else(|| text(venue, "/country/name"));
    let (city, country) = city.zip(country).ok_or("has a venue without city or country")?;
    let name = text(venue, "/name").unwrap_or(city);
    let lines = ["/address/line1", "/address/line2"].iter().filter_map(|line| text(venue, line));
    let address = lines.collect::<Vec<_>>().join(", ");
    let timezone = text(venue, "/timezone").or_else(|| text(event, "/dates/timezone")).unwrap_or("UTC");
    let external = external("venue", id);
    let body = json!({
        "externalId": external,
        "name": cut(name, 200),
        "address": cut(if address.is_empty() { name } else { &address }, 300),
        "city": cut(city, 100),
        "country": cut(country, 100),
        "location": {"lat": lat, "lon": lon},
        "timezone": timezone,
        "seatMap": {"sections": [{"name": "General admission", "category": CATEGORY, "capacity": CAPACITY}]},
    });
    Ok((external, body))
}

/// Those who are named; a performer without id or name is nobody.
fn performers(event: &Value) -> Vec<(String, Value)> {
    let attractions = event.pointer("/_embedded/attractions").and_then(Value::as_array);
    let mut seen = BTreeSet::new();
    let performer = |attraction: &Value| {
        let (id, name) = text(attraction, "/id").zip(text(attraction, "/name"))?;
        let external = external("performer", id);
        let genre = text(attraction, "/classifications/0/genre/name").filter(|genre| *genre != "Undefined");
        let body = json!({
            "externalId": external,
            "name": cut(name, 200),
            "genre": cut(genre.unwrap_or_default(), 100),
            "bio": "",
        });
        Some((external, body))
    };
    let named = attractions.into_iter().flatten().filter_map(performer);
    named.filter(|(id, _)| seen.insert(id.clone())).take(100).collect()
}

/// The currency and the lowest price of the public, where one is told.
fn price(event: &Value) -> (String, Option<f64>) {
    let ranges = event["priceRanges"].as_array();
    let standard = ranges.and_then(|ranges| {
        ranges.iter().find(|range| range["type"] == "standard").or_else(|| ranges.first())
    });
    let told = standard.and_then(|range| {
        let currency = text(range, "/currency").filter(|code| code.len() == 3)?;
        let amount = range["min"].as_f64().filter(|amount| (0.0..1e9).contains(amount))?;
        Some((currency.to_owned(), Some(amount)))
    });
    told.unwrap_or_else(|| {
        let currency = match text(event, "/_embedded/venues/0/country/countryCode") {
            Some("GB") => "GBP",
            Some("CA") => "CAD",
            Some("AU") => "AUD",
            Some("AT" | "BE" | "DE" | "ES" | "FI" | "FR" | "IE" | "IT" | "NL" | "PT") => "EUR",
            _ => "USD",
        };
        (currency.to_owned(), None)
    })
}

/// In minor units, of which most currencies have a hundred.
fn minor(amount: f64, currency: &str) -> i64 {
    let units = if matches!(currency, "JPY" | "KRW" | "CLP" | "ISK" | "VND") { 1.0 } else { 100.0 };
    #[allow(clippy::cast_possible_truncation, reason = "less than a thousand million, and rounded")]
    let minor = (amount * units).round() as i64;
    minor
}

#[cfg(test)]
mod test {
    use super::*;

    fn event() -> Value {
        json!({
            "id": "E1", "name": "The Paper Moons", "test": false,
            "dates": {"start": {"dateTime": "2099-11-14T04:00:00Z"}, "status": {"code": "onsale"}},
            "sales": {"public": {"startDateTime": "2099-02-14T18:00:00Z"}},
            "classifications": [{"segment": {"name": "Music"}}],
            "priceRanges": [{"type": "standard", "currency": "USD", "min": 39.5, "max": 80.0}],
            "_embedded": {
                "venues": [{
                    "id": "V1", "name": "The Vault", "city": {"name": "Oakland"}, "country": {"countryCode": "US"},
                    "address": {"line1": "1 Dock Street"}, "location": {"latitude": "37.79", "longitude": "-122.41"},
                    "timezone": "America/Los_Angeles",
                }],
                "attractions": [{"id": "A1", "name": "The Paper Moons"}, {"id": "A1", "name": "The Paper Moons"}],
            },
        })
    }

    #[test]
    fn an_event_comes_with_its_venue_and_performers() {
        let entry = read_event(&event()).unwrap();
        assert_eq!((&entry.event["prices"], entry.priced), (&json!({"general": 3950}), true));
        assert_eq!((&entry.event["type"], &entry.event["currency"]), (&json!("concert"), &json!("USD")));
        assert_eq!(entry.event["onsaleAt"], "2099-02-14T18:00:00.000Z");
        assert_eq!(entry.event["venueId"], id_of(Kind::Venue, "ticketmaster:venue:V1"));
        assert_eq!((entry.performers.len(), &entry.venue.1["address"]), (1, &json!("1 Dock Street")));
        let again = read_event(&event()).unwrap();
        assert_eq!((again.event, again.venue), (entry.event, entry.venue), "the same every time");
    }

    #[test]
    fn what_cannot_be_sold_is_skipped_and_says_why() {
        for (pointer, value, why) in [
            ("/test", json!(true), "is a test entry"),
            ("/dates/status/code", json!("cancelled"), "is cancelled"),
            ("/dates/status/code", json!("offsale"), "is off sale"),
            ("/dates/start/dateTime", json!(null), "has no time (dates.start.dateTime)"),
            ("/dates/start/dateTime", json!("soon"), "has a time that is none (dates.start.dateTime)"),
            ("/_embedded/venues", json!([]), "has no venue"),
            ("/_embedded/venues/0/location", json!({}), "has a venue without coordinates"),
            ("/name", json!(" "), "has no name"),
        ] {
            let mut event = event();
            *event.pointer_mut(pointer).unwrap() = value;
            assert_eq!(read_event(&event).unwrap_err(), ("E1".to_owned(), why));
        }
        assert_eq!(read_event(&json!({})).unwrap_err().1, "has no id");
    }

    #[test]
    fn without_a_price_range_there_is_a_price_that_is_reported() {
        let mut event = event();
        event["priceRanges"] = json!([]);
        event["_embedded"]["venues"][0]["country"]["countryCode"] = json!("IE");
        let entry = read_event(&event).unwrap();
        assert_eq!(
            (&entry.event["prices"]["general"], &entry.event["currency"]),
            (&json!(5000), &json!("EUR"))
        );
        let (mut entries, mut report) = (Entries::default(), Report::default());
        entries.take(entry, &mut report);
        assert!(report.to_string().contains("priceRanges"), "{report}");
        assert_eq!((minor(5_000.0, "JPY"), minor(0.1 + 0.2, "EUR")), (5_000, 30));
    }
}
