//! One request to Stripe: bounded in time, in the size of its answer and in how many run at once.
//!
//! Owns what tells a refusal, which is an answer, from what is unclear: a request that may or may not have been done.
//! Hazard: the secret key goes into one header and nowhere else; no error and no log has it.

use std::time::Duration;

use reqwest::{Method, redirect};
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;

use super::shapes::{Refusal, RefusalBody};
use crate::config::{Secret, StripeConfig};

/// How the API is spoken, whatever the account's default is.
const VERSION: &str = "2024-06-20";
const CONNECTS_WITHIN: Duration = Duration::from_secs(3);
const ANSWERS_WITHIN: Duration = Duration::from_secs(10);
/// An intent has a few kilobytes, a page of them some hundred.
const MAX_ANSWER_BYTES: usize = 4 << 20;
/// Requests at a time; more wait.
const AT_ONCE: usize = 64;

/// Fields of a form.
pub(crate) type Form<'a> = Vec<(&'a str, String)>;

/// Why there is no answer to go on with.
#[derive(Debug)]
pub(crate) enum NoAnswer {
    /// Whether it was done is not known: no answer, or one that says to ask again.
    Unclear(String),
    /// It was not done.
    Refused {
        /// The HTTP status.
        status: u16,
        /// What Stripe says of it.
        why: Box<RefusalBody>,
    },
}

impl std::fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unclear(why) => f.write_str(why),
            Self::Refused { status, why } => {
                let code = why.code.as_deref().unwrap_or("no code");
                write!(f, "refused with {status} {} ({code})", why.r#type)
            }
        }
    }
}

/// Speaks to one Stripe account.
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    key: Secret,
    turns: Semaphore,
}

impl Client {
    /// For the account of `config`.
    ///
    /// # Errors
    /// Where TLS cannot be set up.
    pub(crate) fn new(config: &StripeConfig) -> Result<Self, String> {
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECTS_WITHIN)
            .timeout(ANSWERS_WITHIN)
            .redirect(redirect::Policy::none())
            .pool_max_idle_per_host(AT_ONCE);
        let http = if config.is_loopback() { http.no_proxy() } else { http };
        let http = http.build().map_err(|error| error.to_string())?;
        let base = config.url.trim_end_matches('/').to_owned();
        Ok(Self { http, base, key: config.key.clone(), turns: Semaphore::new(AT_ONCE) })
    }

    /// Reads `path`.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str, query: &Form<'_>) -> Result<T, NoAnswer> {
        self.send(Method::GET, path, |request| request.query(query)).await
    }

    /// Changes something, once for each `key`.
    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        key: &str,
        form: &Form<'_>,
    ) -> Result<T, NoAnswer> {
        self.send(Method::POST, path, |request| request.header("Idempotency-Key", key).form(form)).await
    }

    async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        fill: impl FnOnce(reqwest::RequestBuilder) -> reqwest::RequestBuilder,
    ) -> Result<T, NoAnswer> {
        let _turn = self.turns.acquire().await.map_err(|closed| NoAnswer::Unclear(closed.to_string()))?;
        let request = self.http.request(method, format!("{}{path}", self.base));
        let request = request.bearer_auth(self.key.reveal()).header("Stripe-Version", VERSION);
        let response = fill(request).send().await.map_err(unclear)?;
        let status = response.status().as_u16();
        let body = read(response).await?;
        match status {
            200..=299 => serde_json::from_slice(&body)
                .map_err(|error| NoAnswer::Unclear(format!("an answer that is not understood: {error}"))),
            // Another request with the same key is running, too many requests, a fault there.
            409 | 429 | 500.. => Err(NoAnswer::Unclear(format!("status {status}"))),
            _ => {
                let refusal = serde_json::from_slice::<Refusal>(&body);
                let why = Box::new(refusal.map(|refusal| refusal.error).unwrap_or_default());
                Err(NoAnswer::Refused { status, why })
            }
        }
    }
}

async fn read(mut response: reqwest::Response) -> Result<Vec<u8>, NoAnswer> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unclear)? {
        if body.len() + chunk.len() > MAX_ANSWER_BYTES {
            return Err(NoAnswer::Unclear("an answer without end".to_owned()));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// With its causes, and without the address, which has nothing to say.
fn unclear(error: reqwest::Error) -> NoAnswer {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    NoAnswer::Unclear(text)
}
