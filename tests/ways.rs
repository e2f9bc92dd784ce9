//! A hold and a booking can be asked for in two ways: the short one on the connection's thread, and, with a body whose
//! length nobody announced, the one through the router. Whatever is sent, both must answer alike.

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};
use support::{Node, Sale};

struct Call<'a> {
    path: &'a str,
    headers: Vec<(&'a str, String)>,
    body: String,
}

/// Sends the call over a connection of its own; gives status, headers and body.
fn send(address: &str, call: &Call<'_>, chunked: bool) -> (u16, Vec<String>, Value) {
    let mut stream = TcpStream::connect(address).expect("the node listens");
    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a timeout");
    let mut text = format!("POST {} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n", call.path);
    call.headers.iter().for_each(|(name, value)| text.push_str(&format!("{name}: {value}\r\n")));
    if chunked {
        let length = call.body.len();
        text.push_str(&format!("transfer-encoding: chunked\r\n\r\n{length:x}\r\n{}\r\n0\r\n\r\n", call.body));
    } else {
        text.push_str(&format!("content-length: {}\r\n\r\n{}", call.body.len(), call.body));
    }
    stream.write_all(text.as_bytes()).expect("the node reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("the node answers and closes");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).expect("a status");
    let names = lines.filter_map(|line| line.split_once(':')).map(|(name, _)| name.to_owned());
    let mut names: Vec<String> = names.collect();
    names.sort();
    (status.parse().expect("a number"), names, serde_json::from_str(body).expect("JSON"))
}

/// Without what is different each time.
fn settled(mut body: Value) -> Value {
    if let Some(members) = body.as_object_mut() {
        members.remove("requestId");
    }
    body
}

/// Sends each call both ways; gives the statuses.
fn both_ways(address: &str, calls: &[Call<'_>]) -> Vec<u16> {
    let mut statuses = Vec::new();
    for call in calls {
        let (short, routed) = (send(address, call, false), send(address, call, true));
        let asked = format!("{} {:?} {:.80}", call.path, call.headers.len(), call.body);
        assert_eq!((short.0, &short.1), (routed.0, &routed.1), "{asked}: {} and {}", short.2, routed.2);
        assert_eq!(settled(short.2), settled(routed.2), "{asked}");
        statuses.push(short.0);
    }
    statuses
}

#[test]
fn both_ways_to_a_hold_answer_alike() {
    let node = Node::start();
    let sale = Sale::open(&node, 3, &json!({}));
    let buyer = node.operator();
    let address = buyer.address();
    let path = format!("/events/{}/holds", sale.event);
    let bearer = || ("authorization", format!("Bearer {}", buyer.token()));
    let json_type = || ("content-type", "application/json".to_owned());
    let hold = |tickets: &[&String]| json!({"ticketIds": tickets}).to_string();
    let taken = hold(&[&sale.tickets[0]]);
    buyer.post(&path, &json!({"ticketIds": [&sale.tickets[0]]})).expect(201);
    let key = |key: &str| ("idempotency-key", key.to_owned());
    let calls = [
        Call {
            path: &path,
            headers: vec![bearer(), json_type(), key("one")],
            body: hold(&[&sale.tickets[1]]),
        },
        Call {
            path: &path,
            headers: vec![bearer(), json_type(), key("one")],
            body: hold(&[&sale.tickets[2]]),
        },
        Call { path: &path, headers: vec![bearer(), json_type()], body: taken.clone() },
        Call { path: &path, headers: vec![json_type()], body: taken.clone() },
        Call {
            path: &path,
            headers: vec![("authorization", "Bearer x".into()), json_type()],
            body: taken.clone(),
        },
        Call { path: &path, headers: vec![bearer()], body: taken.clone() },
        Call {
            path: &path,
            headers: vec![bearer(), ("content-type", "text/plain".into())],
            body: taken.clone(),
        },
        Call {
            path: &path,
            headers: vec![bearer(), json_type(), ("accept", "text/html".into())],
            body: taken.clone(),
        },
        Call { path: &path, headers: vec![bearer(), json_type(), key("")], body: taken.clone() },
        Call { path: &path, headers: vec![bearer(), json_type()], body: "{\"ticketIds\": [".into() },
        Call { path: &path, headers: vec![bearer(), json_type()], body: "{\"seats\": 3}".into() },
        Call { path: &path, headers: vec![bearer(), json_type()], body: "{}".into() },
        Call { path: &path, headers: vec![bearer(), json_type()], body: "x".repeat(100_000) },
        Call {
            path: "/events/evt_zzzzzzzzzzzzz/holds",
            headers: vec![bearer(), json_type()],
            body: taken.clone(),
        },
        Call { path: "/events/evt_7/holds", headers: vec![bearer(), json_type()], body: taken.clone() },
    ];
    let statuses = both_ways(address, &calls);
    assert_eq!(statuses, [201, 422, 409, 401, 401, 415, 415, 406, 400, 400, 422, 422, 413, 404, 404]);
}

#[test]
fn both_ways_to_a_booking_answer_alike() {
    let node = Node::start();
    let sale = Sale::open(&node, 4, &json!({}));
    let buyer = node.operator();
    let address = buyer.address();
    let one_call = format!("/bookings/{}", sale.event);
    let holds = format!("/events/{}/holds", sale.event);
    let held = buyer.post(&holds, &json!({"ticketIds": [&sale.tickets[0]]})).expect(201);
    let bearer = || ("authorization", format!("Bearer {}", buyer.token()));
    let json_type = || ("content-type", "application/json".to_owned());
    let key = |key: &str| ("idempotency-key", key.to_owned());
    let pay = |provider: &str, token: &str| json!({"provider": provider, "token": token});
    let buy = |ticket: usize, payment: Value| {
        json!({"ticketIds": [&sale.tickets[ticket]], "paymentDetails": payment}).to_string()
    };
    let book = |hold: &Value| json!({"holdId": hold, "payment": pay("test", "tok_visa")}).to_string();
    let unknown_hold = Value::from(held["id"].as_str().expect("an id").to_owned() + "9");
    let call = |path, keyed: Option<&str>, body| {
        let mut headers = vec![bearer(), json_type()];
        headers.extend(keyed.map(key));
        Call { path, headers, body }
    };
    let calls = [
        call(&one_call, Some("buy"), buy(1, pay("test", "tok_visa"))),
        call(&one_call, Some("buy"), buy(2, pay("test", "tok_visa"))),
        call(&one_call, Some("declined"), buy(2, pay("test", "tok_declined"))),
        call(&one_call, None, buy(1, pay("test", "tok_visa"))),
        call(&one_call, None, buy(2, pay("nobody", "tok_visa"))),
        call(&one_call, None, "{\"ticketIds\"".into()),
        call("/bookings/evt_7", None, buy(2, pay("test", "tok_visa"))),
        call("/bookings/bkg_7", None, buy(2, pay("test", "tok_visa"))),
        call("/bookings", Some("book"), book(&held["id"])),
        call("/bookings", None, book(&held["id"])),
        call("/bookings", None, book(&unknown_hold)),
        call("/bookings", None, "{}".into()),
        call("/bookings", None, "x".repeat(100_000)),
        Call { path: "/bookings", headers: vec![json_type()], body: book(&held["id"]) },
        Call { path: "/bookings", headers: vec![bearer()], body: book(&held["id"]) },
    ];
    let statuses = both_ways(address, &calls);
    assert_eq!(statuses, [201, 422, 402, 409, 422, 400, 404, 404, 201, 410, 404, 422, 413, 401, 415]);
}
