//! Step ①: what comes in, as typed values. Every extractor answers a [`Problem`](super::problem::Problem) of its own,
//! so that no error text of a framework ever reaches a client.

mod accept;
mod encoding;
mod given;
mod idempotency;
mod if_match;
mod json;
mod objects;
mod params;
mod written;

pub use accept::{accepted, require_json};
pub use encoding::Coding;
pub use given::{given, set};
pub use idempotency::{BodyHash, Idempotency, IdempotencyKey, Target, hash_key};
pub use if_match::IfMatch;
pub use json::{ApiJson, OptionalJson, is_json, media_type, parse, read_at_most, read_body, somewhere};
pub use params::{ApiPath, ApiQuery};
pub use written::Written;
