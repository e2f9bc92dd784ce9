//! Many holds in one request, over the real process: their outcomes, their keys, and the two forms.

mod support;

use cluster::wire::{Counted, HoldItem, HoldMessage, HoldOutcome, MAX_BATCH, Wanted};
use domain::event::{BestWish, SeatStatus};
use domain::ids::{HoldId, SeatIndex, TicketId};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use support::{Answer, Client, Node, NodeOptions, Sale};

const BINARY: &str = "application/vnd.onsale.holds";
const JSON: (&str, &str) = ("content-type", "application/json");

fn path(sale: &Sale) -> String {
    format!("/events/{}/holds/batch", sale.event)
}

fn batch(buyer: &Client, sale: &Sale, holds: &Value) -> Answer {
    buyer.post(&path(sale), &json!({"holds": holds}))
}

/// The results of a batch that was decided.
#[track_caller]
fn results(answer: &Answer) -> Vec<Value> {
    answer.expect(200)["results"].as_array().expect("results").clone()
}

/// What became of each hold: its status, and its code where it is a no.
fn fates(results: &[Value]) -> Vec<(u64, &str)> {
    results
        .iter()
        .map(|result| {
            let problem = &result["problem"];
            let status = result["status"].as_u64().expect("a status");
            assert!(problem.is_null() || problem["status"] == status, "{result}");
            assert_ne!(problem.is_null(), result["hold"].is_null(), "one of the two: {result}");
            (status, problem["code"].as_str().unwrap_or("held"))
        })
        .collect()
}

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
fn every_hold_has_its_own_outcome_in_the_order_of_the_request() {
    let node = Node::start();
    let sale = Sale::open(&node, 8, &json!({"limits": {"perCustomer": 5}, "holdSeconds": 60}));
    let other = Sale::open(&node, 2, &json!({}));
    let (ann, bob) = (node.customer("ann"), node.customer("bob"));
    sale.hold(&bob, &[7]).expect(201);
    let holds = json!([
        {"ticketIds": sale.ids(&[0, 1]), "ttlSeconds": 30},
        {"ticketIds": sale.ids(&[7])},
        {"ticketIds": sale.ids(&[1])},
        {"bestAvailable": {"quantity": 2, "section": "A"}},
        {"ticketIds": sale.ids(&[5, 6])},
        {"ticketIds": other.ids(&[0])},
        {"ticketIds": ["nonsense"]},
        {},
        {"ticketIds": sale.ids(&[5]), "ttlSeconds": 61},
        {"bestAvailable": {"quantity": 1, "section": "Z"}},
        {"bestAvailable": {"quantity": 13}},
        {"ticketIds": sale.ids(&[5])},
    ]);
    let answer = batch(&ann, &sale, &holds);
    let results = results(&answer);
    let expected = [
        (201, "held"),
        (409, "seat-unavailable"),
        (409, "seat-unavailable"),
        (201, "held"),
        (422, "limit-exceeded"),
        (404, "not-found"),
        (404, "not-found"),
        (422, "validation-failed"),
        (422, "validation-failed"),
        (422, "validation-failed"),
        (422, "validation-failed"),
        (201, "held"),
    ];
    assert_eq!(fates(&results), expected, "{results:#?}");
    assert_eq!(results[0]["hold"]["expiresInSeconds"], 30);
    assert_eq!(
        results[1]["problem"]["unavailable"],
        json!([{"ticketId": sale.tickets[7], "status": "held"}])
    );
    assert_eq!(results[2]["problem"]["unavailable"][0]["ticketId"], sale.tickets[1].as_str());
    assert_eq!(results[4]["problem"]["limit"], 5);
    assert_eq!(results[8]["problem"]["errors"][0]["pointer"], "/ttlSeconds", "as the single call points");
    assert_eq!(results[9]["problem"]["errors"][0]["pointer"], "/bestAvailable/section");
    for result in &results {
        let Some(problem) = result.get("problem") else { continue };
        assert_eq!(
            problem["type"],
            format!("urn:onsale:problem:{}", problem["code"].as_str().expect("a code"))
        );
        assert!(problem["title"].is_string() && problem["detail"].is_string(), "{problem}");
        assert_eq!(problem.get("requestId"), None, "the answer's header has it");
    }
    // A hold of a batch is a hold like any other.
    let hold = format!("/holds/{}", results[0]["hold"]["id"].as_str().expect("an id"));
    assert_eq!(ann.get(&hold).expect(200)["tickets"], results[0]["hold"]["tickets"]);
    assert_eq!((sale.status(&bob, 0), sale.status(&bob, 6)), ("held".into(), "available".into()));
    let single = sale.hold(&bob, &[0]).expect_problem(409, "seat-unavailable");
    assert_eq!(single["detail"], results[2]["problem"]["detail"]);
}

#[test]
fn a_batch_that_is_sent_again_is_answered_word_for_word() {
    let node = Node::start();
    let sale = Sale::open(&node, 6, &json!({}));
    let ann = node.customer("ann");
    let holds = json!([
        {"idempotencyKey": "a", "ticketIds": sale.ids(&[0])},
        {"idempotencyKey": "b", "bestAvailable": {"quantity": 2}},
        {"idempotencyKey": "c", "ticketIds": sale.ids(&[0])},
    ]);
    let first = batch(&ann, &sale, &holds);
    assert_eq!(fates(&results(&first)), [(201, "held"), (201, "held"), (409, "seat-unavailable")]);
    assert_eq!(batch(&ann, &sale, &holds).bytes, first.bytes);
    let released = results(&first)[0]["hold"]["id"].as_str().expect("an id").to_owned();
    ann.delete(&format!("/holds/{released}")).expect(204);
    let again = results(&batch(&ann, &sale, &holds));
    assert_eq!(again[..2], results(&first)[..2], "what was done is remembered");
    assert_eq!(again[2]["status"], 201, "a refusal is not: the seat is free now");
}

#[test]
fn a_key_that_comes_twice_in_a_batch_is_one_request() {
    let node = Node::start();
    let sale = Sale::open(&node, 6, &json!({}));
    let ann = node.customer("ann");
    let holds = json!([
        {"idempotencyKey": "k", "ticketIds": sale.ids(&[0, 1])},
        {"ticketIds": sale.ids(&[0, 1]), "idempotencyKey": "k"},
        {"idempotencyKey": "k", "ticketIds": sale.ids(&[2])},
        {"idempotencyKey": "l", "ticketIds": sale.ids(&[2])},
    ]);
    let results = results(&batch(&ann, &sale, &holds));
    assert_eq!(
        fates(&results),
        [(201, "held"), (201, "held"), (422, "idempotency-key-reused"), (201, "held")]
    );
    assert_eq!(results[0], results[1]);
    assert_ne!(results[0]["hold"]["id"], results[3]["hold"]["id"]);
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
fn a_batch_has_1_to_512_holds() {
    let node = Node::start();
    let sale = Sale::open(&node, MAX_BATCH as u32 + 1, &json!({}));
    let ann = node.customer("ann");
    let of = |count: usize| -> Value {
        (0..count)
            .map(|seat| json!({"idempotencyKey": format!("k{seat}"), "ticketIds": sale.ids(&[seat])}))
            .collect()
    };
    for count in [0, MAX_BATCH + 1] {
        let problem = batch(&ann, &sale, &of(count)).expect_problem(422, "validation-failed");
        assert_eq!(problem["errors"][0]["pointer"], "/holds", "{problem}");
    }
    assert_eq!(sale.status(&ann, 0), "available");
    let full = results(&batch(&ann, &sale, &of(MAX_BATCH)));
    for (seat, result) in full.iter().enumerate() {
        assert_eq!(result["hold"]["tickets"][0]["id"], sale.tickets[seat].as_str(), "{result}");
    }
    assert_eq!((full.len(), sale.status(&ann, MAX_BATCH)), (MAX_BATCH, "available".into()));
    // Fifty tickets each: the largest batch of exact tickets that makes sense has room.
    let fifty: Vec<usize> = (0..50).collect();
    let large: Value = (0..MAX_BATCH).map(|_| json!({"ticketIds": sale.ids(&fifty)})).collect();
    assert!(large.to_string().len() > 256 * 1024, "more than is parsed at once");
    let refused = results(&batch(&ann, &sale, &large));
    assert!(fates(&refused).iter().all(|fate| *fate == (409, "seat-unavailable")));
    let too_large = vec![b' '; (1 << 20) + 1];
    ann.send("POST", &path(&sale), &[JSON], Some(&too_large)).expect_problem(413, "body-too-large");
}

#[test]
fn one_malformed_hold_refuses_the_batch_and_nothing_is_done() {
    let node = Node::start();
    let sale = Sale::open(&node, 4, &json!({}));
    let ann = node.customer("ann");
    let good = json!({"ticketIds": sale.ids(&[0])});
    for (bad, pointer) in [
        (json!({"ticketIds": sale.ids(&[1]), "ttlSeconds": "5"}), "/holds/1/ttlSeconds"),
        (json!({"ticketIds": sale.ids(&[1]), "userId": "usr_0000000000001"}), "/holds/1/userId"),
        (json!({"bestAvailable": {"section": "A"}}), "/holds/1/bestAvailable/quantity"),
        (json!({"ticketIds": [1]}), "/holds/1/ticketIds/0"),
        (json!({"ticketIds": sale.ids(&[1]), "idempotencyKey": ""}), "/holds/1/idempotencyKey"),
        (json!({"ticketIds": sale.ids(&[1]), "idempotencyKey": "k".repeat(256)}), "/holds/1/idempotencyKey"),
        (json!(null), "/holds/1"),
    ] {
        let problem = batch(&ann, &sale, &json!([good, bad])).expect_problem(422, "validation-failed");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{bad}: {problem}");
    }
    for body in ["", "{\"holds\": [", "{\"holds\": [{}]} x"] {
        ann.send("POST", &path(&sale), &[JSON], Some(body.as_bytes()))
            .expect_problem(400, "malformed-request");
    }
    assert_eq!(sale.status(&ann, 0), "available");
}

#[test]
fn a_request_that_is_wrong_as_a_whole_is_refused_as_a_whole() {
    let node = Node::start();
    let sale = Sale::open(&node, 4, &json!({}));
    let ann = node.customer("ann");
    let body = json!({"holds": [{"ticketIds": sale.ids(&[0])}]});
    node.client().post(&path(&sale), &body).expect_problem(401, "unauthenticated");
    ann.post("/events/evt_0000000000001/holds/batch", &body).expect_problem(404, "not-found");
    ann.post("/events/x/holds/batch", &body).expect_problem(404, "not-found");
    ann.get(&path(&sale)).expect_problem(405, "method-not-allowed");
    let problem = ann.post_keyed(&path(&sale), "k", &body).expect_problem(400, "malformed-request");
    assert!(problem["detail"].as_str().expect("a text").contains("idempotencyKey"), "{problem}");
    let text = body.to_string();
    let sent = |headers: &[(&str, &str)]| ann.send("POST", &path(&sale), headers, Some(text.as_bytes()));
    let problem = sent(&[("content-type", "text/plain")]).expect_problem(415, "unsupported-media-type");
    assert!(problem["detail"].as_str().expect("a text").contains(BINARY), "{problem}");
    sent(&[]).expect_problem(415, "unsupported-media-type");
    sent(&[JSON, ("accept", BINARY)]).expect_problem(406, "not-acceptable");
    let binary = [("content-type", BINARY), ("accept", "application/json")];
    sent(&binary).expect_problem(406, "not-acceptable");
    assert_eq!(sale.status(&ann, 0), "available");
    let answer = sent(&[JSON, ("accept", "application/json")]);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(fates(&results(&answer)), [(201, "held")]);
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

#[test]
fn what_the_mailbox_has_no_room_for_is_overloaded_and_not_done() {
    let capacity = ("ONSALE_ACTORS__MAILBOX_CAPACITY", "8".to_owned());
    let node = Node::start_with(&NodeOptions { env: vec![capacity], ..NodeOptions::default() });
    let sale = Sale::open(&node, MAX_BATCH as u32, &json!({}));
    let ann = node.customer("ann");
    let holds: Value = (0..MAX_BATCH).map(|seat| json!({"ticketIds": sale.ids(&[seat])})).collect();
    let answer = batch(&ann, &sale, &holds);
    let seats = ann.get(&format!("/events/{}/seats", sale.event)).expect(200);
    let held = |seat: usize| seats["seats"][seat]["status"] == "held";
    if answer.status == 503 {
        answer.expect_problem(503, "overloaded");
        assert!((0..MAX_BATCH).all(|seat| !held(seat)), "refused as a whole");
        return;
    }
    for (seat, fate) in fates(&results(&answer)).into_iter().enumerate() {
        let expected = if held(seat) { (201, "held") } else { (503, "overloaded") };
        assert_eq!(fate, expected, "seat {seat}");
    }
}
