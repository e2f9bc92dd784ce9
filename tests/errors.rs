//! Requests that are wrong before anybody looks at what they ask for, over the real process: each gets the status and the
//! code that the contract says.

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::json;
use support::{Answer, Client, Node, NodeOptions, Sale};

const JSON: (&str, &str) = ("content-type", "application/json");
const UNKNOWN_EVENT: &str = "evt_0000000000001";

fn raw(client: &Client, method: &str, path: &str, body: &[u8]) -> Answer {
    client.send(method, path, &[JSON], Some(body))
}

/// What a node answers to these bytes, before it closes the connection.
fn answer_to(node: &Node, bytes: &[u8]) -> String {
    let client = node.client();
    let mut stream = TcpStream::connect(client.address()).expect("a connection");
    stream.write_all(bytes).expect("it takes them");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

#[test]
fn a_head_that_cannot_be_read_is_a_problem_too() {
    let node = Node::start();
    let many: String = (0..200).map(|at| format!("x-{at}: 1\r\n")).collect();
    for head in [
        "GET /events HTTP/9.9\r\n\r\n".to_owned(),
        "GET  /events\r\n\r\n".to_owned(),
        "nonsense\r\n\r\n".to_owned(),
        "GET / HTTP/1.1\r\nhost: x\r\nbad header: 1\r\n\r\n".to_owned(),
        format!("GET / HTTP/1.1\r\nhost: x\r\n{many}\r\n"),
    ] {
        let answer = answer_to(&node, head.as_bytes());
        let begun = head.get(..40).unwrap_or(&head);
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{begun:?}: {answer:?}"));
        assert!(head.starts_with("HTTP/1.1 400 "), "{begun:?}: {head}");
        assert!(head.contains("application/problem+json") && head.contains("x-request-id: req_"), "{head}");
        let problem: serde_json::Value = serde_json::from_str(body).expect("JSON");
        assert_eq!((&problem["code"], &problem["status"]), (&json!("malformed-request"), &json!(400)));
        assert!(problem["requestId"].as_str().is_some_and(|id| head.contains(id)));
    }
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
    client.send("GET", "/events", &[("accept", "")], None).expect(200);
    let binary = client.send("GET", &seats, &[("accept", "application/vnd.onsale.seats")], None);
    assert_eq!((binary.status, &binary.bytes[..8], binary.bytes.len()), (200, &b"OSB1\x03\0\0\0"[..], 17));
}

#[test]
fn what_is_too_much_or_of_another_kind_is_413_or_415() {
    let node = Node::start();
    let (client, operator) = (node.client(), node.operator());
    let large = format!("{{\"username\": \"{}\"}}", "x".repeat(64 * 1024));
    raw(&client, "POST", "/users/login", large.as_bytes()).expect_problem(413, "body-too-large");
    // Whoever is still sending hears why it was refused all the same.
    let larger = vec![b'x'; 8 << 20];
    raw(&client, "POST", "/users/login", &larger).expect_problem(413, "body-too-large");
    raw(&client, "POST", "/events", &larger).expect_problem(401, "unauthenticated");
    let rows: Vec<_> = (0..4_000).map(|row| json!({"name": row.to_string(), "seats": 10})).collect();
    let venue = json!({
        "name": "Arena", "address": "Road 1", "city": "Taipei", "country": "TW",
        "location": {"lat": 25.05, "lon": 121.55}, "timezone": "Asia/Taipei",
        "seatMap": {"sections": [{"name": "A", "category": "floor", "rows": rows}]},
    });
    assert!(venue.to_string().len() > 64 * 1024, "more than other calls take");
    assert_eq!(operator.post("/venues", &venue).expect(201)["capacity"], 40_000);
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

#[test]
fn a_body_that_is_announced_to_be_too_large_is_not_waited_for() {
    let node = Node::start();
    let address = node.http().strip_prefix("http://").expect("an address");
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
    let head = "POST /users/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 99999999999\r\n\r\n";
    stream.write_all(head.as_bytes()).expect("sent");
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).expect("an answer within the timeout");
    assert_eq!(&answer, b"HTTP/1.1 413");
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
    for id in ["abc-123", "{\"quoted\"}"] {
        let kept = client.send("GET", "/nowhere", &[("x-request-id", id)], None);
        assert_eq!(kept.header("x-request-id"), Some(id));
        assert_eq!(kept.expect_problem(404, "not-found")["requestId"], id);
    }
    let made = client.send("GET", "/events", &[("x-request-id", "no spaces")], None);
    assert!(made.header("x-request-id").is_some_and(|id| id.starts_with("req_")));
    assert!(node.admin().get("/metrics").header("x-request-id").is_some());
}
