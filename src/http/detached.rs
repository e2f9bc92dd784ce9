//! Step ⑦ of answers that have no end: they leave the HTTP library. Its connection has buffers and a task made for requests,
//! and runs on the thread of an actor; a page that watches seats needs none of that. So the connection is taken back from the
//! library before anything of the answer is written, and what is left of it is a socket, a small task elsewhere, and bytes
//! that all such answers share.
//!
//! Owns how an answer is marked ([`Endless`]), the writing of its head, and how long a client may take nothing. Hazard: what
//! comes out of the router with the mark must reach [`detach`]; whoever answers it otherwise answers an empty body.

use std::fmt::{self, Write as _};
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use axum::http::{Method, Version};
use axum::response::Response;
use bytes::Bytes;
use rustix::net::sockopt::set_socket_send_buffer_size;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// What the system may keep for a client that reads slowly. Left to itself it would keep megabytes where connections to the
/// same machine were fast before; what is sent here is small, and comes again as a whole to whoever is cut off.
const SEND_BUFFER_BYTES: usize = 16 * 1024;
/// Ends the body of an answer in chunks.
const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// What is sent after the head, until it returns.
type Tail = Box<dyn FnOnce(Outlet) -> Pin<Box<dyn Future<Output = io::Result<()>> + Send>> + Send>;

/// The mark of an answer without an end, in its extensions.
#[derive(Clone)]
pub(super) struct Endless {
    patience: Duration,
    tail: Arc<Mutex<Option<Tail>>>,
}

/// An answer that has left the library: its head as it goes out, and what follows. To the library it is an error of the
/// service, upon which it lets go of the connection.
pub struct Detached(Mutex<Option<Parts>>);

struct Parts {
    head: Vec<u8>,
    chunked: bool,
    patience: Duration,
    tail: Tail,
}

/// Some bytes of an answer without an end, shared by all to whom they are sent.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    /// With the length in front, as a chunk.
    chunk: Bytes,
    /// Where in there the bytes themselves are.
    from: usize,
    to: usize,
}

/// The way to a client.
pub(super) struct Outlet {
    stream: TcpStream,
    chunked: bool,
    patience: Duration,
}

impl Endless {
    /// `tail` sends what there is, as long as there is somebody to take it; who takes nothing for as long as `patience` is
    /// let go of.
    pub(super) fn new<F>(patience: Duration, tail: impl FnOnce(Outlet) -> F + Send + 'static) -> Self
    where
        F: Future<Output = io::Result<()>> + Send + 'static,
    {
        let tail: Tail = Box::new(|outlet| Box::pin(tail(outlet)));
        Self { patience, tail: Arc::new(Mutex::new(Some(tail))) }
    }

    fn take(&self) -> Option<Tail> {
        self.tail.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Takes an answer without an end out of the library; any other is left to it. `HEAD` has an end.
pub(super) fn detach(mut response: Response, asked: &Method, version: Version) -> Result<Response, Detached> {
    let endless = response.extensions_mut().remove::<Endless>().filter(|_| *asked != Method::HEAD);
    let Some((patience, tail)) = endless.and_then(|endless| Some((endless.patience, endless.take()?))) else {
        return Ok(response);
    };
    let chunked = version == Version::HTTP_11;
    let head = head(&response, chunked);
    Err(Detached(Mutex::new(Some(Parts { head, chunked, patience, tail }))))
}

/// The first line and the headers. A client of HTTP/1.0 reads until the connection ends.
fn head(response: &Response, chunked: bool) -> Vec<u8> {
    let status = response.status();
    let mut head =
        format!("HTTP/1.1 {} {}\r\n", status.as_u16(), status.canonical_reason().unwrap_or_default())
            .into_bytes();
    let own = [CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING];
    for (name, value) in response.headers().iter().filter(|(name, _)| !own.contains(name)) {
        head.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    let framing = if chunked { "transfer-encoding: chunked\r\n\r\n" } else { "connection: close\r\n\r\n" };
    head.extend_from_slice(framing.as_bytes());
    head
}

impl Detached {
    /// The answer for which the library has let go of a connection, where that is why.
    pub(super) fn of(error: &hyper::Error) -> Option<&Self> {
        std::error::Error::source(error)?.downcast_ref()
    }

    /// Sends it over `stream`, which is to belong to the runtime that this runs on.
    pub(super) fn send(
        &self,
        stream: std::net::TcpStream,
    ) -> impl Future<Output = io::Result<()>> + Send + use<> {
        let parts = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        async move {
            let Some(Parts { head, chunked, patience, tail }) = parts else { return Ok(()) };
            set_socket_send_buffer_size(&stream, SEND_BUFFER_BYTES)?;
            let stream = TcpStream::from_std(stream)?;
            let mut outlet = Outlet { stream, chunked, patience };
            outlet.write(&head).await?;
            drop(head);
            tail(outlet).await
        }
    }
}

impl fmt::Debug for Detached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Detached(..)")
    }
}

impl fmt::Display for Detached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the answer goes on without the library")
    }
}

impl std::error::Error for Detached {}

impl Piece {
    /// These bytes.
    pub(super) fn new(content: &[u8]) -> Self {
        let mut chunk = String::new();
        // Writing into a text cannot fail.
        let _infallible = write!(chunk, "{:x}\r\n", content.len());
        let from = chunk.len();
        let chunk = [chunk.as_bytes(), content, b"\r\n"].concat();
        Self { chunk: chunk.into(), from, to: from + content.len() }
    }

    /// The bytes themselves.
    pub(super) fn content(&self) -> Bytes {
        self.chunk.slice(self.from..self.to)
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.to - self.from
    }
}

impl Outlet {
    /// Sends one piece.
    pub(super) async fn send(&mut self, piece: &Piece) -> io::Result<()> {
        match self.chunked {
            true => self.write(&piece.chunk).await,
            false => self.write(&piece.content()).await,
        }
    }

    /// Ends the answer in good order.
    pub(super) async fn finish(mut self) -> io::Result<()> {
        if self.chunked {
            self.write(LAST_CHUNK).await?;
        }
        self.stream.shutdown().await
    }

    /// Returns when the client has gone. What it still sends is nothing to this answer.
    pub(super) async fn closed(&mut self) {
        let mut ignored = [0; 64];
        while self.stream.read(&mut ignored).await.is_ok_and(|read| read > 0) {}
    }

    async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        // Nearly always it is taken at once, which needs no timer.
        let written = match self.stream.try_write(bytes) {
            Ok(written) => written,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
            Err(error) => return Err(error),
        };
        if written == bytes.len() {
            return Ok(());
        }
        let rest = timeout(self.patience, self.stream.write_all(&bytes[written..]));
        rest.await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }
}

#[cfg(test)]
mod test {
    use axum::body::Body;

    use super::*;

    fn endless() -> Response {
        let mut response = Response::new(Body::empty());
        response.headers_mut().insert("content-type", "text/event-stream".parse().unwrap());
        response.headers_mut().insert(CONTENT_LENGTH, "0".parse().unwrap());
        response.extensions_mut().insert(Endless::new(
            Duration::from_secs(10),
            |mut outlet: Outlet| async move {
                outlet.send(&Piece::new(b"one")).await?;
                outlet.send(&Piece::new(&[b'x'; 17])).await?;
                outlet.finish().await
            },
        ));
        response
    }

    async fn sent(version: Version) -> String {
        let detached = detach(endless(), &Method::GET, version).unwrap_err();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap());
        let (mut client, (server, _)) = tokio::try_join!(client, listener.accept()).unwrap();
        detached.send(server.into_std().unwrap()).await.unwrap();
        let mut text = String::new();
        client.read_to_string(&mut text).await.unwrap();
        text
    }

    #[tokio::test]
    async fn it_goes_out_in_chunks_or_until_the_end() {
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n";
        let chunked = format!(
            "{head}transfer-encoding: chunked\r\n\r\n3\r\none\r\n11\r\n{}\r\n0\r\n\r\n",
            "x".repeat(17)
        );
        assert_eq!(sent(Version::HTTP_11).await, chunked);
        let old = format!("{head}connection: close\r\n\r\none{}", "x".repeat(17));
        assert_eq!(sent(Version::HTTP_10).await, old);
    }

    #[test]
    fn only_what_has_no_end_leaves_and_not_its_head_alone() {
        assert!(detach(endless(), &Method::HEAD, Version::HTTP_11).is_ok());
        assert!(detach(Response::new(Body::empty()), &Method::GET, Version::HTTP_11).is_ok());
    }
}
