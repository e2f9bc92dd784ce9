//! What the catalogue, the seats and the accounts show, and to whom, over the real process.

mod support;

use std::io::Read;

use serde_json::json;
use support::{Client, Node, Sale, tokens};

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
fn an_unchanged_read_is_304() {
    let node = Node::start();
    let sale = Sale::open(&node, 3, &json!({}));
    let client = node.customer("ann");
    let hold = sale.hold(&client, &[1]).expect(201);
    let hold = format!("/holds/{}", hold["id"].as_str().expect("an id"));
    let body = json!({"ticketIds": sale.ids(&[2]), "paymentDetails": tokens("tok_visa")});
    let booked = client.post(&format!("/bookings/{}", sale.event), &body).expect(201);
    for path in [
        "/events".to_owned(),
        "/venues".to_owned(),
        "/bookings".to_owned(),
        format!("/bookings/{}", booked["id"].as_str().expect("an id")),
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
    // A hold has another answer every second, but it has its tag as every read does.
    let held = client.get(&hold);
    assert_eq!(held.header("cache-control"), Some("private, no-cache"));
    assert!(held.header("etag").is_some());
    let seats = format!("/events/{}/seats", sale.event);
    let tag = client.get(&seats).header("etag").expect("an ETag").to_owned();
    sale.hold(&client, &[0]).expect(201);
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

#[test]
fn who_is_no_organizer_any_more_sees_no_bookings_of_others() {
    let node = Node::start();
    let (ann, bob, operator) = (node.customer("ann"), node.customer("bob"), node.operator());
    let login = json!({"username": "bob", "password": "correct horse"});
    let id = ann.post("/users/login", &login).expect(200)["user"]["id"].as_str().expect("an id").to_owned();
    let role = |role: &str| operator.put(&format!("/users/{id}/role"), &json!({"role": role})).expect(200);
    role("organizer");
    let sale = Sale::open_as(&bob, 3, &json!({}));
    let body = json!({"ticketIds": sale.ids(&[0]), "paymentDetails": tokens("tok_visa")});
    let booked = ann.post(&format!("/bookings/{}", sale.event), &body).expect(201);
    let path = format!("/bookings/{}", booked["id"].as_str().expect("an id"));
    assert!(bob.get(&path).expect(200)["tickets"][0]["userId"].is_string());
    role("customer");
    bob.get(&path).expect_problem(404, "not-found");
    bob.delete(&path).expect_problem(404, "not-found");
}

/// What `coding` makes of an answer, undone.
fn unpacked(answer: &support::Answer, coding: &str) -> Vec<u8> {
    assert_eq!(answer.header("content-encoding"), Some(coding));
    let mut plain = Vec::new();
    match coding {
        "br" => brotli::BrotliDecompress(&mut &answer.bytes[..], &mut plain).expect("brotli"),
        _ => drop(flate2::read::GzDecoder::new(&answer.bytes[..]).read_to_end(&mut plain).expect("gzip")),
    }
    plain
}

#[test]
fn everybody_gets_the_same_bytes_and_who_has_seats_gets_their_own() {
    let node = Node::start();
    let sale = Sale::open(&node, 700, &json!({}));
    let (ann, bob, visitor) = (node.customer("ann"), node.customer("bob"), node.client());
    sale.hold(&ann, &[1]).expect(201);
    for path in ["", "/seats", "/seats?section=A"].map(|rest| format!("/events/{}{rest}", sale.event)) {
        let plain = visitor.get(&path);
        assert_eq!((plain.status, plain.header("content-encoding")), (200, None), "{path}");
        assert!(plain.header("vary").is_some_and(|vary| vary.contains("Accept-Encoding")));
        for (coding, accepted) in [("gzip", "br;q=0.1, gzip;q=0.8"), ("br", "gzip, deflate, br, zstd")] {
            let accepted = ("accept-encoding", accepted);
            let small = visitor.send("GET", &path, &[accepted], None);
            assert_eq!(unpacked(&small, coding), plain.bytes, "{path}");
            assert!(small.bytes.len() * 8 < plain.bytes.len(), "{path}: {}", small.bytes.len());
            assert_ne!(plain.header("etag"), small.header("etag"));
            let tag = small.header("etag").expect("a tag");
            let again = visitor.send("GET", &path, &[accepted, ("if-none-match", tag)], None);
            assert_eq!((again.status, again.bytes.len()), (304, 0), "{path}");
        }

        assert_eq!(plain.header("cache-control"), Some("no-cache"));
        let bobs = bob.get(&path);
        assert_eq!(bobs.bytes, plain.bytes, "{path}: who has nothing sees what everybody does");
        assert_eq!(bobs.header("cache-control"), Some("private, no-cache"));
        let own = |client: &Client| String::from_utf8(client.get(&path).bytes).expect("JSON");
        assert!(own(&ann).contains("\"mine\":true") && !own(&ann).contains("userId"), "{path}");
        assert!(own(&node.operator()).contains("userId"), "{path}");
        assert!(!own(&visitor).contains("mine") && !own(&visitor).contains("userId"), "{path}");
    }
    let seats = format!("/events/{}/seats", sale.event);
    let before = visitor.get(&seats);
    sale.hold(&bob, &[650]).expect(201);
    let after = visitor.get(&seats);
    assert_ne!(before.header("etag"), after.header("etag"));
    assert_eq!(after.expect(200)["seats"][650]["status"], "held", "at once");
    assert_eq!(before.expect(200)["seats"].as_array().map(Vec::len), Some(700));
    let held = visitor.get(&format!("{seats}?status=held&section=A")).expect(200);
    assert_eq!(held["seats"].as_array().map(Vec::len), Some(2));
    assert_eq!(visitor.get(&format!("{seats}?section=B")).expect(200)["seats"], json!([]));
}
