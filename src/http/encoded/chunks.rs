//! A body of bytes that many answers share, sent without a copy.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::HttpBody;
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};

/// The chunks, in order; clones are the same bytes.
#[derive(Debug, Clone)]
pub(in crate::http) struct Chunks {
    all: Arc<[Bytes]>,
    next: usize,
    left: u64,
}

impl Chunks {
    /// Of these.
    pub(super) fn new(all: Vec<Bytes>) -> Self {
        let left = all.iter().map(|chunk| chunk.len() as u64).sum();
        Self { all: all.into(), next: 0, left }
    }
}

impl HttpBody for Chunks {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Some(chunk) = self.all.get(self.next).cloned() else { return Poll::Ready(None) };
        self.next += 1;
        self.left -= chunk.len() as u64;
        Poll::Ready(Some(Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        self.next == self.all.len()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
