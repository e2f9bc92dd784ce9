//! A lean HTTP/1.1 client: keep-alive connections, bounded in number, to one or more nodes in turn.
//!
//! Owns: connections. Not: what a call means, nor whether to try again; that is [`super::caller`].
//! Hazard: the client shares its machine with the node that it measures, so every microsecond here is one that the
//! node does not have.

use anyhow::{Context, bail};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName, RETRY_AFTER};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, SemaphorePermit};

pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// A request, before anybody knows which node it goes to.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) bearer: Option<String>,
    pub(crate) key: Option<String>,
    pub(crate) body: Option<Bytes>,
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) body: Bytes,
}

/// Connections to all targets.
pub(crate) struct Client {
    targets: Vec<Target>,
    turn: AtomicUsize,
}

struct Target {
    /// Host and port, as a connection and the `Host` header want them.
    authority: String,
    permits: Semaphore,
    idle: Mutex<Vec<SendRequest<Full<Bytes>>>>,
}

/// The right to use one connection to one target.
pub(crate) struct Lane<'c> {
    target: &'c Target,
    _permit: SemaphorePermit<'c>,
}

impl Ask {
    pub(crate) fn new(method: Method, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), bearer: None, key: None, body: None }
    }

    pub(crate) fn bearer(mut self, token: &str) -> Self {
        self.bearer = Some(format!("Bearer {token}"));
        self
    }

    pub(crate) fn key(mut self, key: String) -> Self {
        self.key = Some(key);
        self
    }

    pub(crate) fn json(mut self, body: &serde_json::Value) -> Self {
        self.body = Some(body.to_string().into());
        self
    }

    fn request(&self, authority: &str) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
        let mut request = Request::builder().method(&self.method).uri(&self.path).header(HOST, authority);
        if let Some(bearer) = &self.bearer {
            request = request.header(AUTHORIZATION, bearer);
        }
        if let Some(key) = &self.key {
            request = request.header(IDEMPOTENCY_KEY, key);
        }
        if self.body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        request.body(Full::new(self.body.clone().unwrap_or_default()))
    }
}

impl Client {
    /// A client of the nodes at `urls`, with so many connections to each.
    pub(crate) fn new(urls: &[String], connections: usize) -> anyhow::Result<Self> {
        if urls.is_empty() {
            bail!("there is no target; say where a node listens, as http://127.0.0.1:8080");
        }
        let target = |url: &String| {
            Ok(Target {
                authority: authority(url)?,
                permits: Semaphore::new(connections),
                idle: Mutex::new(Vec::with_capacity(connections)),
            })
        };
        let targets = urls.iter().map(target).collect::<anyhow::Result<_>>()?;
        Ok(Self { targets, turn: AtomicUsize::new(0) })
    }

    pub(crate) fn targets(&self) -> usize {
        self.targets.len()
    }

    /// The target whose turn it is.
    pub(crate) fn turn(&self) -> usize {
        self.turn.fetch_add(1, Ordering::Relaxed) % self.targets.len()
    }

    /// Waits for a connection to the target whose turn it is.
    pub(crate) async fn lane(&self) -> Lane<'_> {
        self.lane_to(self.turn()).await
    }

    /// Waits for a connection to one target; counting goes round.
    pub(crate) async fn lane_to(&self, target: usize) -> Lane<'_> {
        let target = &self.targets[target % self.targets.len()];
        let permit = target.permits.acquire().await.expect("the semaphore is never closed");
        Lane { target, _permit: permit }
    }
}

impl Lane<'_> {
    /// Sends a request and waits for the whole answer; on any fault the connection is given up.
    pub(crate) async fn send(self, ask: &Ask) -> anyhow::Result<Answer> {
        let mut connection = match self.target.idle_connection() {
            Some(connection) => connection,
            None => connect(&self.target.authority).await?,
        };
        connection.ready().await?;
        let answer = connection.send_request(ask.request(&self.target.authority)?).await?;
        let status = answer.status().as_u16();
        let retry_after =
            answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        let body = answer.into_body().collect().await?.to_bytes();
        self.target.idle.lock().expect("no holder of this lock panics").push(connection);
        Ok(Answer { status, retry_after: retry_after.map(Duration::from_secs), body })
    }
}

impl Target {
    /// The connection that was used last, if the node has not closed it.
    fn idle_connection(&self) -> Option<SendRequest<Full<Bytes>>> {
        let mut idle = self.idle.lock().expect("no holder of this lock panics");
        std::iter::from_fn(|| idle.pop()).find(|connection| !connection.is_closed())
    }
}

/// A connection of its own to a node.
pub(crate) async fn connect(authority: &str) -> anyhow::Result<SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect(authority).await.context("cannot connect")?;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    // Its end shows in the sender, which then fails or is closed.
    tokio::spawn(connection);
    Ok(sender)
}

/// Host and port of a plain HTTP address without a path.
fn authority(url: &str) -> anyhow::Result<String> {
    let bare = url.strip_prefix("http://").unwrap_or(url).trim_end_matches('/');
    match bare.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() && !bare.contains('/') && port.parse::<u16>().is_ok() => {
            Ok(bare.to_owned())
        }
        _ => bail!("`{url}` is no target; write http://HOST:PORT, as http://127.0.0.1:8080"),
    }
}

#[cfg(test)]
mod test {
    use super::authority;

    #[test]
    fn a_target_is_a_host_and_a_port() {
        assert_eq!(authority("http://127.0.0.1:8080/").unwrap(), "127.0.0.1:8080");
        assert_eq!(authority("localhost:80").unwrap(), "localhost:80");
        for wrong in ["https://localhost:80", "localhost", "http://a:80/x", ":80", "a:99999"] {
            assert!(authority(wrong).unwrap_err().to_string().contains(wrong));
        }
    }
}
