//! Many holds in one request in the compact form, over the real process: it comes to the same as JSON.

mod support;

use cluster::wire::{Counted, HoldItem, HoldMessage, HoldOutcome, Wanted};
use domain::event::{BestWish, SeatStatus};
use domain::ids::{HoldId, SeatIndex, TicketId};
use serde_json::json;
use sha2::{Digest, Sha256};
use support::batch::{batch, fates, path, results};
use support::{Answer, Client, Node, Sale};

const BINARY: &str = "application/vnd.onsale.holds";

fn binary(buyer: &Client, sale: &Sale, items: Vec<HoldItem>) -> Answer {
    let message = HoldMessage::Holds(Counted::new(items).expect("1 to 512"));
    buyer.send("POST", &path(sale), &[("content-type", BINARY)], Some(&message.encode()))
}

#[track_caller]
fn outcomes(answer: &Answer) -> Vec<HoldOutcome> {
    assert_eq!((answer.status, answer.header("content-type")), (200, Some(BINARY)), "{answer:?}");
    match HoldMessage::decode(&answer.bytes).expect("a message") {
        HoldMessage::Results(results) => results.into_vec(),
        HoldMessage::Holds(holds) => panic!("{holds:?} are no results"),
    }
}

fn item(key: Option<&str>, seats: &[u32]) -> HoldItem {
    let seats = seats.iter().copied().map(SeatIndex::new).collect();
    HoldItem {
        key: key.map(hashed),
        wanted: Wanted::Seats(Counted::new(seats).expect("few")),
        ttl_seconds: None,
    }
}

fn hashed(key: &str) -> [u8; 16] {
    Sha256::digest(key)[..16].try_into().expect("16 of 32 bytes")
}

#[test]
fn a_key_means_the_same_alone_in_a_batch_and_in_the_binary_form() {
    let node = Node::start();
    let sale = Sale::open(&node, 12, &json!({}));
    let (ann, bob) = (node.customer("ann"), node.customer("bob"));
    let holds = format!("/events/{}/holds", sale.event);
    let wish = json!({"ttlSeconds": 60, "bestAvailable": {"quantity": 2, "section": "A", "maxPrice": 2500}});
    let alone = ann.post_keyed(&holds, "alone", &wish).expect(201);
    let mut keyed = wish.clone();
    keyed["idempotencyKey"] = json!("alone");
    let other = json!({"idempotencyKey": "alone", "bestAvailable": {"quantity": 2}});
    let results = results(&batch(&ann, &sale, &json!([keyed, other])));
    assert_eq!((&results[0]["status"], &results[0]["hold"]), (&json!(201), &alone));
    assert_eq!(results[1]["problem"]["code"], "idempotency-key-reused");

    let best = BestWish { quantity: 2, section: Some(0), max_price_minor: Some(2500), ..BestWish::default() };
    let same = HoldItem { key: Some(hashed("alone")), wanted: Wanted::Best(best), ttl_seconds: Some(60) };
    let fresh = item(Some("binary"), &[0, 1]);
    let outcomes = outcomes(&binary(&ann, &sale, vec![same.clone(), fresh]));
    let number = |outcome: &HoldOutcome| match outcome {
        HoldOutcome::Held { hold, .. } => *hold,
        other => panic!("{other:?}"),
    };
    let event = sale.event.parse().expect("an event's id");
    let id = |outcome| HoldId::new(event, number(outcome)).to_string();
    assert_eq!(id(&outcomes[0]), alone["id"].as_str().expect("an id"));
    let then_alone = ann.post_keyed(&holds, "binary", &json!({"ticketIds": sale.ids(&[0, 1])})).expect(201);
    assert_eq!(id(&outcomes[1]), then_alone["id"].as_str().expect("an id"));
    // Another person's key is another key.
    let bobs = self::outcomes(&binary(&bob, &sale, vec![same]));
    assert_ne!(number(&bobs[0]), number(&outcomes[0]));
}

#[test]
fn the_binary_form_comes_to_the_same_as_json() {
    let node = Node::start();
    let rules = json!({"limits": {"perCustomer": 3}, "holdSeconds": 60});
    let (first, second) = (Sale::open(&node, 6, &rules), Sale::open(&node, 6, &rules));
    let (ann, bob) = (node.customer("ann"), node.customer("bob"));
    for sale in [&first, &second] {
        sale.hold(&bob, &[5]).expect(201);
    }
    let best = BestWish { quantity: 1, section: Some(1), ..BestWish::default() };
    let items = vec![
        item(Some("k"), &[0, 1]),
        item(None, &[1, 5]),
        item(None, &[2, 3]),
        item(Some("k"), &[2]),
        item(None, &[6]),
        HoldItem { ttl_seconds: Some(61), ..item(None, &[2]) },
        HoldItem { wanted: Wanted::Best(best), ..item(None, &[]) },
        HoldItem { ttl_seconds: Some(9), ..item(None, &[2]) },
    ];
    let beyond = TicketId::new(second.event.parse().expect("an event's id"), SeatIndex::new(6)).to_string();
    let holds = json!([
        {"idempotencyKey": "k", "ticketIds": second.ids(&[0, 1])},
        {"ticketIds": second.ids(&[1, 5])},
        {"ticketIds": second.ids(&[2, 3])},
        {"idempotencyKey": "k", "ticketIds": second.ids(&[2])},
        {"ticketIds": [beyond]},
        {"ticketIds": second.ids(&[2]), "ttlSeconds": 61},
        {"bestAvailable": {"quantity": 1, "section": "B"}},
        {"ticketIds": second.ids(&[2]), "ttlSeconds": 9},
    ]);
    let outcomes = outcomes(&binary(&ann, &first, items));
    let results = results(&batch(&ann, &second, &holds));
    let told: Vec<(u64, &str)> = outcomes.iter().map(told).collect();
    assert_eq!(told, fates(&results));
    let seats = |at: usize| match &outcomes[at] {
        HoldOutcome::SeatUnavailable { seats } => seats.clone(),
        other => panic!("{other:?}"),
    };
    let held = |seat| (SeatIndex::new(seat), SeatStatus::Held);
    assert_eq!(seats(1), [held(1), held(5)]);
    assert!(matches!(outcomes[2], HoldOutcome::LimitExceeded { limit: 3 }), "{:?}", outcomes[2]);
    let pointer = |at: usize| match &outcomes[at] {
        HoldOutcome::Invalid { pointer, .. } => json!(pointer),
        other => panic!("{other:?}"),
    };
    for at in [5, 6] {
        assert_eq!(pointer(at), results[at]["problem"]["errors"][0]["pointer"]);
    }
    for (at, lives_ms) in [(0, 60_000), (7, 9_000)] {
        let HoldOutcome::Held { tickets, created_at, expires_at, .. } = &outcomes[at] else {
            panic!("{:?}", outcomes[at]);
        };
        assert_eq!(expires_at.since_ms(*created_at), lives_ms);
        let priced: Vec<i64> = tickets.iter().map(|ticket| ticket.price_minor).collect();
        assert_eq!(json!(priced.iter().sum::<i64>()), results[at]["hold"]["total"]["amount"]);
    }
    assert_eq!(first.status(&bob, 0), "held");
}

/// The status and the code that JSON has for an outcome.
fn told(outcome: &HoldOutcome) -> (u64, &'static str) {
    match outcome {
        HoldOutcome::Held { .. } => (201, "held"),
        HoldOutcome::SeatUnavailable { .. } => (409, "seat-unavailable"),
        HoldOutcome::SoldOut => (409, "sold-out"),
        HoldOutcome::NotOnSale { .. } => (409, "not-on-sale"),
        HoldOutcome::LimitExceeded { .. } => (422, "limit-exceeded"),
        HoldOutcome::KeyReused => (422, "idempotency-key-reused"),
        HoldOutcome::NotFound => (404, "not-found"),
        HoldOutcome::Invalid { .. } => (422, "validation-failed"),
        HoldOutcome::Overloaded => (503, "overloaded"),
        HoldOutcome::OwnerUnavailable => (503, "owner-unavailable"),
    }
}

#[test]
fn a_binary_body_that_is_none_is_400_and_nothing_is_done() {
    let node = Node::start();
    let sale = Sale::open(&node, 4, &json!({}));
    let ann = node.customer("ann");
    let whole = HoldMessage::Holds(Counted::new(vec![item(None, &[0])]).expect("one")).encode();
    let sent = |body: &[u8]| ann.send("POST", &path(&sale), &[("content-type", BINARY)], Some(body));
    for at in 0..whole.len() {
        let mut flipped = whole.clone();
        flipped[at] ^= 0x10;
        sent(&flipped).expect_problem(400, "malformed-request");
        sent(&whole[..at]).expect_problem(400, "malformed-request");
    }
    sent(&[&whole[..], &[0]].concat()).expect_problem(400, "malformed-request");
    sent(b"{\"holds\": []}").expect_problem(400, "malformed-request");
    let results = HoldMessage::Results(Counted::new(vec![HoldOutcome::SoldOut]).expect("one")).encode();
    sent(&results).expect_problem(400, "malformed-request");
    assert_eq!(sale.status(&ann, 0), "available");
    assert!(matches!(outcomes(&sent(&whole))[..], [HoldOutcome::Held { .. }]));
}
