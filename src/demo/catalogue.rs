//! A believable catalogue from a seed: a hundred-odd shows in real cities, in houses of real sizes.
//!
//! The same seed and start make the same catalogue, as the bodies of the calls that create it. The stadium of the
//! flash sale is not among them: the replay brings it along.

use bench::plan::{Row, SeatMap, Seats, Section};
use bench::rng::Rng;
use serde_json::{Map, Value, json};

use super::places::{CITIES, City, FIRST_WORDS, HOUSES, House, Kind, SECOND_WORDS, Show};
use crate::http::wire::Timestamp;
use domain::time::UnixMillis;

const PERFORMERS: usize = 48;
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// The bodies of the calls that make a catalogue.
pub(super) struct Catalogue {
    /// Of `POST /performers`.
    pub(super) performers: Vec<Value>,
    /// Venues, each with its shows.
    pub(super) venues: Vec<Venue>,
}

/// A venue and what is on there.
pub(super) struct Venue {
    /// Of `POST /venues`.
    pub(super) body: Value,
    /// What is on.
    pub(super) shows: Vec<Programme>,
}

/// A show, all but the ids that the node gives.
pub(super) struct Programme {
    /// Of `POST /events`, without `venueId` and `performerIds`.
    pub(super) body: Value,
    /// Which performer it has, by place in the catalogue.
    pub(super) performer: usize,
}

/// The catalogue of `seed`, with shows in the year after `now`.
pub(super) fn generate(seed: u64, now: UnixMillis) -> Catalogue {
    let mut rng = Rng::new(seed);
    let names: Vec<String> = performer_names(&mut rng);
    let performers = names.iter().map(|name| performer(name, &mut rng)).collect();
    let mut venues = Vec::new();
    for (number, city) in CITIES.iter().enumerate() {
        // Every city has two of the three kinds of house.
        for turn in 0..2 {
            let house = &HOUSES[(number + turn) % HOUSES.len()];
            venues.push(venue(city, house, &names, now, &mut rng));
        }
    }
    Catalogue { performers, venues }
}

fn performer_names(rng: &mut Rng) -> Vec<String> {
    let mut names = Vec::with_capacity(PERFORMERS);
    while names.len() < PERFORMERS {
        let name = format!("{} {}", pick(&FIRST_WORDS, rng), pick(&SECOND_WORDS, rng));
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

fn performer(name: &str, rng: &mut Rng) -> Value {
    let genre = pick(&["rock", "pop", "electronic", "jazz", "folk", "hip hop", "indie", "classical"], rng);
    let town = pick(&CITIES, rng).name;
    json!({ "name": name, "genre": genre, "bio": format!("{name} come from {town} and play {genre}.") })
}

fn venue(city: &City, house: &House, names: &[String], now: UnixMillis, rng: &mut Rng) -> Venue {
    let name = format!("{} {}", city.name, pick(&house.names, rng));
    let map = seat_map(house.kind);
    let near = |rng: &mut Rng| (rng.unit() - 0.5) * 0.05;
    let body = json!({
        "name": name,
        "address": format!("{} {}", 1 + rng.below(120), pick(&["Station Road", "Market Square", "Harbour Street"], rng)),
        "city": city.name,
        "country": city.country,
        "location": { "lat": city.lat + near(rng), "lon": city.lon + near(rng) },
        "timezone": city.timezone,
        "seatMap": map,
    });
    let count = 2 + rng.below(2);
    let shows = (0..count).map(|_| show(city, house, &map, names, now, rng)).collect();
    Venue { body, shows }
}

fn show(
    city: &City,
    house: &House,
    map: &SeatMap,
    names: &[String],
    now: UnixMillis,
    rng: &mut Rng,
) -> Programme {
    let performer = rng.below(names.len() as u64) as usize;
    let kind = *pick(house.shows, rng);
    let name = match kind {
        Show::Concert => format!("{} live in {}", names[performer], city.name),
        Show::Musical => format!("{} – the musical", names[performer]),
        Show::Comedy => format!("An evening with {}", names[performer]),
        Show::Match => format!("{} United v. {} Rovers", city.name, pick(&CITIES, rng).name),
        Show::Classical => format!("{} play Beethoven", names[performer]),
    };
    let evening = now.millis() / DAY_MS * DAY_MS + (7 + rng.below(350)) * DAY_MS + 19 * DAY_MS / 24;
    let base = 1_500 + 500 * rng.below(12) as i64;
    let prices: Map<String, Value> = map
        .categories()
        .into_iter()
        .zip(1..)
        .map(|(category, step)| (category, json!(base * step)))
        .collect();
    let body = json!({
        "name": name,
        "description": format!("{name}, one night only."),
        "type": kind.word(),
        "startsAt": Timestamp(UnixMillis::new(evening)),
        "currency": city.currency,
        "prices": prices,
        "limits": { "perCustomer": 8 },
    });
    Programme { body, performer }
}

fn seat_map(kind: Kind) -> SeatMap {
    let sections = match kind {
        Kind::Club { capacity } => vec![standing("Floor", capacity)],
        Kind::Theatre { rows, seats } => vec![
            seated("Stalls", "stalls", rows, seats),
            seated("Dress Circle", "circle", rows / 2, seats),
            seated("Gallery", "gallery", rows / 2, seats - 4),
        ],
        Kind::Arena { blocks, rows, seats } => {
            let ring = (1..=blocks).map(|block| {
                let category = if block % 2 == 0 { "side" } else { "front" };
                seated(&format!("Block {block}"), category, rows, seats)
            });
            std::iter::once(standing("Floor", 2_400)).chain(ring).collect()
        }
    };
    SeatMap { sections }
}

fn standing(name: &str, capacity: u32) -> Section {
    Section { name: name.into(), category: "standing".into(), rows: Vec::new(), capacity: Some(capacity) }
}

fn seated(name: &str, category: &str, rows: u32, seats: u32) -> Section {
    let rows = (1..=rows).map(|row| Row { name: row.to_string(), seats: Seats::Count(seats) });
    Section { name: name.into(), category: category.into(), rows: rows.collect(), capacity: None }
}

fn pick<'a, T>(from: &'a [T], rng: &mut Rng) -> &'a T {
    &from[rng.below(from.len() as u64) as usize]
}

#[cfg(test)]
mod test {
    use super::*;

    const NOW: UnixMillis = UnixMillis::new(1_800_000_000_000);

    #[test]
    fn a_seed_makes_the_same_hundred_odd_shows() {
        let catalogue = generate(1, NOW);
        let shows: Vec<_> = catalogue.venues.iter().flat_map(|venue| &venue.shows).collect();
        assert!((70..200).contains(&shows.len()), "{} shows", shows.len());
        assert!(shows.iter().all(|show| show.performer < catalogue.performers.len()));
        let again = generate(1, NOW);
        assert!(catalogue.venues.iter().zip(&again.venues).all(|(one, other)| one.body == other.body));
        assert_ne!(generate(2, NOW).performers, catalogue.performers);
    }

    #[test]
    fn every_category_has_a_price_and_every_show_is_to_come() {
        for venue in generate(7, NOW).venues {
            let sections = venue.body["seatMap"]["sections"].as_array().cloned().unwrap_or_default();
            assert!(!sections.is_empty());
            for show in venue.shows {
                for section in &sections {
                    let category = section["category"].as_str().unwrap_or_default();
                    assert!(show.body["prices"][category].is_i64(), "{category}");
                }
                let starts_at: Timestamp =
                    show.body["startsAt"].as_str().unwrap_or_default().parse().unwrap();
                assert!(starts_at.0 > NOW);
            }
        }
    }
}
