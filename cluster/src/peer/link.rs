//! One authenticated connection to a peer, as the dialling side has it: calls, streams, and when it is given up.
//!
//! Hazard: a call is `Unreachable` only as long as hyper gives the request back. From then on it may have taken effect.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{FutureExt as _, Stream, StreamExt as _};
use hyper::body::Incoming;
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::Sleep;

use super::dial::Connection;
use super::handshake::{self, Reached};
use super::head::{self, Proof};
use super::incoming::{self, Inflow, Missing};
use super::life::{Life, Watched};
use super::limits::{
    CONNECTION_WINDOW, H2_FRAME, HEADERS, Limits, PING_EVERY, PING_WITHIN, SILENCE, STREAM_WINDOW,
};
use super::me::Me;
use super::now::now;
use super::outgoing::{Outflow, Outgoing, Way};
use super::sample::Sample;
use super::session::{Kind, Said, Session, Tag};
use super::{CallError, Lane, Messages, Service};
use crate::raft::types::NodeId;

/// An open connection.
pub(crate) struct Link {
    session: Arc<Session>,
    sender: SendRequest<Outgoing>,
    /// Of the last call.
    number: AtomicU64,
    places: Arc<Semaphore>,
    limits: Limits,
    life: Arc<Life>,
    sample: Mutex<Sample>,
    /// Whether it was opened as a node of the cluster, or as one that has yet to join.
    is_member: bool,
}

/// What an answer's head says.
struct Answered {
    proof: Proof,
    body: Incoming,
}

impl Link {
    /// Makes `stream` a link: shakes hands, and lets h2 run until the link is dropped, ended or lost.
    pub(crate) async fn open(
        mut stream: Connection,
        me: &Me,
        lane: Lane,
        wants: Option<NodeId>,
    ) -> Result<Self, String> {
        let is_member = me.membership().is_some();
        let reached = handshake::reach(&mut stream, me, lane, wants).await?;
        let Reached { session, node, process, clock_ms } = reached;
        let sample = Mutex::new(Sample { process, remote_ms: clock_ms, heard: now() });
        let (session, life, limits) = (Arc::new(session), Life::new(), lane.limits());
        let io = TokioIo::new(Watched { stream, life: life.clone() });
        let (sender, connection) =
            client(limits).handshake(io).await.map_err(|error| format!("h2 does not begin: {error}"))?;
        let ending = session.clone();
        tokio::spawn(async move {
            tokio::select! {
                ended = connection => if let Err(error) = ended {
                    tracing::debug!(node, %error, "a connection to a peer broke");
                },
                () = ending.ended() => {}
            }
            ending.end();
        });
        tracing::debug!(node, ?lane, version = session.version, "connected to a peer");
        let places = Arc::new(Semaphore::new(limits.in_flight));
        Ok(Self { session, sender, number: AtomicU64::new(0), places, limits, life, sample, is_member })
    }

    /// Whether another call of `me` may go this way.
    pub(crate) fn is_usable_by(&self, me: &Me) -> bool {
        !self.session.is_over() && !self.sender.is_closed() && self.is_member == me.membership().is_some()
    }

    /// How many calls and streams are under way.
    pub(crate) fn in_flight(&self) -> usize {
        self.limits.in_flight - self.places.available_permits()
    }

    /// What the peer's clock showed last; `None` once the link is lost.
    pub(crate) fn sample(&self) -> Option<Sample> {
        let sample = *self.sample.lock().unwrap_or_else(PoisonError::into_inner);
        (!self.session.is_over()).then_some(sample)
    }

    /// A call has waited for `within` in vain: ends the link if it was silent all that time, and had time to be asked.
    pub(crate) fn end_if_silent(&self, within: Duration) {
        if self.life.silent_for() >= within.max(SILENCE) {
            self.session.end();
        }
    }

    /// Ends the link, and with it everything under way on it.
    pub(crate) fn end(&self) {
        self.session.end();
    }

    fn place(&self) -> Result<OwnedSemaphorePermit, CallError> {
        self.places.clone().try_acquire_owned().map_err(|_| {
            CallError::Unreachable(format!(
                "overloaded: {} calls are in flight on the connection",
                self.limits.in_flight
            ))
        })
    }

    /// Asks, and waits for as long as the link lives.
    pub(crate) async fn call(&self, service: Service, body: Bytes) -> Result<Bytes, CallError> {
        let _place = self.place()?;
        let name = service.name;
        let call = self.next_number();
        let tag = self.session.tag(&Said { kind: Kind::Call, call, number: 0, name, body: &body });
        let proof = Proof { kind: Kind::Call, number: call, tag };
        let answered = self.send(name, proof, Outgoing::whole(body)).await?;
        self.answer(call, name, answered).await
    }

    /// Opens a stream. Its messages come for as long as the link gives signs of life at least every `patience`.
    pub(crate) async fn stream(
        self: &Arc<Self>,
        service: Service,
        input: Messages,
        patience: Duration,
    ) -> Result<Messages, CallError> {
        let place = self.place()?;
        let name = service.name;
        let call = self.next_number();
        let tag = self.session.tag(&Said { kind: Kind::Open, call, number: 0, name, body: &[] });
        let proof = Proof { kind: Kind::Open, number: call, tag };
        let (reading, given_up) = oneshot::channel();
        let about = (call, name.to_owned());
        let flow = Outflow::new(input, self.session.clone(), Way::Up, about.clone(), Some(given_up));
        let answered = self.send(name, proof, Outgoing::Parts(Box::new(flow))).await?;
        if answered.proof.kind != Kind::Opened {
            return Err(self.answer(call, name, answered).await.err().unwrap_or_else(|| {
                self.end();
                CallError::Lost("the opening of a stream was answered like a call".to_owned())
            }));
        }
        self.check(Kind::Opened, call, name, &answered.proof, &[])?;
        let flow = Inflow::new(answered.body, self.session.clone(), Way::Down, about);
        let patience = patience.max(SILENCE);
        Ok(Box::pin(Reading {
            flow,
            link: self.clone(),
            patience,
            alarm: Box::pin(tokio::time::sleep(patience)),
            is_over: false,
            _place: place,
            _reading: reading,
        }))
    }

    fn next_number(&self) -> u64 {
        self.number.fetch_add(1, Ordering::Relaxed) + 1
    }

    async fn send(&self, name: &str, proof: Proof, body: Outgoing) -> Result<Answered, CallError> {
        let request: Request<Outgoing> = head::request(name, proof, body)
            .ok_or_else(|| CallError::Declined(format!("“{name}” is no name of a service")))?;
        let sent = self.sender.clone().try_send_request(request).await;
        let response: Response<Incoming> = sent.map_err(|mut failed| match failed.take_message() {
            Some(_) => CallError::Unreachable(format!("the connection has ended: {}", failed.error())),
            None => CallError::Lost(format!("the connection broke: {}", failed.error())),
        })?;
        let proof = Proof::of(response.headers()).ok_or_else(|| self.foreign())?;
        Ok(Answered { proof, body: response.into_body() })
    }

    /// Reads and checks the answer of call number `call`.
    async fn answer(&self, call: u64, name: &str, answered: Answered) -> Result<Bytes, CallError> {
        let Answered { proof, body } = answered;
        let body = incoming::whole(body, self.limits.body).await.map_err(|missing| match missing {
            Missing::TooLong => CallError::Lost("the answer is over the limit of its lane".to_owned()),
            Missing::Cut(why) => CallError::Lost(format!("the answer was cut: {why}")),
        })?;
        self.check(proof.kind, call, name, &proof, &body)?;
        let why = || String::from_utf8_lossy(&body).into_owned();
        match proof.kind {
            Kind::Answer => Ok(body),
            Kind::Declined => Err(CallError::Declined(why())),
            Kind::Failed => Err(CallError::Lost(why())),
            _ => Err(self.foreign()),
        }
    }

    /// Checks that the peer has said this, and notes its clock.
    fn check(&self, kind: Kind, call: u64, name: &str, proof: &Proof, body: &[u8]) -> Result<(), CallError> {
        let Proof { number: clock_ms, tag, .. }: &Proof = proof;
        let tag: &Tag = tag;
        if !self.session.proves(&Said { kind, call, number: *clock_ms, name, body }, tag) {
            return Err(self.foreign());
        }
        let mut sample = self.sample.lock().unwrap_or_else(PoisonError::into_inner);
        sample.remote_ms = *clock_ms;
        sample.heard = now();
        Ok(())
    }

    /// Somebody else has had a hand in the connection.
    fn foreign(&self) -> CallError {
        self.end();
        CallError::Lost("the answer is not authentic; the connection was closed".to_owned())
    }
}

fn client(limits: Limits) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_frame_size(H2_FRAME)
        .max_header_list_size(HEADERS)
        .initial_max_send_streams(limits.in_flight)
        .max_concurrent_reset_streams(limits.in_flight)
        .keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(PING_WITHIN)
        .keep_alive_while_idle(true);
    builder
}

/// The messages that come back on a stream. Dropping it ends the stream: the body on its way out sees `_reading` go.
struct Reading {
    flow: Inflow,
    link: Arc<Link>,
    patience: Duration,
    /// Rings when the link may have been silent for too long.
    alarm: Pin<Box<Sleep>>,
    is_over: bool,
    _place: OwnedSemaphorePermit,
    _reading: oneshot::Sender<()>,
}

impl Stream for Reading {
    type Item = Result<Bytes, CallError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if this.is_over {
            return Poll::Ready(None);
        }
        if let Poll::Ready(item) = this.flow.poll_next_unpin(cx) {
            return Poll::Ready(item);
        }
        while this.alarm.poll_unpin(cx).is_ready() {
            if this.link.life.silent_for() >= this.patience {
                this.link.end();
                this.is_over = true;
                let why = "the peer has given no sign of life".to_owned();
                return Poll::Ready(Some(Err(CallError::Lost(why))));
            }
            this.alarm.as_mut().reset(this.link.life.last() + this.patience);
        }
        Poll::Pending
    }
}
