//! The `Idempotency-Key` header and the fingerprint of the request that it came with.
//!
//! Only hashes leave this file: 16 bytes of SHA-256 each, so that the state of a sale never holds what a client sent.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::http::problem::Problem;

const HEADER: &str = "idempotency-key";
const MAX_KEY_BYTES: usize = 255;

/// A key and what it stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Idempotency {
    /// A hash of the key.
    pub key: [u8; 16],
    /// A hash of method, path and parsed body.
    pub fingerprint: [u8; 16],
}

/// The key of this request, where it has one.
#[derive(Debug, Clone)]
pub struct IdempotencyKey(Option<Keyed>);

#[derive(Debug, Clone)]
struct Keyed {
    key: [u8; 16],
    method_and_path: Sha256,
}

impl IdempotencyKey {
    /// For a request with a body: `raw` of [`ApiJson`](super::ApiJson). Spaces and the order of fields do not count.
    #[must_use]
    pub fn of_body(&self, raw: &[u8]) -> Option<Idempotency> {
        self.finish(|hash| match serde_json::from_slice(raw) {
            Ok(body) => hash_value(hash, &body),
            // Parsed as something once already; only a number beyond f64 parses typed but not here.
            Err(_) => hash.update(raw),
        })
    }

    /// For a request without a body.
    #[must_use]
    pub fn of_nothing(&self) -> Option<Idempotency> {
        self.finish(|_| {})
    }

    fn finish(&self, body: impl FnOnce(&mut Sha256)) -> Option<Idempotency> {
        let keyed = self.0.as_ref()?;
        let mut hash = keyed.method_and_path.clone();
        body(&mut hash);
        Some(Idempotency { key: keyed.key, fingerprint: first_half(hash) })
    }
}

impl<S: Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let mut given = parts.headers.get_all(HEADER).iter();
        let Some(key) = given.next() else { return Ok(Self(None)) };
        let key = key.as_bytes();
        if key.is_empty() || key.len() > MAX_KEY_BYTES || given.next().is_some() {
            return Err(Problem::malformed(format!(
                "Send one Idempotency-Key of 1 to {MAX_KEY_BYTES} bytes."
            )));
        }
        let mut method_and_path = Sha256::new();
        hash_bytes(&mut method_and_path, parts.method.as_str().as_bytes());
        hash_bytes(&mut method_and_path, parts.uri.path().as_bytes());
        Ok(Self(Some(Keyed { key: first_half(Sha256::new_with_prefix(key)), method_and_path })))
    }
}

fn first_half(hash: Sha256) -> [u8; 16] {
    let mut half = [0; 16];
    half.copy_from_slice(&hash.finalize()[..16]);
    half
}

/// Length first, so that no two different sequences of values feed the hash the same bytes.
fn hash_bytes(hash: &mut Sha256, bytes: &[u8]) {
    hash.update((bytes.len() as u64).to_le_bytes());
    hash.update(bytes);
}

fn hash_value(hash: &mut Sha256, value: &Value) {
    match value {
        Value::Null => hash.update(b"n"),
        Value::Bool(yes) => hash.update([b'b', u8::from(*yes)]),
        Value::Number(number) => {
            hash.update(b"d");
            hash_bytes(hash, number.to_string().as_bytes());
        }
        Value::String(text) => {
            hash.update(b"s");
            hash_bytes(hash, text.as_bytes());
        }
        Value::Array(items) => {
            hash.update(b"a");
            hash.update((items.len() as u64).to_le_bytes());
            items.iter().for_each(|item| hash_value(hash, item));
        }
        Value::Object(fields) => {
            hash.update(b"o");
            hash.update((fields.len() as u64).to_le_bytes());
            let mut sorted: Vec<_> = fields.iter().collect();
            sorted.sort_unstable_by_key(|(name, _)| *name);
            for (name, field) in sorted {
                hash_bytes(hash, name.as_bytes());
                hash_value(hash, field);
            }
        }
    }
}

#[cfg(test)]
mod test {
    use super::*;

    async fn key(method: &str, path: &str, keys: &[&str]) -> Result<IdempotencyKey, Problem> {
        let mut request = axum::http::Request::builder().method(method).uri(path);
        for key in keys {
            request = request.header(HEADER, *key);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        IdempotencyKey::from_request_parts(&mut parts, &()).await
    }

    #[tokio::test]
    async fn the_same_request_has_the_same_fingerprint_and_no_other_has() {
        let base = key("POST", "/bookings", &["k"]).await.unwrap();
        let first = base.of_body(br#"{"a": [1, "x"], "b": null}"#).unwrap();
        assert_eq!(base.of_body(br#"{"b":null,"a":[1,"x"]}"#), Some(first));
        for other in
            [r#"{"a": [1, "x"]}"#, r#"{"a": ["x", 1], "b": null}"#, r#"{"a": [[1], "x"], "b": null}"#]
        {
            assert_ne!(base.of_body(other.as_bytes()).unwrap().fingerprint, first.fingerprint);
        }
        for (method, path) in [("PUT", "/bookings"), ("POST", "/booking")] {
            let other =
                key(method, path, &["k"]).await.unwrap().of_body(br#"{"a":[1,"x"],"b":null}"#).unwrap();
            assert_eq!(other.key, first.key);
            assert_ne!(other.fingerprint, first.fingerprint);
        }
    }

    #[tokio::test]
    async fn a_key_has_1_to_255_bytes() {
        assert_eq!(key("POST", "/", &[]).await.unwrap().of_nothing(), None);
        assert!(key("POST", "/", &[&"k".repeat(255)]).await.unwrap().of_nothing().is_some());
        for wrong in [vec![""], vec![&"k".repeat(256) as &str], vec!["a", "b"]] {
            assert!(key("POST", "/", &wrong).await.is_err());
        }
    }
}
