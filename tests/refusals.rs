//! Requests that are understood and refused, over the real process: fields that are not as they must be, and what the
//! rules of accounts and sales forbid.

mod support;

use serde_json::{Value, json};
use support::{Node, Sale, tokens};

/// Where the first of a problem's `errors` points.
fn pointer(problem: &Value) -> &str {
    problem["errors"][0]["pointer"].as_str().expect("a pointer")
}

fn venue() -> Value {
    json!({
        "name": "Arena", "address": "Road 1", "city": "Taipei", "country": "TW",
        "location": {"lat": 25.05, "lon": 121.55}, "timezone": "Asia/Taipei",
        "seatMap": {"sections": [{"name": "A", "category": "floor", "rows": [{"name": "1", "seats": 2}]}]},
    })
}

fn changed(mut value: Value, change: &Value) -> Value {
    for (name, member) in change.as_object().expect("members") {
        value[name] = member.clone();
    }
    value
}

#[test]
fn a_field_that_is_not_as_it_must_be_is_422() {
    let node = Node::start();
    let (client, operator) = (node.client(), node.operator());
    let json = [("content-type", "application/json")];
    for (body, expected) in [
        (r#"{"password": "x"}"#, "/username"),
        (r#"{"username": 5, "password": "x"}"#, "/username"),
        (r#"{"username": "a", "password": "x", "role": "operator"}"#, "/role"),
        (r#"{"username": "a", "username": "b", "password": "x"}"#, "/username"),
        (r#"{"username": 1e400, "password": "x"}"#, "/username"),
        (r#"["operator", "password"]"#, ""),
        ("null", ""),
    ] {
        let problem = client
            .send("POST", "/users/login", &json, Some(body.as_bytes()))
            .expect_problem(422, "validation-failed");
        assert_eq!(pointer(&problem), expected, "{body}: {problem}");
        assert!(!problem["detail"].as_str().expect("a text").starts_with(':'), "{problem}");
    }
    for role in [json!("king"), json!(1), json!(null)] {
        let problem = operator
            .put("/users/usr_0000000000001/role", &json!({"role": role}))
            .expect_problem(422, "validation-failed");
        assert_eq!(pointer(&problem), "/role", "{problem}");
    }
    let user = json!({"name": "", "email": "x", "username": "", "password": "1234567"});
    let problem = client.post("/users", &user).expect_problem(422, "validation-failed");
    assert_eq!(problem["errors"].as_array().expect("errors").len(), 4, "{problem}");

    for (change, expected) in [
        (json!({"timezone": "the east"}), "/timezone"),
        (json!({"location": {"lat": 91, "lon": 0}}), "/location/lat"),
        (json!({"location": {"lat": 1}}), "/location/lon"),
        (json!({"seatMap": {"sections": []}}), "/seatMap/sections"),
        (json!({"seatMap": {"sections": [{"name": "A", "category": "f"}]}}), "/seatMap/sections/0"),
        (
            json!({"seatMap": {"sections": [{"name": "A", "category": "f", "capacity": 200_001}]}}),
            "/seatMap/sections",
        ),
        (
            json!({"seatMap": {"sections": [{"name": "A", "category": "f", "capacity": 1}, {"name": "A", "category": "f", "capacity": 1}]}}),
            "/seatMap/sections/1/name",
        ),
        (
            json!({"seatMap": {"sections": [{"name": "A", "category": "f", "rows": [{"name": "1", "seats": [{"name": "1"}, {"name": "1"}]}]}]}}),
            "/seatMap/sections/0/rows/0/seats/1/name",
        ),
        (
            json!({"seatMap": {"sections": [{"name": "A", "category": "f", "rows": [{"name": "1", "seats": [{"name": "1", "w": 1}]}]}]}}),
            "/seatMap/sections/0/rows/0/seats/0/w",
        ),
    ] {
        let problem =
            operator.post("/venues", &changed(venue(), &change)).expect_problem(422, "validation-failed");
        assert_eq!(pointer(&problem), expected, "{change}: {problem}");
    }
}

#[test]
fn an_event_that_makes_no_sense_is_422() {
    let node = Node::start();
    let operator = node.operator();
    let venue = operator.post("/venues", &venue()).expect(201);
    let event = json!({
        "name": "Final", "description": "", "type": "match", "performerIds": [], "venueId": venue["id"],
        "startsAt": "2099-05-01T19:30:00Z", "currency": "TWD", "prices": {"floor": 500},
    });
    let made = operator.post("/events?tickets=false", &event).expect(201);
    assert_eq!(
        (&made["status"], &made["holdSeconds"], made.get("tickets")),
        (&json!("onsale"), &json!(600), None)
    );
    for (change, expected) in [
        (json!({"venueId": "ven_0000000000001"}), "/venueId"),
        (json!({"venueId": "nowhere"}), "/venueId"),
        (json!({"performerIds": ["prf_0000000000001"]}), "/performerIds/0"),
        (json!({"prices": {}}), "/prices/floor"),
        (json!({"prices": {"floor": 500, "pit": 1}}), "/prices/pit"),
        (json!({"prices": {"floor": -1}}), "/prices/floor"),
        (json!({"prices": {"floor": 1.5}}), "/prices/floor"),
        (json!({"currency": "eur"}), "/currency"),
        (json!({"startsAt": "tomorrow"}), "/startsAt"),
        (json!({"onsaleAt": "2099-05-02T00:00:00Z"}), "/onsaleAt"),
        (json!({"holdSeconds": 1801}), "/holdSeconds"),
        (json!({"holdSeconds": 0}), "/holdSeconds"),
        (json!({"limits": {"perCustomer": 0}}), "/limits/perCustomer"),
        (
            json!({"cancellation": {"until": "2099-05-01T19:30:00Z", "feePercent": 101}}),
            "/cancellation/feePercent",
        ),
        (json!({"imageUrl": "javascript:alert(1)"}), "/imageUrl"),
        (json!({"organizerId": "usr_0000000000001"}), "/organizerId"),
    ] {
        let problem = operator
            .post("/events", &changed(event.clone(), &change))
            .expect_problem(422, "validation-failed");
        assert_eq!(pointer(&problem), expected, "{change}: {problem}");
    }
}

#[test]
fn a_name_or_an_address_belongs_to_one_account() {
    let node = Node::start();
    let _ann = node.customer("ann");
    let user = |username: &str, email: &str| json!({"name": "A", "email": email, "username": username, "password": "12345678"});
    let client = node.client();
    client.post("/users", &user("ANN", "other@example.org")).expect_problem(409, "username-taken");
    client.post("/users", &user("other", "Ann@Example.org")).expect_problem(409, "email-taken");
    client.post("/users", &user("operator", "other@example.org")).expect_problem(409, "username-taken");
}

#[test]
fn what_the_sale_refuses_has_its_code() {
    let node = Node::start();
    let sale = Sale::open(&node, 4, &json!({"limits": {"perCustomer": 2}, "holdSeconds": 60}));
    let (ann, bob) = (node.customer("ann"), node.customer("bob"));
    let holds = format!("/events/{}/holds", sale.event);
    for (body, expected) in [
        (json!({}), ""),
        (json!({"ticketIds": [], "ttlSeconds": 5}), "/ticketIds"),
        (json!({"ticketIds": sale.ids(&[0]), "ttlSeconds": 0}), "/ttlSeconds"),
        (json!({"ticketIds": sale.ids(&[0]), "ttlSeconds": 61}), "/ttlSeconds"),
        (json!({"ticketIds": sale.ids(&[0, 0])}), "/ticketIds"),
        (json!({"bestAvailable": {"quantity": 0}}), "/bestAvailable/quantity"),
        (json!({"bestAvailable": {"quantity": 13}}), "/bestAvailable/quantity"),
        (json!({"bestAvailable": {"quantity": 1, "section": "Z"}}), "/bestAvailable/section"),
        (json!({"ticketIds": sale.ids(&[0]), "userId": "usr_0000000000001"}), "/userId"),
    ] {
        let problem = ann.post(&holds, &body).expect_problem(422, "validation-failed");
        assert!(pointer(&problem).starts_with(expected), "{body}: {problem}");
    }
    let limited = sale.hold(&ann, &[0, 1, 2]).expect_problem(422, "limit-exceeded");
    assert_eq!(limited["limit"], 2);
    let hold = sale.hold(&ann, &[0, 1]).expect(201);
    let refused = sale.hold(&bob, &[1, 2]).expect_problem(409, "seat-unavailable");
    assert_eq!(refused["unavailable"], json!([{"ticketId": sale.tickets[1], "status": "held"}]));
    sale.hold(&bob, &[2, 3]).expect(201);
    node.customer("eve")
        .post(&holds, &json!({"bestAvailable": {"quantity": 1}}))
        .expect_problem(409, "sold-out");

    let booking = |payment: &Value| json!({"holdId": hold["id"], "payment": payment});
    ann.post("/bookings", &booking(&tokens("tok_declined"))).expect_problem(402, "payment-declined");
    let unknown = json!({"provider": "shells", "token": "x"});
    let problem = ann.post("/bookings", &booking(&unknown)).expect_problem(422, "validation-failed");
    assert_eq!(pointer(&problem), "/payment/provider");
    let booked = ann.post_keyed("/bookings", "one", &booking(&tokens("tok_visa"))).expect(201);
    ann.post_keyed("/bookings", "one", &booking(&tokens("tok_other")))
        .expect_problem(422, "idempotency-key-reused");
    ann.post("/bookings", &booking(&tokens("tok_visa"))).expect_problem(410, "hold-expired");
    ann.get(&format!("/holds/{}", hold["id"].as_str().expect("an id"))).expect_problem(410, "hold-expired");
    let booking = format!("/bookings/{}", booked["id"].as_str().expect("an id"));
    bob.get(&booking).expect_problem(404, "not-found");
    ann.delete(&booking).expect(200);
    ann.delete(&booking).expect_problem(409, "already-cancelled");
}

#[test]
fn a_sale_that_is_closed_or_a_rule_that_says_no_is_409() {
    let node = Node::start();
    let ann = node.customer("ann");
    let early = Sale::open(&node, 2, &json!({"onsaleAt": "2099-01-01T00:00:00Z"}));
    let problem = early.hold(&ann, &[0]).expect_problem(409, "not-on-sale");
    assert_eq!(problem["opensAt"], "2099-01-01T00:00:00.000Z");
    let over = Sale::open(&node, 2, &json!({"startsAt": "2020-01-01T00:00:00Z"}));
    assert_eq!(over.hold(&ann, &[0]).expect_problem(409, "not-on-sale").get("opensAt"), None);
    let rule = json!({"cancellation": {"until": "2020-01-01T00:00:00Z", "feePercent": 10}});
    let strict = Sale::open(&node, 2, &rule);
    let body = json!({"ticketIds": strict.ids(&[0]), "paymentDetails": tokens("tok_visa")});
    let booked = ann.post(&format!("/bookings/{}", strict.event), &body).expect(201);
    let booking = booked["bookingId"].as_str().expect("an id");
    ann.delete(&format!("/bookings/{booking}")).expect_problem(409, "not-cancellable");
}
