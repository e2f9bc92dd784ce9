//! A small client of this program's own HTTP contract, for the commands that talk to a running node.
//!
//! Owns one connection pool and one deadline for each call. Not: which node to ask, and what to do about an answer.

use std::fmt;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE};
use hyper::{Method, Request, StatusCode, Uri};
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

/// A node answers within its own deadline, which is shorter.
const WITHIN: Duration = Duration::from_secs(40);
/// More than any answer that is asked for here.
const MOST_BYTES: usize = 64 << 20;

/// Talks to any node, as one person or nobody.
#[derive(Debug, Clone)]
pub struct Client {
    authorization: Option<String>,
    pool: Pool<HttpConnector, Full<Bytes>>,
}

/// What came back.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its body, as it was sent.
    pub text: String,
    /// The same, read; null where there was none.
    pub body: Value,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoAnswer {
    /// Nobody was reached, so nothing was done.
    NotReached(String),
    /// Whether the request was heard is unknown.
    Lost(String),
    /// What came is not from a node of ours.
    NotOurs(String),
}

impl fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotReached(why) | Self::Lost(why) | Self::NotOurs(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for NoAnswer {}

impl Client {
    /// Nobody, so far.
    #[must_use]
    pub fn new() -> Self {
        Self { authorization: None, pool: Pool::builder(TokioExecutor::new()).build_http() }
    }

    /// The same connections, as whoever `token` was given to.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self { authorization: Some(format!("Bearer {token}")), pool: self.pool.clone() }
    }

    /// Sends a request to `base`, for example `http://127.0.0.1:8081`, and waits for the answer, whatever its status.
    ///
    /// # Errors
    /// See [`NoAnswer`].
    pub async fn send(
        &self,
        method: Method,
        base: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer, NoAnswer> {
        let uri = format!("{base}{path}").parse::<Uri>();
        let uri = uri.map_err(|_| NoAnswer::NotReached(format!("{base} is not an address")))?;
        let mut request = Request::builder().method(method).uri(uri);
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        if body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        let body = body.map(Value::to_string).unwrap_or_default();
        let request =
            request.body(Full::from(body)).map_err(|error| NoAnswer::NotReached(error.to_string()))?;
        match tokio::time::timeout(WITHIN, self.answer(request)).await {
            Ok(answered) => answered,
            Err(_late) => Err(NoAnswer::Lost(format!("no answer within {} s", WITHIN.as_secs()))),
        }
    }

    async fn answer(&self, request: Request<Full<Bytes>>) -> Result<Answer, NoAnswer> {
        let response = self.pool.request(request).await.map_err(|error| {
            let why = innermost(&error);
            if error.is_connect() { NoAnswer::NotReached(why) } else { NoAnswer::Lost(why) }
        })?;
        let status = response.status();
        let bytes = Limited::new(response.into_body(), MOST_BYTES).collect().await;
        let bytes = bytes.map_err(|error| NoAnswer::Lost(error.to_string()))?.to_bytes();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if text.is_empty() {
            return Ok(Answer { status, text, body: Value::Null });
        }
        match serde_json::from_str(&text) {
            Ok(body) => Ok(Answer { status, text, body }),
            Err(_) => Err(NoAnswer::NotOurs(format!("{status} with a body that is not JSON"))),
        }
    }
}

impl Default for Client {
    fn default() -> Self {
        Self::new()
    }
}

/// The outer ones say no more than that something went wrong.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(cause) = innermost.source() {
        innermost = cause;
    }
    innermost.to_string()
}
