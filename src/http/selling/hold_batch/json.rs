//! A batch of holds in JSON.

use axum::http::StatusCode;
use cluster::wire::{Counted, MAX_BATCH};
use domain::event::{Command, HoldView, Key};
use domain::ids::UserId;
use serde::ser::SerializeSeq;
use serde::{Deserialize, Serialize, Serializer};
use utoipa::ToSchema;

use crate::http::extract::{Idempotency, Target, Written, hash_key, parse};
use crate::http::problem::Problem;
use crate::http::selling::hold_views::HoldBody;
use crate::http::selling::holds::{self, NewBest, NewHold, NewTicket};
use crate::http::ticket::Scene;

/// The field of an item that the single call has as a header.
const KEY_FIELD: &str = "idempotencyKey";

/// A result of one ticket has about 450 bytes.
const RESULT_BYTES: usize = 512;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = HoldBatch)]
pub(super) struct Batch {
    #[schema(value_type = Vec<Item>, min_items = 1, max_items = 512)]
    holds: Counted<Item, 1, MAX_BATCH>,
}

/// [`NewHold`] with its key: `flatten` would lose the pointers.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = HoldOfBatch)]
struct Item {
    #[schema(value_type = Option<String>, min_length = 1, max_length = 255)]
    idempotency_key: Option<HashedKey>,
    ticket_ids: Option<Vec<String>>,
    tickets: Option<Vec<NewTicket>>,
    best_available: Option<NewBest>,
    ttl_seconds: Option<u64>,
}

#[derive(Deserialize)]
#[serde(try_from = "String")]
struct HashedKey([u8; 16]);

impl TryFrom<String> for HashedKey {
    type Error = &'static str;

    fn try_from(key: String) -> Result<Self, Self::Error> {
        hash_key(key.as_bytes()).map(Self).ok_or("must have 1 to 255 bytes")
    }
}

/// The same again, as it was written.
#[derive(Deserialize)]
struct WrittenBatch<'a> {
    #[serde(borrow)]
    holds: Vec<Written<'a>>,
}

/// What one item asks for, and its key with what that stands for.
pub(super) type Asked = (NewHold, Option<Idempotency>);

/// The holds that `raw` asks for; their keys stand for the same holds sent alone to `single`.
pub(super) fn read(raw: &[u8], single: &Target) -> Result<Vec<Asked>, Problem> {
    let items = parse::<Batch>(raw)?.holds.into_vec();
    let mut written = Vec::new();
    if items.iter().any(|item| item.idempotency_key.is_some()) {
        written = serde_json::from_slice::<WrittenBatch<'_>>(raw).map_err(Problem::internal)?.holds;
    }
    let mut written = written.into_iter();
    let asked = |mut item: Item| {
        let body = written.next();
        let key = item.idempotency_key.take().zip(body).map(|(HashedKey(key), mut body)| {
            body.remove(KEY_FIELD);
            Idempotency { key, fingerprint: single.fingerprint(|hash| body.feed(hash)) }
        });
        let Item { ticket_ids, tickets, best_available, ttl_seconds, .. } = item;
        (NewHold { ticket_ids, tickets, best_available, ttl_seconds }, key)
    };
    Ok(items.into_iter().map(asked).collect())
}

/// What the core is to decide, or why it need not.
pub(super) fn commands(
    scene: &Scene,
    caller: UserId,
    holds: Vec<Asked>,
) -> Vec<Result<(Command, Option<Key>), Problem>> {
    let command = |(hold, key): Asked| {
        let key = key.map(|given| Key { caller, hash: given.key, fingerprint: given.fingerprint });
        holds::command(scene, hold).map(|command| (command, key))
    };
    holds.into_iter().map(command).collect()
}

#[derive(Serialize, ToSchema)]
#[schema(as = HoldBatchResults)]
pub(super) struct Answer<'a> {
    /// In the order of the holds: `{status, hold}` or `{status, problem}`.
    #[schema(value_type = Vec<Object>)]
    results: Results<'a>,
}

struct Results<'a> {
    scene: &'a Scene,
    outcomes: &'a [Result<HoldView, Problem>],
}

#[derive(Serialize)]
struct Held<'a> {
    status: u16,
    hold: HoldBody<'a>,
}

#[derive(Serialize)]
struct Refused<P> {
    status: u16,
    problem: P,
}

impl Serialize for Results<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut results = serializer.serialize_seq(Some(self.outcomes.len()))?;
        for outcome in self.outcomes {
            match outcome {
                Ok(view) => results.serialize_element(&Held {
                    status: StatusCode::CREATED.as_u16(),
                    hold: HoldBody::new(self.scene, view),
                }),
                Err(problem) => results.serialize_element(&Refused {
                    status: problem.code().status().as_u16(),
                    problem: problem.as_member(),
                }),
            }?;
        }
        results.end()
    }
}

/// The body of the answer.
pub(super) fn write(scene: &Scene, outcomes: &[Result<HoldView, Problem>]) -> Result<Vec<u8>, Problem> {
    let mut body = Vec::with_capacity(outcomes.len() * RESULT_BYTES);
    let answer = Answer { results: Results { scene, outcomes } };
    serde_json::to_writer(&mut body, &answer).map_err(Problem::internal)?;
    Ok(body)
}

#[cfg(test)]
mod test {
    use super::*;
    use crate::http::problem::Code;

    fn single() -> Target {
        Target::new("POST", "/events/evt_0000000000001/holds")
    }

    fn asked(body: &str) -> Vec<Asked> {
        read(body.as_bytes(), &single()).unwrap()
    }

    #[test]
    fn a_key_stands_for_its_hold_as_it_would_be_sent_alone() {
        for alone in [
            r#"{"ticketIds": ["tkt_1", "x"], "ttlSeconds": 5}"#,
            r#"{"ttlSeconds": null, "ticketIds": []}"#,
            r#"{"bestAvailable": {"quantity": 2, "accessible": false, "section": null}}"#,
        ] {
            let open = alone.strip_suffix('}').unwrap();
            let body = format!(r#"{{"holds": [{{}}, {open}, "idempotencyKey": "k"}}]}}"#);
            let key = asked(&body)[1].1.unwrap();
            assert_eq!(key.key, hash_key(b"k").unwrap());
            let value: Written<'_> = serde_json::from_str(alone).unwrap();
            assert_eq!(key.fingerprint, single().fingerprint(|hash| value.feed(hash)), "{alone}");
        }
    }

    #[test]
    fn a_hold_without_a_key_has_none() {
        for body in
            [r#"{"holds": [{}]}"#, r#"{"holds": [{"idempotencyKey": null}, {"idempotencyKey": "k"}]}"#]
        {
            assert_eq!(asked(body)[0].1, None, "{body}");
        }
    }

    #[test]
    fn a_batch_that_is_none_is_pointed_at() {
        let long = "k".repeat(256);
        for (body, pointer) in [
            ("{}".to_owned(), "/holds"),
            (r#"{"holds": []}"#.to_owned(), "/holds"),
            (format!(r#"{{"holds": [{}]}}"#, vec!["{}"; 513].join(",")), "/holds"),
            (r#"{"holds": [{}], "more": 1}"#.to_owned(), "/more"),
            (r#"{"holds": [{}, {"ttlSeconds": "5"}]}"#.to_owned(), "/holds/1/ttlSeconds"),
            (
                r#"{"holds": [{}, {}, {"bestAvailable": {"quantity": -1}}]}"#.to_owned(),
                "/holds/2/bestAvailable/quantity",
            ),
            (r#"{"holds": [{"userId": "usr_1"}]}"#.to_owned(), "/holds/0/userId"),
            (r#"{"holds": [{"idempotencyKey": ""}]}"#.to_owned(), "/holds/0/idempotencyKey"),
            (format!(r#"{{"holds": [{{"idempotencyKey": "{long}"}}]}}"#), "/holds/0/idempotencyKey"),
            (r#"{"holds": [[1]]}"#.to_owned(), "/holds/0"),
        ] {
            let problem = read(body.as_bytes(), &single()).unwrap_err();
            assert_eq!(problem.code(), Code::ValidationFailed, "{body}");
            let pointed = format!("\"pointer\": String(\"{pointer}\")");
            assert!(format!("{problem:?}").contains(&pointed), "{pointer}: {problem:?}");
        }
        assert_eq!(asked(&format!(r#"{{"holds": [{}]}}"#, vec!["{}"; 512].join(","))).len(), 512);
    }
}
