//! Batches of holds, and what they came to.

use serde_json::{Value, json};

use super::{Answer, Client, Sale};

/// Where batches of an event are sent.
pub fn path(sale: &Sale) -> String {
    format!("/events/{}/holds/batch", sale.event)
}

pub fn batch(buyer: &Client, sale: &Sale, holds: &Value) -> Answer {
    buyer.post(&path(sale), &json!({"holds": holds}))
}

/// The results of a batch that was decided.
#[track_caller]
pub fn results(answer: &Answer) -> Vec<Value> {
    answer.expect(200)["results"].as_array().expect("results").clone()
}

/// What became of each hold: its status, and its code where it is a no.
pub fn fates(results: &[Value]) -> Vec<(u64, &str)> {
    results
        .iter()
        .map(|result| {
            let problem = &result["problem"];
            let status = result["status"].as_u64().expect("a status");
            assert!(problem.is_null() || problem["status"] == status, "{result}");
            assert_ne!(problem.is_null(), result["hold"].is_null(), "one of the two: {result}");
            (status, problem["code"].as_str().unwrap_or("held"))
        })
        .collect()
}
