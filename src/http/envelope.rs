//! What surrounds every request: its id, its deadline, and the last net under it.
//!
//! Every answer leaves here with `X-Request-Id`, every problem with its body, every panic as a 500 with a body, and
//! every fault of ours in the log exactly once.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::ports::Random;
use futures_util::FutureExt;

use super::leftover::Leftover;
use super::problem::{Code, Problem};
use crate::clock::Deadline;
use crate::dispatch::Asking;

/// The header of a request's id.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const MAX_INBOUND_ID_BYTES: usize = 128;

/// What the layer needs to know; shared by both listeners.
#[derive(Debug)]
pub struct Envelope {
    deadline: Duration,
    /// Tells the ids of this run of the node from those of any other.
    run: u64,
    requests: AtomicU64,
}

impl Envelope {
    /// Requests get `deadline` from the last byte of their head to the first of their answer.
    #[must_use]
    pub fn new(deadline: Duration, random: &dyn Random) -> Arc<Self> {
        let mut run = [0; 8];
        random.fill(&mut run);
        Arc::new(Self { deadline, run: u64::from_le_bytes(run), requests: AtomicU64::new(0) })
    }

    /// The id that a request came with, or a new one.
    pub fn request_id(&self, headers: &HeaderMap) -> HeaderValue {
        match headers.get(&REQUEST_ID) {
            Some(inbound) if is_sane(inbound.as_bytes()) => inbound.clone(),
            _ => {
                let number = self.requests.fetch_add(1, Ordering::Relaxed);
                HeaderValue::from_str(&format!("req_{:016x}-{number:x}", self.run))
                    .expect("hexadecimal digits are a header value")
            }
        }
    }
}

impl Envelope {
    /// What leaves the node for the request with `id` that `answering` answers.
    pub async fn around(&self, id: HeaderValue, answering: impl Future<Output = Response>) -> Response {
        let until = Deadline::within(self.deadline);
        let asking = Asking { id: id.clone(), until };
        let guarded = AssertUnwindSafe(asking.during(answering)).catch_unwind();
        let mut response = match tokio::time::timeout_at(until.instant(), guarded).await {
            Ok(Ok(response)) => response,
            Ok(Err(_panic)) => Problem::internal("a handler panicked").into_response(),
            Err(_elapsed) => {
                let late = "No answer in time. Retry with the same Idempotency-Key.";
                Problem::new(Code::OwnerUnavailable, late).into_response()
            }
        };
        finish(id.to_str().unwrap_or_default(), &mut response);
        response.headers_mut().insert(REQUEST_ID, id);
        response
    }
}

/// Ids are logged and echoed: nothing endless, and nothing but what can be seen; quotes are escaped in both places.
fn is_sane(id: &[u8]) -> bool {
    (1..=MAX_INBOUND_ID_BYTES).contains(&id.len()) && id.iter().all(u8::is_ascii_graphic)
}

/// The layer; goes outermost.
pub async fn envelope(State(envelope): State<Arc<Envelope>>, request: Request, next: Next) -> Response {
    let id = envelope.request_id(request.headers());
    let (request, leftover) = Leftover::of(request);
    let response = envelope.around(id, next.run(request)).await;
    leftover.discard().await;
    response
}

fn finish(request_id: &str, response: &mut Response) {
    let problem = match response.extensions_mut().remove::<Problem>() {
        Some(problem) => problem,
        None if response.status() == StatusCode::INTERNAL_SERVER_ERROR => {
            let problem = Problem::internal("a response without a problem had status 500");
            *response = problem.into_response();
            return finish(request_id, response);
        }
        None => return,
    };
    if let Some(cause) = problem.cause() {
        tracing::error!(request_id, cause, "a request met a fault");
    }
    problem.render(request_id, response);
}

#[cfg(test)]
#[path = "envelope_test.rs"]
mod test;
