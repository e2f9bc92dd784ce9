//! What a client is still sending when its answer is ready: read and thrown away, up to a limit. Otherwise closing the
//! connection on it makes the system reset it, and the client never reads why it was refused.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::header::EXPECT;
use http_body_util::BodyExt;
use hyper::body::{Frame, SizeHint};

/// More than the largest body that any call takes, so that whoever is just over it hears so.
const AT_MOST_BYTES: usize = 32 * 1024 * 1024;
const AT_MOST_WAIT: Duration = Duration::from_secs(5);

/// The body of a request, which its handler and this module share.
struct Shared(Arc<Mutex<Body>>);

/// The rest of a body.
pub(super) struct Leftover(Option<Shared>);

impl Leftover {
    /// Keeps a hand on the body of `request`. Not where there is none, and not where the client waits to be told to send it.
    pub(super) fn of(request: Request) -> (Request, Self) {
        if request.body().is_end_stream() || request.headers().contains_key(EXPECT) {
            return (request, Self(None));
        }
        let (parts, body) = request.into_parts();
        let shared = Arc::new(Mutex::new(body));
        let request = Request::from_parts(parts, Body::new(Shared(shared.clone())));
        (request, Self(Some(Shared(shared))))
    }

    /// Reads what the handler has left, unless it is announced to be too much.
    pub(super) async fn discard(self) {
        let Some(mut rest) = self.0 else { return };
        if rest.is_end_stream() || rest.size_hint().lower() > AT_MOST_BYTES as u64 {
            return;
        }
        let reading = async {
            let mut read = 0;
            while let Some(Ok(frame)) = rest.frame().await {
                read += frame.data_ref().map_or(0, Bytes::len);
                if read > AT_MOST_BYTES {
                    break;
                }
            }
        };
        // Who takes longer is not waited for.
        let _too_slow = tokio::time::timeout(AT_MOST_WAIT, reading).await;
    }
}

impl Shared {
    fn with<T>(&self, look: impl FnOnce(&mut Body) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl HttpBody for Shared {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.with(|body| Pin::new(body).poll_frame(context))
    }

    fn is_end_stream(&self) -> bool {
        self.with(|body| body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        self.with(|body| body.size_hint())
    }
}
