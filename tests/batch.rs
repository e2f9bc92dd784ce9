//! Many holds in one request, over the real process: their outcomes and their keys. The compact form has a file of its
//! own.

mod support;

use cluster::wire::MAX_BATCH;
use serde_json::{Value, json};
use support::batch::{batch, fates, path, results};
use support::{Node, NodeOptions, Sale};

const BINARY: &str = "application/vnd.onsale.holds";
const JSON: (&str, &str) = ("content-type", "application/json");

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
