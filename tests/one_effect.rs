//! One Idempotency-Key, five hundred requests at once over all nodes and a gateway: one effect, and one answer, word for
//! word.

mod support;

use std::collections::BTreeSet;
use std::sync::Barrier;

use serde_json::{Value, json};
use support::{Answer, Client, Cluster, Sale, tokens};

const REQUESTS: usize = 500;
const GATEWAY: u32 = 4;
/// A request needs little; five hundred threads of the usual size need much.
const STACK_BYTES: usize = 256 << 10;

/// The same request through every target in turn, all at once.
fn all_at_once(targets: &[Client], path: &str, key: &str, body: &Value) -> Vec<Answer> {
    let barrier = Barrier::new(REQUESTS);
    std::thread::scope(|scope| {
        let ask = |at: usize| {
            let (target, barrier) = (&targets[at % targets.len()], &barrier);
            let asking = move || {
                barrier.wait();
                target.post_keyed(path, key, body)
            };
            std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, asking).expect("a thread")
        };
        let asking: Vec<_> = (0..REQUESTS).map(ask).collect();
        asking.into_iter().map(|asking| asking.join().expect("an answer")).collect()
    })
}

#[track_caller]
fn one_answer(answers: &[Answer]) -> Value {
    let different: BTreeSet<(u16, &[u8])> =
        answers.iter().map(|answer| (answer.status, answer.bytes.as_slice())).collect();
    assert_eq!(different.len(), 1, "not one answer, but {}", different.len());
    answers[0].expect(201)
}

#[test]
fn five_hundred_requests_with_one_key_have_one_effect() {
    let mut cluster = Cluster::of(3);
    cluster.join_gateway(GATEWAY);
    let sale = cluster.sale(600, &json!({}));
    let ann = cluster.client(1).sign_up("ann");
    let targets: Vec<Client> = [1, 2, 3, GATEWAY].map(|number| ann.at(&cluster.client(number))).into();

    let path = format!("/events/{}/holds", sale.event);
    let best = json!({"bestAvailable": {"quantity": 1}});
    one_answer(&all_at_once(&targets, &path, "a hold", &best));
    let other = json!({"bestAvailable": {"quantity": 2}});
    for target in &targets {
        target.post_keyed(&path, "a hold", &other).expect_problem(422, "idempotency-key-reused");
    }
    let held = available_and_held(&targets[0], &sale);
    assert_eq!(held, (599, 1, 0), "one hold of one seat");

    let path = format!("/bookings/{}", sale.event);
    let seat = sale.ids(&[599]);
    let pay = json!({"ticketIds": seat, "paymentDetails": tokens("tok_visa")});
    let booking = one_answer(&all_at_once(&targets, &path, "a booking", &pay));
    let bookings = targets[1].get("/bookings").expect(200);
    assert_eq!((&bookings["total"], &bookings["items"][0]["id"]), (&json!(1), &booking["id"]));
    assert_eq!(available_and_held(&targets[0], &sale), (598, 1, 1), "one booking of one seat");
    let other = json!({"ticketIds": seat, "paymentDetails": tokens("tok_mastercard")});
    targets[2].post_keyed(&path, "a booking", &other).expect_problem(422, "idempotency-key-reused");
}

fn available_and_held(client: &Client, sale: &Sale) -> (u64, u64, u64) {
    let event = client.get(&format!("/events/{}?tickets=false", sale.event)).expect(200);
    let count = |name: &str| event["availability"][name].as_u64().expect("a number");
    (count("available"), count("held"), count("booked"))
}
