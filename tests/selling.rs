//! Selling over the real process: holds, bookings, payments, keys, deadlines, the short-hand.

mod support;

use std::time::Duration;

use serde_json::json;
use support::{Node, NodeOptions, Sale, eventually, tokens};

#[test]
fn a_hold_is_made_seen_changed_extended_and_released() {
    let node = Node::start();
    let sale = Sale::open(&node, 20, &json!({}));
    let (ann, bob) = (node.customer("ann"), node.customer("bob"));

    let hold = sale.hold(&ann, &[3, 4]).expect(201);
    let path = format!("/holds/{}", hold["id"].as_str().unwrap());
    assert_eq!(hold["eventId"], sale.event.as_str());
    assert_eq!(hold["total"], json!({"amount": 5000, "currency": "EUR"}));
    assert_eq!(hold["expiresInSeconds"], 600);
    assert_eq!(hold["tickets"][0]["id"], sale.tickets[3].as_str());
    assert_eq!(hold["tickets"][0]["status"], "held");
    assert_eq!(hold["tickets"][0]["mine"], true);
    assert_eq!(ann.get(&path).expect(200)["tickets"], hold["tickets"]);
    bob.get(&path).expect_problem(404, "not-found");

    let refused = sale.hold(&bob, &[2, 3]).expect_problem(409, "seat-unavailable");
    assert_eq!(refused["unavailable"], json!([{"ticketId": sale.tickets[3], "status": "held"}]));
    assert_eq!(sale.status(&bob, 2), "available", "a hold is all or nothing");

    let change = json!({"add": sale.ids(&[5]), "remove": sale.ids(&[3])});
    let changed = ann.patch(&path, &change).expect(200);
    assert_eq!(changed["expiresAt"], hold["expiresAt"], "the deadline stays");
    assert_eq!((sale.status(&bob, 3), sale.status(&bob, 5)), ("available".into(), "held".into()));

    let extended = ann.post(&format!("{path}/extend"), &json!({"ttlSeconds": 300})).expect(200);
    assert!(extended["expiresAt"].as_str() < hold["expiresAt"].as_str());

    ann.delete(&path).expect(204);
    assert_eq!(sale.status(&bob, 5), "available");
    ann.get(&path).expect_problem(410, "hold-expired");
    ann.delete(&path).expect_problem(410, "hold-expired");
    bob.get(&path).expect_problem(404, "not-found");
}

#[test]
fn best_available_seats_are_side_by_side_and_sell_out() {
    let node = Node::start();
    let sale = Sale::open(&node, 7, &json!({}));
    let ann = node.customer("ann");
    let best = |quantity| {
        let body = json!({"bestAvailable": {"quantity": quantity}});
        ann.post(&format!("/events/{}/holds", sale.event), &body)
    };
    let seats: Vec<i64> = best(3).expect(201)["tickets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|ticket| ticket["seat"].as_str().unwrap().parse().unwrap())
        .collect();
    assert_eq!(seats, [3, 4, 5], "the middle of the row");
    best(4).expect(201);
    best(1).expect_problem(409, "sold-out");
}

#[test]
fn a_hold_ends_at_its_deadline_and_its_seats_are_free() {
    let node = Node::start();
    let sale = Sale::open(&node, 4, &json!({}));
    let (ann, bob) = (node.customer("ann"), node.customer("bob"));
    let hold = sale.hold_with(&ann, &[0], &json!({"ttlSeconds": 1})).expect(201);
    let path = format!("/holds/{}", hold["id"].as_str().unwrap());
    eventually("the hold ends", Duration::from_secs(10), || (ann.get(&path).status == 410).then_some(()));
    assert_eq!(sale.status(&bob, 0), "available");
    let late = json!({"holdId": hold["id"], "payment": tokens("tok_visa")});
    ann.post("/bookings", &late).expect_problem(410, "hold-expired");
    sale.hold(&bob, &[0]).expect(201);
}

#[test]
fn a_booking_is_paid_seen_and_cancelled() {
    let node = Node::start();
    let sale =
        Sale::open(&node, 8, &json!({"cancellation": {"until": "2099-05-01T00:00:00Z", "feePercent": 10}}));
    let (ann, bob) = (node.customer("ann"), node.customer("bob"));
    let hold = sale.hold(&ann, &[0, 1]).expect(201);

    let declined = json!({"holdId": hold["id"], "payment": tokens("tok_declined")});
    ann.post("/bookings", &declined).expect_problem(402, "payment-declined");
    assert_eq!(sale.status(&bob, 0), "held", "a declined payment leaves the hold as it was");

    let booking =
        ann.post("/bookings", &json!({"holdId": hold["id"], "payment": tokens("tok_visa")})).expect(201);
    let path = format!("/bookings/{}", booking["id"].as_str().unwrap());
    assert_eq!(booking["status"], "booked");
    assert_eq!(booking["payment"]["status"], "captured");
    assert_eq!(booking["total"]["amount"], 5000);
    let codes: Vec<_> = (0..2).map(|at| booking["tickets"][at]["code"].as_str().unwrap()).collect();
    assert_ne!(codes[0], codes[1]);
    assert_eq!(sale.status(&bob, 1), "booked");
    assert_eq!(ann.get(&path).expect(200), booking);
    assert_eq!(ann.get("/bookings").expect(200)["items"], json!([booking]));
    assert_eq!(node.operator().get(&path).expect(200)["id"], booking["id"]);
    bob.get(&path).expect_problem(404, "not-found");
    bob.delete(&path).expect_problem(404, "not-found");

    let one = ann.delete(&format!("{path}/tickets/{}", sale.tickets[0])).expect(200);
    assert_eq!((&one["status"], &one["payment"]["status"]), (&json!("booked"), &json!("partially_refunded")));
    assert_eq!(one["refunded"]["amount"], 2250, "the fee is kept");
    assert_eq!((one["tickets"][0].get("mine"), &one["tickets"][1]["mine"]), (None, &json!(true)));
    assert_eq!(sale.status(&bob, 0), "available");
    let all = ann.delete(&path).expect(200);
    assert_eq!((&all["status"], &all["refunded"]["amount"]), (&json!("cancelled"), &json!(4500)));
    ann.delete(&path).expect_problem(409, "already-cancelled");
    sale.hold(&bob, &[0, 1]).expect(201);
}

#[test]
fn the_same_key_gives_the_same_answer_word_for_word() {
    let node = Node::start();
    let sale = Sale::open(&node, 8, &json!({}));
    let (ann, bob) = (node.customer("ann"), node.customer("bob"));
    let path = format!("/events/{}/holds", sale.event);
    let body = json!({"ticketIds": sale.ids(&[0])});
    let first = ann.post_keyed(&path, "k1", &body);
    first.expect(201);
    assert_eq!(ann.post_keyed(&path, "k1", &body).bytes, first.bytes);
    ann.post_keyed(&path, "k1", &json!({"ticketIds": sale.ids(&[1])}))
        .expect_problem(422, "idempotency-key-reused");
    bob.post_keyed(&path, "k1", &body).expect_problem(409, "seat-unavailable");

    let extend = format!("/holds/{}/extend", first.json()["id"].as_str().unwrap());
    let extended = ann.send("POST", &extend, &[("idempotency-key", "k4")], None);
    extended.expect(200);
    assert_eq!(ann.post_keyed(&extend, "k4", &json!({})).bytes, extended.bytes, "no body is an empty one");

    let booking = json!({"holdId": first.json()["id"], "payment": tokens("tok_visa")});
    let paid = ann.post_keyed("/bookings", "k2", &booking);
    paid.expect(201);
    assert_eq!(ann.post_keyed("/bookings", "k2", &booking).bytes, paid.bytes, "paid once");
    assert_eq!(ann.post_keyed(&path, "k1", &body).bytes, first.bytes, "also when the hold is gone");

    let other = json!({"ticketIds": sale.ids(&[2]), "paymentDetails": tokens("tok_declined")});
    let one_call = format!("/bookings/{}", sale.event);
    ann.post_keyed(&one_call, "k3", &other).expect_problem(402, "payment-declined");
    ann.post_keyed(&one_call, "k3", &other).expect_problem(402, "payment-declined");
    assert_eq!(sale.status(&bob, 2), "available", "a declined one-call booking lets go of its seats");
}

#[test]
fn one_call_and_the_short_hand_do_the_same() {
    let node = Node::start();
    let sale = Sale::open(&node, 8, &json!({}));
    let (ann, bob) = (node.customer("ann"), node.customer("bob"));
    let body = json!({"ticketIds": sale.ids(&[0, 1]), "paymentDetails": tokens("tok_visa")});
    let booked = ann.post(&format!("/bookings/{}", sale.event), &body).expect(201);
    assert_eq!(booked["bookingId"], booked["id"]);
    assert_eq!(booked["status"], "booked");

    let reserved = ann.post("/booking/reserve", &json!({"ticketId": sale.tickets[2]})).expect(201);
    assert_eq!(reserved["ticketId"], sale.tickets[2].as_str());
    ann.get(&format!("/holds/{}", reserved["holdId"].as_str().unwrap())).expect(200);
    let confirm = json!({"ticketId": sale.tickets[2], "payment": tokens("tok_visa")});
    bob.put("/booking/confirm", &confirm).expect_problem(409, "seat-unavailable");
    let free = json!({"ticketId": sale.tickets[3], "payment": tokens("tok_visa")});
    ann.put("/booking/confirm", &free).expect_problem(410, "hold-expired");
    assert_eq!(ann.put("/booking/confirm", &confirm).expect(200)["status"], "booked");

    let event = node.client().get(&format!("/event/{}", sale.event)).expect(200);
    assert_eq!(event["availability"]["booked"], 3);
    let found = node.client().get("/search?term=velvet").expect(200);
    assert_eq!(found["items"][0]["id"], sale.event.as_str());
}

#[test]
fn a_provider_that_never_answers_ends_in_a_cancelled_booking_and_a_free_seat() {
    let env = [("ONSALE_PAYMENTS__TIMEOUT_MS", "1500"), ("ONSALE_PAYMENTS__ANSWER_AFTER_MS", "200")];
    let env = env.map(|(name, value)| (name, value.to_owned())).to_vec();
    let node = Node::start_with(&NodeOptions { env, ..NodeOptions::default() });
    let sale = Sale::open(&node, 4, &json!({}));
    let ann = node.customer("ann");
    let body = json!({"ticketIds": sale.ids(&[0]), "paymentDetails": tokens("tok_timeout")});
    let one_call = format!("/bookings/{}", sale.event);
    let pending = ann.post_keyed(&one_call, "k", &body);
    assert_eq!(pending.expect(202)["status"], "pending");
    assert_eq!(sale.status(&ann, 0), "held");
    let path = format!("/bookings/{}", pending.json()["id"].as_str().unwrap());
    let settled = eventually("the booking settles", Duration::from_secs(20), || {
        let booking = ann.get(&path).expect(200);
        (booking["status"] == "cancelled").then_some(booking)
    });
    assert_eq!(settled["payment"]["status"], "voided");
    assert_eq!(sale.status(&ann, 0), "available");
    assert_eq!(ann.post_keyed(&one_call, "k", &body).bytes, pending.bytes, "word for word");
}

#[test]
fn who_joins_a_slow_payment_is_told_what_the_first_was_told() {
    let env = [("ONSALE_PAYMENTS__TIMEOUT_MS", "3000"), ("ONSALE_PAYMENTS__ANSWER_AFTER_MS", "1500")];
    let env = env.map(|(name, value)| (name, value.to_owned())).to_vec();
    let node = Node::start_with(&NodeOptions { env, ..NodeOptions::default() });
    let sale = Sale::open(&node, 4, &json!({}));
    let ann = node.customer("ann");
    let body = json!({"ticketIds": sale.ids(&[0]), "paymentDetails": tokens("tok_timeout")});
    let pay = || ann.post_keyed(&format!("/bookings/{}", sale.event), "k", &body);
    let [one, other] = std::thread::scope(|scope| {
        [scope.spawn(pay), scope.spawn(pay)].map(|thread| thread.join().expect("an answer"))
    });
    assert_eq!(one.expect(202)["status"], "pending");
    assert_eq!(other.expect(202), one.json(), "though the payment was over when it was answered");
}

#[test]
fn a_limit_and_an_opening_time_are_kept() {
    let node = Node::start();
    let sale = Sale::open(&node, 8, &json!({"limits": {"perCustomer": 2}}));
    let ann = node.customer("ann");
    sale.hold(&ann, &[0]).expect(201);
    let refused = sale.hold(&ann, &[1, 2]).expect_problem(422, "limit-exceeded");
    assert_eq!(refused["limit"], 2);
    let later = Sale::open(&node, 8, &json!({"onsaleAt": "2098-01-01T00:00:00.000Z"}));
    let refused = later.hold(&ann, &[0]).expect_problem(409, "not-on-sale");
    assert_eq!(refused["opensAt"], "2098-01-01T00:00:00.000Z");
}

#[test]
fn the_history_of_a_seat_tells_everything_to_operators_only() {
    let node = Node::start();
    let sale = Sale::open(&node, 4, &json!({}));
    let ann = node.customer("ann");
    let hold = sale.hold(&ann, &[0]).expect(201);
    ann.delete(&format!("/holds/{}", hold["id"].as_str().unwrap())).expect(204);
    sale.hold(&ann, &[1]).expect(201);
    let path = format!("/admin/events/{}/seats/{}/history", sale.event, sale.tickets[0]);
    let admin = node.operator().at(&node.admin());
    let history = admin.get(&path).expect(200);
    let facts: Vec<_> = history["facts"].as_array().unwrap().iter().map(|fact| &fact["fact"]).collect();
    assert_eq!(facts, ["sale-opened", "held", "hold-released"]);
    assert_eq!(history["facts"][1]["holdId"], hold["id"]);
    ann.at(&node.admin()).get(&path).expect_problem(403, "forbidden");
    node.admin().get(&path).expect_problem(401, "unauthenticated");

    let metrics = String::from_utf8(node.admin().get("/metrics").bytes).unwrap();
    for line in [
        "onsale_commands_total{kind=\"hold-exact\",outcome=\"ok\"} 2",
        "onsale_open_holds 1",
        "onsale_seats{status=\"held\"} 1",
        "process_resident_memory_bytes",
    ] {
        assert!(metrics.contains(line), "{line} is not in\n{metrics}");
    }
}
