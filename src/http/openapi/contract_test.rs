//! The document against the paths of the contract.

use std::collections::BTreeSet;

use serde_json::Value;

use super::document::document;
use crate::http::router::described;

/// Every call of the contract.
const CONTRACT: &str = "
POST /users
POST /users/login
POST /users/logout
GET /users/{id}
PUT /users/{id}
DELETE /users/{id}
GET /users/{id}/bookings
GET /users/{id}/holds
GET /users/{id}/payments
GET /users/{id}/export
PUT /users/{id}/role

POST /venues
GET /venues
GET /venues/{id}
PUT /venues/{id}
DELETE /venues/{id}
POST /performers
GET /performers
GET /performers/{id}
PUT /performers/{id}
DELETE /performers/{id}
POST /events
GET /events
GET /events/{id}
PUT /events/{id}
DELETE /events/{id}
GET /events/{id}/seats
GET /events/{id}/bookings
GET /events/{id}/payments
GET /events/search

POST /events/{id}/holds
GET /holds/{id}
PATCH /holds/{id}
POST /holds/{id}/extend
DELETE /holds/{id}
POST /bookings
POST /bookings/{id}
GET /bookings/{id}
PUT /bookings/{id}
GET /bookings/{id}/payment
DELETE /bookings/{id}
DELETE /bookings/{id}/tickets/{ticketId}
GET /bookings
GET /bookings/user/{userId}
GET /bookings/event/{eventId}
POST /payments
GET /payments/{id}
PUT /payments/{id}
DELETE /payments/{id}
GET /payments/booking/{bookingId}

GET /event/{id}
GET /search
POST /booking/reserve
PUT /booking/confirm

GET /events/{id}/seats/stream
GET /events/{id}/seats/poll

GET /healthz
GET /readyz
GET /openapi.json
GET /docs
GET /metrics
GET /admin/cluster
POST /admin/cluster/rebalance
POST /admin/nodes/{id}/drain
DELETE /admin/nodes/{id}
POST /admin/shards/{id}/move
GET /admin/operations/{id}
GET /admin/audit
GET /admin/events/{id}/seats/{ticketId}/history
";

/// What there is beside it.
const BESIDE: &str = "
POST /users/password-reset
POST /users/password-reset/confirm
POST /events/{id}/holds/batch
POST /events/{id}/seats/block
POST /events/{id}/seats/unblock
POST /events/{id}/seats/kill
POST /events/{id}/seats/restore
POST /events/{id}/seats/comp
POST /bookings/{id}/tickets/{ticketId}/move
POST /catalogue/batch
GET /events/{id}/plan
GET /bookings/{id}/tickets/{ticketId}/qr
GET /
GET /assets/{version}/{name}
GET /docs/page.css
GET /docs/page.js
GET /admin/operations
DELETE /admin/operations/{id}
POST /webhooks/stripe
GET /admin/payments
GET /admin/payments/records
GET /admin/events/{id}/payments
GET /admin/outbox
POST /webhooks
GET /webhooks
GET /webhooks/{id}
DELETE /webhooks/{id}
POST /webhooks/{id}/rotate
";

fn listed(text: &str) -> BTreeSet<String> {
    text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

fn served() -> Value {
    let config = crate::config::load(None, []).unwrap();
    serde_json::to_value(document(described(&config.http))).unwrap()
}

/// Every operation under its call.
fn operations(document: &Value) -> Vec<(String, &Value)> {
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap().iter().filter(|(name, _)| *name != "servers") {
            found.push((format!("{} {path}", method.to_uppercase()), operation));
        }
    }
    found
}

#[test]
fn every_call_of_the_contract_is_described_and_no_other() {
    let document = served();
    let described: BTreeSet<String> = operations(&document).into_iter().map(|(call, _)| call).collect();
    let (contract, beside) = (listed(CONTRACT), listed(BESIDE));
    let missing: Vec<_> = contract.difference(&described).collect();
    assert!(missing.is_empty(), "of the contract, but not described: {missing:?}");
    let extra: Vec<_> =
        described.iter().filter(|call| !contract.contains(*call) && !beside.contains(*call)).collect();
    assert!(extra.is_empty(), "described, but neither of the contract nor listed beside it: {extra:?}");
}

#[test]
fn every_call_says_how_it_ends() {
    let document = served();
    assert_eq!(document["openapi"], "3.1.0");
    let mut ids = BTreeSet::new();
    for (call, operation) in operations(&document) {
        let id = operation["operationId"].as_str().unwrap();
        assert!(ids.insert(id), "{call}: its operationId {id} is another's too");
        assert!(operation["summary"].as_str().is_some_and(|summary| !summary.is_empty()), "{call}");
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.keys().any(|status| status.starts_with('2')), "{call} says no good end");
        for status in ["400", "429", "500", "503"] {
            assert!(responses.contains_key(status), "{call} lacks {status}");
        }
        let bearer = operation["security"].as_array().unwrap().iter().any(|way| way.get("bearer").is_some());
        assert!(!bearer || responses.contains_key("401"), "{call}");
        assert_eq!(operation.get("requestBody").is_some(), responses.contains_key("413"), "{call}");
    }
}

#[test]
fn every_name_in_a_path_is_a_parameter_and_every_reference_leads_somewhere() {
    let document = served();
    for (call, operation) in operations(&document) {
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let of_path = parameters.iter().filter(|parameter| parameter["in"] == "path");
        let told: Vec<String> =
            of_path.map(|parameter| format!("{{{}}}", parameter["name"].as_str().unwrap())).collect();
        let named: Vec<&str> = call.split('/').filter(|part| part.starts_with('{')).collect();
        assert_eq!(told, named, "{call}");
    }
    let mut open = vec![&document];
    while let Some(value) = open.pop() {
        if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
        }
        match value {
            Value::Array(list) => open.extend(list),
            Value::Object(fields) => open.extend(fields.values()),
            _ => {}
        }
    }
}

#[test]
fn the_page_needs_no_other_place() {
    for text in [include_str!("page.html"), include_str!("page.css"), include_str!("page.js")] {
        assert!(!text.contains("://") && !text.contains("innerHTML"));
    }
}
