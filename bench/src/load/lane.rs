//! One keep-alive connection of the generator.
//!
//! Owns: the connection, and that it is made again when it has died. Hazard: the generator shares its cores with the
//! server it measures, so what is done here a request is taken from the server.

use crate::replay::http::connect;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::SendRequest;

/// A connection, or the wish for one.
pub(crate) struct Lane {
    authority: String,
    sender: Option<SendRequest<Full<Bytes>>>,
}

impl Lane {
    pub(crate) fn new(authority: &str) -> Self {
        Self { authority: authority.to_owned(), sender: None }
    }

    pub(crate) async fn open(&mut self) -> anyhow::Result<&mut SendRequest<Full<Bytes>>> {
        let sender = match self.sender.take() {
            Some(sender) if !sender.is_closed() => sender,
            _ => connect(&self.authority).await?,
        };
        Ok(self.sender.insert(sender))
    }

    /// Sends a request and waits for the whole answer; after a fault the next one gets a new connection.
    pub(crate) async fn send(&mut self, request: Request<Full<Bytes>>) -> anyhow::Result<(u16, Bytes)> {
        let answered = self.exchange(request).await;
        if answered.is_err() {
            self.sender = None;
        }
        answered
    }

    async fn exchange(&mut self, request: Request<Full<Bytes>>) -> anyhow::Result<(u16, Bytes)> {
        let sender = self.open().await?;
        sender.ready().await?;
        let answer = sender.send_request(request).await?;
        let status = answer.status().as_u16();
        Ok((status, whole(answer.into_body()).await?))
    }
}

/// The whole body; small ones come in one piece, which is not copied.
async fn whole(mut body: Incoming) -> Result<Bytes, hyper::Error> {
    let mut whole = Bytes::new();
    while let Some(frame) = body.frame().await {
        let Ok(piece) = frame?.into_data() else { continue };
        whole = if whole.is_empty() { piece } else { [whole, piece].concat().into() };
    }
    Ok(whole)
}
