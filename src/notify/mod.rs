//! ⑧ What leaves the node for people and their programs: letters, text messages, webhooks.
//!
//! Owns how they look and how they travel. Knows nothing of when: that is up to the owner of each sale, whose outbox has
//! what is still to be told. `courier` is where the two meet.

mod courier;
mod letter;
mod people;
mod show;
mod sms;
mod smtp;
pub mod webhook;
mod words;

pub use courier::{Carriers, NodeCourier};
pub use letter::Letter;
pub use sms::{Sms, is_sms_url};
pub use smtp::{Smtp, is_sender, is_smtp_url};
pub use webhook::Reach;
