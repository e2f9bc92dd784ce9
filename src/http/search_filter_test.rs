use std::sync::Arc;

use domain::catalogue::{
    Author, Catalogue, ChargesDraft, EventDraft, PerformerDraft, VenueDraft, add_event, add_performer,
    add_venue,
};
use domain::ids::{EventId, PerformerId, UserId, VenueId};
use domain::seat_map::{Plan, PlanLayout, PlanSection, SeatMap};

use super::*;

const TAIPEI: (f64, f64) = (25.05, 121.55);

/// Two events: a match in Taipei and a concert in Berlin, a day later and cheaper.
fn events() -> Vec<Found> {
    let mut catalogue = Catalogue::default();
    let author = Author { organizer: UserId::new(1), at: UnixMillis::new(0) };
    let section = PlanSection { name: "A".into(), category: "floor".into(), layout: PlanLayout::Standing(1) };
    let seat_map = Arc::new(SeatMap::build(Plan { sections: vec![section] }).unwrap());
    for (number, name, city, (lat, lon), kind, price) in [
        (1, "Final", "Taipei", TAIPEI, "match", 900),
        (2, "Velvet Foxes", "Berlin", (52.52, 13.4), "concert", 500),
    ] {
        let venue = VenueDraft {
            name: format!("{city} Arena"),
            address: "Road 1".into(),
            city: city.into(),
            country: "X".into(),
            lat,
            lon,
            timezone: "UTC".into(),
            seat_map: seat_map.clone(),
            external_id: None,
        };
        let performer = PerformerDraft {
            name: format!("Performer{number}"),
            genre: "Rock".into(),
            bio: String::new(),
            external_id: None,
        };
        let event = EventDraft {
            name: name.into(),
            description: String::new(),
            kind: kind.into(),
            performers: vec![PerformerId::new(number)],
            venue: VenueId::new(number),
            starts_at: UnixMillis::new(number * DAY_MS),
            opens_at: None,
            currency: "EUR".parse().unwrap(),
            prices_minor: [("floor".to_owned(), price)].into(),
            image_url: None,
            per_customer: None,
            hold_seconds: 600,
            cancellation: None,
            charges: ChargesDraft::default(),
            external_id: None,
        };
        let (mut facts, _) = add_venue(VenueId::new(number), &venue, author).unwrap();
        facts.extend(add_performer(PerformerId::new(number), &performer, author).unwrap().0);
        facts.iter().for_each(|fact| catalogue.apply(fact));
        let (facts, _) = add_event(&catalogue, EventId::new(number), &event, author).unwrap();
        facts.iter().for_each(|fact| catalogue.apply(fact));
    }
    catalogue.upcoming(UnixMillis::new(0)).filter_map(|event| Found::of(&catalogue, event)).collect()
}

fn filter(query: &str) -> Result<Filter, String> {
    let uri = format!("/search?{query}").parse().unwrap();
    let axum::extract::Query(query) =
        axum::extract::Query::try_from_uri(&uri).map_err(|rejection| rejection.body_text())?;
    Filter::new(query).map_err(|problem| format!("{problem:?}"))
}

fn found(query: &str) -> Vec<u64> {
    let filter = filter(query).unwrap();
    let mut found: Vec<Found> = events().into_iter().filter(|found| filter.fits(found)).collect();
    filter.sort(&mut found);
    found.iter().map(|found| found.event.id.number()).collect()
}

#[test]
fn everything_asked_for_must_fit() {
    for (query, expected) in [
        ("", vec![1, 2]),
        ("keyword=FOX", vec![2]),
        ("term=velvet%20berlin", vec![2]),
        ("term=velvet%20taipei", vec![]),
        ("keyword=performer1", vec![1]),
        ("keyword=rock&type=Match", vec![1]),
        ("location=berlin", vec![2]),
        ("date=1970-01-02", vec![1]),
        ("start=1970-01-02T00:00:00.001Z", vec![2]),
        ("end=1970-01-02", vec![1]),
        ("start=1970-01-02&end=1970-01-03", vec![1, 2]),
        ("minPrice=600", vec![1]),
        ("maxPrice=500", vec![2]),
        ("lat=25&lon=121.5", vec![1]),
        ("lat=25&lon=121.5&radiusKm=20000", vec![1, 2]),
        ("lat=52&lon=13&sort=distance", vec![2, 1]),
        ("sort=price", vec![2, 1]),
        ("sort=date&unknown=x", vec![1, 2]),
    ] {
        assert_eq!(found(query), expected, "{query}");
    }
}

#[test]
fn odd_queries_are_refused() {
    for query in [
        "lat=1",
        "lat=91&lon=0",
        "radiusKm=5",
        "sort=distance",
        "sort=x",
        "date=tomorrow",
        "minPrice=x",
        "lat=1&lon=1&radiusKm=-1",
    ] {
        assert!(filter(query).is_err(), "{query}");
    }
}

#[test]
fn distances_are_those_of_the_globe() {
    let berlin = distance_km(TAIPEI, &events()[1]);
    assert!((8_900.0..9_100.0).contains(&berlin), "{berlin}");
    assert!(distance_km(TAIPEI, &events()[0]) < 0.001);
}
