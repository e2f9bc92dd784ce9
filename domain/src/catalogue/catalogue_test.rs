use super::*;
use crate::seat_map::{Plan, PlanLayout, PlanSection};

const NOW: UnixMillis = UnixMillis::new(1_000_000);
pub(super) const AUTHOR: Author = Author { organizer: UserId::new(1), at: NOW };

pub(super) fn seat_map(categories: &[&str]) -> Arc<SeatMap> {
    let section = |category: &&str| PlanSection {
        name: (*category).to_owned(),
        category: (*category).to_owned(),
        layout: PlanLayout::Standing(10),
    };
    Arc::new(SeatMap::build(Plan { sections: categories.iter().map(section).collect() }).unwrap())
}

pub(super) fn venue_draft() -> VenueDraft {
    VenueDraft {
        name: "Arena".into(),
        address: "Road 1".into(),
        city: "Taipei".into(),
        country: "Taiwan".into(),
        lat: 25.05,
        lon: 121.55,
        timezone: "Asia/Taipei".into(),
        seat_map: seat_map(&["floor", "balcony/1"]),
        external_id: None,
    }
}

pub(super) fn event_draft(starts_at: u64) -> EventDraft {
    EventDraft {
        name: "Final".into(),
        description: String::new(),
        kind: "match".into(),
        performers: vec![PerformerId::new(1)],
        venue: VenueId::new(1),
        starts_at: UnixMillis::new(starts_at),
        opens_at: None,
        currency: "TWD".parse().unwrap(),
        prices_minor: [("floor".to_owned(), 500), ("balcony/1".to_owned(), 300)].into(),
        image_url: None,
        per_customer: None,
        hold_seconds: 600,
        cancellation: None,
        charges: ChargesDraft::default(),
        external_id: None,
    }
}

pub(super) fn catalogue() -> Catalogue {
    let mut catalogue = Catalogue::default();
    let (facts, _) = add_venue(VenueId::new(1), &venue_draft(), AUTHOR).unwrap();
    facts.iter().for_each(|fact| catalogue.apply(fact));
    let draft =
        PerformerDraft { name: "Eleven".into(), genre: String::new(), bio: String::new(), external_id: None };
    let (facts, _) = add_performer(PerformerId::new(1), &draft, AUTHOR).unwrap();
    facts.iter().for_each(|fact| catalogue.apply(fact));
    catalogue
}

fn pointers(found: Vec<crate::invalid::Invalid>) -> Vec<String> {
    found.into_iter().map(|invalid| invalid.pointer).collect()
}

#[test]
fn prices_follow_the_order_of_the_seat_map() {
    let mut catalogue = catalogue();
    let (facts, event) = add_event(&catalogue, EventId::new(5), &event_draft(9_000_000), AUTHOR).unwrap();
    assert_eq!(event.terms.prices_minor, [500, 300]);
    assert_eq!((event.terms.hold_ms, event.revision), (600_000, 1));
    assert_eq!(event.terms.cancellation.until, event.terms.starts_at);
    facts.iter().for_each(|fact| catalogue.apply(fact));
    let listing = catalogue.listing(EventId::new(5)).unwrap();
    assert_eq!((listing.terms.clone(), listing.map.len()), (event.terms.clone(), 20));
    assert!(catalogue.listing(EventId::new(6)).is_none());
}

#[test]
fn everything_wrong_with_an_event_is_found_at_once() {
    let mut draft = event_draft(2_000_000);
    draft.name.clear();
    draft.opens_at = Some(UnixMillis::new(2_000_000));
    draft.image_url = Some("javascript:alert(1)".into());
    draft.per_customer = Some(0);
    draft.hold_seconds = MAX_HOLD_SECONDS + 1;
    draft.cancellation = Some(CancellationDraft { until: NOW, fee_percent: 101 });
    draft.performers = vec![PerformerId::new(1), PerformerId::new(2), PerformerId::new(1)];
    draft.prices_minor = [("floor".to_owned(), -1), ("pit".to_owned(), 1)].into();
    let found = add_event(&catalogue(), EventId::new(5), &draft, AUTHOR).unwrap_err();
    assert_eq!(
        pointers(found),
        [
            "/name",
            "/onsaleAt",
            "/imageUrl",
            "/limits/perCustomer",
            "/holdSeconds",
            "/cancellation/feePercent",
            "/performerIds/1",
            "/performerIds/2",
            "/prices/floor",
            "/prices/pit",
            "/prices/balcony~11",
        ]
    );
}

#[test]
fn an_event_needs_a_known_venue() {
    let mut draft = event_draft(2_000_000);
    draft.venue = VenueId::new(9);
    let found = add_event(&catalogue(), EventId::new(5), &draft, AUTHOR).unwrap_err();
    assert_eq!(pointers(found), ["/venueId"]);
}

#[test]
fn a_venue_is_somewhere() {
    let draft = VenueDraft {
        lat: f64::NAN,
        lon: 180.5,
        timezone: "Asia/".into(),
        city: String::new(),
        ..venue_draft()
    };
    let found = add_venue(VenueId::new(2), &draft, AUTHOR).unwrap_err();
    assert_eq!(pointers(found), ["/city", "/location/lat", "/location/lon", "/timezone"]);
    for zone in ["UTC", "Etc/GMT+8", "America/Argentina/Buenos_Aires"] {
        assert!(
            add_venue(VenueId::new(2), &VenueDraft { timezone: zone.into(), ..venue_draft() }, AUTHOR)
                .is_ok()
        );
    }
}

#[test]
fn upcoming_events_come_soonest_first_and_leave_when_they_begin() {
    let mut catalogue = catalogue();
    for (id, starts_at) in [(1, 3_000), (2, 1_000), (3, 2_000), (4, 2_000)] {
        let (facts, _) = add_event(&catalogue, EventId::new(id), &event_draft(starts_at), AUTHOR).unwrap();
        facts.iter().for_each(|fact| catalogue.apply(fact));
    }
    let at =
        |now| catalogue.upcoming(UnixMillis::new(now)).map(|event| event.id.number()).collect::<Vec<_>>();
    assert_eq!(at(0), [2, 3, 4, 1]);
    assert_eq!(at(999), [2, 3, 4, 1]);
    assert_eq!(at(1_000), [3, 4, 1]);
    assert_eq!(at(3_000), [] as [u64; 0]);
}

#[test]
fn the_status_follows_the_clock() {
    let mut draft = event_draft(3_000);
    draft.opens_at = Some(UnixMillis::new(2_000));
    let (_, event) = add_event(&catalogue(), EventId::new(1), &draft, AUTHOR).unwrap();
    for (now, status) in [
        (1_999, EventStatus::Scheduled),
        (2_000, EventStatus::Onsale),
        (2_999, EventStatus::Onsale),
        (3_000, EventStatus::Ended),
    ] {
        assert_eq!(event.status(UnixMillis::new(now)), status);
    }
}

#[test]
fn applying_a_fact_twice_changes_nothing() {
    let mut catalogue = catalogue();
    let (facts, _) = add_event(&catalogue, EventId::new(1), &event_draft(3_000), AUTHOR).unwrap();
    facts.iter().for_each(|fact| catalogue.apply(fact));
    let once = catalogue.clone();
    facts.iter().for_each(|fact| catalogue.apply(fact));
    assert_eq!(catalogue, once);
    assert_eq!((catalogue.venues().len(), catalogue.performers().len(), catalogue.events().len()), (1, 1, 1));
}
