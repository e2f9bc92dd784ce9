//! Between nodes: what one asks of another, whatever carries it. Owns the words of a call; `channel` carries them over
//! h2, authenticated, and a simulation carries the same bytes over its own network.
//!
//! Hazard: a call that is lost may have taken effect. Only [`CallError::Unreachable`] and [`CallError::Declined`] say
//! that it has not.

mod channel;
mod dial;
pub mod frame;
mod handshake;
mod head;
pub(crate) mod hello;
mod incoming;
mod life;
mod limits;
mod link;
#[cfg(test)]
pub(crate) mod local;
mod me;
mod none;
mod now;
mod outgoing;
mod sample;
mod seldom;
mod server;
mod session;
mod slot;
#[cfg(test)]
mod testing;

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

pub use bytes::Bytes;
pub use channel::Channel;
pub use dial::{Addresses, Connection, Dial, TcpDial, Wire};
use domain::ports::BoxFuture;
use futures_util::Stream;
pub(crate) use handshake::OTHER_SECRET;
pub use limits::MAX_MESSAGE_BYTES;
pub use me::{ClusterId, JOIN, Me, Membership, PeerSecret, SPOKEN, STRANGER, ShortSecret};
pub use server::serve;

use crate::raft::types::NodeId;
pub use none::NoPeers;

/// What kind of traffic a call is. Each kind has connections of its own, so that a snapshot keeps no heartbeat waiting
/// and no client's command waits behind a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lane {
    /// Raft: entries, heartbeats, votes; and what the nodes tell each other of themselves.
    Raft,
    /// Clients' commands and their answers.
    Commands,
    /// What is large and may take its time.
    Bulk,
}

/// Something that a node answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Service {
    /// Its name on the wire, of lower-case letters and dashes.
    pub name: &'static str,
    /// What kind of traffic it is.
    pub lane: Lane,
}

/// Messages in order, each whole; an error is the last of them.
pub type Messages = Pin<Box<dyn Stream<Item = Result<Bytes, CallError>> + Send>>;

/// Why a call has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallError {
    /// Nothing was sent: the peer is not known, not there, or not who it should be.
    Unreachable(String),
    /// It was sent, and then the connection or the patience ended: it may have taken effect.
    Lost(String),
    /// The peer has answered that it will not do it; nothing has happened.
    Declined(String),
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(why) => write!(f, "the peer cannot be reached: {why}"),
            Self::Lost(why) => write!(f, "the peer's answer was lost: {why}"),
            Self::Declined(why) => write!(f, "the peer declined: {why}"),
        }
    }
}

impl std::error::Error for CallError {}

/// The way to other nodes.
pub trait Calls: Send + Sync + 'static {
    /// Asks `to`; gives up `within`.
    fn call(
        &self,
        to: NodeId,
        service: Service,
        body: Bytes,
        within: Duration,
    ) -> BoxFuture<Result<Bytes, CallError>>;

    /// Opens a stream to `to`, both ways: `input` is sent as it comes, and what comes back is read from the result.
    /// `within` is for the opening, and for how long the connection may be without a sign of life. Dropping the result
    /// ends the stream.
    fn stream(
        &self,
        to: NodeId,
        service: Service,
        input: Messages,
        within: Duration,
    ) -> BoxFuture<Result<Messages, CallError>>;

    /// What the monotonic clock of `to` shows now, in its milliseconds, or a little less: never more. `None` until it
    /// has answered once, and while there is no connection to it: it may be another process by then, with another clock.
    /// Instants of its clock may be sent to it as deadlines.
    fn clock_of(&self, to: NodeId) -> Option<u64>;
}

/// What a node answers others. What a caller has given up is dropped wherever it waits; what must be finished runs in a
/// task of its own.
pub trait Answers: Send + Sync + 'static {
    /// Answers a call of `from`, which is authenticated as a node of this cluster; or as [`STRANGER`], which is let
    /// through to [`JOIN`] only.
    ///
    /// # Errors
    /// [`CallError::Declined`] with the reason; the caller is told.
    fn call(&self, from: NodeId, service: &str, body: Bytes) -> BoxFuture<Result<Bytes, CallError>>;

    /// Answers a stream. What it yields is sent back; its end, or an error, ends the stream.
    ///
    /// # Errors
    /// As [`Self::call`].
    fn stream(&self, from: NodeId, service: &str, input: Messages) -> BoxFuture<Result<Messages, CallError>>;
}
