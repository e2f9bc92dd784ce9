use std::io::Read as _;

use axum::body::HttpBody as _;
use domain::catalogue::{
    Author, Catalogue, ChargesDraft, EventDraft, PerformerDraft, VenueDraft, add_event, add_performer,
    add_venue,
};
use domain::event::SeatStatus::{self, Available, Booked, Held};
use domain::ids::{EventId, PerformerId, UserId, VenueId};
use domain::seat_map::{Plan, PlanLayout, PlanRow, PlanSeats, PlanSection};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};

use super::*;
use crate::projections::Statuses;

const SEATS: u32 = 1_000;

/// A section of rows and one to stand in, of an event in Berlin.
fn found() -> Found {
    let row = |name: u32| PlanRow { name: name.to_string(), seats: PlanSeats::Count(30) };
    let section = |name: &str, layout| PlanSection { name: name.into(), category: "floor".into(), layout };
    let sections = vec![
        section("A", PlanLayout::Rows((1..=20).map(row).collect())),
        section("Pit", PlanLayout::Standing(400)),
    ];
    let venue = VenueDraft {
        name: "Arena".into(),
        address: "Road 1".into(),
        city: "Berlin".into(),
        country: "DE".into(),
        lat: 52.52,
        lon: 13.4,
        timezone: "UTC".into(),
        seat_map: Arc::new(SeatMap::build(Plan { sections }).unwrap()),
        external_id: None,
    };
    let performer =
        PerformerDraft { name: "Foxes".into(), genre: "rock".into(), bio: String::new(), external_id: None };
    let event = EventDraft {
        name: "Velvet ]} Foxes".into(),
        description: String::new(),
        kind: "concert".into(),
        performers: vec![PerformerId::new(1)],
        venue: VenueId::new(1),
        starts_at: UnixMillis::new(1_000),
        opens_at: None,
        currency: "EUR".parse().unwrap(),
        prices_minor: [("floor".to_owned(), 500)].into(),
        image_url: None,
        per_customer: None,
        hold_seconds: 600,
        cancellation: None,
        charges: ChargesDraft::default(),
        external_id: None,
    };
    let mut catalogue = Catalogue::default();
    let author = Author { organizer: UserId::new(1), at: UnixMillis::new(0) };
    let (mut facts, _) = add_venue(VenueId::new(1), &venue, author).unwrap();
    facts.extend(add_performer(PerformerId::new(1), &performer, author).unwrap().0);
    facts.iter().for_each(|fact| catalogue.apply(fact));
    let (facts, _) = add_event(&catalogue, EventId::new(1), &event, author).unwrap();
    facts.iter().for_each(|fact| catalogue.apply(fact));
    Found::of(&catalogue, catalogue.event(EventId::new(1)).unwrap()).unwrap()
}

fn seats(version: u64, status: impl Fn(u32) -> SeatStatus) -> Arc<Seats> {
    Arc::new(Seats { facts: version, version, statuses: Statuses::of(SEATS, (0..SEATS).map(status)) })
}

const NOW: UnixMillis = UnixMillis::new(1);

async fn text(rendered: &Rendered, what: What, coding: Coding) -> String {
    let answer = rendered.answer(Shape { what, status: "onsale", coding }, NOW).unwrap();
    let announced = answer.body.size_hint().exact();
    let bytes = answer.body.collect().await.unwrap().to_bytes();
    assert_eq!(announced, Some(bytes.len() as u64));
    let mut plain = Vec::new();
    match coding {
        Coding::Identity => plain.extend_from_slice(&bytes),
        Coding::Gzip => drop(flate2::read::GzDecoder::new(&bytes[..]).read_to_end(&mut plain).unwrap()),
        Coding::Brotli => ::brotli::BrotliDecompress(&mut &bytes[..], &mut plain).unwrap(),
    }
    String::from_utf8(plain).unwrap()
}

#[tokio::test]
async fn what_is_put_together_of_pieces_is_what_would_be_rendered_as_a_whole() {
    let found = found();
    let status = |seat: u32| if seat.is_multiple_of(3) { Held } else { Available };
    let rendered = Rendered::new(&found, seats(7, status), None, true).unwrap();
    let scene = found.scene();
    let whole =
        scene.tickets(&[500], |_, seat| Some((status(seat.number()), crate::http::ticket::Told::Nothing)));
    let counts = rendered.seats.statuses.counts();
    let expected = serde_json::to_string(&found.body(NOW, counts, Some(&whole))).unwrap();
    let list = serde_json::to_string(&SeatsBody { event_id: Id(EventId::new(1)), version: 7, seats: &whole });
    let list = list.unwrap();
    for coding in [Coding::Identity, Coding::Gzip, Coding::Brotli] {
        assert_eq!(text(&rendered, What::Event, coding).await, expected);
        assert_eq!(text(&rendered, What::Seats, coding).await, list);
        let pit: Value = serde_json::from_str(&text(&rendered, What::Section(1), coding).await).unwrap();
        let seats = pit["seats"].as_array().unwrap();
        assert_eq!(
            (seats.len(), &seats[0]["section"], &seats[399]["seat"]),
            (400, &json!("Pit"), &json!("400"))
        );
    }
}

#[tokio::test]
async fn a_change_costs_one_piece_and_every_version_and_shape_has_a_tag_of_its_own() {
    let found = found();
    let before = Rendered::new(&found, seats(7, |_| Available), None, false).unwrap();
    let later = seats(8, |seat| if seat == 700 { Booked } else { Available });
    assert_eq!(before.effort(&later), 256);
    let after = Rendered::new(&found, later.clone(), Some(&before), false).unwrap();
    let same = before.pieces.iter().zip(&after.pieces).filter(|(one, two)| Arc::ptr_eq(one, two)).count();
    assert_eq!((before.pieces.len(), same), (5, 4));
    assert!(before.pieces.iter().all(|piece| piece.seats.len() <= PIECE_SEATS as usize));
    let list: Value = serde_json::from_str(&text(&after, What::Seats, Coding::Gzip).await).unwrap();
    assert_eq!((&list["version"], &list["seats"][700]["status"]), (&json!(8), &json!("booked")));

    // Who first asks for brotli has it all made; from then on a change costs one piece again.
    let brotli = Rendered::new(&found, later, Some(&after), true).unwrap();
    assert_eq!(
        text(&brotli, What::Seats, Coding::Brotli).await,
        text(&after, What::Seats, Coding::Gzip).await
    );
    let next = Rendered::new(&found, seats(9, |_| Available), Some(&brotli), false).unwrap();
    let same = brotli.pieces.iter().zip(&next.pieces).filter(|(one, two)| Arc::ptr_eq(one, two)).count();
    assert_eq!((next.brotli, same), (true, 4));

    let mut tags = Vec::new();
    for rendered in [&before, &after] {
        for what in [What::Event, What::Seats, What::Section(0), What::Section(1)] {
            for (status, coding) in
                [("onsale", Coding::Identity), ("onsale", Coding::Gzip), ("ended", Coding::Gzip)]
            {
                let shape = Shape { what, status, coding };
                let tag = rendered.answer(shape, NOW).unwrap().tag.to_string();
                assert_eq!(rendered.answer(shape, NOW).unwrap().tag.to_string(), tag);
                tags.push(tag);
            }
        }
    }
    let count = tags.len();
    tags.sort();
    tags.dedup();
    assert_eq!(tags.len(), count);

    // Another word of the catalogue makes everything anew.
    let again = Rendered::new(&self::found(), seats(8, |_| Available), Some(&after), false).unwrap();
    assert!(after.pieces.iter().zip(&again.pieces).all(|(one, two)| !Arc::ptr_eq(one, two)));
}
