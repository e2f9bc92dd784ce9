use super::*;
use crate::account::Role;
use crate::catalogue::test::{AUTHOR, catalogue, event_draft, seat_map, venue_draft};
use crate::catalogue::{EventStatus, PriceTypeDraft, add_event};
use crate::event::{Percent, PriceRule};
use crate::time::UnixMillis;

const EVENT: EventId = EventId::new(5);
const VENUE: VenueId = VenueId::new(1);
const PERFORMER: PerformerId = PerformerId::new(1);
const OWN: Caller = Caller { user: AUTHOR.organizer, role: Role::Organizer };
const OTHER: Caller = Caller { user: UserId::new(2), role: Role::Organizer };
const OPERATOR: Caller = Caller { user: UserId::new(3), role: Role::Operator };

fn happen<T>(catalogue: &mut Catalogue, decided: Decided<T>) -> Arc<T> {
    let (facts, answer) = decided.unwrap_or_else(|refusal| panic!("{refusal:?}"));
    facts.iter().for_each(|fact| catalogue.apply(fact));
    answer
}

fn with_event() -> Catalogue {
    let mut catalogue = catalogue();
    let added = add_event(&catalogue, EVENT, &event_draft(9_000_000), AUTHOR);
    happen(&mut catalogue, added.map_err(CatalogueRefusal::Invalid));
    catalogue
}

fn draft(catalogue: &Catalogue) -> EventDraft {
    catalogue.draft_of(catalogue.event(EVENT).expect("it was added")).expect("its venue is there")
}

#[test]
fn what_is_written_again_as_it_is_changes_nothing() {
    let catalogue = with_event();
    let decided = change_event(&catalogue, EVENT, &draft(&catalogue), false, OWN).expect("it is theirs");
    assert_eq!((decided.0, &decided.1), (Vec::new(), catalogue.event(EVENT).expect("it was added")));
    let same =
        VenueDraft { seat_map: catalogue.venue(VENUE).expect("a venue").seat_map.clone(), ..venue_draft() };
    assert!(change_venue(&catalogue, VENUE, &same, OWN).expect("it is theirs").0.is_empty());
}

#[test]
fn only_its_organizer_and_operators_change_an_event() {
    let mut catalogue = with_event();
    let mut draft = draft(&catalogue);
    draft.name = "Replay".into();
    let refused = change_event(&catalogue, EVENT, &draft, false, OTHER).expect_err("it is not theirs");
    assert_eq!(refused, CatalogueRefusal::Forbidden);
    let customer = Caller { role: Role::Customer, ..OWN };
    assert!(change_event(&catalogue, EVENT, &draft, false, customer).is_err(), "who is none any more");
    let decided = change_event(&catalogue, EVENT, &draft, false, OPERATOR);
    let changed = happen(&mut catalogue, decided);
    assert_eq!((&*changed.name, changed.revision, changed.terms.organizer), ("Replay", 2, AUTHOR.organizer));
}

#[test]
fn an_event_is_put_off_and_gets_another_date() {
    let mut catalogue = with_event();
    let put_off = change_event(&catalogue, EVENT, &draft(&catalogue), true, OWN);
    let event = happen(&mut catalogue, put_off);
    assert_eq!(
        (event.status(UnixMillis::new(10_000_000)), event.terms.paused),
        (EventStatus::Postponed, true)
    );
    let mut later = draft(&catalogue);
    later.starts_at = UnixMillis::new(19_000_000);
    let decided = change_event(&catalogue, EVENT, &later, false, OWN);
    let event = happen(&mut catalogue, decided);
    assert_eq!((event.status(UnixMillis::new(10_000_000)), event.revision), (EventStatus::Onsale, 3));
    assert_eq!(event.terms.cancellation.until, later.starts_at, "the rule without a rule follows");
    assert_eq!(catalogue.upcoming(UnixMillis::new(0)).count(), 1, "at one time only");
}

#[test]
fn what_a_sale_rests_on_does_not_change() {
    let catalogue = with_event();
    let in_use = |draft: &EventDraft| {
        let refused = change_event(&catalogue, EVENT, draft, false, OWN).expect_err("it is in use");
        assert!(matches!(refused, CatalogueRefusal::InUse(_)), "{refused:?}");
    };
    in_use(&EventDraft { venue: VenueId::new(9), ..draft(&catalogue) });
    in_use(&EventDraft { currency: "EUR".parse().expect("a currency"), ..draft(&catalogue) });
    let other_seats = VenueDraft { seat_map: seat_map(&["floor"]), ..venue_draft() };
    let refused = change_venue(&catalogue, VENUE, &other_seats, OWN).expect_err("it is in use");
    assert!(matches!(refused, CatalogueRefusal::InUse(_)));
    let renamed = VenueDraft { name: "Dome".into(), ..venue_draft() };
    assert_eq!(change_venue(&catalogue, VENUE, &renamed, OWN).expect("names may").1.name, "Dome");
}

#[test]
fn what_is_referred_to_is_not_removed() {
    let mut catalogue = with_event();
    assert!(matches!(remove_venue(&catalogue, VENUE, OWN), Err(CatalogueRefusal::InUse(_))));
    assert!(matches!(remove_performer(&catalogue, PERFORMER, OWN), Err(CatalogueRefusal::InUse(_))));
    assert_eq!(remove_event(&catalogue, EVENT, OTHER).expect_err("not theirs"), CatalogueRefusal::Forbidden);
    let gone = remove_event(&catalogue, EVENT, OWN);
    happen(&mut catalogue, gone);
    let gone = remove_venue(&catalogue, VENUE, OWN);
    happen(&mut catalogue, gone);
    let gone = remove_performer(&catalogue, PERFORMER, OPERATOR);
    happen(&mut catalogue, gone);
    assert_eq!(catalogue, Catalogue::default());
    assert_eq!(remove_venue(&catalogue, VENUE, OWN).expect_err("gone"), CatalogueRefusal::NotFound);
}

#[test]
fn a_cancelled_event_stays_so() {
    let mut catalogue = with_event();
    let cancelled = cancel_event(&catalogue, EVENT, OWN);
    let event = happen(&mut catalogue, cancelled);
    assert_eq!((event.status(UnixMillis::new(0)), event.revision), (EventStatus::Cancelled, 2));
    assert!(catalogue.listing(EVENT).expect("it is listed").cancelled);
    assert!(cancel_event(&catalogue, EVENT, OWN).expect("it is theirs").0.is_empty());
    let refused = change_event(&catalogue, EVENT, &draft(&catalogue), false, OWN).expect_err("too late");
    assert_eq!(refused, CatalogueRefusal::EventCancelled);
}

#[test]
fn price_types_are_checked_and_can_be_written_again() {
    let mut catalogue = with_event();
    let half = PriceTypeDraft {
        id: "child".into(),
        name: "Child".into(),
        percent: Percent::hundredths(5_000),
        prices_minor: None,
    };
    let own_prices = [("floor".to_owned(), 400), ("balcony/1".to_owned(), 0)].into();
    let own =
        PriceTypeDraft { id: "club".into(), percent: None, prices_minor: Some(own_prices), ..half.clone() };
    let with = |types| {
        let charges = ChargesDraft { types, ..ChargesDraft::default() };
        EventDraft { charges, ..draft(&catalogue) }
    };
    let both = PriceTypeDraft { percent: Percent::hundredths(1), ..own.clone() };
    let cheap_adult = PriceTypeDraft { id: "adult".into(), ..half.clone() };
    let wrong = with(vec![
        half.clone(),
        half.clone(),
        both,
        cheap_adult,
        PriceTypeDraft { id: "a b".into(), ..half.clone() },
    ]);
    let refused = change_event(&catalogue, EVENT, &wrong, false, OWN).expect_err("it is wrong");
    let CatalogueRefusal::Invalid(found) = refused else { panic!("{refused:?}") };
    let pointers: Vec<_> = found.into_iter().map(|invalid| invalid.pointer).collect();
    assert_eq!(pointers, ["/priceTypes/1/id", "/priceTypes/2", "/priceTypes/3", "/priceTypes/4/id"]);

    let right = with(vec![half, own]);
    let decided = change_event(&catalogue, EVENT, &right, false, OWN);
    let event = happen(&mut catalogue, decided);
    let charges = event.terms.charges.clone().expect("there are some");
    assert_eq!(charges.types[2].price, PriceRule::Prices(vec![400, 0]));
    let again = change_event(&catalogue, EVENT, &draft(&catalogue), false, OWN);
    assert!(again.expect("it is right").0.is_empty());
}
