//! Mail by SMTP: hands every mail to the server of `mail.smtp_url`, over TLS where that says so.
//!
//! Owns the Message-ID, which is the mail's id at the sender's domain, and how many mails are on their way at a time.
//! Hazard: the address of the server has its password in it, and what a server answers may name the receiver; neither
//! goes into a fault's words.

use std::sync::Arc;
use std::time::Duration;

use domain::ports::{BoxFuture, Mail, Mailer, SendFault};
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::Error;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use tokio::sync::Semaphore;

use super::letter::one_line;
use crate::config::MailConfig;

/// A server that has not taken a mail by then is given up for this time. It may have taken it: the repeat has the same id.
const PATIENCE: Duration = Duration::from_secs(30);

type Transport = AsyncSmtpTransport<Tokio1Executor>;

/// The mail server; clones are the same.
#[derive(Clone)]
pub struct Smtp {
    transport: Transport,
    from: Mailbox,
    places: Arc<Semaphore>,
}

impl Smtp {
    /// The server of `config`, or `None` where there is none: a checked configuration is at fault in no other way.
    #[must_use]
    pub fn of(config: &MailConfig) -> Option<Self> {
        let url = config.smtp_url.as_ref()?;
        Some(Self {
            transport: transport(url.reveal())?,
            from: config.from.parse().ok()?,
            places: Arc::new(Semaphore::new(config.connections)),
        })
    }

    async fn hand_in(self, mail: Mail) -> Result<(), SendFault> {
        let message = message(&self.from, mail)?;
        let _place = self.places.acquire().await.map_err(|_| later("the mail server is closed"))?;
        match tokio::time::timeout(PATIENCE, self.transport.send(message)).await {
            Ok(Ok(_taken)) => Ok(()),
            Ok(Err(error)) => Err(fault(&error)),
            Err(_) => Err(later("the mail server took too long")),
        }
    }
}

impl Mailer for Smtp {
    fn send(&self, mail: Mail) -> BoxFuture<Result<(), SendFault>> {
        Box::pin(self.clone().hand_in(mail))
    }
}

/// Whether `text` can stand in `mail.from`.
#[must_use]
pub fn is_sender(text: &str) -> bool {
    text.parse::<Mailbox>().is_ok()
}

/// Whether `text` can stand in `mail.smtp_url`. A password goes over an encrypted connection, or stays on this machine.
#[must_use]
pub fn is_smtp_url(text: &str) -> bool {
    let Ok(url) = reqwest::Url::parse(text) else { return false };
    let requires_tls = |(name, value): (_, _)| name == "tls" && value == "required";
    let secret = url.scheme() == "smtps" || url.query_pairs().any(requires_tls);
    let here = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    (url.password().is_none() || secret || here) && transport(text).is_some()
}

fn transport(url: &str) -> Option<Transport> {
    Some(Transport::from_url(url).ok()?.timeout(Some(PATIENCE)).build())
}

/// The library cannot write a name with a line break, so there must be none.
fn message(from: &Mailbox, mail: Mail) -> Result<Message, SendFault> {
    let address: Address = mail.address.parse().map_err(|_| never("the receiver's address is none"))?;
    let name = one_line(&mail.name);
    let to = Mailbox::new((!name.is_empty()).then_some(name), address);
    let automatic =
        HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".into());
    Message::builder()
        .from(from.clone())
        .to(to)
        .subject(one_line(&mail.subject))
        .message_id(Some(format!("<{}@{}>", mail.id, from.email.domain())))
        .raw_header(automatic)
        .multipart(MultiPart::alternative_plain_html(mail.text, mail.html))
        .map_err(|_| never("the mail cannot be put together"))
}

/// What went wrong, in words that name nobody.
fn fault(error: &Error) -> SendFault {
    match error.status() {
        Some(code) if error.is_permanent() => SendFault::Never(format!("the mail server answers {code}")),
        Some(code) => SendFault::Later(format!("the mail server answers {code}")),
        None if error.is_timeout() => later("the mail server took too long"),
        None if error.is_response() => later("the mail server answers what is no SMTP"),
        None if error.is_client() => later("the mail server lacks something that is needed"),
        None => later("the mail server cannot be reached"),
    }
}

fn later(why: &str) -> SendFault {
    SendFault::Later(why.to_owned())
}

fn never(why: &str) -> SendFault {
    SendFault::Never(why.to_owned())
}

#[cfg(test)]
#[path = "smtp_test.rs"]
mod test;
