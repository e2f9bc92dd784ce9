//! What Stripe tells unasked: verified over the raw bytes, then read.
//!
//! Owns the signature: HMAC-SHA-256 over the time and the body, compared in constant time, and no older than five
//! minutes. Hazard: nothing of the body may be believed, or even parsed, before the signature has been found right.

use domain::event::{Dispute, ProviderNews};
use domain::ids::PaymentId;
use domain::money::Money;
use domain::time::UnixMillis;
use hmac::{Hmac, Mac};
use serde::Deserialize;
use serde_json::Value;
use sha2::Sha256;

use super::Stripe;
use super::shapes::{Intent, cut};
use crate::config::Secret;

/// A message may be so much older or newer than our clock.
const WINDOW_MS: u64 = 5 * 60 * 1000;
/// Signatures that one header is looked at for; two are there while a secret is changed.
const MAX_SIGNATURES: usize = 8;

/// What a message comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Stripe's id of the message.
    pub id: String,
    /// What it is about; `None` where that is not ours, or of no interest.
    pub about: Option<About>,
}

/// News of one charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// Our payment.
    pub payment: PaymentId,
    /// Which attempt to pay it.
    pub attempt: u32,
    /// Stripe's id of it.
    pub reference: String,
    /// What happened.
    pub news: ProviderNews,
}

/// Why a message is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WebhookFault {
    /// No webhooks are expected here.
    Off,
    /// Not from Stripe, or too old.
    Signature,
    /// Signed, but not what Stripe sends.
    Malformed,
    /// Stripe has to be asked whose it is, and does not answer.
    Unavailable(String),
}

#[derive(Deserialize)]
struct Event {
    id: String,
    r#type: String,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    object: Value,
}

#[derive(Deserialize)]
struct DisputeObject {
    id: String,
    amount: i64,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    status: String,
    payment_intent: Option<String>,
}

impl Stripe {
    /// Reads a message that came with this `Stripe-Signature` at `now`.
    ///
    /// # Errors
    /// [`WebhookFault`].
    pub async fn told(&self, signature: &[u8], body: &[u8], now: UnixMillis) -> Result<Told, WebhookFault> {
        let secret = self.webhook_secret.as_ref().ok_or(WebhookFault::Off)?;
        verify(secret, signature, body, now)?;
        let event: Event = serde_json::from_slice(body).map_err(|_| WebhookFault::Malformed)?;
        let Event { id, r#type: kind, data: Data { object } } = event;
        let about = if kind.starts_with("charge.dispute.") {
            self.about_dispute(object).await?
        } else {
            about_intent(&kind, object)?
        };
        Ok(Told { id, about })
    }

    async fn about_dispute(&self, object: Value) -> Result<Option<About>, WebhookFault> {
        let dispute: DisputeObject = serde_json::from_value(object).map_err(|_| WebhookFault::Malformed)?;
        let Some(reference) = dispute.payment_intent.filter(|id| is_id(id)) else { return Ok(None) };
        let whose = self.whose(&reference).await.map_err(WebhookFault::Unavailable)?;
        let news = ProviderNews::Disputed(Dispute {
            id: cut(&dispute.id),
            amount_minor: dispute.amount,
            reason: cut(&dispute.reason),
            status: cut(&dispute.status),
        });
        Ok(whose.map(|(payment, attempt)| About { payment, attempt, reference, news }))
    }
}

/// An id goes into a path.
fn is_id(id: &str) -> bool {
    (1..=255).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn about_intent(kind: &str, object: Value) -> Result<Option<About>, WebhookFault> {
    if !kind.starts_with("payment_intent.") {
        return Ok(None);
    }
    let intent: Intent = serde_json::from_value(object).map_err(|_| WebhookFault::Malformed)?;
    let Some((payment, attempt)) = intent.ours() else { return Ok(None) };
    let currency = intent.currency.to_ascii_uppercase().parse().map_err(|_| WebhookFault::Malformed)?;
    let news = match kind {
        "payment_intent.amount_capturable_updated" if intent.status == "requires_capture" => {
            ProviderNews::Authorized(Money { minor: intent.amount, currency })
        }
        "payment_intent.succeeded" => {
            ProviderNews::Captured(Money { minor: intent.amount_received, currency })
        }
        "payment_intent.canceled" => ProviderNews::Cancelled,
        // What failed is found out, and cancelled, by whoever waits for the buyer.
        _ => return Ok(None),
    };
    Ok(Some(About { payment, attempt, reference: intent.id, news }))
}

fn verify(secret: &Secret, header: &[u8], body: &[u8], now: UnixMillis) -> Result<(), WebhookFault> {
    let header = std::str::from_utf8(header).map_err(|_| WebhookFault::Signature)?;
    let parts = || header.split(',').filter_map(|part| part.trim().split_once('='));
    let time = parts().find(|(name, _)| *name == "t").map(|(_, time)| time).ok_or(WebhookFault::Signature)?;
    let seconds: u64 = time.parse().map_err(|_| WebhookFault::Signature)?;
    let sent = UnixMillis::new(seconds.saturating_mul(1000));
    if now.since_ms(sent).max(sent.since_ms(now)) > WINDOW_MS {
        return Err(WebhookFault::Signature);
    }
    let signed = || {
        let mac = Hmac::<Sha256>::new_from_slice(secret.reveal().as_bytes());
        let mut mac = mac.expect("a key of any length will do");
        mac.update(time.as_bytes());
        mac.update(b".");
        mac.update(body);
        mac
    };
    let signatures = parts().filter(|(name, _)| *name == "v1").filter_map(|(_, hex)| bytes(hex));
    // The comparison of a MAC takes the same time wherever two differ.
    let right = signatures.take(MAX_SIGNATURES).any(|signature| signed().verify_slice(&signature).is_ok());
    if right { Ok(()) } else { Err(WebhookFault::Signature) }
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let pairs = hex.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

/// Reads a header, a line break and a body, for fuzzers.
#[cfg(any(test, fuzzing))]
pub(crate) fn read_any(bytes: &[u8]) {
    let mut parts = bytes.splitn(2, |byte| *byte == b'\n');
    let (header, body) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let secret = Secret::new("a secret of the fuzzers".to_owned());
    let signed = verify(&secret, header, body, UnixMillis::new(1_800_000_000_000));
    assert!(signed.is_err(), "nobody guesses a signature");
    if let Ok(Event { r#type: kind, data, .. }) = serde_json::from_slice(body) {
        let _about = about_intent(&kind, data.object).is_ok();
    }
}

#[cfg(test)]
#[path = "webhook_test.rs"]
mod test;
