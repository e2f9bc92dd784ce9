//! The catalogue over three nodes and a gateway: changing, ending and removing what is in it, what live sales make of that,
//! the seats of the house, price types with fees and taxes, and seating plans as they are.

mod changes;
mod house;
mod plans;
#[path = "../support/mod.rs"]
mod support;

use std::time::Duration;

use serde_json::{Value, json};
use support::{Client, Cluster, Sale, tokens};

/// What the contract allows from a change to its being seen everywhere; machines that have more to do get more.
const SOON: Duration = Duration::from_secs(10);

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

/// Somebody new at a node, whom the operator has made an organizer.
fn organizer(cluster: &Cluster, number: u32, name: &str) -> Client {
    let client = cluster.client(number).sign_up(name);
    let login =
        client.post("/users/login", &json!({"username": name, "password": "correct horse"})).expect(200);
    let path = format!("/users/{}/role", text(&login["user"]["id"]));
    cluster.operator(number).put(&path, &json!({"role": "organizer"})).expect(200);
    client
}

fn path_of(sale: &Sale) -> String {
    format!("/events/{}", sale.event)
}

/// An event without tickets, as `client` sees it.
fn event(client: &Client, sale: &Sale) -> Value {
    client.get(&format!("{}?tickets=false", path_of(sale))).expect(200)
}

fn book(buyer: &Client, sale: &Sale, seats: &[usize]) -> Value {
    let body = json!({"ticketIds": sale.ids(seats), "paymentDetails": tokens("tok_visa")});
    buyer.post(&format!("/bookings/{}", sale.event), &body).expect(201)
}

fn booking_path(booking: &Value) -> String {
    format!("/bookings/{}", text(&booking["id"]))
}

/// A node that does not own the only event.
fn not_the_owner(cluster: &Cluster) -> u32 {
    cluster.other_than(cluster.owner())
}
