//! Text messages through a gateway that speaks HTTP: `POST sms.url` with `{"to", "text", "id"}` and the secret as bearer.
//!
//! Owns what the gateway's answers mean. The id is also its Idempotency-Key, so that a gateway can drop repeats. Hazard:
//! the receiver's number must not get into a log, nor into a fault's words.

use std::sync::Arc;
use std::time::Duration;

use domain::ports::SendFault;
use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode, Url};
use serde_json::json;
use tokio::sync::Semaphore;

use crate::config::{Secret, SmsConfig};

/// For a whole attempt.
const PATIENCE: Duration = Duration::from_secs(15);
/// On their way from this node at a time.
const AT_A_TIME: usize = 16;

/// The gateway for text messages; clones are the same.
#[derive(Clone)]
pub struct Sms {
    client: Client,
    url: Url,
    secret: Option<Secret>,
    places: Arc<Semaphore>,
}

impl Sms {
    /// The gateway of `config`, or `None` where there is none.
    ///
    /// # Errors
    /// When no client can be made.
    pub fn of(config: &SmsConfig) -> Result<Option<Self>, reqwest::Error> {
        let Some(url) = config.url.as_ref().and_then(|url| Url::parse(url).ok()) else { return Ok(None) };
        let client = Client::builder().redirect(Policy::none()).timeout(PATIENCE).build()?;
        let places = Arc::new(Semaphore::new(AT_A_TIME));
        Ok(Some(Self { client, url, secret: config.secret.clone(), places }))
    }

    /// Sends `text` to the number `to` under `id`.
    ///
    /// # Errors
    /// [`SendFault`]: what the gateway refuses is never sent, whatever else fails may go well later.
    pub async fn send(&self, to: &str, text: &str, id: &str) -> Result<(), SendFault> {
        let _place = self.places.acquire().await.map_err(|_| later("the node is stopping"))?;
        let mut request = self
            .client
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header("idempotency-key", id)
            .body(json!({ "to": to, "text": text, "id": id }).to_string());
        if let Some(secret) = &self.secret {
            request = request.bearer_auth(secret.reveal());
        }
        match request.send().await.map(|response| response.status()) {
            Ok(status) if status.is_success() => Ok(()),
            Ok(status) if refuses(status) => {
                Err(SendFault::Never(format!("the text message gateway answers {}", status.as_u16())))
            }
            Ok(status) => {
                Err(SendFault::Later(format!("the text message gateway answers {}", status.as_u16())))
            }
            Err(error) if error.is_timeout() => Err(later("the text message gateway took too long")),
            Err(_) => Err(later("the text message gateway cannot be reached")),
        }
    }
}

/// Whether `text` can stand in `sms.url`: an encrypted connection, or one that stays on this machine.
#[must_use]
pub fn is_sms_url(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else { return false };
    let here = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    url.has_host() && (url.scheme() == "https" || url.scheme() == "http" && here)
}

/// The message is at fault, not the moment: neither the credentials nor the load.
fn refuses(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::BAD_REQUEST
            | StatusCode::NOT_FOUND
            | StatusCode::GONE
            | StatusCode::PAYLOAD_TOO_LARGE
            | StatusCode::UNPROCESSABLE_ENTITY
    )
}

fn later(why: &str) -> SendFault {
    SendFault::Later(why.to_owned())
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn only_encrypted_connections_leave_this_machine() {
        for fine in ["https://sms.example.com/send", "http://127.0.0.1:9000/", "http://localhost/x"] {
            assert!(is_sms_url(fine), "{fine}");
        }
        for wrong in ["http://sms.example.com/", "sms.example.com", "ftp://localhost/", ""] {
            assert!(!is_sms_url(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_message_that_is_refused_is_not_sent_again() {
        assert!(refuses(StatusCode::UNPROCESSABLE_ENTITY));
        for other in [StatusCode::UNAUTHORIZED, StatusCode::TOO_MANY_REQUESTS, StatusCode::BAD_GATEWAY] {
            assert!(!refuses(other), "{other}");
        }
    }
}
