//! The `Idempotency-Key` header and the fingerprint of the request that it came with.
//!
//! Only hashes leave this file: 16 bytes of SHA-256 each, so that the state of a sale never holds what a client sent.

use std::fmt::Display;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use sha2::{Digest, Sha256};

use super::Written;
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
    target: Target,
}

/// Method and path of a call, hashed once for the fingerprints of all the bodies that are sent to it.
#[derive(Debug, Clone)]
pub struct Target(Sha256);

impl Target {
    /// Of this call.
    #[must_use]
    pub fn new(method: &str, path: &str) -> Self {
        let mut hash = Sha256::new();
        hash_bytes(&mut hash, method.as_bytes());
        hash_bytes(&mut hash, path.as_bytes());
        Self(hash)
    }

    /// What a key stands for that came with the body of which `feed` tells the hash.
    pub fn fingerprint(&self, feed: impl FnOnce(&mut BodyHash)) -> [u8; 16] {
        let mut hash = BodyHash(self.0.clone());
        feed(&mut hash);
        first_half(hash.0)
    }
}

/// The hash of a key, if it has 1 to 255 bytes.
#[must_use]
pub fn hash_key(key: &[u8]) -> Option<[u8; 16]> {
    (1..=MAX_KEY_BYTES).contains(&key.len()).then(|| first_half(Sha256::new_with_prefix(key)))
}

impl IdempotencyKey {
    /// For a request with a body: `raw` of [`ApiJson`](super::ApiJson). Spaces and the order of fields do not count.
    #[must_use]
    pub fn of_body(&self, raw: &[u8]) -> Option<Idempotency> {
        self.finish(|hash| match serde_json::from_slice(raw) {
            Ok(body) => Written::feed(&body, hash),
            // Parsed as something once already; only a number beyond f64 parses typed but not here.
            Err(_) => hash.0.update(raw),
        })
    }

    /// For a request without a body.
    #[must_use]
    pub fn of_nothing(&self) -> Option<Idempotency> {
        self.finish(|_| {})
    }

    /// Whether there is one.
    #[must_use]
    pub fn is_given(&self) -> bool {
        self.0.is_some()
    }

    fn finish(&self, feed: impl FnOnce(&mut BodyHash)) -> Option<Idempotency> {
        let keyed = self.0.as_ref()?;
        Some(Idempotency { key: keyed.key, fingerprint: keyed.target.fingerprint(feed) })
    }
}

impl<S: Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let mut given = parts.headers.get_all(HEADER).iter();
        let Some(key) = given.next() else { return Ok(Self(None)) };
        let key = hash_key(key.as_bytes()).filter(|_| given.next().is_none()).ok_or_else(|| {
            Problem::malformed(format!("Send one Idempotency-Key of 1 to {MAX_KEY_BYTES} bytes."))
        })?;
        Ok(Self(Some(Keyed { key, target: Target::new(parts.method.as_str(), parts.uri.path()) })))
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

/// The hash of a parsed body. Whoever feeds it gives an object's fields in the order of their names.
#[derive(Debug)]
pub struct BodyHash(Sha256);

impl BodyHash {
    /// A null.
    pub fn null(&mut self) {
        self.0.update(b"n");
    }

    /// A boolean.
    pub fn flag(&mut self, yes: bool) {
        self.0.update([b'b', u8::from(yes)]);
    }

    /// A number, which has one spelling.
    pub fn number(&mut self, number: &impl Display) {
        self.0.update(b"d");
        hash_bytes(&mut self.0, number.to_string().as_bytes());
    }

    /// A string.
    pub fn text(&mut self, text: &str) {
        self.0.update(b"s");
        hash_bytes(&mut self.0, text.as_bytes());
    }

    /// A list; its elements follow.
    pub fn list(&mut self, elements: usize) {
        self.0.update(b"a");
        self.0.update((elements as u64).to_le_bytes());
    }

    /// An object; the names and values of its fields follow.
    pub fn object(&mut self, fields: usize) {
        self.0.update(b"o");
        self.0.update((fields as u64).to_le_bytes());
    }

    /// The name of a field; its value follows.
    pub fn name(&mut self, name: &str) {
        hash_bytes(&mut self.0, name.as_bytes());
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
