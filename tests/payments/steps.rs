//! A node that dies at every step of a payment, in a cluster of three with a Stripe of our own: whoever goes on with it,
//! what was taken is booked or given back in the end.

use std::time::Duration;

use serde_json::{Value, json};

use crate::fake_stripe::{FakeStripe, Fault};
use crate::support::{Answer, Client, Cluster, Sale, eventually};
use crate::{SETTLES_WITHIN, balances, by_stripe};

/// What a step is a step of.
#[derive(Clone, Copy)]
enum Story {
    /// A card that is good.
    Paid,
    /// One that is not.
    Declined,
    /// A booking that is cancelled after it was paid.
    Refunded,
    /// One that waits for its payment first.
    PaidLater,
    /// Stripe cannot be reached until the payment's time is over.
    TimedOut,
    /// Stripe waits for the buyer, who acts when the node is dead.
    Acted,
}

/// Starts the cluster anew for each is too dear: one cluster, and one dying node after the other.
const STEPS: [(&str, Story); 22] = [
    ("before-payment-started", Story::Paid),
    ("after-payment-started", Story::Paid),
    ("before-authorize", Story::Paid),
    ("after-authorize", Story::Paid),
    ("before-booked", Story::Paid),
    ("after-booked", Story::Paid),
    ("before-capture", Story::Paid),
    ("after-capture", Story::Paid),
    ("before-payment-captured", Story::Paid),
    ("after-payment-captured", Story::Paid),
    ("after-authorize", Story::Declined),
    ("after-payment-attempted", Story::PaidLater),
    ("before-tickets-cancelled", Story::Refunded),
    ("before-refund", Story::Refunded),
    ("after-refund", Story::Refunded),
    ("after-refund-paid", Story::Refunded),
    ("after-payment-timed-out", Story::TimedOut),
    ("before-void", Story::TimedOut),
    ("after-void", Story::TimedOut),
    ("before-payment-voided", Story::TimedOut),
    ("after-action-required", Story::Acted),
    ("after-settled", Story::Acted),
];

/// More than a payment asks for in its time.
const UNREACHABLE: usize = 60;

#[test]
fn a_node_that_dies_at_any_step_leaves_no_money_without_a_booking() {
    let stripe = FakeStripe::start();
    let marks = tempfile::tempdir().expect("a temporary directory");
    let mark = marks.path().join("point");
    let mut env = stripe.env();
    env.push(("ONSALE_FAILPOINT", mark.display().to_string()));
    // Who waits for what cannot come yet is soon told so.
    env.push(("ONSALE_PAYMENTS__ANSWER_AFTER_MS", "1000".to_owned()));
    let env: Vec<(&'static str, &str)> = env.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut cluster = Cluster::with(3, &env);
    let sale = cluster.sale(60, &json!({}));
    let (ann, rival) = (cluster.client(1).sign_up("ann"), cluster.client(1).sign_up("rival"));
    for (at, (step, story)) in STEPS.into_iter().enumerate() {
        // Given back while a story is told, the event would have another owner than the one that is to die.
        let owner = cluster.owner_at_home();
        let asked = cluster.other_than(owner);
        std::fs::write(&mark, step).expect("a file");
        if matches!(story, Story::TimedOut) {
            (0..UNREACHABLE).for_each(|_| stripe.fail_next("POST /v1/payment_intents", Fault::DropBefore));
        }
        let told = play(&ann.at(&cluster.client(asked)), &sale, (at, story));
        if let Story::Acted = story {
            let intent = stripe.intent_of(told["payment"]["id"].as_str().expect("a payment"));
            stripe.act(&intent.expect("it was asked for"), true);
        }
        if let Story::TimedOut = story {
            // Were its seat free when Stripe can be reached again, it would get it back instead of letting go of the money.
            // Under a key: an owner that has just died may have done it and not said so.
            let (rival, seat) = (rival.at(&cluster.client(asked)), json!({"ticketIds": sale.ids(&[at])}));
            let path = format!("/events/{}/holds", sale.event);
            let held = |answer: &Answer| answer.status == 201;
            until(held, &rival, ("POST", &path), &format!("{at}-rival"), &seat);
            stripe.mend();
        }
        eventually("a node has died", SETTLES_WITHIN, || (!mark.exists()).then_some(()));
        // It is dead already, or about to be.
        cluster.kill(owner);
        balances(&stripe, &cluster.operator(asked), &sale.event);
        println!("{step}: {:?}", stripe.sums());
        cluster.start(owner);
        cluster.settle();
    }
}

/// Goes through a story as a client that tries again with its key; the last that it was told.
fn play(ann: &Client, sale: &Sale, (at, story): (usize, Story)) -> Value {
    let key = |step: &str| format!("{at}-{step}");
    let token = match story {
        Story::Declined => "pm_card_declined",
        Story::Acted => "pm_card_3ds",
        _ => "pm_card_visa",
    };
    match story {
        Story::Paid | Story::Declined | Story::TimedOut | Story::Acted => {
            let body = json!({"ticketIds": sale.ids(&[at]), "paymentDetails": by_stripe(token)});
            // What waits for Stripe, which cannot be reached, has no other answer for as long as it does.
            let or_under_way = matches!(story, Story::TimedOut);
            let enough = |answer: &Answer| {
                is_final(answer) || or_under_way && answer.json()["code"] == "idempotency-in-flight"
            };
            until(enough, ann, ("POST", &format!("/bookings/{}", sale.event)), &key("book"), &body)
        }
        Story::PaidLater => {
            let held = again(
                ann,
                "POST",
                &format!("/events/{}/holds", sale.event),
                &key("hold"),
                &json!({"ticketIds": sale.ids(&[at])}),
            );
            let booking = again(ann, "POST", "/bookings", &key("reserve"), &json!({"holdId": held["id"]}));
            let body = json!({"bookingId": booking["id"], "payment": by_stripe(token)});
            again(ann, "POST", "/payments", &key("pay"), &body)
        }
        Story::Refunded => {
            let body = json!({"ticketIds": sale.ids(&[at]), "paymentDetails": by_stripe(token)});
            let booked = again(ann, "POST", &format!("/bookings/{}", sale.event), &key("book"), &body);
            let path = format!("/bookings/{}", booked["id"].as_str().expect("an id"));
            again(ann, "DELETE", &path, &key("cancel"), &Value::Null)
        }
    }
}

/// A request that is sent until it has an answer that is one.
fn again(ann: &Client, method: &str, path: &str, key: &str, body: &Value) -> Value {
    until(is_final, ann, (method, path), key, body)
}

fn is_final(answer: &Answer) -> bool {
    answer.status < 500 && answer.status != 409
}

/// A request that is sent until its answer is `enough`.
fn until(
    enough: impl Fn(&Answer) -> bool,
    ann: &Client,
    (method, path): (&str, &str),
    key: &str,
    body: &Value,
) -> Value {
    let body = if body.is_null() { None } else { Some(body.to_string()) };
    eventually("there is an answer", SETTLES_WITHIN, || {
        let headers = [("idempotency-key", key), ("content-type", "application/json")];
        let headers = if body.is_some() { &headers[..] } else { &headers[..1] };
        let answer = ann.try_send(method, path, headers, body.as_deref().map(str::as_bytes)).ok()?;
        if enough(&answer) {
            return Some(answer.json());
        }
        std::thread::sleep(Duration::from_millis(100));
        None
    })
}
