use std::sync::Arc;

use domain::ids::{EventId, SeatIndex};
use domain::seat_map::{Plan, PlanLayout, PlanSection};
use serde_json::{Value, json};

use super::*;
use crate::http::extract::Written;

const CALLER: UserId = UserId::new(5);

/// Two standing areas of four.
fn scene() -> Scene {
    let area = |name: &str, category: &str| PlanSection {
        name: name.to_owned(),
        category: category.to_owned(),
        layout: PlanLayout::Standing(4),
    };
    let plan = Plan { sections: vec![area("Pit", "floor"), area("Rise", "balcony")] };
    Scene::new(EventId::new(1), "EUR".parse().unwrap(), Arc::new(SeatMap::build(plan).unwrap()))
}

fn single() -> Target {
    Target::new("POST", "/events/evt_0000000000001/holds")
}

fn seats(numbers: &[u32]) -> Wanted {
    Wanted::Seats(Counted::new(numbers.iter().copied().map(SeatIndex::new).collect()).unwrap())
}

fn keyed(wanted: Wanted, ttl_seconds: Option<u32>) -> HoldItem {
    HoldItem { key: Some([7; 16]), wanted, ttl_seconds }
}

fn two() -> BestWish {
    BestWish { quantity: 2, ..BestWish::default() }
}

#[test]
fn a_key_stands_for_what_it_would_stand_for_in_json() {
    let tickets = |numbers: &[u32]| -> Vec<String> {
        numbers.iter().map(|seat| TicketId::new(EventId::new(1), SeatIndex::new(*seat)).to_string()).collect()
    };
    let everything = BestWish {
        section: Some(1),
        category: Some(1),
        max_price_minor: Some(-5),
        accessible: true,
        ..two()
    };
    let cases: Vec<(HoldItem, Value)> = vec![
        (keyed(seats(&[]), None), json!({"ticketIds": []})),
        (keyed(seats(&[3, 40]), None), json!({"ticketIds": tickets(&[3, 40])})),
        (keyed(seats(&[3]), Some(60)), json!({"ttlSeconds": 60, "ticketIds": tickets(&[3])})),
        (keyed(Wanted::Best(two()), Some(0)), json!({"bestAvailable": {"quantity": 2}, "ttlSeconds": 0})),
        (
            keyed(Wanted::Best(everything), None),
            json!({"bestAvailable": {
                "quantity": 2, "section": "Rise", "category": "balcony", "maxPrice": -5, "accessible": true,
            }}),
        ),
    ];
    for (item, written) in cases {
        let commands = commands(&scene(), CALLER, &single(), vec![item]);
        let (_, key) = commands[0].as_ref().expect("a command");
        let text = written.to_string();
        let body: Written<'_> = serde_json::from_str(&text).unwrap();
        let fingerprint = single().fingerprint(|hash| body.feed(hash));
        assert_eq!(*key, Some(Key { caller: CALLER, hash: [7; 16], fingerprint }), "{written}");
    }
}

#[test]
fn a_section_or_category_beyond_the_map_is_refused_alone() {
    let section = BestWish { section: Some(2), ..two() };
    let category = BestWish { category: Some(2), ..two() };
    let items = vec![
        keyed(Wanted::Best(section), None),
        keyed(seats(&[0]), Some(9)),
        keyed(Wanted::Best(category), None),
    ];
    let commands = commands(&scene(), CALLER, &single(), items);
    let pointer = |at: usize| match &commands[at] {
        Err(NoReply::Refused(Refusal::Invalid { pointer, .. })) => Some(*pointer),
        _ => None,
    };
    assert_eq!((pointer(0), pointer(2)), (Some("/bestAvailable/section"), Some("/bestAvailable/category")));
    let held = Command::HoldExact { seats: vec![SeatIndex::new(0)], ttl_ms: Some(9_000) };
    assert_eq!(commands[1].as_ref().expect("a command").0, held);
}

#[test]
fn what_is_no_batch_is_malformed_and_says_why() {
    let results = HoldMessage::Results(Counted::new(vec![HoldOutcome::SoldOut]).unwrap()).encode();
    for (body, why) in [(&results[..], "results"), (b"", "fewer bytes"), (b"{\"holds\": []}", "checksum")] {
        let problem = format!("{:?}", read(body).unwrap_err());
        assert!(problem.contains("MalformedRequest") && problem.contains(why), "{problem}");
    }
}
