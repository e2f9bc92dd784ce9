//! The node and a Stripe of our own: what is asked, what is told unasked, and what goes wrong between the two.

use serde_json::{Value, json};

use crate::fake_stripe::{self, FakeStripe, Fault, WEBHOOK_SECRET, now_seconds, send, sign};
use crate::support::{Answer, Client, Node, NodeOptions, Sale, eventually, tokens};
use crate::{SETTLES_WITHIN, balances, by_stripe, id, settled};

fn node_with(stripe: &FakeStripe, more: &[(&'static str, &str)]) -> Node {
    let mut env = stripe.env();
    env.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
    Node::start_with(&NodeOptions { env, ..NodeOptions::default() })
}

/// A Stripe, a node that pays by it, a sale of ten seats there, and a buyer.
struct Stand {
    stripe: FakeStripe,
    node: Node,
    sale: Sale,
    ann: Client,
}

impl Stand {
    fn new() -> Self {
        Self::with(&[])
    }

    fn with(more: &[(&'static str, &str)]) -> Self {
        let stripe = FakeStripe::start();
        let node = node_with(&stripe, more);
        let sale = Sale::open(&node, 10, &json!({}));
        let ann = node.customer("ann");
        Self { stripe, node, sale, ann }
    }

    /// A booking of the first seat that waits for its buyer's bank, and Stripe's name of the attempt.
    fn asked_to_act(&self) -> (Value, String) {
        let pending = book(&self.ann, &self.sale, &[0], "pm_card_3ds").expect(202);
        let intent = self.stripe.intent_of(id(&pending["payment"])).expect("it was asked for");
        (pending, intent)
    }
}

fn book(buyer: &Client, sale: &Sale, seats: &[usize], token: &str) -> Answer {
    let body = json!({"ticketIds": sale.ids(seats), "paymentDetails": by_stripe(token)});
    buyer.post(&format!("/bookings/{}", sale.event), &body)
}

#[test]
fn a_card_is_charged_declined_and_refunded() {
    let Stand { stripe, node, sale, ann } = &Stand::new();
    let booked = book(ann, sale, &[0, 1], "pm_card_visa").expect(201);
    assert_eq!(booked["payment"]["status"], "captured");
    assert_eq!((stripe.sums().captured, stripe.sums().refunded), (5_000, 0));
    for token in ["pm_card_declined", "pm_missing"] {
        book(ann, sale, &[2], token).expect_problem(402, "payment-declined");
        assert_eq!(sale.status(ann, 2), "available");
    }
    let unknown =
        json!({"ticketIds": sale.ids(&[2]), "paymentDetails": {"provider": "paypal", "token": "x"}});
    ann.post(&format!("/bookings/{}", sale.event), &unknown).expect_problem(422, "validation-failed");

    let path = format!("/bookings/{}/tickets/{}", id(&booked), sale.tickets[0]);
    assert_eq!(ann.delete(&path).expect(200)["payment"]["status"], "partially_refunded");
    assert_eq!(
        ann.delete(&format!("/bookings/{}", id(&booked))).expect(200)["payment"]["status"],
        "refunded"
    );
    assert_eq!((stripe.sums().captured, stripe.sums().refunded), (5_000, 5_000));
    balances(stripe, &node.operator(), &sale.event);
    assert!(!node.log().contains(fake_stripe::KEY), "the key is in the log");
    assert!(!node.log().contains(WEBHOOK_SECRET), "the secret is in the log");
}

#[test]
fn a_buyer_acts_at_the_bank_and_the_booking_follows() {
    let Stand { stripe, node, sale, ann } = &Stand::new();
    for (seat, well, status) in [(0, true, "booked"), (1, false, "cancelled")] {
        let pending = book(ann, sale, &[seat], "pm_card_3ds").expect(202);
        let payment = &pending["payment"];
        assert_eq!(payment["status"], "requires_action");
        assert_eq!(payment["nextAction"]["url"], "https://bank.example/3ds");
        assert!(
            payment["nextAction"]["clientSecret"].as_str().is_some_and(|secret| secret.starts_with("pi_"))
        );
        let intent = stripe.intent_of(id(payment)).expect("it was asked for");
        stripe.act(&intent, well);
        assert_eq!(settled(ann, id(&pending))["status"], status);
    }
    balances(stripe, &node.operator(), &sale.event);
}

/// Faults that a request may meet, and where.
#[test]
fn whatever_goes_wrong_on_the_way_money_moves_once() {
    let stripe = FakeStripe::start();
    let node = node_with(&stripe, &[]);
    let sale = Sale::open(&node, 40, &json!({}));
    let ann = node.customer("ann");
    let faults = [Fault::DropBefore, Fault::DropAfter, Fault::Fails];
    let mut booked = Vec::new();
    for (at, fault) in faults.into_iter().enumerate() {
        stripe.fail_next("POST /v1/payment_intents", fault);
        stripe.fail_next("capture", fault);
        booked.push(book(&ann, &sale, &[at], "pm_card_visa").expect(201));
        assert_eq!(stripe.sums().captured, 2_500 * (at as i64 + 1), "{fault:?}");
        stripe.fail_next("POST /v1/payment_intents", fault);
        book(&ann, &sale, &[30], "pm_card_declined").expect_problem(402, "payment-declined");
    }
    for (at, fault) in faults.into_iter().enumerate() {
        stripe.fail_next("POST /v1/refunds", fault);
        stripe.fail_next("GET /v1/refunds", fault);
        let cancelled = ann.delete(&format!("/bookings/{}", id(&booked[at]))).expect(200);
        let cancelled = settled(&ann, id(&cancelled));
        assert_eq!(cancelled["payment"]["status"], "refunded", "{fault:?}");
        assert_eq!(stripe.sums().refunded, 2_500 * (at as i64 + 1), "{fault:?}");
    }
    assert_eq!(stripe.faults_left(), 0);
    balances(&stripe, &node.operator(), &sale.event);
}

#[test]
fn an_answer_that_never_comes_is_found_out_and_gets_its_seats_or_lets_the_money_go() {
    let stripe = FakeStripe::start();
    let late = [("ONSALE_PAYMENTS__TIMEOUT_MS", "1500"), ("ONSALE_PAYMENTS__ANSWER_AFTER_MS", "100")];
    let node = node_with(&stripe, &late);
    let sale = Sale::open(&node, 10, &json!({}));
    let (ann, bob) = (node.customer("ann"), node.customer("bob"));
    let post = "POST /v1/payment_intents";
    stripe.fail_next(post, Fault::Hangs);
    let found = book(&ann, &sale, &[0], "pm_card_visa").expect(202);
    let found = settled(&ann, id(&found));
    assert_eq!((&found["status"], &found["payment"]["status"]), (&json!("booked"), &json!("captured")));

    // Another buyer has the seat by the time that Stripe can be asked again.
    stripe.fail_next(post, Fault::Hangs);
    let many = 40;
    (0..many).for_each(|_| stripe.fail_next("search", Fault::Fails));
    (0..many).for_each(|_| stripe.fail_next(post, Fault::DropBefore));
    let lost = book(&ann, &sale, &[1], "pm_card_visa").expect(202);
    eventually("the seat is free", SETTLES_WITHIN, || (sale.status(&bob, 1) == "available").then_some(()));
    sale.hold(&bob, &[1]).expect(201);
    stripe.mend();
    let lost = settled(&ann, id(&lost));
    assert_eq!((&lost["status"], &lost["payment"]["status"]), (&json!("cancelled"), &json!("voided")));

    // Nothing ever arrived: the key is used up, so that it cannot any more.
    (0..many).for_each(|_| stripe.fail_next(post, Fault::DropBefore));
    let never = book(&ann, &sale, &[2], "pm_card_visa").expect(202);
    eventually("the seat is free", SETTLES_WITHIN, || (sale.status(&bob, 2) == "available").then_some(()));
    // The last attempt may be on its way still; were the seat free, what it sets aside would get it.
    sale.hold(&bob, &[2]).expect(201);
    stripe.mend();
    let never = settled(&ann, id(&never));
    assert_eq!((&never["status"], &never["payment"]["status"]), (&json!("cancelled"), &json!("voided")));
    balances(&stripe, &node.operator(), &sale.event);
}

#[test]
fn money_is_let_go_of_even_where_stripe_repeats_its_fault_under_a_key() {
    let stand = Stand::new();
    let Stand { stripe, node, sale, ann } = &stand;
    let (pending, intent) = stand.asked_to_act();
    stripe.fail_next("cancel", Fault::FailsForGood);
    stripe.act(&intent, false);
    assert_eq!(settled(ann, id(&pending))["status"], "cancelled");
    assert_eq!((stripe.faults_left(), stripe.status_of(&intent)), (0, "canceled".to_owned()));
    balances(stripe, &node.operator(), &sale.event);
}

#[test]
fn webhooks_are_verified_heard_once_and_may_come_in_any_order() {
    let Stand { stripe, node, sale, ann } = &Stand::new();
    let nobody = node.client();
    let pending = book(ann, sale, &[0], "pm_card_3ds").expect(202);
    let payment = id(&pending["payment"]).to_owned();
    let intent = stripe.intent_of(&payment).expect("it was asked for");
    stripe.act(&intent, true);
    settled(ann, id(&pending));
    let told: Vec<Value> = stripe.messages();
    for message in told.iter().rev().chain(&told) {
        assert_eq!(send(&nobody, message, now_seconds()).status, 200, "{message}");
    }
    let booked = settled(ann, id(&pending));
    assert_eq!((&booked["status"], &booked["payment"]["status"]), (&json!("booked"), &json!("captured")));

    stripe.dispute(&intent, "needs_response");
    stripe.dispute(&intent, "lost");
    assert!(stripe.deliver(&nobody).iter().all(|status| *status == 200));
    let disputes = ann.get(&format!("/payments/{payment}")).expect(200)["disputes"].clone();
    assert_eq!(disputes.as_array().map(Vec::len), Some(1));
    assert_eq!(
        (&disputes[0]["amount"]["amount"], &disputes[0]["reason"]),
        (&json!(2500), &json!("fraudulent"))
    );

    let message = &told[0];
    send(&nobody, message, now_seconds() - 400).expect_problem(400, "malformed-request");
    let body = message.to_string();
    for signature in [sign(&body, now_seconds(), "another secret"), String::new(), "t=1,v1=00".to_owned()] {
        let headers = [("stripe-signature", signature.as_str())];
        let refused = nobody.send("POST", "/webhooks/stripe", &headers, Some(body.as_bytes()));
        refused.expect_problem(400, "malformed-request");
    }
    nobody.post("/webhooks/stripe", message).expect_problem(400, "malformed-request");
    let plain = Node::start();
    send(&plain.client(), message, now_seconds()).expect_problem(404, "not-found");
}

#[test]
fn a_webhook_about_another_amount_books_nothing() {
    let stand = Stand::new();
    let Stand { stripe, node, sale, ann } = &stand;
    let (pending, intent) = stand.asked_to_act();
    let object = |amount: i64, currency: &str| {
        json!({"id": intent, "status": "requires_capture", "amount": amount, "currency": currency,
            "metadata": {"onsale_payment": pending["payment"]["id"], "onsale_attempt": "0"}})
    };
    let message = |id: &str, object: Value| json!({"id": id, "type": "payment_intent.amount_capturable_updated", "data": {"object": object}});
    for (at, wrong) in [object(2_499, "eur"), object(2_500, "usd")].into_iter().enumerate() {
        let told = send(&node.client(), &message(&format!("evt_{at}"), wrong), now_seconds()).expect(200);
        assert_eq!(told["heard"], false);
        assert_eq!(ann.get(&format!("/bookings/{}", id(&pending))).expect(200)["status"], "pending");
    }
    let told = send(&node.client(), &message("evt_right", object(2_500, "eur")), now_seconds()).expect(200);
    assert_eq!(told["heard"], true);
    // It said so before the buyer had acted; the money is not there, and nobody gets a ticket for it.
    let never = book(ann, sale, &[1], "pm_card_visa").expect(201);
    assert_eq!(never["payment"]["status"], "captured");
    stripe.act(&intent, true);
    assert_eq!(settled(ann, id(&pending))["status"], "booked");
    balances(stripe, &node.operator(), &sale.event);
}

#[test]
fn money_that_is_cancelled_at_stripe_ends_the_booking() {
    let stand = Stand::new();
    let Stand { stripe, node, sale, ann } = &stand;
    let (pending, intent) = stand.asked_to_act();
    stripe.meddle(&intent, "canceled");
    let gone = settled(ann, id(&pending));
    assert_eq!((&gone["status"], &gone["payment"]["status"]), (&json!("cancelled"), &json!("declined")));
    assert_eq!(sale.status(ann, 0), "available");
    balances(stripe, &node.operator(), &sale.event);
}

#[test]
fn a_node_without_an_account_takes_no_such_payment() {
    let node = Node::start();
    let sale = Sale::open(&node, 4, &json!({}));
    let ann = node.customer("ann");
    book(&ann, &sale, &[0], "pm_card_visa").expect_problem(422, "validation-failed");
    let env = vec![("ONSALE_PAYMENTS__TEST_PROVIDER", "off".to_owned())];
    let off = Node::start_with(&NodeOptions { env, ..NodeOptions::default() });
    let sale = Sale::open(&off, 4, &json!({}));
    let ann = off.customer("ann");
    let body = json!({"ticketIds": sale.ids(&[0]), "paymentDetails": tokens("tok_visa")});
    ann.post(&format!("/bookings/{}", sale.event), &body).expect_problem(422, "validation-failed");
}
