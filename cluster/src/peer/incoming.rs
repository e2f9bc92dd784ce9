//! Bodies on their way in: a call's or an answer's, gathered whole within a limit, or the messages of a stream, each
//! checked by its MAC before anyone sees it.
//!
//! Hazard: a length comes before the bytes, and before the MAC that vouches for it. It is bounded before room is made,
//! and room grows with what has come.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes, BytesMut};
use futures_util::Stream;
use hyper::body::{Body, Incoming};

use super::CallError;
use super::limits::MAX_MESSAGE_BYTES;
use super::outgoing::{PART_HEAD_BYTES, Way};
use super::session::{Kind, Said, Session, Tag};

/// Why a body is not there.
#[derive(Debug)]
pub(crate) enum Missing {
    /// It is longer than may be.
    TooLong,
    /// The connection, or the other side, ended before it was whole.
    Cut(String),
}

/// The next bytes of `body`.
fn poll_chunk(body: &mut Incoming, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, hyper::Error>>> {
    loop {
        match ready!(Pin::new(&mut *body).poll_frame(cx)) {
            None => return Poll::Ready(None),
            Some(Err(error)) => return Poll::Ready(Some(Err(error))),
            // Trailers are nobody's here.
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    return Poll::Ready(Some(Ok(data)));
                }
            }
        }
    }
}

/// All of `body`, of at most `limit` bytes. One that came in one piece is not copied.
pub(crate) async fn whole(mut body: Incoming, limit: usize) -> Result<Bytes, Missing> {
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    while let Some(chunk) = std::future::poll_fn(|cx| poll_chunk(&mut body, cx)).await {
        let chunk = chunk.map_err(|error| Missing::Cut(error.to_string()))?;
        if first.len().max(all.len()) + chunk.len() > limit {
            return Err(Missing::TooLong);
        }
        if first.is_empty() && all.is_empty() {
            first = chunk;
            continue;
        }
        if all.is_empty() {
            all.extend_from_slice(&first);
            first = Bytes::new();
        }
        all.extend_from_slice(&chunk);
    }
    Ok(if all.is_empty() { first } else { all.freeze() })
}

/// The messages of a stream on their way in.
pub(crate) struct Inflow {
    body: Incoming,
    session: Arc<Session>,
    way: Way,
    /// The stream's number in the session.
    call: u64,
    service: String,
    /// Of the next message.
    number: u64,
    /// What has come and is not read.
    ready: Bytes,
    /// The beginning of a message whose end has not come; then `ready` is empty.
    begun: BytesMut,
    done: bool,
}

/// What the bytes so far come to.
enum Next {
    /// A message, or the end.
    Item(Option<Result<Bytes, CallError>>),
    /// More must come.
    More,
}

impl Inflow {
    pub(crate) fn new(
        body: Incoming,
        session: Arc<Session>,
        way: Way,
        (call, service): (u64, String),
    ) -> Self {
        let (ready, begun) = (Bytes::new(), BytesMut::new());
        Self { body, session, way, call, service, number: 0, ready, begun, done: false }
    }

    /// Takes the next message from what has come.
    fn next_ready(&mut self) -> Next {
        let Some(&[kind, a, b, c, d, ref tag @ ..]) = self.ready.first_chunk::<PART_HEAD_BYTES>() else {
            return Next::More;
        };
        let len = u32::from_le_bytes([a, b, c, d]) as usize;
        if len > MAX_MESSAGE_BYTES {
            return self.foreign("a message is over the limit of a stream");
        }
        if self.ready.len() < PART_HEAD_BYTES + len {
            return Next::More;
        }
        let tag: Tag = *tag;
        self.ready.advance(PART_HEAD_BYTES);
        let body = self.ready.split_to(len);
        match Kind::from_wire(kind) {
            Some(kind) if self.is_proved(kind, &body, &tag) => self.item(kind, body),
            _ => self.foreign("a message of a stream is not authentic"),
        }
    }

    fn is_proved(&mut self, kind: Kind, body: &[u8], tag: &Tag) -> bool {
        let Self { session, call, number, service, .. } = self;
        let said = Said { kind, call: *call, number: *number, name: service, body };
        *number += 1;
        session.proves(&said, tag)
    }

    fn item(&mut self, kind: Kind, body: Bytes) -> Next {
        if kind == self.way.message() {
            return Next::Item(Some(Ok(body)));
        }
        self.done = true;
        let why = || String::from_utf8_lossy(&body).into_owned();
        match (self.way, kind) {
            (_, kind) if kind == self.way.end() => Next::Item(None),
            (Way::Up, Kind::UpFailed) | (Way::Down, Kind::DownFailed) => {
                Next::Item(Some(Err(CallError::Lost(why()))))
            }
            (Way::Down, Kind::DownDeclined) => Next::Item(Some(Err(CallError::Declined(why())))),
            _ => self.foreign("a message is of a kind that has no place in a stream"),
        }
    }

    /// Ends the stream and its session: somebody else has had a hand in it.
    fn foreign(&mut self, why: &str) -> Next {
        self.session.end();
        self.cut(why)
    }

    fn cut(&mut self, why: &str) -> Next {
        self.done = true;
        Next::Item(Some(Err(CallError::Lost(why.to_owned()))))
    }

    /// Takes more bytes in. Only a message that is in pieces is copied, once.
    fn take(&mut self, chunk: Bytes) {
        if self.begun.is_empty() && self.ready.is_empty() {
            self.ready = chunk;
            return;
        }
        if self.begun.is_empty() {
            self.begun.extend_from_slice(&self.ready);
            self.ready = Bytes::new();
        }
        self.begun.extend_from_slice(&chunk);
        if self.begun.len() >= self.wanted() {
            self.ready = self.begun.split().freeze();
        }
    }

    /// How many bytes the message that has begun takes, as far as that is known.
    fn wanted(&self) -> usize {
        match self.begun.first_chunk::<5>() {
            Some(&[_, a, b, c, d]) => PART_HEAD_BYTES + u32::from_le_bytes([a, b, c, d]) as usize,
            None => PART_HEAD_BYTES,
        }
        .min(PART_HEAD_BYTES + MAX_MESSAGE_BYTES)
    }
}

impl Stream for Inflow {
    type Item = Result<Bytes, CallError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        while !this.done {
            if let Next::Item(item) = this.next_ready() {
                return Poll::Ready(item);
            }
            let cut = match ready!(poll_chunk(&mut this.body, cx)) {
                Some(Ok(chunk)) => {
                    this.take(chunk);
                    continue;
                }
                Some(Err(error)) => this.cut(&format!("the stream broke: {error}")),
                None => this.cut("the stream was cut before its end"),
            };
            if let Next::Item(item) = cut {
                return Poll::Ready(item);
            }
        }
        Poll::Ready(None)
    }
}
