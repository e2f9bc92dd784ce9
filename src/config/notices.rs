//! What an operator can set about telling people: mails, text messages, webhooks, and how stubborn the outbox is.
//!
//! Hazard: the address of the mail server has its password in it; it is a secret as a whole.

use std::net::SocketAddr;

use domain::ports::Persistence;

use super::settings::Settings;
use super::{ConfigError, Secret, optional};
use crate::notify::{self, Reach};

/// Mails.
#[derive(Debug, Clone)]
pub struct MailConfig {
    /// Where they are handed in; `None`: they are not sent.
    pub smtp_url: Option<Secret>,
    /// Who they are from.
    pub from: String,
    /// On their way at the same time.
    pub connections: usize,
}

/// Text messages.
#[derive(Debug, Clone)]
pub struct SmsConfig {
    /// The gateway; `None`: they are not sent.
    pub url: Option<String>,
    /// What the gateway knows this node by.
    pub secret: Option<Secret>,
}

/// Webhooks.
#[derive(Debug, Clone, Copy)]
pub struct WebhooksConfig {
    private_addresses: PrivateAddresses,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PrivateAddresses {
    On,
    Off,
    Auto,
}

impl WebhooksConfig {
    /// How far webhooks of a node go whose public listener is at `http`.
    #[must_use]
    pub fn reach(&self, http: SocketAddr) -> Reach {
        match self.private_addresses {
            PrivateAddresses::On => Reach::Everywhere,
            PrivateAddresses::Auto if http.ip().is_loopback() => Reach::Loopback,
            PrivateAddresses::Auto | PrivateAddresses::Off => Reach::Public,
        }
    }
}

/// All of them.
#[derive(Debug, Clone)]
pub struct NoticesConfig {
    /// `[mail]`
    pub mail: MailConfig,
    /// `[sms]`
    pub sms: SmsConfig,
    /// `[webhooks]`
    pub webhooks: WebhooksConfig,
    /// `[outbox]`
    pub persistence: Persistence,
}

pub(super) fn check(settings: &Settings) -> Result<NoticesConfig, ConfigError> {
    const HOUR_MS: u64 = 60 * 60 * 1000;
    let persistence = Persistence {
        first_retry_ms: settings.number("outbox.first_retry_ms", 10..=HOUR_MS)?,
        longest_retry_ms: settings.number("outbox.longest_retry_ms", 1_000..=24 * HOUR_MS)?,
        give_up_after_ms: settings.number::<u64>("outbox.give_up_after_hours", 0..=24 * 30)? * HOUR_MS,
    };
    let private_addresses = match settings.text("webhooks.private_addresses") {
        "on" => PrivateAddresses::On,
        "off" => PrivateAddresses::Off,
        "auto" => PrivateAddresses::Auto,
        _ => return Err(settings.refused("webhooks.private_addresses", "\"on\", \"off\" or \"auto\"")),
    };
    Ok(NoticesConfig {
        mail: mail(settings)?,
        sms: sms(settings)?,
        webhooks: WebhooksConfig { private_addresses },
        persistence,
    })
}

fn mail(settings: &Settings) -> Result<MailConfig, ConfigError> {
    let mail = MailConfig {
        smtp_url: optional(settings.text("mail.smtp_url")),
        from: settings.text("mail.from").to_owned(),
        connections: settings.number("mail.connections", 1..=1024)?,
    };
    if !notify::is_sender(&mail.from) {
        return Err(settings.refused("mail.from", "an address, as in \"Box Office <tickets@example.com>\""));
    }
    match &mail.smtp_url {
        Some(url) if !notify::is_smtp_url(url.reveal()) => Err(settings.refused(
            "mail.smtp_url",
            "smtps://user:password@host, smtp://host:port?tls=required or, without a password, smtp://host:port",
        )),
        _ => Ok(mail),
    }
}

fn sms(settings: &Settings) -> Result<SmsConfig, ConfigError> {
    let url = settings.text("sms.url");
    if !url.is_empty() && !notify::is_sms_url(url) {
        return Err(settings.refused("sms.url", "an https address, or http on this machine"));
    }
    let url = (!url.is_empty()).then(|| url.to_owned());
    Ok(SmsConfig { url, secret: optional(settings.text("sms.secret")) })
}
