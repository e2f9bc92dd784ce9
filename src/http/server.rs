//! Connections: accepting them, bounding them, closing them in good order.
//!
//! HTTP/1.1 on hyper itself, because only there the head of a request has a deadline, without which a few slow senders
//! hold every connection. Over the limit nothing is accepted: the kernel's queue keeps the rest waiting.

use std::io;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::descriptors::room_for_connections;
use super::detached::Detached;
use super::early::Early;
use super::front::Front;
use crate::config::HttpConfig;
use crate::limits::Connections;

/// How long to wait when the process has no file descriptor left for a connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How long connections that are cut have to notice.
const CUT_WITHIN: Duration = Duration::from_millis(500);

/// A connection, to be served on whatever thread it is given to.
pub type Serving = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Serves `front` on `listener` until `stop` completes; then finishes the running requests, as long as the grace of
/// `config` allows, and closes. Every connection is given to `spawn`, which is to run it to its end; an address has as many
/// as `own_places` has for it.
pub async fn serve(
    listener: TcpListener,
    (front, own_places): (Front, Connections),
    config: &HttpConfig,
    spawn: impl Fn(Serving),
    stop: impl Future<Output = ()>,
) {
    let room = config.max_connections.min(room_for_connections()).min(Semaphore::MAX_PERMITS);
    let room = u32::try_from(room).unwrap_or(u32::MAX);
    let places = Arc::new(Semaphore::new(room as usize));
    let (tell, told) = watch::channel(Stage::Serving);
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(config.header_timeout);
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            accepted = accept(&listener, &places) => accepted,
        };
        let (stream, peer, place) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let Some(own) = own_places.take(peer) else {
            tracing::debug!(%peer, "an address has too many connections");
            continue;
        };
        let accepted = Accepted { front: front.clone(), http: http.clone(), peer, stage: told.clone() };
        spawn(Box::pin(async move {
            match accepted.serve(stream).await {
                Ok(None) => drop((place, own)),
                // Its place goes with it, and the thread has one connection less.
                Ok(Some(rest)) => {
                    let elsewhere = accepted.front.elsewhere().clone();
                    drop(elsewhere.spawn(async move {
                        accepted.send(rest).await;
                        drop((place, own));
                    }));
                }
                // What a client does to its connection is its own affair.
                Err(error) => tracing::debug!(%error, "a connection ended early"),
            }
        }));
    }
    drop(listener);
    let running = || room as usize - places.available_permits();
    tell.send_replace(Stage::Stopping);
    if tokio::time::timeout(config.shutdown_grace, places.acquire_many(room)).await.is_err() {
        tracing::warn!(connections = running(), "some requests were still running when the node stopped");
    }
    tell.send_replace(Stage::Cut);
    // A thread that has ended has dropped its connections, and with them their places; one that hangs is not waited for.
    let _hangs = tokio::time::timeout(CUT_WITHIN, places.acquire_many(room)).await;
}

/// How far the server has got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Serving,
    /// What runs is finished, and nothing more begun.
    Stopping,
    /// Nothing is waited for.
    Cut,
}

/// What serves one connection.
struct Accepted {
    front: Front,
    http: http1::Builder,
    peer: IpAddr,
    stage: watch::Receiver<Stage>,
}

/// A connection that has left the library, and what is to be sent over it.
type Rest = (std::net::TcpStream, hyper::Error);

impl Accepted {
    /// Until the connection ends, or is to go on with an answer that has no end.
    async fn serve(&self, stream: std::net::TcpStream) -> io::Result<Option<Rest>> {
        // Only here, because a stream belongs to the thread on which it is made.
        let stream = Early::new(TokioIo::new(TcpStream::from_std(stream)?), self.front.clone());
        let mut connection = self.http.serve_connection(stream, self.front.to(self.peer));
        let mut stage = self.stage.clone();
        let ended = tokio::select! {
            ended = &mut connection => Some(ended),
            () = reached(&mut stage, Stage::Stopping) => None,
        };
        let ended = match ended {
            Some(ended) => ended,
            None => {
                Pin::new(&mut connection).graceful_shutdown();
                tokio::select! {
                    ended = &mut connection => ended,
                    () = reached(&mut stage, Stage::Cut) => return Ok(None),
                }
            }
        };
        match ended {
            Ok(()) => Ok(None),
            Err(error) if Detached::of(&error).is_some() => {
                let stream = connection.into_parts().io.into_inner().into_inner().into_std()?;
                Ok(Some((stream, error)))
            }
            Err(error) => Err(io::Error::other(error)),
        }
    }

    /// Sends what is left to be sent over a connection.
    async fn send(mut self, (stream, error): Rest) {
        let Some(detached) = Detached::of(&error) else { return };
        tokio::select! {
            ended = detached.send(stream) => if let Err(error) = ended {
                tracing::debug!(%error, "a stream ended early");
            },
            () = reached(&mut self.stage, Stage::Cut) => {}
        }
    }
}

async fn reached(stage: &mut watch::Receiver<Stage>, wanted: Stage) {
    // A server that is gone means the same.
    let _gone = stage.wait_for(|stage| *stage >= wanted).await.is_err();
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(std::net::TcpStream, IpAddr, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    // Answers are small and whole: waiting to fill a packet only costs time.
    stream.set_nodelay(true)?;
    Ok((stream.into_std()?, peer.ip().to_canonical(), place))
}

#[cfg(test)]
#[path = "server_test.rs"]
mod test;
