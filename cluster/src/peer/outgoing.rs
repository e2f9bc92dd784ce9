//! Bodies on their way out: a call's or an answer's, whole, or the messages of a stream, each with its MAC.
//!
//! A message of a stream is its kind (one byte), its length (u32, little-endian), its MAC and its bytes. The last says
//! that it is the last: a stream that just stops was cut.
//!
//! Hazard: h2 asks for the next piece only while the reader has room. Nothing here takes from the input otherwise, so a
//! slow reader slows whoever writes, and no more than one piece waits.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{BufMut as _, Bytes, BytesMut};
use futures_util::{FutureExt as _, StreamExt as _};
use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::oneshot;

use super::limits::MAX_MESSAGE_BYTES;
use super::session::{Kind, Said, Session, TAG_BYTES};
use super::{CallError, Messages};

/// Bytes of a message before its own.
pub(crate) const PART_HEAD_BYTES: usize = 1 + 4 + TAG_BYTES;
/// Small messages that are ready are sent together up to about this.
const PIECE_BYTES: usize = 16 << 10;
/// A reason is cut to this.
const MAX_REASON_BYTES: usize = 1 << 10;

/// Which way the messages of a stream go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// From who has opened it.
    Up,
    /// To who has opened it.
    Down,
}

impl Way {
    pub(crate) fn message(self) -> Kind {
        match self {
            Self::Up => Kind::Up,
            Self::Down => Kind::Down,
        }
    }

    pub(crate) fn end(self) -> Kind {
        match self {
            Self::Up => Kind::UpEnd,
            Self::Down => Kind::DownEnd,
        }
    }

    /// The kind that says the error. Only who answers may decline; all else may have had effects.
    fn failure(self, error: &CallError) -> Kind {
        match (self, error) {
            (Self::Up, _) => Kind::UpFailed,
            (Self::Down, CallError::Declined(_)) => Kind::DownDeclined,
            (Self::Down, _) => Kind::DownFailed,
        }
    }
}

/// The text of a reason, without the words for its kind, and not too long.
pub(crate) fn reason(error: CallError) -> String {
    let (CallError::Unreachable(mut why) | CallError::Lost(mut why) | CallError::Declined(mut why)) = error;
    let mut len = why.len().min(MAX_REASON_BYTES);
    while !why.is_char_boundary(len) {
        len -= 1;
    }
    why.truncate(len);
    why
}

/// A body on its way out.
pub(crate) enum Outgoing {
    /// All of it; `None` once it is sent.
    Whole(Option<Bytes>),
    /// The messages of a stream.
    Parts(Box<Outflow>),
}

impl Outgoing {
    pub(crate) fn whole(body: Bytes) -> Self {
        Self::Whole((!body.is_empty()).then_some(body))
    }
}

/// The messages of a stream on their way out.
pub(crate) struct Outflow {
    input: Messages,
    session: Arc<Session>,
    way: Way,
    /// The stream's number in the session.
    call: u64,
    service: String,
    /// Of the next message.
    number: u64,
    /// The bytes of a large message, whose head has gone.
    rest: Option<Bytes>,
    ended: bool,
    /// Resolves when nobody reads what comes back any more.
    given_up: Option<oneshot::Receiver<()>>,
}

impl Outflow {
    pub(crate) fn new(
        input: Messages,
        session: Arc<Session>,
        way: Way,
        (call, service): (u64, String),
        given_up: Option<oneshot::Receiver<()>>,
    ) -> Self {
        Self { input, session, way, call, service, number: 0, rest: None, ended: false, given_up }
    }

    /// The next bytes to send: what is ready, within reason.
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        if self.given_up.as_mut().is_some_and(|given_up| given_up.poll_unpin(cx).is_ready()) {
            return Poll::Ready(Some(Err(io::Error::other("nobody reads the stream any more"))));
        }
        if let Some(rest) = self.rest.take() {
            return Poll::Ready(Some(Ok(rest)));
        }
        let mut piece = BytesMut::new();
        while !self.ended && self.rest.is_none() && piece.len() < PIECE_BYTES {
            match self.input.poll_next_unpin(cx) {
                Poll::Ready(next) => self.put_next(next, &mut piece),
                Poll::Pending => break,
            }
        }
        match (piece.is_empty(), self.ended) {
            (false, _) => Poll::Ready(Some(Ok(piece.freeze()))),
            (true, true) => Poll::Ready(None),
            (true, false) => Poll::Pending,
        }
    }

    fn put_next(&mut self, next: Option<Result<Bytes, CallError>>, piece: &mut BytesMut) {
        match next {
            Some(Ok(message)) if message.len() <= MAX_MESSAGE_BYTES => {
                self.put(self.way.message(), message, piece);
            }
            Some(Ok(message)) => {
                let why = format!("a message of {} bytes is over the limit of a stream", message.len());
                self.finish(CallError::Lost(why), piece);
            }
            Some(Err(error)) => self.finish(error, piece),
            None => {
                self.ended = true;
                self.put(self.way.end(), Bytes::new(), piece);
            }
        }
    }

    fn finish(&mut self, error: CallError, piece: &mut BytesMut) {
        self.ended = true;
        self.put(self.way.failure(&error), reason(error).into(), piece);
    }

    fn put(&mut self, kind: Kind, body: Bytes, piece: &mut BytesMut) {
        let Self { session, call, number, service, .. } = self;
        let tag = session.tag(&Said { kind, call: *call, number: *number, name: service, body: &body });
        *number += 1;
        let small = body.len() < PIECE_BYTES;
        piece.reserve(PART_HEAD_BYTES + if small { body.len() } else { 0 });
        piece.put_u8(kind as u8);
        piece.put_u32_le(u32::try_from(body.len()).expect("the length was checked"));
        piece.put_slice(&tag);
        if small {
            piece.put_slice(&body);
        } else {
            self.rest = Some(body);
        }
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match self.get_mut() {
            Self::Whole(body) => Poll::Ready(body.take().map(|body| Ok(Frame::data(body)))),
            Self::Parts(flow) => flow.poll_piece(cx).map(|piece| piece.map(|piece| piece.map(Frame::data))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(body) => body.is_none(),
            Self::Parts(flow) => flow.ended && flow.rest.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(body) => SizeHint::with_exact(body.as_ref().map_or(0, |body| body.len() as u64)),
            Self::Parts(_) => SizeHint::default(),
        }
    }
}

#[cfg(test)]
mod test {
    use http_body_util::BodyExt as _;

    use super::*;

    fn flow(input: Vec<Result<Bytes, CallError>>) -> Outgoing {
        let session = Arc::new(Session::new(&[3; 32], 1));
        let input = Box::pin(futures_util::stream::iter(input));
        let flow = Outflow::new(input, session, Way::Up, (1, "append".to_owned()), None);
        Outgoing::Parts(Box::new(flow))
    }

    #[tokio::test]
    async fn a_stream_of_version_1_keeps_its_bytes() {
        let bytes = flow(vec![Ok("body".into())]).collect().await.unwrap().to_bytes();
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, STREAM_V1);
    }

    const STREAM_V1: &str = "04040000009dfff38740072f65931846333ae035ce626f647906000000005d79d27e66ca5743118cf93b8ad1b0\
    e3";

    #[tokio::test]
    async fn small_messages_travel_together_and_large_ones_uncopied() {
        let small = Bytes::from_static(b"small");
        let large = Bytes::from(vec![1; PIECE_BYTES]);
        let input = [&small, &small, &large, &small].map(|message| Ok(message.clone())).to_vec();
        let mut flow = flow(input);
        let mut pieces = Vec::new();
        while let Some(frame) = flow.frame().await {
            pieces.push(frame.unwrap().into_data().unwrap());
        }
        let lengths: Vec<usize> = pieces.iter().map(Bytes::len).collect();
        assert_eq!(
            lengths,
            [2 * (PART_HEAD_BYTES + 5) + PART_HEAD_BYTES, PIECE_BYTES, 2 * PART_HEAD_BYTES + 5]
        );
        assert_eq!(pieces[1].as_ptr(), large.as_ptr());
    }

    #[test]
    fn a_reason_is_cut_at_a_character() {
        let why = reason(CallError::Lost(format!("a{}", "é".repeat(MAX_REASON_BYTES))));
        assert_eq!(why.len(), MAX_REASON_BYTES - 1);
    }
}
