//! Every call: paid later, several holds at once, what the test provider may do, and who sees what.

use std::time::Duration;

use serde_json::{Value, json};

use crate::id;
use crate::support::{Answer, Client, Cluster, Node, NodeOptions, Sale, eventually, tokens};

/// A booking of these holds that is paid later.
fn reserve(buyer: &Client, holds: &[&Value]) -> Answer {
    let body = match holds {
        [only] => json!({"holdId": only["id"]}),
        several => json!({"holdIds": several.iter().map(|hold| id(hold)).collect::<Vec<_>>()}),
    };
    buyer.post("/bookings", &body)
}

fn pay(buyer: &Client, booking: &Value, token: &str) -> Answer {
    buyer.post("/payments", &json!({"bookingId": booking["id"], "payment": tokens(token)}))
}

#[test]
fn a_booking_is_made_first_and_paid_later() {
    let node = Node::start();
    let sale = Sale::open(&node, 12, &json!({}));
    let (ann, bob) = (node.customer("ann"), node.customer("bob"));
    let hold = sale.hold(&ann, &[0, 1]).expect(201);
    let booking = reserve(&ann, &[&hold]).expect(201);
    assert_eq!((&booking["status"], &booking["payment"]["status"]), (&json!("pending"), &json!("pending")));
    assert_eq!(booking["payBy"], hold["expiresAt"]);
    assert_eq!(sale.status(&bob, 0), "held");
    ann.delete(&format!("/holds/{}", id(&hold))).expect_problem(409, "already-paid");
    reserve(&ann, &[&hold]).expect_problem(409, "already-paid");

    pay(&ann, &booking, "tok_declined").expect_problem(402, "payment-declined");
    let path = format!("/bookings/{}", id(&booking));
    let waits = ann.get(&path).expect(200);
    assert_eq!((&waits["status"], &waits["payBy"]), (&json!("pending"), &hold["expiresAt"]));
    pay(&bob, &booking, "tok_visa").expect_problem(404, "not-found");
    pay(&node.operator(), &booking, "tok_visa").expect_problem(403, "forbidden");

    let payment = pay(&ann, &booking, "tok_visa").expect(201);
    assert_eq!(payment["status"], "captured");
    assert_eq!((&payment["bookingId"], &payment["provider"]), (&booking["id"], &json!("test")));
    assert_eq!(payment["amount"], json!({"amount": 5000, "currency": "EUR"}));
    assert!(payment["createdAt"].is_string());
    pay(&ann, &booking, "tok_visa").expect_problem(409, "already-paid");
    assert_eq!(ann.get(&path).expect(200)["status"], "booked");
    assert_eq!(sale.status(&bob, 1), "booked");
    for path in [
        format!("/payments/{}", id(&payment)),
        format!("/payments/booking/{}", id(&booking)),
        format!("/bookings/{}/payment", id(&booking)),
    ] {
        assert_eq!(ann.get(&path).expect(200), payment, "{path}");
        assert_eq!(node.operator().get(&path).expect(200)["id"], payment["id"]);
        bob.get(&path).expect_problem(404, "not-found");
        node.client().get(&path).expect_problem(401, "unauthenticated");
    }

    let path = format!("/payments/{}", id(&payment));
    let noted = ann.put(&path, &json!({"metadata": {"order": "7"}})).expect(200);
    assert_eq!((&noted["metadata"], &noted["status"]), (&json!({"order": "7"}), &json!("captured")));
    bob.put(&path, &json!({"metadata": {}})).expect_problem(404, "not-found");
    ann.put(&path, &json!({"metadata": {"": "x"}})).expect_problem(422, "validation-failed");
    bob.delete(&path).expect_problem(404, "not-found");
    let refunded = ann.delete(&path).expect(200);
    assert_eq!((&refunded["status"], &refunded["refunded"]["amount"]), (&json!("refunded"), &json!(5000)));
    assert_eq!(ann.get(&format!("/bookings/{}", id(&booking))).expect(200)["status"], "cancelled");
    assert_eq!(sale.status(&bob, 0), "available");
    ann.delete(&path).expect_problem(409, "already-cancelled");
    pay(&ann, &booking, "tok_visa").expect_problem(409, "already-cancelled");
}

#[test]
fn who_the_tickets_are_for_is_checked_and_sealed() {
    let node = Node::start();
    let sale = Sale::open(&node, 2, &json!({}));
    let (ann, bob) = (node.customer("ann"), node.customer("bob"));
    let booking = reserve(&ann, &[&sale.hold(&ann, &[0]).expect(201)]).expect(201);
    let path = format!("/bookings/{}", id(&booking));
    let contact = json!({"contact": {"name": "Carol Sealed", "email": "carol@example.org"}});
    assert_eq!(ann.put(&path, &contact).expect(200)["contact"], contact["contact"]);
    assert_eq!(node.operator().get(&path).expect(200)["contact"], contact["contact"]);
    bob.put(&path, &contact).expect_problem(404, "not-found");
    node.client().put(&path, &contact).expect_problem(401, "unauthenticated");
    let odd = ann.put(&path, &json!({"contact": {"name": "", "email": "carol"}}));
    let odd = odd.expect_problem(422, "validation-failed");
    let pointers: Vec<_> = odd["errors"].as_array().unwrap().iter().map(|error| &error["pointer"]).collect();
    assert_eq!(pointers, ["/contact/name", "/contact/email"]);
    ann.put(&path, &json!({"contact": {"name": "x"}})).expect_problem(422, "validation-failed");
    let dir = node.kill().expect("its data is its own");
    let grep = std::process::Command::new("grep").args(["-raq", "Carol Sealed"]).arg(dir.path()).status();
    assert_eq!(grep.expect("there is grep").code(), Some(1), "it is nowhere on the disk in the clear");
}

#[test]
fn a_booking_that_nobody_pays_lapses_with_its_hold_or_is_given_up() {
    let node = Node::start();
    let sale = Sale::open(&node, 12, &json!({}));
    let ann = node.customer("ann");
    let hold = sale.hold_with(&ann, &[0], &json!({"ttlSeconds": 1})).expect(201);
    let booking = reserve(&ann, &[&hold]).expect(201);
    let path = format!("/bookings/{}", id(&booking));
    let lapsed = eventually("the booking lapses", Duration::from_secs(10), || {
        let booking = ann.get(&path).expect(200);
        (booking["status"] == "cancelled").then_some(booking)
    });
    assert_eq!(lapsed["payment"]["status"], "voided");
    assert_eq!(sale.status(&ann, 0), "available");
    pay(&ann, &booking, "tok_visa").expect_problem(410, "hold-expired");

    let hold = sale.hold(&ann, &[1]).expect(201);
    let booking = reserve(&ann, &[&hold]).expect(201);
    let given_up = ann.delete(&format!("/bookings/{}", id(&booking))).expect(200);
    assert_eq!(given_up["status"], "cancelled");
    assert_eq!(sale.status(&ann, 1), "available");
}

#[test]
fn several_holds_are_one_booking_or_none() {
    let node = Node::start();
    let sale = Sale::open(&node, 12, &json!({}));
    let (ann, bob) = (node.customer("ann"), node.customer("bob"));
    let holds: Vec<Value> = (0..3).map(|seat| sale.hold(&ann, &[seat]).expect(201)).collect();
    let others = sale.hold(&bob, &[5]).expect(201);
    let ids = |holds: &[&Value]| holds.iter().map(|hold| id(hold).to_owned()).collect::<Vec<_>>();
    let book = |holds: &[&Value], token: &str| {
        ann.post("/bookings", &json!({"holdIds": ids(holds), "payment": tokens(token)}))
    };
    book(&[&holds[0], &others], "tok_visa").expect_problem(404, "not-found");
    book(&[&holds[0], &holds[0]], "tok_visa").expect_problem(422, "validation-failed");
    book(&[], "tok_visa").expect_problem(422, "validation-failed");
    let both = json!({"holdId": holds[0]["id"], "holdIds": ids(&[&holds[1]]), "payment": tokens("tok_visa")});
    ann.post("/bookings", &both).expect_problem(422, "validation-failed");
    let all: Vec<&Value> = holds.iter().collect();
    book(&all, "tok_declined").expect_problem(402, "payment-declined");
    for hold in &holds {
        ann.get(&format!("/holds/{}", id(hold))).expect(200);
    }
    let booking = book(&all, "tok_visa").expect(201);
    assert_eq!(booking["tickets"].as_array().unwrap().len(), 3);
    assert_eq!(booking["total"]["amount"], 7500);
    ann.get(&format!("/holds/{}", id(&holds[1]))).expect_problem(410, "hold-expired");

    let later = [sale.hold(&ann, &[7]).expect(201), sale.hold(&ann, &[8]).expect(201)];
    let waits = reserve(&ann, &[&later[0], &later[1]]).expect(201);
    assert_eq!(pay(&ann, &waits, "tok_visa").expect(201)["amount"]["amount"], 5000);
}

#[test]
fn a_buyer_who_has_to_act_is_told_so_and_the_booking_follows() {
    let node = Node::start();
    let sale = Sale::open(&node, 12, &json!({}));
    let ann = node.customer("ann");
    for (seat, token, status, payment) in
        [(0, "tok_action", "booked", "captured"), (1, "tok_action_declined", "cancelled", "declined")]
    {
        let hold = sale.hold(&ann, &[seat]).expect(201);
        let asked = json!({"holdId": hold["id"], "payment": tokens(token)});
        let pending = ann.post("/bookings", &asked).expect(202);
        assert_eq!((&pending["status"], &pending["payBy"]), (&json!("pending"), &hold["expiresAt"]));
        let action = &pending["payment"];
        assert_eq!(
            (&action["status"], &action["nextAction"]["type"]),
            (&json!("requires_action"), &json!("redirect_to_url"))
        );
        let path = format!("/bookings/{}", id(&pending));
        assert!(
            node.operator().get(&path).expect(200)["payment"]["nextAction"].is_null(),
            "the buyer's alone"
        );
        let settled = eventually("it settles", Duration::from_secs(20), || {
            let booking = ann.get(&path).expect(200);
            // It is booked a moment before the money is taken.
            let is_open = booking["status"] == "pending" || booking["payment"]["status"] == "authorized";
            (!is_open).then_some(booking)
        });
        assert_eq!((&settled["status"], &settled["payment"]["status"]), (&json!(status), &json!(payment)));
    }
    let twice = sale.hold(&ann, &[2]).expect(201);
    let twice = json!({"holdId": twice["id"], "payment": tokens("tok_duplicate")});
    assert_eq!(ann.post("/bookings", &twice).expect(201)["payment"]["status"], "captured");
}

#[test]
fn money_that_is_late_gets_the_same_seats_or_is_let_go_of() {
    let env = [("ONSALE_PAYMENTS__TIMEOUT_MS", "1500"), ("ONSALE_PAYMENTS__ANSWER_AFTER_MS", "100")];
    let env = env.map(|(name, value)| (name, value.to_owned())).to_vec();
    let node = Node::start_with(&NodeOptions { env, ..NodeOptions::default() });
    let sale = Sale::open(&node, 12, &json!({"limits": {"perCustomer": 2}}));
    let ann = node.customer("ann");
    let one_call = |seat: usize| {
        let body = json!({"ticketIds": sale.ids(&[seat]), "paymentDetails": tokens("tok_late")});
        ann.post(&format!("/bookings/{}", sale.event), &body).expect(202)
    };
    let settled = |booking: &Value| {
        let path = format!("/bookings/{}", id(booking));
        eventually("the booking settles", Duration::from_secs(20), || {
            let booking = ann.get(&path).expect(200);
            (booking["status"] != "pending").then_some(booking)
        })
    };
    let free = settled(&one_call(0));
    assert_eq!((&free["status"], &free["payment"]["status"]), (&json!("booked"), &json!("captured")));
    assert_eq!(sale.status(&ann, 0), "booked");
}

#[test]
fn lists_show_what_the_caller_may_see() {
    let node = Node::start();
    let sale = Sale::open(&node, 12, &json!({}));
    let (ann, bob) = (node.customer("ann"), node.customer("bob"));
    let book = |buyer: &Client, seat: usize, token: &str| {
        let body = json!({"ticketIds": sale.ids(&[seat]), "paymentDetails": tokens(token)});
        buyer.post(&format!("/bookings/{}", sale.event), &body)
    };
    let first = book(&ann, 0, "tok_visa").expect(201);
    let second = book(&bob, 1, "tok_visa").expect(201);
    book(&bob, 2, "tok_declined").expect_problem(402, "payment-declined");
    let operator = node.operator();
    let ids = |list: &Value| -> Vec<String> {
        list["items"].as_array().expect("items").iter().map(|item| id(item).to_owned()).collect()
    };
    let newest_first = [id(&second).to_owned(), id(&first).to_owned()];
    for path in [format!("/events/{}/bookings", sale.event), format!("/bookings/event/{}", sale.event)] {
        let list = operator.get(&path).expect(200);
        assert_eq!((ids(&list), &list["total"]), (newest_first.to_vec(), &json!(2)), "{path}");
        let page = operator.get(&format!("{path}?pageSize=1"));
        let next = format!("<{path}?page=2&pageSize=1>; rel=\"next\"");
        assert_eq!(page.header("link"), Some(next.as_str()));
        assert_eq!(ids(&page.json()), newest_first[..1]);
    }
    ann.get(&format!("/events/{}/bookings", sale.event)).expect_problem(403, "forbidden");
    ann.get(&format!("/events/{}/payments", sale.event)).expect_problem(403, "forbidden");
    assert_eq!(ids(&ann.get(&format!("/bookings/event/{}", sale.event)).expect(200)), [id(&first)]);
    let payments = operator.get(&format!("/events/{}/payments", sale.event)).expect(200);
    let statuses: Vec<_> = payments["items"].as_array().unwrap().iter().map(|item| &item["status"]).collect();
    assert_eq!(statuses, ["declined", "captured", "captured"]);

    let bobs = format!("/bookings/user/{}", second["userId"].as_str().unwrap());
    assert_eq!(ids(&bob.get(&bobs).expect(200)), [id(&second)]);
    assert_eq!(ids(&operator.get(&bobs).expect(200)), [id(&second)]);
    ann.get(&bobs).expect_problem(403, "forbidden");
}

#[test]
fn every_call_of_payments_works_at_every_node() {
    let mut cluster = Cluster::of(3);
    cluster.join_gateway(9);
    let sale = cluster.sale(20, &json!({}));
    let ann = cluster.client(1).sign_up("ann");
    for (at, number) in [1, 2, 3, 9].into_iter().enumerate() {
        let there = ann.at(&cluster.client(number));
        let hold = sale.hold(&there, &[at]).expect(201);
        let booking = reserve(&there, &[&hold]).expect(201);
        let payment = pay(&there, &booking, "tok_visa").expect(201);
        for other in [1, 2, 3, 9] {
            let other = ann.at(&cluster.client(other));
            let path = format!("/payments/{}", id(&payment));
            let seen = eventually("it is seen", Duration::from_secs(5), || {
                Some(other.get(&path)).filter(|seen| seen.status == 200).map(|seen| seen.json())
            });
            assert_eq!(seen["id"], payment["id"]);
        }
        let path = format!("/payments/{}", id(&payment));
        assert_eq!(there.get(&path).expect(200), payment, "reading your writes");
        assert_eq!(there.put(&path, &json!({"metadata": {"a": "b"}})).expect(200)["metadata"]["a"], "b");
        let booked = format!("/bookings/{}", id(&booking));
        let contact = json!({"name": "Carol", "email": format!("carol-{number}@example.org")});
        let named = there.put(&booked, &json!({"contact": contact})).expect(200);
        assert_eq!((&named["contact"], &named["id"]), (&contact, &booking["id"]));
        assert_eq!(there.get(&booked).expect(200)["contact"], contact, "reading your writes");
        let operator = cluster.operator(number);
        for path in [format!("/events/{}/payments", sale.event), format!("/bookings/event/{}", sale.event)] {
            assert!(operator.get(&path).expect(200)["total"].as_u64() > Some(at as u64), "{path}");
        }
        assert_eq!(there.delete(&path).expect(200)["status"], "refunded");
    }
}
