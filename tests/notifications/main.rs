//! What leaves the node for people and programs: mails, text messages, webhooks. Over real processes, with receivers that
//! fail, and with nodes that die between sending and writing it down.

mod hooks;
mod mails;
mod real_server;
mod receiver;
mod reset;
mod smtp;
#[path = "../support/mod.rs"]
mod support;

use std::time::Duration;

use serde_json::{Value, json};

use support::{Client, Node, Sale, tokens};

const WITHIN: Duration = Duration::from_secs(30);

/// Retries that do not take their time.
fn quick() -> Vec<(&'static str, String)> {
    vec![("ONSALE_OUTBOX__FIRST_RETRY_MS", "200".to_owned())]
}

/// Books these seats, paid.
#[track_caller]
fn buy(sale: &Sale, buyer: &Client, seats: &[usize]) -> Value {
    let hold = sale.hold(buyer, seats).expect(201);
    buyer.post("/bookings", &json!({"holdId": hold["id"], "payment": tokens("tok_visa")})).expect(201)
}

/// What operators see of the outbox.
fn outbox(node: &Node) -> Value {
    node.operator().at(&node.admin()).get("/admin/outbox").expect(200)
}
