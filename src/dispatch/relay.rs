//! ③ Whole HTTP requests for another node: what is no command and cannot be answered, or decided, here. They are answered
//! there by the same router, which verifies the caller again.
//!
//! Owns the form in which request and response travel, and whom they are sent to. A message is the length of its head, a
//! head, which is a frame of [`cluster::wire`], and the body as it is. Hazard: what is relayed is never relayed on; the
//! receiver marks it, and a client cannot.

use std::net::IpAddr;

use axum::body::Bytes;
use axum::http::header::{
    CONNECTION, CONTENT_LENGTH, EXPECT, HOST, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER,
    TRANSFER_ENCODING, UPGRADE,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri};
use bytes::BytesMut;
use cluster::peer::{CallError, Lane, Service};
use cluster::raft::types::NodeId;
use cluster::wire::{Counted, WireError, decode, encode};
use domain::ids::EventId;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::forward::clock_of;
use super::search::Search;
use cluster::Owner;

use super::ways::State;
use super::{Asking, Dispatch};

/// What requests are sent as, but for those that carry much.
const HTTP: Service = Service { name: "http", lane: Lane::Commands };
/// Requests with large bodies, or answers.
const LARGE: Service = Service { name: "http", lane: Lane::Bulk };
/// The largest body that comes back.
pub const MAX_BODY_BYTES: usize = 64 << 20;
/// Nodes that are asked for what any of several can answer.
const MAX_ASKED: usize = 2;
/// Bytes of the length of a head.
const LENGTH_BYTES: usize = 4;
const MAX_HEADERS: usize = 128;
const MAX_VALUE_BYTES: usize = 16 << 10;
const MAX_TARGET_BYTES: usize = 64 << 10;

/// Marks a request that another node has relayed.
#[derive(Debug, Clone, Copy)]
pub struct Relayed {
    /// Where its client is, as that node says.
    pub client: Option<IpAddr>,
}

/// Whether a request or its answer is large.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// A few kilobytes.
    Small,
    /// A seat map, say.
    Large,
}

/// Nobody has answered; what was asked for may have happened all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoAnswer;

type Text<const MAX: usize> = Counted<u8, 0, MAX>;
type Headers = Counted<(Text<MAX_VALUE_BYTES>, Text<MAX_VALUE_BYTES>), 0, MAX_HEADERS>;

#[derive(Serialize, Deserialize)]
struct RequestHead {
    /// As for commands: an instant of the receiver's monotonic clock.
    deadline_ms: u64,
    method: Text<16>,
    target: Text<MAX_TARGET_BYTES>,
    headers: Headers,
    /// Where the client is.
    client: Option<IpAddr>,
}

#[derive(Serialize, Deserialize)]
struct ResponseHead {
    status: u16,
    headers: Headers,
    /// How far what may have been changed was applied there.
    applied: Counted<(State, u64), 0, 4>,
}

impl Dispatch {
    /// Has whoever decides about `of` answer `request`. It has come to this node, so it is not answered here.
    ///
    /// # Errors
    /// [`NoAnswer`].
    pub async fn relay_to_owner(
        &self,
        of: State,
        request: Request<Bytes>,
        size: Size,
    ) -> Result<Response<Bytes>, NoAnswer> {
        let asking = Asking::current(self.patience);
        let mut search = Search::new(self.ways.clone(), of, asking.until);
        while let Owner::There(node) = search.next().await {
            match self.relay(node, &request, size, &asking).await {
                Ok(response) => return Ok(response),
                Err(CallError::Lost(_)) => return Err(NoAnswer),
                Err(CallError::Unreachable(_) | CallError::Declined(_)) => search.turned_away(node),
            }
        }
        Err(NoAnswer)
    }

    /// Has any of `nodes` answer `request`, which changes nothing.
    ///
    /// # Errors
    /// [`NoAnswer`].
    pub async fn relay_to_any(
        &self,
        nodes: &[NodeId],
        request: Request<Bytes>,
        size: Size,
    ) -> Result<Response<Bytes>, NoAnswer> {
        let asking = Asking::current(self.patience);
        let me = self.ways.me();
        for node in nodes.iter().filter(|node| **node != me).take(MAX_ASKED) {
            if let Ok(response) = self.relay(*node, &request, size, &asking).await {
                return Ok(response);
            }
        }
        Err(NoAnswer)
    }

    async fn relay(
        &self,
        to: NodeId,
        request: &Request<Bytes>,
        size: Size,
        asking: &Asking,
    ) -> Result<Response<Bytes>, CallError> {
        let clock_ms = clock_of(&*self.calls, to).await?;
        let left = asking.until.left();
        let deadline_ms = clock_ms.saturating_add(u64::try_from(left.as_millis()).unwrap_or(u64::MAX));
        let message = write_request(request, deadline_ms, asking.client)
            .ok_or_else(|| CallError::Declined("the request has too much in its head".to_owned()))?;
        let service = if size == Size::Small { HTTP } else { LARGE };
        let answer = self.calls.call(to, service, message, left).await?;
        let (response, applied) = read_response(&answer).map_err(|error| {
            tracing::warn!(from = to, %error, "a relayed answer could not be read");
            CallError::Lost(error.to_string())
        })?;
        for (of, applied) in applied {
            self.answered_elsewhere(of, applied);
        }
        Ok(response)
    }

    /// What another node relays, marked as that; whoever answers it gives [`Self::relayed_answer`].
    ///
    /// # Errors
    /// [`CallError::Declined`] where it is no request, or comes late.
    pub fn relayed_request(&self, message: &Bytes) -> Result<Request<Bytes>, CallError> {
        let declined = |error: WireError| CallError::Declined(format!("no request: {error}"));
        let (deadline_ms, request) = read_request(message).map_err(declined)?;
        if deadline_ms <= self.clock.read().monotonic_ms {
            return Err(CallError::Declined("the request has come late".to_owned()));
        }
        Ok(request)
    }

    /// The answer to a relayed request, for the way back. `changes` says whether it may have changed something, and `sale`
    /// of which event the sale, beside the catalogue and the accounts.
    ///
    /// # Errors
    /// [`CallError::Lost`] where it cannot be carried.
    pub fn relayed_answer(
        &self,
        response: &Response<Bytes>,
        changes: bool,
        sale: Option<EventId>,
    ) -> Result<Bytes, CallError> {
        let mut applied = Vec::new();
        if changes {
            let position = |of| Some((of, self.ways.applied(of)?));
            let states = [State::Catalogue, State::Accounts].into_iter().chain(sale.map(State::Sale));
            applied.extend(states.filter_map(position));
        }
        write_response(response, applied)
            .ok_or_else(|| CallError::Lost("the answer has too much in its head".to_owned()))
    }
}

/// Whether a header is about one connection, or for nodes alone: neither comes from clients, nor goes to them.
#[must_use]
pub fn stays(name: &HeaderName) -> bool {
    const OF_CONNECTION: [HeaderName; 10] = [
        CONNECTION,
        CONTENT_LENGTH,
        EXPECT,
        HOST,
        PROXY_AUTHENTICATE,
        PROXY_AUTHORIZATION,
        TE,
        TRAILER,
        TRANSFER_ENCODING,
        UPGRADE,
    ];
    OF_CONNECTION.contains(name) || name == "keep-alive" || is_internal(name)
}

/// Whether a header is for nodes alone.
#[must_use]
pub fn is_internal(name: &HeaderName) -> bool {
    name.as_str().starts_with("onsale-") || name.as_str().starts_with("x-onsale-")
}

fn text<const MAX: usize>(bytes: &[u8]) -> Option<Text<MAX>> {
    Counted::new(bytes.to_vec())
}

fn write_headers(headers: &HeaderMap) -> Option<Headers> {
    let named: Vec<&str> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(',').map(str::trim))
        .collect();
    let goes = |name: &HeaderName| {
        !stays(name) && !named.iter().any(|named| named.eq_ignore_ascii_case(name.as_str()))
    };
    let kept = headers.iter().filter(|(name, _)| goes(name));
    let kept = kept.map(|(name, value)| Some((text(name.as_str().as_bytes())?, text(value.as_bytes())?)));
    Counted::new(kept.collect::<Option<Vec<_>>>()?)
}

fn read_headers(headers: Headers) -> Result<HeaderMap, WireError> {
    let mut read = HeaderMap::new();
    for (name, value) in headers.into_vec() {
        let name = HeaderName::from_bytes(name.as_slice()).map_err(unreadable)?;
        let value = HeaderValue::from_bytes(value.as_slice()).map_err(unreadable)?;
        if !stays(&name) {
            read.append(name, value);
        }
    }
    Ok(read)
}

fn unreadable(error: impl std::fmt::Display) -> WireError {
    WireError::Body(error.to_string())
}

fn join(head: &[u8], body: &[u8]) -> Option<Bytes> {
    let length = u32::try_from(head.len()).ok()?;
    let mut message = BytesMut::with_capacity(LENGTH_BYTES + head.len() + body.len());
    message.extend_from_slice(&length.to_le_bytes());
    message.extend_from_slice(head);
    message.extend_from_slice(body);
    Some(message.freeze())
}

fn part<T: DeserializeOwned>(message: &Bytes) -> Result<(T, Bytes), WireError> {
    let (length, rest) = message.split_first_chunk::<LENGTH_BYTES>().ok_or(WireError::CutShort)?;
    let length = usize::try_from(u32::from_le_bytes(*length)).map_err(unreadable)?;
    let (head, _) = rest.split_at_checked(length).ok_or(WireError::CutShort)?;
    Ok((decode(head)?, message.slice(LENGTH_BYTES + length..)))
}

/// Whether the head of `request` can travel.
#[must_use]
pub fn fits(request: &Request<Bytes>) -> bool {
    head_of(request, 0, None).is_some()
}

fn head_of(request: &Request<Bytes>, deadline_ms: u64, client: Option<IpAddr>) -> Option<RequestHead> {
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    Some(RequestHead {
        deadline_ms,
        method: text(request.method().as_str().as_bytes())?,
        target: text(target.as_bytes())?,
        headers: write_headers(request.headers())?,
        client,
    })
}

fn write_request(request: &Request<Bytes>, deadline_ms: u64, client: Option<IpAddr>) -> Option<Bytes> {
    join(&encode(&head_of(request, deadline_ms, client)?), request.body())
}

fn read_request(message: &Bytes) -> Result<(u64, Request<Bytes>), WireError> {
    let (RequestHead { deadline_ms, method, target, headers, client }, body) = part(message)?;
    let mut request = Request::new(body);
    *request.method_mut() = Method::from_bytes(method.as_slice()).map_err(unreadable)?;
    let target = Uri::try_from(target.as_slice()).map_err(unreadable)?;
    if !target.path().starts_with('/') {
        return Err(WireError::Body("its target is no path".to_owned()));
    }
    *request.uri_mut() = target;
    *request.headers_mut() = read_headers(headers)?;
    request.extensions_mut().insert(Relayed { client });
    Ok((deadline_ms, request))
}

fn write_response(response: &Response<Bytes>, applied: Vec<(State, u64)>) -> Option<Bytes> {
    let head = ResponseHead {
        status: response.status().as_u16(),
        headers: write_headers(response.headers())?,
        applied: Counted::new(applied)?,
    };
    join(&encode(&head), response.body())
}

type Answer = (Response<Bytes>, Vec<(State, u64)>);

fn read_response(message: &Bytes) -> Result<Answer, WireError> {
    let (ResponseHead { status, headers, applied }, body) = part(message)?;
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).map_err(unreadable)?;
    *response.headers_mut() = read_headers(headers)?;
    Ok((response, applied.into_vec()))
}

/// Reads both ways, for fuzzers.
#[cfg(any(test, fuzzing))]
pub(super) fn read_any(message: &Bytes) {
    let _read = (read_request(message).is_ok(), read_response(message).is_ok());
}

#[cfg(test)]
#[path = "relay_test.rs"]
mod test;
