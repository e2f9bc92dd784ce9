//! The settings of the Stripe account.

use std::net::IpAddr;

use axum::http::Uri;

use super::settings::Settings;
use super::{ConfigError, Secret, optional};

/// A Stripe account and where it is reached.
#[derive(Debug, Clone)]
pub struct StripeConfig {
    /// Where its API is.
    pub url: String,
    /// Its secret key.
    pub key: Secret,
    /// Signs its webhooks; `None` where none are expected.
    pub webhook_secret: Option<Secret>,
}

impl StripeConfig {
    /// Whether it is this machine that answers.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.url.parse::<Uri>().is_ok_and(|uri| is_loopback(&uri))
    }
}

/// The account, where a key says that there is one.
pub(super) fn check(settings: &Settings) -> Result<Option<StripeConfig>, ConfigError> {
    let Some(key) = optional(settings.text("payments.stripe_key")) else { return Ok(None) };
    let header = |secret: &Secret| secret.reveal().bytes().all(|byte| byte.is_ascii_graphic());
    if !header(&key) {
        return Err(settings.refused("payments.stripe_key", "letters, digits and signs without spaces"));
    }
    let url = settings.text("payments.stripe_url");
    let uri = url.parse::<Uri>().ok();
    let safe = uri.is_some_and(|uri| match uri.scheme_str() {
        Some("https") => uri.host().is_some(),
        // The key is not sent over a network that anybody can read.
        Some("http") => is_loopback(&uri),
        _ => false,
    });
    if !safe {
        return Err(
            settings.refused("payments.stripe_url", "https://... , or http://127.0.0.1:... for tests")
        );
    }
    let webhook_secret = optional(settings.text("payments.stripe_webhook_secret"));
    Ok(Some(StripeConfig { url: url.to_owned(), key, webhook_secret }))
}

fn is_loopback(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
