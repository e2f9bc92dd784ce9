//! Every request of a run, made before the clock starts.
//!
//! Owns: the requests, and that each is sent once, by whichever connection is free next. Seats are asked for in the
//! order of a seeded shuffle, as strangers would, and one event after the other, as an onsale is one hot event.

use super::batch::BatchBody;
use super::mix::Mix;
use crate::replay::http::IDEMPOTENCY_KEY;
use crate::rng::Rng;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue};
use hyper::{Request, Uri};
use serde::Serialize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// Of requests that are sent again and again, so many different ones.
const CYCLE: usize = 50_000;

/// One request, but for who sends it.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    path: Arc<Uri>,
    key: Option<HeaderValue>,
    body: Bytes,
}

/// Requests in the order in which they are sent.
pub(crate) struct Orders {
    host: HeaderValue,
    /// Buyers take turns.
    bearers: Arc<[HeaderValue]>,
    orders: Vec<Order>,
    is_endless: bool,
    next: AtomicUsize,
}

/// How orders are made of seats.
pub(crate) struct Recipe<'a> {
    pub(crate) mix: Mix,
    /// Starts every key; none for requests without keys.
    pub(crate) keys: Option<&'a str>,
    /// Holds in one body.
    pub(crate) batch: usize,
    pub(crate) seed: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HoldBody<'a> {
    ticket_ids: &'a [String],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BookBody<'a> {
    ticket_ids: &'a [String],
    payment_details: Card,
}

#[derive(Serialize)]
struct Card {
    provider: &'static str,
    token: &'static str,
}

const CARD: Card = Card { provider: "test", token: "tok_visa" };

impl Order {
    /// The same request under another key, if it has one.
    pub(crate) fn with_key_numbered(&self, number: usize) -> Self {
        let numbered = |key: &HeaderValue| longer(key, &format!("-{number}"));
        Self { key: self.key.as_ref().map(numbered), ..self.clone() }
    }
}

impl Recipe<'_> {
    /// Asks for each of `parties`' seats once, in a shuffled order.
    pub(crate) fn orders(&self, event: &str, mut parties: Vec<Vec<String>>) -> anyhow::Result<Vec<Order>> {
        shuffle(&mut parties, self.seed);
        let path = Arc::new(self.mix.path(event).parse::<Uri>()?);
        let share = if self.mix == Mix::Batch { self.batch } else { 1 };
        let mut orders = Vec::with_capacity(parties.len() / share);
        for (number, parties) in parties.chunks_exact(share).enumerate() {
            let key = self.keys.map(|prefix| format!("{prefix}-{event}-{number}"));
            let body = match self.mix {
                Mix::Batch => serde_json::to_vec(&BatchBody::new(parties, key.as_deref()))?,
                Mix::Book => {
                    serde_json::to_vec(&BookBody { ticket_ids: &parties[0], payment_details: CARD })?
                }
                _ => serde_json::to_vec(&HoldBody { ticket_ids: &parties[0] })?,
            };
            let key = key.filter(|_| self.mix != Mix::Batch).map(HeaderValue::try_from).transpose()?;
            orders.push(Order { path: path.clone(), key, body: body.into() });
        }
        Ok(orders)
    }
}

impl Orders {
    /// No orders yet, for the server at `authority`.
    pub(crate) fn none(authority: &str, tokens: &[String]) -> anyhow::Result<Self> {
        let bearer = |token: &String| HeaderValue::try_from(format!("Bearer {token}"));
        Ok(Self {
            host: HeaderValue::try_from(authority)?,
            bearers: tokens.iter().map(bearer).collect::<Result<_, _>>()?,
            orders: Vec::new(),
            is_endless: false,
            next: AtomicUsize::new(0),
        })
    }

    /// These orders that have not been sent, and then `more`.
    pub(crate) fn and(&self, more: impl IntoIterator<Item = Order>) -> Self {
        let rest = self.orders.iter().skip(self.next.load(Ordering::Relaxed)).cloned();
        Self {
            host: self.host.clone(),
            bearers: self.bearers.clone(),
            orders: rest.chain(more).collect(),
            is_endless: self.is_endless,
            next: AtomicUsize::new(0),
        }
    }

    /// Those that have not been sent.
    pub(crate) fn into_rest(self) -> Vec<Order> {
        let sent = self.next.into_inner().min(self.orders.len());
        self.orders.into_iter().skip(sent).collect()
    }

    /// The same, sent again and again.
    pub(crate) fn endless(self) -> Self {
        Self { is_endless: true, ..self }
    }

    /// The same requests for another server, again and again: one that does not mind.
    pub(crate) fn endless_for(&self, authority: &str) -> anyhow::Result<Self> {
        Ok(Self {
            host: HeaderValue::try_from(authority)?,
            bearers: self.bearers.clone(),
            orders: self.orders.iter().take(CYCLE).cloned().collect(),
            is_endless: true,
            next: AtomicUsize::new(0),
        })
    }

    /// How many may still be sent.
    pub(crate) fn left(&self) -> usize {
        if self.is_endless {
            return usize::MAX;
        }
        self.orders.len().saturating_sub(self.next.load(Ordering::Relaxed))
    }

    /// The next one that nobody has sent yet.
    pub(crate) fn take(&self) -> Option<usize> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        if self.is_endless && !self.orders.is_empty() {
            return Some(number % self.orders.len());
        }
        (number < self.orders.len()).then_some(number)
    }

    /// The request of an order that was taken.
    pub(crate) fn request(&self, number: usize) -> Request<Full<Bytes>> {
        let order = &self.orders[number];
        let mut request = self.post(number, order.path.as_ref().clone(), order.body.clone());
        if let Some(key) = &order.key {
            request.headers_mut().insert(IDEMPOTENCY_KEY, key.clone());
        }
        request
    }

    /// Another request by the buyer whose turn that order is.
    pub(crate) fn post(&self, number: usize, path: Uri, body: Bytes) -> Request<Full<Bytes>> {
        let mut request = Request::post(path);
        if let Some(headers) = request.headers_mut() {
            headers.reserve(4);
            headers.insert(HOST, self.host.clone());
            headers.insert(AUTHORIZATION, self.bearers[number % self.bearers.len()].clone());
            headers.insert(CONTENT_TYPE, JSON);
        }
        request.body(Full::new(body)).expect("all of it was checked when the orders were made")
    }

    /// The key of the confirmation that follows an order.
    pub(crate) fn confirming_key(&self, number: usize) -> Option<HeaderValue> {
        let key = self.orders[number].key.as_ref()?;
        Some(longer(key, "-pay"))
    }
}

fn longer(key: &HeaderValue, by: &str) -> HeaderValue {
    let key = [key.as_bytes(), by.as_bytes()].concat();
    HeaderValue::from_maybe_shared(Bytes::from(key)).expect("the key was one before, and letters were added")
}

/// Fisher and Yates.
fn shuffle<T>(items: &mut [T], seed: u64) {
    let mut rng = Rng::new(seed);
    for last in (1..items.len()).rev() {
        items.swap(last, rng.below(last as u64 + 1) as usize);
    }
}

#[cfg(test)]
#[path = "orders_test.rs"]
mod test;
