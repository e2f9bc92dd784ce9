//! Organizers' programs are told by webhooks.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::buy;
use crate::receiver::{Receiver, Reply, Request};
use crate::support::{Client, Cluster, Node, NodeOptions, Sale, eventually};
use crate::{WITHIN, outbox, quick};

fn node() -> Node {
    Node::start_with(&NodeOptions { env: quick(), ..NodeOptions::default() })
}

/// A new endpoint at `url`.
fn hook(organizer: &Client, url: &str) -> Value {
    organizer.post("/webhooks", &json!({"url": url})).expect(201)
}

fn other_organizer(node: &Node) -> (Client, Value) {
    let client = node.client();
    let body =
        json!({"name": "Ben", "email": "ben@example.org", "username": "ben", "password": "correct horse"});
    let ben = client.post("/users", &body).expect(201);
    set_role(node, &ben["id"], "organizer");
    (client.login("ben", "correct horse"), ben["id"].clone())
}

fn set_role(node: &Node, user: &Value, role: &str) {
    let path = format!("/users/{}/role", user.as_str().expect("an id"));
    node.operator().put(&path, &json!({"role": role})).expect(200);
}

/// As a receiver does it: by the rules, with the secret that its organizer was told.
fn verifies(secret: &Value, request: &Request) -> bool {
    let secret = secret.as_str().and_then(|secret| secret.strip_prefix("whsec_")).expect("a secret");
    let mut keyed = Hmac::<Sha256>::new_from_slice(&STANDARD.decode(secret).expect("base64")).expect("a key");
    keyed.update(request.header("webhook-id").as_bytes());
    keyed.update(b".");
    keyed.update(request.header("webhook-timestamp").as_bytes());
    keyed.update(b".");
    keyed.update(&request.body);
    let expected = format!("v1,{}", STANDARD.encode(keyed.finalize().into_bytes()));
    request.header("webhook-signature").split(' ').any(|signature| signature == expected)
}

#[test]
fn what_happens_is_told_signed_and_in_the_words_of_the_contract() {
    let (node, receiver) = (node(), Receiver::start());
    let operator = node.operator();
    let endpoint = hook(&operator, &receiver.url());
    let sale = Sale::open(&node, 4, &json!({}));
    let anna = node.customer("anna");
    let booking = buy(&sale, &anna, &[0, 1]);
    anna.delete(&format!("/bookings/{}", booking["id"].as_str().expect("an id"))).expect(200);
    let requests = receiver.wait_for(3);
    let by_type = |kind: &str| {
        let found = requests.iter().find(|request| request.json()["type"] == kind);
        found.unwrap_or_else(|| panic!("no {kind}")).json()
    };
    for request in &requests {
        assert!(verifies(&endpoint["secret"], request), "{request:?}");
        assert_eq!((request.path.as_str(), request.header("content-type")), ("/hooks", "application/json"));
    }
    let confirmed = by_type("booking.confirmed");
    assert_eq!(confirmed["data"]["bookingId"], booking["id"]);
    assert_eq!(confirmed["data"]["ticketIds"], json!(sale.ids(&[0, 1])));
    assert_eq!(confirmed["data"]["total"], json!({"amount": 5000, "currency": "EUR"}));
    assert_eq!(by_type("booking.cancelled")["data"]["ticketIds"], json!(sale.ids(&[0, 1])));
    let refunded = by_type("payment.refunded");
    assert_eq!(refunded["data"]["amount"], json!({"amount": 5000, "currency": "EUR"}));
    assert_eq!(refunded["data"]["paymentId"], booking["payment"]["id"]);
    let text = String::from_utf8(requests[0].body.clone()).expect("text");
    assert!(!text.contains("anna") && !text.contains("code"), "{text}");
}

#[test]
fn an_event_that_is_called_off_is_told_and_so_is_a_ticket_that_was_moved() {
    let (node, receiver) = (node(), Receiver::start());
    let operator = node.operator();
    hook(&operator, &receiver.url());
    let sale = Sale::open(&node, 4, &json!({}));
    let booking = buy(&sale, &node.customer("anna"), &[0]);
    let seats = sale.ids(&[0, 2]);
    let booking = booking["id"].as_str().expect("an id");
    let path = format!("/bookings/{booking}/tickets/{}/move", seats[0]);
    operator.post(&path, &json!({"to": seats[1]})).expect(200);
    operator.delete(&format!("/events/{}", sale.event)).expect(200);
    let requests = receiver.wait_for(5);
    let by_type = |kind: &str| {
        let found = requests.iter().find(|request| request.json()["type"] == kind);
        found.unwrap_or_else(|| panic!("no {kind}")).json()["data"].clone()
    };
    let moved = by_type("booking.changed");
    assert_eq!(
        (&moved["from"], &moved["to"], &moved["bookingId"]),
        (&json!(seats[0]), &json!(seats[1]), &json!(booking))
    );
    assert_eq!(by_type("event.cancelled"), json!({"eventId": sale.event}));
    assert_eq!(by_type("booking.cancelled")["ticketIds"], json!([seats[1]]));
    assert_eq!(by_type("payment.refunded")["amount"]["amount"], 2500);
}

#[test]
fn who_is_no_organizer_any_more_is_told_nothing_of_what_was_theirs() {
    let (node, receiver) = (node(), Receiver::start());
    let (ben, id) = other_organizer(&node);
    hook(&ben, &receiver.url());
    let sale = Sale::open_as(&ben, 4, &json!({}));
    let anna = node.customer("anna");
    let all_is_told = || (outbox(&node)["open"] == json!([])).then_some(());
    for (seat, role) in ["organizer", "customer", "organizer"].into_iter().enumerate() {
        set_role(&node, &id, role);
        buy(&sale, &anna, &[seat]);
        eventually("nothing is left to send", WITHIN, all_is_told);
    }
    let told: Vec<_> = receiver.received().iter().map(|request| request.json()["data"].clone()).collect();
    let seats: Vec<_> = told.iter().map(|data| &data["ticketIds"]).collect();
    assert_eq!(seats, [&json!(sale.ids(&[0])), &json!(sale.ids(&[2]))]);
}

#[test]
fn what_fails_is_sent_again_with_the_same_id_until_it_is_taken() {
    let (node, receiver) = (node(), Receiver::start());
    let endpoint = hook(&node.operator(), &receiver.url());
    let sale = Sale::open(&node, 4, &json!({}));
    receiver.play(&[Reply::Status(500), Reply::Hangs, Reply::Status(302), Reply::Status(200)]);
    buy(&sale, &node.customer("anna"), &[0]);
    let requests = receiver.wait_for(4);
    for request in &requests {
        assert_eq!(request.header("webhook-id"), requests[0].header("webhook-id"));
        assert_eq!(request.body, requests[0].body);
        assert!(verifies(&endpoint["secret"], request));
    }
    eventually("nothing is left to send", WITHIN, || (outbox(&node)["open"] == json!([])).then_some(()));
    assert_eq!(receiver.received().len(), 4);
}

#[test]
fn an_endpoint_that_answers_410_is_told_nothing_more_and_the_others_are() {
    let (node, gone, receiver) = (node(), Receiver::start(), Receiver::start());
    let operator = node.operator();
    let ended = hook(&operator, &gone.url());
    hook(&operator, &receiver.url());
    let sale = Sale::open(&node, 4, &json!({}));
    let anna = node.customer("anna");
    gone.play(&[Reply::Status(410)]);
    buy(&sale, &anna, &[0]);
    let path = format!("/webhooks/{}", ended["id"].as_str().expect("an id"));
    eventually("it is ended", WITHIN, || (operator.get(&path).json()["status"] == "ended").then_some(()));
    buy(&sale, &anna, &[1]);
    receiver.wait_for(2);
    eventually("nothing is left to send", WITHIN, || (outbox(&node)["open"] == json!([])).then_some(()));
    assert_eq!(gone.received().len(), 1);
}

#[test]
fn an_organizer_sets_lists_rotates_and_deletes_their_own_endpoints() {
    let node = node();
    let operator = node.operator();
    let receiver = Receiver::start();
    let body = json!({"url": receiver.url(), "events": ["payment.refunded", "booking.confirmed", "booking.confirmed"]});
    let made = operator.post("/webhooks", &body);
    let endpoint = made.expect(201);
    let path = format!("/webhooks/{}", endpoint["id"].as_str().expect("an id"));
    assert_eq!(made.header("location"), Some(path.as_str()));
    assert_eq!(made.header("cache-control"), Some("no-store"));
    assert_eq!(endpoint["events"], json!(["booking.confirmed", "payment.refunded"]));
    assert!(endpoint["secret"].as_str().expect("a secret").starts_with("whsec_"));
    for shown in [operator.get(&path).expect(200), operator.get("/webhooks").expect(200)["items"][0].clone()]
    {
        assert_eq!(
            (&shown["id"], &shown["status"], &shown["secret"]),
            (&endpoint["id"], &json!("active"), &Value::Null)
        );
    }
    let rotated = operator.post(&format!("{path}/rotate"), &json!({})).expect(200);
    assert_ne!(rotated["secret"], endpoint["secret"]);
    let sale = Sale::open(&node, 4, &json!({}));
    let anna = node.customer("anna");
    buy(&sale, &anna, &[0]);
    let request = receiver.wait_for(1).remove(0);
    assert!(verifies(&rotated["secret"], &request) && verifies(&endpoint["secret"], &request));

    anna.get("/webhooks").expect_problem(403, "forbidden");
    node.client().get(&path).expect_problem(401, "unauthenticated");
    anna.post("/webhooks", &body).expect_problem(403, "forbidden");
    let (ben, _) = other_organizer(&node);
    ben.get(&path).expect_problem(404, "not-found");
    ben.delete(&path).expect_problem(404, "not-found");
    ben.post(&format!("{path}/rotate"), &json!({})).expect_problem(404, "not-found");
    assert_eq!(ben.get("/webhooks").expect(200)["total"], 0);
    operator.delete(&path).expect(204);
    operator.get(&path).expect_problem(404, "not-found");
    operator.delete(&path).expect_problem(404, "not-found");
}

#[test]
fn no_webhook_goes_into_the_network_of_the_node() {
    let mut options = NodeOptions { env: quick(), ..NodeOptions::default() };
    options.env.push(("ONSALE_WEBHOOKS__PRIVATE_ADDRESSES", "off".to_owned()));
    let node = Node::start_with(&options);
    let operator = node.operator();
    for url in [
        "http://example.com/hooks",
        "https://127.0.0.1/",
        "https://localhost/",
        "https://169.254.169.254/latest/meta-data",
        "https://10.0.0.1/",
        "https://[::1]/",
        "https://user:word@example.com/",
        "gopher://example.com/",
        "nonsense",
    ] {
        let problem =
            operator.post("/webhooks", &json!({"url": url})).expect_problem(422, "validation-failed");
        assert_eq!(problem["errors"][0]["pointer"], "/url", "{url}");
    }
    operator
        .post("/webhooks", &json!({"url": "https://example.com/", "events": []}))
        .expect_problem(422, "validation-failed");
    operator
        .post("/webhooks", &json!({"url": "https://example.com/", "events": ["x"]}))
        .expect_problem(422, "validation-failed");
    for _ in 0..10 {
        hook(&operator, "https://example.com/hooks");
    }
    let problem = operator
        .post("/webhooks", &json!({"url": "https://example.com/"}))
        .expect_problem(422, "limit-exceeded");
    assert_eq!(problem["limit"], 10);
}

#[test]
fn the_next_owner_goes_on_and_a_repeat_has_the_same_id() {
    let settings: Vec<_> = quick();
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut cluster = Cluster::with(3, &settings);
    let receiver = Receiver::start();
    let endpoint = cluster.operator(2).post("/webhooks", &json!({"url": receiver.url()})).expect(201);
    let sale = cluster.sale(4, &json!({}));
    let owner = cluster.owner();
    let anna = cluster.node(cluster.other_than(owner)).customer("anna");
    receiver.play(&[Reply::Silent]);
    buy(&sale, &anna, &[0]);
    let first = receiver.wait_for(1).remove(0);
    cluster.kill(owner);
    let again = receiver.wait_for(2).remove(1);
    assert_eq!(again.header("webhook-id"), first.header("webhook-id"));
    assert!(verifies(&endpoint["secret"], &again), "the next owner knows the secret");
}
