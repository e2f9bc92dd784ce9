//! Runs in which everything goes wrong at random: what Stripe has taken is booked or given back after every one of them.

use bench::rng::Rng;
use serde_json::{Value, json};

use crate::fake_stripe::{FakeStripe, Fault};
use crate::support::{Client, Node, NodeOptions, Sale};
use crate::{balances, by_stripe, id};

const RUNS: u64 = 3;
const BUYERS: usize = 4;
const VISITS: usize = 8;
/// Faults of a run, each for some request under way.
const FAULTS: usize = 40;

const WORDS: [&str; 6] =
    ["POST /v1/payment_intents", "GET /v1/payment_intents", "capture", "cancel", "refunds", "search"];
const KINDS: [Fault; 3] = [Fault::DropBefore, Fault::DropAfter, Fault::Fails];
const TOKENS: [&str; 4] = ["pm_card_visa", "pm_card_visa", "pm_card_declined", "pm_card_3ds"];

fn one_of<T: Copy>(rng: &mut Rng, items: &[T]) -> T {
    items[rng.below(items.len() as u64) as usize]
}

#[test]
fn the_ledger_balances_after_every_run() {
    let stripe = FakeStripe::start();
    let mut env = stripe.env();
    env.push(("ONSALE_PAYMENTS__TIMEOUT_MS", "2500".to_owned()));
    env.push(("ONSALE_PAYMENTS__ANSWER_AFTER_MS", "1000".to_owned()));
    let node = Node::start_with(&NodeOptions { env, ..NodeOptions::default() });
    let sale = Sale::open(&node, 200, &json!({"holdSeconds": 4}));
    let buyers: Vec<Client> = (0..BUYERS).map(|at| node.customer(&format!("buyer{at}"))).collect();
    for run in 0..RUNS {
        let mut rng = Rng::new(run);
        for _ in 0..FAULTS {
            stripe.fail_next(one_of(&mut rng, &WORDS), one_of(&mut rng, &KINDS));
        }
        std::thread::scope(|scope| {
            for (at, buyer) in buyers.iter().enumerate() {
                let (sale, stripe) = (&sale, &stripe);
                let rng = Rng::new(run * 100 + at as u64);
                let first = run as usize * BUYERS * VISITS + at * VISITS;
                scope.spawn(move || visits(buyer, sale, stripe, (rng, first)));
            }
        });
        stripe.deliver(&node.client());
        // What is waited for has an end, and what is asked for meets no more faults by then.
        stripe.mend();
        balances(&stripe, &node.operator(), &sale.event);
        println!("run {run}: {:?}", stripe.sums());
    }
    assert!(stripe.sums().captured > 0 && stripe.sums().refunded > 0, "{:?}", stripe.sums());
}

/// One buyer after the other buys a seat, acts where that is asked for, and sometimes gives it back.
fn visits(buyer: &Client, sale: &Sale, stripe: &FakeStripe, (mut rng, first): (Rng, usize)) {
    for seat in first..first + VISITS {
        let body =
            json!({"ticketIds": sale.ids(&[seat]), "paymentDetails": by_stripe(one_of(&mut rng, &TOKENS))});
        let booked = buyer.post(&format!("/bookings/{}", sale.event), &body);
        let Ok(booking) = serde_json::from_slice::<Value>(&booked.bytes) else { continue };
        match booked.status {
            201 if rng.chance(0.4) => drop(buyer.delete(&format!("/bookings/{}", id(&booking)))),
            202 if rng.chance(0.7) => {
                if let Some(intent) = stripe.intent_of(id(&booking["payment"])) {
                    stripe.act(&intent, rng.chance(0.7));
                }
            }
            _ => {}
        }
    }
}
