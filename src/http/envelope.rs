//! What surrounds every request: its id, its client, its deadline, and the last net under it.
//!
//! Every answer leaves here with `X-Request-Id`, every problem with its body, every panic as a 500 with a body, and
//! every fault of ours in the log exactly once.

use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::header::{CONTENT_SECURITY_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::ports::Random;
use futures_util::FutureExt;

use super::leftover::Leftover;
use super::problem::{Code, Problem};
use crate::clock::{Deadline, Stopwatch};
use crate::dispatch::Asking;
use crate::dispatch::relay::Relayed;
use crate::limits::{Limits, TooMany};

/// The header of a request's id.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const MAX_INBOUND_ID_BYTES: usize = 128;
const NO_PAGE: &str = "default-src 'none'; frame-ancestors 'none'";

/// Where a connection comes from; put into every request that comes over it.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub IpAddr);

/// What the layer needs to know; shared by both listeners.
pub struct Envelope {
    deadline: Duration,
    /// Tells the ids of this run of the node from those of any other.
    run: u64,
    requests: AtomicU64,
    limits: Arc<Limits>,
}

impl Envelope {
    /// Requests get `deadline` from the last byte of their head to the first of their answer.
    #[must_use]
    pub fn new(deadline: Duration, random: &dyn Random, limits: Arc<Limits>) -> Arc<Self> {
        let mut run = [0; 8];
        random.fill(&mut run);
        Arc::new(Self { deadline, run: u64::from_le_bytes(run), requests: AtomicU64::new(0), limits })
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
    /// What leaves the node for the request of `client` with `id` that `answering` answers.
    pub async fn around(
        &self,
        id: HeaderValue,
        client: Option<IpAddr>,
        answering: impl Future<Output = Response>,
    ) -> Response {
        let until = Deadline::within(self.deadline);
        let asking = Asking { id: id.clone(), until, client };
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
        let headers = response.headers_mut();
        headers.insert(REQUEST_ID, id);
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        // A page says itself what it may load; what is no page loads nothing, wherever a browser is made to show it.
        if !headers.contains_key(CONTENT_SECURITY_POLICY) {
            headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(NO_PAGE));
        }
        response
    }
}

impl Envelope {
    /// Where the client of `request` is, and whether it may ask. What is relayed was counted where it came in.
    fn count(&self, request: &Request) -> (Option<IpAddr>, Result<(), TooMany>) {
        if let Some(relayed) = request.extensions().get::<Relayed>() {
            return (relayed.client, Ok(()));
        }
        let peer = request.extensions().get::<Peer>();
        let client = peer.map(|Peer(address)| self.limits.client(*address, request.headers()));
        (client, client.map_or(Ok(()), |client| self.limits.request(client)))
    }
}

/// Ids are logged and echoed: nothing endless, and nothing but what can be seen; quotes are escaped in both places.
fn is_sane(id: &[u8]) -> bool {
    (1..=MAX_INBOUND_ID_BYTES).contains(&id.len()) && id.iter().all(u8::is_ascii_graphic)
}

/// The layer; goes outermost.
pub async fn envelope(State(envelope): State<Arc<Envelope>>, request: Request, next: Next) -> Response {
    let id = envelope.request_id(request.headers());
    let access = Access::of(request.method(), request.uri());
    let (request, leftover) = Leftover::of(request);
    let (client, counted) = envelope.count(&request);
    let answering = async {
        match counted {
            Ok(()) => next.run(request).await,
            Err(too_many) => Problem::from(too_many).into_response(),
        }
    };
    let response = envelope.around(id, client, answering).await;
    access.log(client, &response);
    leftover.discard().await;
    response
}

/// What the log of requests says, where anybody wants to know. No query: it is the client's own affair.
pub(super) struct Access(Option<(Method, Uri, Stopwatch)>);

impl Access {
    pub(super) fn of(method: &Method, uri: &Uri) -> Self {
        let wanted = tracing::enabled!(target: ACCESS, tracing::Level::DEBUG);
        Self(wanted.then(|| (method.clone(), uri.clone(), Stopwatch::start())))
    }

    pub(super) fn log(self, client: Option<IpAddr>, response: &Response) {
        let Some((method, uri, since)) = self.0 else { return };
        tracing::debug!(
            target: ACCESS,
            request_id = response.headers().get(&REQUEST_ID).and_then(|id| id.to_str().ok()),
            client = client.map(tracing::field::display),
            %method,
            path = uri.path(),
            status = response.status().as_u16(),
            micros = u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX),
            "answered"
        );
    }
}

/// The module of the log of requests.
const ACCESS: &str = "onsale::access";

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
