//! Payments over real processes: every call, a Stripe of our own with faults on order, and nodes that die at every step.

#![allow(clippy::print_stdout, reason = "what was seen on the way is for people")]

mod calls;
mod fake_stripe;
mod faults;
mod reconcile;
mod steps;
mod stripe;
#[path = "../support/mod.rs"]
mod support;

use std::time::Duration;

use fake_stripe::FakeStripe;
use serde_json::{Value, json};
use support::{Client, eventually};

/// Whatever is open is over by then, an election in between included.
const SETTLES_WITHIN: Duration = Duration::from_secs(60);

fn id(value: &Value) -> &str {
    value["id"].as_str().expect("an id")
}

/// How a client pays by the fake Stripe.
fn by_stripe(token: &str) -> Value {
    json!({"provider": "stripe", "token": token})
}

/// The booking, once nothing more is going to become of it.
fn settled(buyer: &Client, booking: &str) -> Value {
    let path = format!("/bookings/{booking}");
    eventually("the booking settles", SETTLES_WITHIN, || {
        let answer = buyer.try_send("GET", &path, &[], None).ok().filter(|answer| answer.status == 200)?;
        let booking = answer.json();
        let over = booking["status"] != "pending" && booking["payment"]["status"] != "authorized";
        over.then_some(booking)
    })
}

/// Waits until what Stripe has taken is exactly what is booked, or went back.
fn balances(stripe: &FakeStripe, node: &Client, event: &str) {
    let mut seen = String::new();
    let path = format!("/events/{event}/payments?pageSize=100");
    let mut balanced = || {
        let answer = node.try_send("GET", &path, &[], None).ok().filter(|answer| answer.status == 200)?;
        let payments = answer.json();
        let (mut booked, mut refunded, mut open) = (0, 0, Vec::new());
        for payment in payments["items"].as_array()? {
            let (amount, back) =
                (payment["amount"]["amount"].as_i64()?, payment["refunded"]["amount"].as_i64()?);
            match payment["status"].as_str()? {
                "captured" | "partially_refunded" | "refunded" => {
                    booked += amount - back;
                    refunded += back;
                }
                "voided" | "declined" => {}
                _ => open.push(payment),
            }
        }
        let sums = stripe.sums();
        seen = format!("{sums:?}, booked {booked}, refunded {refunded}, open {open:?}");
        let right = open.is_empty()
            && sums.set_aside == 0
            && sums.captured == booked + refunded
            && sums.refunded == refunded;
        right.then_some(())
    };
    let tries = SETTLES_WITHIN.as_millis() / 100;
    for _ in 0..tries {
        if balanced().is_some() {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("the ledger does not balance: {seen}");
}
