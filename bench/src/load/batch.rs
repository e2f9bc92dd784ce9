//! The shape of `POST /events/{id}/holds/batch`, as far as the generator knows it.

use super::mix::Outcome;
use crate::replay::wire::parse;
use serde::{Deserialize, Serialize};

/// Holds of one body that do not know of each other.
#[derive(Serialize)]
pub(super) struct BatchBody<'a> {
    holds: Vec<BatchedHold<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BatchedHold<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    idempotency_key: Option<String>,
    ticket_ids: &'a [String],
}

#[derive(Deserialize)]
struct BatchAnswer {
    results: Vec<BatchedAnswer>,
}

#[derive(Deserialize)]
struct BatchedAnswer {
    status: u16,
}

impl<'a> BatchBody<'a> {
    /// One hold a party; the key of each is made from `key` and its place.
    pub(super) fn new(parties: &'a [Vec<String>], key: Option<&str>) -> Self {
        let holds = parties.iter().enumerate().map(|(place, ticket_ids)| BatchedHold {
            idempotency_key: key.map(|key| format!("{key}-{place}")),
            ticket_ids,
        });
        Self { holds: holds.collect() }
    }
}

/// What the results are worth, each by its own status. An answer of another shape, as the constant's, holds nothing.
pub(super) fn outcome(body: &[u8]) -> Outcome {
    let mut outcome = Outcome { answers: 1, ..Outcome::default() };
    let Ok(answer) = parse::<BatchAnswer>(body) else { return outcome };
    for result in answer.results {
        match result.status {
            201 => outcome.holds += 1,
            409 => outcome.refusals += 1,
            503 => outcome.overloaded += 1,
            _ => outcome.faults += 1,
        }
    }
    outcome
}

/// What is wrong with an answer.
pub(super) fn check(body: &[u8]) -> Result<(), String> {
    let answer: BatchAnswer = parse(body)?;
    match answer.results.iter().find(|result| !matches!(result.status, 201 | 503)) {
        Some(result) => Err(format!("a hold of a batch for free seats was answered {}", result.status)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod test {
    use super::{BatchBody, check, outcome};

    #[test]
    fn every_hold_has_a_key_of_its_own_or_none() {
        let parties = [vec!["tkt_1".to_owned()], vec!["tkt_2".to_owned(), "tkt_3".to_owned()]];
        assert_eq!(
            serde_json::to_string(&BatchBody::new(&parties, Some("k"))).unwrap(),
            r#"{"holds":[{"idempotencyKey":"k-0","ticketIds":["tkt_1"]},{"idempotencyKey":"k-1","ticketIds":["tkt_2","tkt_3"]}]}"#
        );
        let keyless = serde_json::to_string(&BatchBody::new(&parties[..1], None)).unwrap();
        assert_eq!(keyless, r#"{"holds":[{"ticketIds":["tkt_1"]}]}"#);
    }

    #[test]
    fn results_are_counted_one_by_one() {
        let body = br#"{"results":[{"status":201,"hold":{}},{"status":409,"problem":{}},{"status":201}]}"#;
        let counted = outcome(body);
        assert_eq!((counted.answers, counted.holds, counted.refusals), (1, 2, 1));
        assert!(check(body).unwrap_err().contains("409"));
        assert_eq!(outcome(b"{}").holds, 0);
    }
}
