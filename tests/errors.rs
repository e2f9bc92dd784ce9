//! Bad input of every kind, over the real process: each gets the status and the code that the contract says.

mod support;

use std::time::Duration;

use serde_json::{Value, json};
use support::{Answer, Client, Node, NodeOptions, Sale, tokens};

const JSON: (&str, &str) = ("content-type", "application/json");
const UNKNOWN_EVENT: &str = "evt_0000000000001";

fn raw(client: &Client, method: &str, path: &str, body: &[u8]) -> Answer {
    client.send(method, path, &[JSON], Some(body))
}

/// Where the first of a problem's `errors` points.
fn pointer(problem: &Value) -> &str {
    problem["errors"][0]["pointer"].as_str().expect("a pointer")
}

fn hold_of(answer: &Value) -> String {
    answer["id"].as_str().expect("an id").to_owned()
}

#[test]
fn what_is_no_request_is_400() {
    let node = Node::start();
    let client = node.client();
    for (body, line, column) in
        [("", 1, 0), ("{", 1, 1), ("{\"username\":\n  nope}", 2, 4), ("{} {}", 1, 4), ("\u{feff}{}", 1, 1)]
    {
        let problem =
            raw(&client, "POST", "/users/login", body.as_bytes()).expect_problem(400, "malformed-request");
        assert_eq!(
            (&problem["line"], &problem["column"]),
            (&json!(line), &json!(column)),
            "{body:?}: {problem}"
        );
    }
    raw(&client, "POST", "/users", b"\"\xff\xfe\"").expect_problem(400, "malformed-request");
    raw(&client, "POST", "/users", "[".repeat(60_000).as_bytes()).expect_problem(400, "malformed-request");
    for query in ["page=0", "page=x", "pageSize=0", "pageSize=101", "page=1&page=2", "page=99999999999"] {
        client.get(&format!("/events?{query}")).expect_problem(400, "malformed-request");
    }
    client.get("/events/%ff").expect_problem(400, "malformed-request");
    client.get("/events/search?lat=91&lon=0").expect_problem(400, "malformed-request");

    let sale = Sale::open(&node, 3, &json!({}));
    let seats = format!("/events/{}/seats", sale.event);
    client.get(&format!("{seats}?status=gone")).expect_problem(400, "malformed-request");
    client.get(&format!("/events/{}?tickets=maybe", sale.event)).expect_problem(400, "malformed-request");
    let ann = node.customer("ann");
    let holds = format!("/events/{}/holds", sale.event);
    for key in [String::new(), "k".repeat(256)] {
        ann.post_keyed(&holds, &key, &json!({"ticketIds": sale.ids(&[0])}))
            .expect_problem(400, "malformed-request");
    }
    assert_eq!(sale.status(&ann, 0), "available");
}

#[test]
fn who_is_not_logged_in_is_401() {
    let node = Node::start_with(&NodeOptions {
        env: vec![("ONSALE_AUTH__TOKEN_TTL_SECONDS", "1".to_owned())],
        ..NodeOptions::default()
    });
    let client = node.client();
    for (method, path) in [
        ("POST", "/users/logout"),
        ("GET", "/users/usr_0000000000001"),
        ("PUT", "/users/usr_0000000000001/role"),
        ("POST", "/venues"),
        ("POST", "/performers"),
        ("POST", "/events"),
        ("POST", "/events/evt_0000000000001/holds"),
        ("GET", "/holds/hld_00000000000010"),
        ("POST", "/bookings"),
        ("DELETE", "/bookings/bkg_00000000000010"),
        ("POST", "/booking/reserve"),
        ("PUT", "/booking/confirm"),
    ] {
        let answer = raw(&client, method, path, b"{}");
        answer.expect_problem(401, "unauthenticated");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"), "{path}");
    }
    node.admin()
        .get("/admin/events/evt_0000000000001/seats/tkt_00000000000010/history")
        .expect_problem(401, "unauthenticated");
    let wrong = [
        json!({"username": "operator", "password": "wrong"}),
        json!({"username": "who", "password": "wrong"}),
    ];
    let [known, unknown] =
        wrong.map(|body| client.post("/users/login", &body).expect_problem(401, "unauthenticated"));
    assert_eq!(known["detail"], unknown["detail"], "names cannot be guessed from the answer");
    for header in ["Bearer", "Bearer x.y.z", "Basic b3BlcmF0b3I6eA==", "Bearer eyJhbGciOiJub25lIn0.e30."] {
        let answer = client.send("POST", "/users/logout", &[("authorization", header)], None);
        answer.expect_problem(401, "unauthenticated");
    }
    // Even where nobody need be logged in.
    client
        .send("GET", &format!("/events/{UNKNOWN_EVENT}"), &[("authorization", "Bearer x")], None)
        .expect_problem(401, "unauthenticated");

    let ann = node.customer("ann");
    support::eventually("the token expires", Duration::from_secs(10), || {
        (ann.get("/bookings").status == 401).then_some(())
    });
    let expired = ann.get("/bookings");
    expired.expect_problem(401, "token-expired");
    assert!(expired.header("www-authenticate").is_some_and(|challenge| challenge.contains("invalid_token")));
}

#[test]
fn a_logout_is_final_and_a_role_counts_at_once() {
    let node = Node::start();
    let (ann, operator) = (node.customer("ann"), node.operator());
    let login = ann
        .post("/users/login", &json!({"username": "ANN@example.org", "password": "correct horse"}))
        .expect(200);
    assert_eq!((&login["tokenType"], &login["expiresIn"]), (&json!("Bearer"), &json!(3600)));
    let id = login["user"]["id"].as_str().expect("an id").to_owned();
    let performer = json!({"name": "Foxes", "genre": "rock", "bio": ""});
    ann.post("/performers", &performer).expect_problem(403, "forbidden");
    ann.put(&format!("/users/{id}/role"), &json!({"role": "operator"})).expect_problem(403, "forbidden");
    operator.put(&format!("/users/{id}/role"), &json!({"role": "organizer"})).expect(200);
    ann.post("/performers", &performer).expect(201);
    operator.put(&format!("/users/{id}/role"), &json!({"role": "customer"})).expect(200);
    ann.post("/performers", &performer).expect_problem(403, "forbidden");

    ann.post("/users/logout", &json!({})).expect(204);
    ann.get(&format!("/users/{id}")).expect_problem(401, "unauthenticated");
    let again = ann.login("ann", "correct horse");
    assert_eq!(again.get(&format!("/users/{id}")).expect(200)["role"], "customer");
    let bob = node.customer("bob");
    bob.get(&format!("/users/{id}")).expect_problem(404, "not-found");
    operator.get(&format!("/users/{id}")).expect(200);
    operator
        .put("/users/usr_0000000000001/role", &json!({"role": "customer"}))
        .expect_problem(404, "not-found");
    let admin = bob.at(&node.admin());
    admin
        .get("/admin/events/evt_0000000000001/seats/tkt_00000000000010/history")
        .expect_problem(403, "forbidden");
}

#[test]
fn what_is_not_there_is_404_or_405_or_406() {
    let node = Node::start();
    let sale = Sale::open(&node, 3, &json!({}));
    let (client, ann) = (node.client(), node.customer("ann"));
    for path in [
        "/nowhere",
        "/events/evt_0000000000001",
        "/events/evt_nonsense",
        "/events/x/seats",
        "/event/evt_0000000000001",
        "/venues/ven_0000000000001",
        "/performers/evt_0000000000001",
    ] {
        client.get(path).expect_problem(404, "not-found");
    }
    ann.get("/holds/hld_00000000000010").expect_problem(404, "not-found");
    ann.get("/bookings/bkg_x").expect_problem(404, "not-found");
    let holds = format!("/events/{}/holds", sale.event);
    for ticket in ["tkt_00000000000010", "nonsense", &format!("{}z", sale.tickets[0])] {
        ann.post(&holds, &json!({"ticketIds": [ticket]})).expect_problem(404, "not-found");
    }
    ann.post("/booking/reserve", &json!({"ticketId": "tkt_00000000000010"})).expect_problem(404, "not-found");
    ann.post(&format!("/events/{UNKNOWN_EVENT}/holds"), &json!({"ticketIds": [sale.tickets[0]]}))
        .expect_problem(404, "not-found");

    for (method, path, allowed) in [
        ("DELETE", "/users", "POST"),
        ("GET", "/users/login", "POST"),
        ("PATCH", "/events", "GET,HEAD,POST"),
        ("TRACE", "/healthz", "GET,HEAD"),
    ] {
        let answer = client.send(method, path, &[], None);
        answer.expect_problem(405, "method-not-allowed");
        let mut allow: Vec<&str> = answer.header("allow").expect("Allow").split(',').collect();
        allow.sort_unstable();
        assert_eq!(allow.join(","), allowed, "{method} {path}");
    }

    let seats = format!("/events/{}/seats", sale.event);
    client.send("GET", "/events", &[("accept", "text/html")], None).expect_problem(406, "not-acceptable");
    client.send("GET", &seats, &[("accept", "image/png")], None).expect_problem(406, "not-acceptable");
    client.send("GET", "/events", &[("accept", "text/html, */*;q=0.1")], None).expect(200);
    let binary = client.send("GET", &seats, &[("accept", "application/vnd.onsale.seats")], None);
    assert_eq!((binary.status, &binary.bytes[..8], binary.bytes.len()), (200, &b"OSB1\x03\0\0\0"[..], 17));
}

#[test]
fn what_is_too_much_or_of_another_kind_is_413_or_415() {
    let node = Node::start();
    let (client, operator) = (node.client(), node.operator());
    let large = format!("{{\"username\": \"{}\"}}", "x".repeat(64 * 1024));
    raw(&client, "POST", "/users/login", large.as_bytes()).expect_problem(413, "body-too-large");
    let rows: Vec<Value> = (0..2_000).map(|row| json!({"name": row.to_string(), "seats": 10})).collect();
    let mut venue = venue();
    venue["seatMap"]["sections"][0]["rows"] = json!(rows);
    assert!(venue.to_string().len() > 64 * 1024 / 2);
    assert_eq!(operator.post("/venues", &venue).expect(201)["capacity"], 20_000);
    for media_type in ["text/plain", "application/x-www-form-urlencoded", "application/jsonx"] {
        client
            .send("POST", "/users/login", &[("content-type", media_type)], Some(b"{}"))
            .expect_problem(415, "unsupported-media-type");
    }
    client.send("POST", "/users/login", &[], Some(b"{}")).expect_problem(415, "unsupported-media-type");
    let credentials = json!({"username": "operator", "password": support::PASSWORD}).to_string();
    client
        .send(
            "POST",
            "/users/login",
            &[("content-type", "application/json; charset=utf-8")],
            Some(credentials.as_bytes()),
        )
        .expect(200);
}

fn venue() -> Value {
    json!({
        "name": "Arena", "address": "Road 1", "city": "Taipei", "country": "TW",
        "location": {"lat": 25.05, "lon": 121.55}, "timezone": "Asia/Taipei",
        "seatMap": {"sections": [{"name": "A", "category": "floor", "rows": [{"name": "1", "seats": 2}]}]},
    })
}

#[test]
fn a_field_that_is_not_as_it_must_be_is_422() {
    let node = Node::start();
    let (client, operator) = (node.client(), node.operator());
    for (body, expected) in [
        (r#"{"password": "x"}"#, "/username"),
        (r#"{"username": 5, "password": "x"}"#, "/username"),
        (r#"{"username": "a", "password": "x", "role": "operator"}"#, "/role"),
        (r#"{"username": "a", "username": "b", "password": "x"}"#, "/username"),
        ("[]", ""),
        ("null", ""),
    ] {
        let problem =
            raw(&client, "POST", "/users/login", body.as_bytes()).expect_problem(422, "validation-failed");
        assert_eq!(pointer(&problem), expected, "{body}: {problem}");
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

fn changed(mut value: Value, change: &Value) -> Value {
    for (name, member) in change.as_object().expect("members") {
        value[name] = member.clone();
    }
    value
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
    ann.get(&format!("/holds/{}", hold_of(&hold))).expect_problem(410, "hold-expired");
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

#[test]
fn an_overload_is_503_with_retry_after() {
    let node = Node::start_with(&NodeOptions {
        env: vec![
            ("ONSALE_AUTH__HASH_CONCURRENCY", "1".to_owned()),
            ("ONSALE_AUTH__HASH_QUEUE", "0".to_owned()),
            // One hash takes so long that all others come while it runs.
            ("ONSALE_AUTH__ARGON2_PASSES", "50".to_owned()),
        ],
        ..NodeOptions::default()
    });
    let client = node.client();
    let at_once = || {
        let log_in = || client.post("/users/login", &json!({"username": "who", "password": "wrong"}));
        std::thread::scope(|scope| {
            [scope.spawn(log_in), scope.spawn(log_in)].map(|thread| thread.join().expect("an answer"))
        })
    };
    let refused = support::eventually("two come at the same time", Duration::from_secs(60), || {
        at_once().into_iter().find(|answer| answer.status == 503)
    });
    refused.expect_problem(503, "overloaded");
    assert!(refused.header("retry-after").is_some());
}

#[test]
fn every_answer_carries_a_request_id() {
    let node = Node::start();
    let client = node.client();
    let kept = client.send("GET", "/nowhere", &[("x-request-id", "abc-123")], None);
    assert_eq!(kept.header("x-request-id"), Some("abc-123"));
    assert_eq!(kept.expect_problem(404, "not-found")["requestId"], "abc-123");
    let made = client.send("GET", "/events", &[("x-request-id", "no spaces")], None);
    assert!(made.header("x-request-id").is_some_and(|id| id.starts_with("req_")));
    assert!(node.admin().get("/metrics").header("x-request-id").is_some());
}

#[test]
fn an_unchanged_read_is_304() {
    let node = Node::start();
    let sale = Sale::open(&node, 3, &json!({}));
    let client = node.client();
    for path in [
        "/events".to_owned(),
        "/venues".to_owned(),
        format!("/events/{}", sale.event),
        format!("/events/{}?tickets=false", sale.event),
        format!("/events/{}/seats", sale.event),
    ] {
        let first = client.get(&path);
        let tag = first.header("etag").expect("an ETag").to_owned();
        assert!(first.header("cache-control").is_some());
        let again = client.send("GET", &path, &[("if-none-match", &tag)], None);
        assert_eq!((again.status, again.bytes.len()), (304, 0), "{path}");
    }
    let seats = format!("/events/{}/seats", sale.event);
    let tag = client.get(&seats).header("etag").expect("an ETag").to_owned();
    sale.hold(&node.customer("ann"), &[0]).expect(201);
    assert_eq!(client.send("GET", &seats, &[("if-none-match", &tag)], None).status, 200);
}

#[test]
fn a_holder_is_known_to_insiders_and_to_themselves_only() {
    let node = Node::start();
    let sale = Sale::open(&node, 3, &json!({}));
    let (ann, bob) = (node.customer("ann"), node.customer("bob"));
    sale.hold(&ann, &[1]).expect(201);
    let seat = |client: &Client| {
        client.get(&format!("/events/{}/seats?status=held", sale.event)).expect(200)["seats"][0].clone()
    };
    assert_eq!((seat(&bob).get("userId"), seat(&bob).get("mine")), (None, None));
    assert_eq!((seat(&ann).get("userId"), &seat(&ann)["mine"]), (None, &json!(true)));
    let operator = seat(&node.operator());
    assert!(
        operator["userId"].is_string()
            && operator["reservedAt"].is_string()
            && operator.get("mine").is_none()
    );
    let event = node.client().get(&format!("/event/{}", sale.event)).expect(200);
    assert_eq!(
        event["availability"],
        json!({"total": 3, "available": 2, "held": 1, "booked": 0, "blocked": 0})
    );
    assert_eq!(event["tickets"].as_array().expect("tickets").len(), 3);
    assert_eq!(event["priceFrom"], json!({"amount": 2500, "currency": "EUR"}));
}
