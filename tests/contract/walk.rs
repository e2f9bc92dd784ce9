//! One walk through every call of the contract up to the short-hand, each asked of the node after the one that was asked
//! before: none is left out, and all of them end well.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::support::cluster::SETTLES_WITHIN;
use super::support::{Answer, Client, Cluster, eventually, tokens};

const GATEWAY: u32 = 4;
const NODES: [u32; 4] = [1, 2, 3, GATEWAY];
/// Where the list of all calls is held against the API document.
const LISTED: &str = include_str!("../../src/http/openapi/contract_test.rs");
/// The last call of the list that is walked here; those of operators are behind it.
const LAST: &str = "PUT /booking/confirm";

/// The calls of the contract.
fn listed() -> BTreeSet<String> {
    let (_, list) = LISTED.split_once("const CONTRACT: &str = \"").expect("the list");
    let (list, _) = list.split_once(LAST).expect("the last call");
    let calls = list.lines().map(str::trim).filter(|line| !line.is_empty());
    calls.chain([LAST]).map(str::to_owned).collect()
}

struct Walk {
    cluster: Cluster,
    asked: usize,
    walked: BTreeSet<String>,
}

impl Walk {
    /// Asks the next node for `call`, with `ids` in place of the names in its path and `more` behind it, as `who`. What was
    /// made at another node a moment ago may not be known yet: then again.
    #[track_caller]
    fn ask(&mut self, who: &Client, call: &str, ids: &[&Value], more: &str, body: &Value) -> Answer {
        let node = NODES[self.asked % NODES.len()];
        self.asked += 1;
        let client = who.at(&self.cluster.client(node));
        let (method, template) = call.split_once(' ').expect("a method and a path");
        let mut path = template.to_owned();
        for id in ids {
            let (from, to) = (path.find('{').expect("a name"), path.find('}').expect("its end"));
            path.replace_range(from..=to, id.as_str().expect("an id"));
        }
        let path = format!("{path}{more}");
        let body = if body.is_null() { None } else { Some(body.to_string()) };
        // A gateway asks the owner about a request with a key, whatever it has heard of the seats.
        let key = format!("walk-{}", self.asked);
        let answer = eventually(call, SETTLES_WITHIN, || {
            let headers = [("idempotency-key", key.as_str()), ("content-type", "application/json")];
            let headers = if body.is_some() { &headers[..] } else { &headers[..1] };
            let answer = client.send(method, &path, headers, body.as_deref().map(str::as_bytes));
            (![401, 403, 404, 503].contains(&answer.status)).then_some(answer)
        });
        let text = String::from_utf8_lossy(&answer.bytes);
        assert!((200..300).contains(&answer.status), "{call} at {node}: {} {text}", answer.status);
        self.walked.insert(call.to_owned());
        answer
    }

    #[track_caller]
    fn send(&mut self, who: &Client, call: &str, ids: &[&Value], body: &Value) -> Value {
        self.ask(who, call, ids, "", body).json()
    }

    #[track_caller]
    fn get(&mut self, who: &Client, call: &str, ids: &[&Value]) -> Value {
        self.send(who, call, ids, &Value::Null)
    }
}

/// Those who walk, and what they find on the way.
struct Scene {
    nobody: Client,
    operator: Client,
    ann: Client,
    ann_id: Value,
    event: Value,
    tickets: Vec<Value>,
}

#[test]
fn every_call_of_the_contract_ends_well_at_any_node() {
    let mut cluster = Cluster::of(3);
    cluster.join_gateway(GATEWAY);
    let mut walk = Walk { cluster, asked: 0, walked: BTreeSet::new() };
    let mut scene = people(&mut walk);
    let (venue, performer) = catalogue(&mut walk, &mut scene);
    holds(&mut walk, &scene);
    let (booking, payment) = bookings(&mut walk, &scene);
    lists(&mut walk, &scene, (&booking, &payment));
    shorthand(&mut walk, &scene);
    ends(&mut walk, &scene, (&venue, &performer), (&booking, &payment));
    let listed = listed();
    let left_out: Vec<_> = listed.difference(&walk.walked).collect();
    assert!(left_out.is_empty() && listed.len() > 50, "of {} calls, left out: {left_out:?}", listed.len());
    let unknown: Vec<_> = walk.walked.difference(&listed).collect();
    assert!(unknown.is_empty(), "not of the contract: {unknown:?}");
}

fn people(walk: &mut Walk) -> Scene {
    let nobody = walk.cluster.client(1);
    let operator = walk.cluster.operator(1);
    let sign_up = |name: &str| json!({"name": name, "email": format!("{name}@example.org"), "username": name, "password": "correct horse"});
    let ann_id = walk.send(&nobody, "POST /users", &[], &sign_up("ann"))["id"].clone();
    let credentials = json!({"username": "ann", "password": "correct horse"});
    let login = walk.send(&nobody, "POST /users/login", &[], &credentials);
    let ann = nobody.with_token(login["accessToken"].as_str().expect("a token"));
    let seen = walk.get(&ann, "GET /users/{id}", &[&ann_id]);
    assert_eq!((&seen["username"], &seen["role"]), (&json!("ann"), &json!("customer")));
    let changed = walk.send(&ann, "PUT /users/{id}", &[&ann_id], &json!({"name": "Ann of the Walk"}));
    assert_eq!(changed["name"], "Ann of the Walk");
    let role = walk.send(&operator, "PUT /users/{id}/role", &[&ann_id], &json!({"role": "organizer"}));
    assert_eq!(role["role"], "organizer");

    let gone = walk.send(&nobody, "POST /users", &[], &sign_up("gone"))["id"].clone();
    let short = nobody.login("ann", "correct horse");
    walk.send(&short, "POST /users/logout", &[], &json!({}));
    walk.get(&operator, "DELETE /users/{id}", &[&gone]);
    Scene { nobody, operator, ann, ann_id, event: Value::Null, tickets: Vec::new() }
}

fn catalogue(walk: &mut Walk, scene: &mut Scene) -> (Value, Value) {
    let (nobody, ann) = (scene.nobody.clone(), scene.ann.clone());
    let venue = json!({"name": "Cellar Club", "address": "1 Market Square", "city": "Berlin", "country": "DE",
        "location": {"lat": 52.52, "lon": 13.405}, "timezone": "Europe/Berlin",
        "seatMap": {"sections": [{"name": "A", "category": "floor", "rows": [{"name": "1", "seats": 20}]}]}});
    let venue = walk.send(&ann, "POST /venues", &[], &venue)["id"].clone();
    let performer = json!({"name": "Velvet Foxes", "genre": "rock", "bio": "Four of them."});
    let performer = walk.send(&ann, "POST /performers", &[], &performer)["id"].clone();
    let event = json!({"name": "Velvet Foxes live", "description": "One night only.", "type": "concert",
        "performerIds": [performer], "venueId": venue, "startsAt": "2099-05-01T19:30:00.000Z", "currency": "EUR",
        "prices": {"floor": 2500}});
    scene.event = walk.send(&ann, "POST /events", &[], &event)["id"].clone();
    assert_eq!(walk.get(&nobody, "GET /venues", &[])["total"], 1);
    assert_eq!(walk.get(&nobody, "GET /venues/{id}", &[&venue])["capacity"], 20);
    assert_eq!(walk.get(&nobody, "GET /performers", &[])["total"], 1);
    assert_eq!(walk.get(&nobody, "GET /performers/{id}", &[&performer])["name"], "Velvet Foxes");
    walk.send(&ann, "PUT /venues/{id}", &[&venue], &json!({"name": "Cellar Hall"}));
    walk.send(&ann, "PUT /performers/{id}", &[&performer], &json!({"genre": "folk"}));
    walk.send(&ann, "PUT /events/{id}", &[&scene.event], &json!({"description": "Two nights."}));
    let shown = walk.get(&nobody, "GET /events/{id}", &[&scene.event]);
    assert_eq!(shown["availability"]["total"], 20, "{shown}");
    walk.get(&nobody, "GET /events", &[]);
    walk.ask(&nobody, "GET /events/search", &[], "?keyword=velvet", &Value::Null);
    let seats = walk.get(&nobody, "GET /events/{id}/seats", &[&scene.event]);
    let seats = seats["seats"].as_array().expect("seats");
    scene.tickets = seats.iter().map(|seat| seat["id"].clone()).collect();
    (venue, performer)
}

fn hold(walk: &mut Walk, scene: &Scene, seats: std::ops::Range<usize>) -> Value {
    let body = json!({"ticketIds": scene.tickets[seats]});
    walk.send(&scene.ann, "POST /events/{id}/holds", &[&scene.event], &body)
}

fn holds(walk: &mut Walk, scene: &Scene) {
    let ann = &scene.ann;
    let held = hold(walk, scene, 0..2);
    let id = &held["id"];
    assert_eq!(walk.get(ann, "GET /holds/{id}", &[id])["total"]["amount"], 5000);
    let change = json!({"add": [scene.tickets[2]], "remove": [scene.tickets[0]]});
    assert_eq!(walk.send(ann, "PATCH /holds/{id}", &[id], &change)["total"]["amount"], 5000);
    walk.send(ann, "POST /holds/{id}/extend", &[id], &json!({"ttlSeconds": 300}));
    walk.get(ann, "DELETE /holds/{id}", &[id]);
}

fn bookings(walk: &mut Walk, scene: &Scene) -> (Value, Value) {
    let ann = &scene.ann;
    let paid = tokens("tok_visa");
    let held = hold(walk, scene, 0..2);
    let body = json!({"holdId": held["id"], "payment": paid});
    let booking = walk.send(ann, "POST /bookings", &[], &body);
    assert_eq!(booking["status"], "booked");
    let (booking, payment) = (booking["id"].clone(), booking["payment"]["id"].clone());
    assert_eq!(walk.get(ann, "GET /bookings/{id}", &[&booking])["status"], "booked");
    let contact = json!({"contact": {"name": "Bea", "email": "bea@example.org"}});
    walk.send(ann, "PUT /bookings/{id}", &[&booking], &contact);
    assert_eq!(walk.get(ann, "GET /bookings/{id}/payment", &[&booking])["id"], payment);
    assert_eq!(walk.get(ann, "GET /payments/{id}", &[&payment])["status"], "captured");
    assert_eq!(walk.get(ann, "GET /payments/booking/{bookingId}", &[&booking])["id"], payment);
    walk.send(ann, "PUT /payments/{id}", &[&payment], &json!({"metadata": {"order": "7"}}));
    walk.get(ann, "DELETE /bookings/{id}/tickets/{ticketId}", &[&booking, &scene.tickets[0]]);

    let held = hold(walk, scene, 3..4);
    let pending = walk.send(ann, "POST /bookings", &[], &json!({"holdId": held["id"]}));
    assert_eq!(pending["status"], "pending");
    let paid_later =
        walk.send(ann, "POST /payments", &[], &json!({"bookingId": pending["id"], "payment": paid}));
    assert_eq!(paid_later["status"], "captured");
    let body = json!({"ticketIds": [scene.tickets[4]], "paymentDetails": paid});
    let at_once = walk.send(ann, "POST /bookings/{id}", &[&scene.event], &body);
    assert_eq!(at_once["bookingId"], at_once["id"]);
    assert_eq!(walk.get(ann, "DELETE /bookings/{id}", &[&at_once["id"]])["status"], "cancelled");
    (booking, payment)
}

/// Everybody finds what they have, at any node.
fn lists(walk: &mut Walk, scene: &Scene, (booking, payment): (&Value, &Value)) {
    let (ann, id, event) = (&scene.ann, &scene.ann_id, &scene.event);
    for (call, ids, wanted) in [
        ("GET /bookings", vec![], booking),
        ("GET /bookings/user/{userId}", vec![id], booking),
        ("GET /bookings/event/{eventId}", vec![event], booking),
        ("GET /users/{id}/bookings", vec![id], booking),
        ("GET /users/{id}/payments", vec![id], payment),
        ("GET /events/{id}/bookings", vec![event], booking),
        ("GET /events/{id}/payments", vec![event], payment),
    ] {
        let found = walk.get(ann, call, &ids);
        let items = found["items"].as_array().unwrap_or_else(|| panic!("{call}: {found}"));
        assert!(items.iter().any(|item| item["id"] == *wanted), "{call}: {found}");
    }
    let held = hold(walk, scene, 10..11);
    assert_eq!(walk.get(ann, "GET /users/{id}/holds", &[id])["items"][0]["id"], held["id"]);
    let export = walk.get(ann, "GET /users/{id}/export", &[id]);
    assert_eq!(export["user"]["id"], *id);
}

fn shorthand(walk: &mut Walk, scene: &Scene) {
    let shown = walk.get(&scene.nobody, "GET /event/{id}", &[&scene.event]);
    assert_eq!(shown["id"], scene.event);
    walk.ask(&scene.nobody, "GET /search", &[], "?term=velvet", &Value::Null);
    let ticket = &scene.tickets[12];
    let held = walk.send(&scene.ann, "POST /booking/reserve", &[], &json!({"ticketId": ticket}));
    assert_eq!(held["ticketId"], *ticket);
    let body = json!({"ticketId": ticket, "payment": tokens("tok_visa")});
    let booked = walk.send(&scene.ann, "PUT /booking/confirm", &[], &body);
    assert_eq!((&booked["status"], &booked["bookingId"]), (&json!("booked"), &booked["id"]));
}

fn ends(
    walk: &mut Walk,
    scene: &Scene,
    (venue, performer): (&Value, &Value),
    (booking, payment): (&Value, &Value),
) {
    walk.get(&scene.ann, "DELETE /payments/{id}", &[payment]);
    assert_eq!(walk.get(&scene.ann, "GET /bookings/{id}", &[booking])["status"], "cancelled");
    assert_eq!(walk.get(&scene.operator, "DELETE /events/{id}", &[&scene.event])["status"], "cancelled");
    // What an event takes place at stays as long as the event is known; so others are removed.
    let (ann, of) = (&scene.ann, |thing: &Value| thing.as_str().expect("an id").to_owned());
    let at = walk.cluster.client(1);
    let mut copy = ann.at(&at).get(&format!("/venues/{}", of(venue))).expect(200);
    let mut copied = serde_json::Map::new();
    for name in ["name", "address", "city", "country", "location", "timezone"] {
        copied.insert(name.to_owned(), copy[name].take());
    }
    copied.insert(
        "seatMap".to_owned(),
        json!({"sections": [{"name": "A", "category": "floor", "capacity": 3}]}),
    );
    let venue = walk.send(ann, "POST /venues", &[], &Value::Object(copied))["id"].clone();
    walk.get(ann, "DELETE /venues/{id}", &[&venue]);
    let body = json!({"name": of(performer), "genre": "rock", "bio": "Nobody."});
    let performer = walk.send(ann, "POST /performers", &[], &body)["id"].clone();
    walk.get(ann, "DELETE /performers/{id}", &[&performer]);
}
