//! Step ①: what comes in, as typed values. Every extractor answers a [`Problem`](super::problem::Problem) of its own,
//! so that no error text of a framework ever reaches a client.

mod accept;
mod idempotency;
mod json;
mod objects;
mod params;

pub use accept::{accepted, require_json};
pub use idempotency::{Idempotency, IdempotencyKey};
pub use json::{ApiJson, OptionalJson};
pub use params::{ApiPath, ApiQuery};
