//! Webhooks: what happens to an organizer's events, told to their programs by the rules of Standard Webhooks.
//!
//! `address` says where a request may go, `signature` how it is signed, `body` what it says; `sender` sends it, and
//! `ending` writes down that a receiver wants no more.

mod address;
mod body;
mod ending;
mod sender;
mod signature;

pub use address::Reach;
pub use body::kind_of;
pub(super) use body::write;
pub(super) use ending::end;
pub use ending::{ENDPOINTS_SERVICE, answer_ending};
pub use sender::{Answered, Webhooks};
pub use signature::Signing;
