//! What fuzzers feed: the decoders of this crate whose bytes come from outside. Each takes any bytes and must neither panic
//! nor allocate what the bytes do not hold.

use std::time::Duration;

use cluster::wire::encode;
use domain::time::UnixMillis;
use serde::ser::{Serialize, SerializeTuple, Serializer};

use crate::auth::Tokens;
use crate::config::Secret;
pub use crate::dispatch::fuzzed::{forwarded, relayed};
pub use crate::http::fuzzed::json;
pub use crate::limits::fuzzed::limits;

/// A token, whoever sends it.
pub fn token(bytes: &[u8]) {
    let secret = Secret::new("a secret of the fuzzers, of more than 32 bytes".to_owned());
    let tokens = Tokens::new(&secret, &[], Duration::from_secs(60));
    if let Ok(text) = str::from_utf8(bytes) {
        assert!(tokens.read(text, UnixMillis::new(0)).is_err(), "nobody guesses a signature");
    }
}

/// Traces and rates in CSV.
pub fn trace(bytes: &[u8]) {
    let _trace = bench::trace::file::read(bytes).is_ok();
    let _rates = bench::trace::rates::Rates::read(bytes).is_ok();
}

/// What Stripe tells, or somebody in its name.
pub fn stripe(bytes: &[u8]) {
    crate::gateway::stripe::read_any_webhook(bytes);
}

/// The same bytes twice: as a frame, and as the body of a sound one.
pub(crate) fn both(bytes: &[u8]) -> [Vec<u8>; 2] {
    [bytes.to_vec(), encode(&Raw(bytes))]
}

struct Raw<'a>(&'a [u8]);

impl Serialize for Raw<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut bytes = serializer.serialize_tuple(self.0.len())?;
        self.0.iter().try_for_each(|byte| bytes.serialize_element(byte))?;
        bytes.end()
    }
}

#[cfg(test)]
#[path = "../fuzz/corpus.rs"]
mod corpus;

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn bodies_in_json() {
        corpus::feed("json", json);
    }

    #[test]
    fn webhooks_of_stripe() {
        corpus::feed("stripe", stripe);
    }

    #[test]
    fn traces() {
        corpus::feed("trace", trace);
    }

    #[test]
    fn tokens_of_strangers() {
        corpus::feed("token", token);
    }

    #[test]
    fn commands_of_other_nodes() {
        corpus::feed("forwarded", forwarded);
    }

    #[test]
    fn requests_of_other_nodes() {
        corpus::feed("relayed", relayed);
    }

    #[test]
    fn counts_of_other_nodes() {
        corpus::feed("limits", limits);
    }
}
