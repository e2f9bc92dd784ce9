//! Step ⑦ of requests whose head cannot be read: a broken first line, a header that is none, more than a hundred of them, too
//! many bytes. The library answers those itself, before there is a request, with a status and nothing else; here its answer
//! becomes the problem that the contract promises.
//!
//! Owns how such an answer is told from ours, on its way into the connection: ours have an `X-Request-Id`. Hazard: this looks
//! at every write, and must cost nothing where the answer is no such one.

use std::io::{IoSlice, Result};
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::http::HeaderMap;
use hyper::rt::{Read, ReadBufCursor, Write};

use super::envelope::REQUEST_ID;
use super::front::Front;
use super::problem::Problem;

/// How every answer of 400 to 499 begins.
const BEGINNING: &[u8] = b"HTTP/1.1 4";
const WHY: &str =
    "The head of the request cannot be read: it is no HTTP/1.1, or has too many headers or bytes.";

/// A connection.
pub(super) struct Early<T> {
    connection: T,
    front: Front,
    instead: Option<Instead>,
}

/// What is written in place of what the library wrote.
struct Instead {
    bytes: Vec<u8>,
    written: usize,
    /// How much the library wrote.
    stands_for: usize,
}

impl<T> Early<T> {
    pub(super) fn new(connection: T, front: Front) -> Self {
        Self { connection, front, instead: None }
    }

    /// The connection itself.
    pub(super) fn into_inner(self) -> T {
        self.connection
    }

    fn problem(&self) -> Vec<u8> {
        let id = self.front.request_id(&HeaderMap::new());
        let id = id.to_str().unwrap_or_default();
        let (status, body) = Problem::malformed(WHY).alone(id);
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/problem+json\r\ncontent-length: {}\r\n{REQUEST_ID}: {id}\r\n\
             x-content-type-options: nosniff\r\nconnection: close\r\n\r\n",
            body.len()
        );
        [head.as_bytes(), &body].concat()
    }
}

/// Whether `bytes` are an answer of the library.
fn is_bare(bytes: &[u8]) -> bool {
    if !bytes.starts_with(BEGINNING) {
        return false;
    }
    let name = REQUEST_ID;
    let name = name.as_str().as_bytes();
    !bytes.windows(name.len()).any(|part| part.eq_ignore_ascii_case(name))
}

impl<T: Write + Unpin> Early<T> {
    fn poll_instead(&mut self, context: &mut Context<'_>) -> Option<Poll<Result<usize>>> {
        let instead = self.instead.as_mut()?;
        while instead.written < instead.bytes.len() {
            let rest = &instead.bytes[instead.written..];
            match Pin::new(&mut self.connection).poll_write(context, rest) {
                Poll::Ready(Ok(written)) if written > 0 => instead.written += written,
                Poll::Ready(Ok(_)) => return Some(Poll::Ready(Err(std::io::ErrorKind::WriteZero.into()))),
                other => return Some(other),
            }
        }
        let stands_for = instead.stands_for;
        self.instead = None;
        Some(Poll::Ready(Ok(stands_for)))
    }
}

impl<T: Write + Unpin> Write for Early<T> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        if self.instead.is_none() && is_bare(bytes) {
            self.instead = Some(Instead { bytes: self.problem(), written: 0, stands_for: bytes.len() });
        }
        match self.poll_instead(context) {
            Some(polled) => polled,
            None => Pin::new(&mut self.connection).poll_write(context, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.connection).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.connection).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.connection.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        match parts {
            // The library's own answers are heads with nothing behind them.
            [head] => self.poll_write(context, head),
            _ => Pin::new(&mut self.connection).poll_write_vectored(context, parts),
        }
    }
}

impl<T: Read + Unpin> Read for Early<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<Result<()>> {
        Pin::new(&mut self.connection).poll_read(context, buffer)
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn only_an_answer_without_an_id_is_the_librarys() {
        assert!(is_bare(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n"));
        assert!(is_bare(b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\n\r\n"));
        assert!(!is_bare(b"HTTP/1.1 404 Not Found\r\nX-Request-Id: r\r\n\r\n{}"));
        assert!(!is_bare(b"HTTP/1.1 200 OK\r\n\r\n"));
        assert!(!is_bare(b""));
    }
}
