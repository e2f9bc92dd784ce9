//! Step ⑥: the way to peers, as one group's leader or candidate uses it: openraft's calls as services of the peers.
//!
//! Entries go over a stream, see `pipeline`; heartbeats, votes and the offer of leadership are single calls, each given
//! up within the time that openraft allows it. Hazard: only an answer counts as one. A peer that cannot be reached must
//! never seem to have granted a vote.

use std::io;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use openraft::base::{BoxFuture, BoxStream};
use openraft::errors::{NetworkError, RPCError, ReplicationClosed, StreamingError, Unreachable};
use openraft::network::{RPCOption, stream_append_sequential};
use openraft::raft::{AppendEntriesResponse, SnapshotResponse, StreamAppendError};
use openraft::{OptionalSend, RaftNetworkFactory, RaftNetworkV2};

use super::machines::{Keeping, Machine};
use super::pipeline::{self, Window};
use super::settings::LEASE;
pub use super::snapshots::SnapshotFile;
use super::transfer::sending::Sending;
use super::transfer::throttle::Throttle;
use super::types::{NodeId, Peer, Types, Vote};
use super::wire::{self, Append, Appended, Ballot, Message, Transfer, Transferred, Voted};
use crate::journal::LogDisk;
use crate::peer::{Bytes, CallError, Calls, Lane, Service};

/// A heartbeat: entries, usually none.
pub const HEARTBEAT: Service = Service { name: "raft-heartbeat", lane: Lane::Raft };
/// A stream of entries.
pub const APPEND: Service = Service { name: "raft-append", lane: Lane::Raft };
/// The request for a vote.
pub const VOTE: Service = Service { name: "raft-vote", lane: Lane::Raft };
/// The question whether a vote would be granted.
pub const PRE_VOTE: Service = Service { name: "raft-pre-vote", lane: Lane::Raft };
/// The offer of leadership.
pub const TRANSFER: Service = Service { name: "raft-transfer", lane: Lane::Raft };
/// A snapshot and the archive that belongs to it.
pub const SNAPSHOT: Service = Service { name: "raft-snapshot", lane: Lane::Bulk };

/// So long after a stream of entries could not be opened the next one is tried: a peer that is not there is asked by
/// every group that has a replica on it.
const OPEN_AGAIN: Duration = Duration::from_millis(100);

/// A snapshot as openraft has it.
pub(crate) type Snapshot = openraft::type_config::alias::SnapshotOf<Types, SnapshotFile>;
type Called<T> = Result<T, RPCError<Types>>;
type Answers<'s> = BoxStream<'s, Result<Appended, RPCError<Types>>>;

/// The peers of one group.
pub(crate) struct Peers<M, D> {
    pub(crate) calls: Arc<dyn Calls>,
    /// Where snapshots are made, and the archive lies that goes with them.
    pub(crate) keeping: Keeping<D>,
    pub(crate) throttle: Arc<Throttle>,
    pub(crate) machine: PhantomData<fn() -> M>,
}

impl<M: Machine, D: LogDisk> Peers<M, D> {
    fn client(&self, to: NodeId, heartbeats: bool) -> Network<M, D> {
        let sending = Sending {
            calls: self.calls.clone(),
            keeping: self.keeping.clone(),
            throttle: self.throttle.clone(),
            machine: PhantomData,
        };
        Network { to, heartbeats, sending }
    }
}

impl<M: Machine, D: LogDisk> RaftNetworkFactory<Types> for Peers<M, D> {
    type Network = Network<M, D>;

    async fn new_client(&mut self, target: NodeId, _node: &Peer) -> Network<M, D> {
        self.client(target, false)
    }

    async fn new_heartbeat_client(&mut self, target: NodeId, _node: &Peer) -> Network<M, D> {
        self.client(target, true)
    }
}

/// The way of one group to one peer.
pub(crate) struct Network<M, D> {
    to: NodeId,
    /// Each of its streams has one message: a call is cheaper.
    heartbeats: bool,
    sending: Sending<M, D>,
}

impl<M: Machine, D: LogDisk> Network<M, D> {
    async fn call<T: Message>(
        &self,
        service: Service,
        message: io::Result<Vec<u8>>,
        within: Duration,
    ) -> Called<T> {
        let body = Bytes::from(message.map_err(|error| broken(&error))?);
        let answer = self.sending.calls.call(self.to, service, body, within).await.map_err(RPCError::from)?;
        T::decode(&answer).map_err(|error| broken(&error))
    }

    async fn open<S>(&self, input: S, option: &RPCOption) -> Called<Answers<'static>>
    where
        S: Stream<Item = Append> + Send + Unpin + 'static,
    {
        let window = Arc::new(Window::default());
        let requests = pipeline::requests(self.sending.keeping.group, input, window.clone());
        // A follower's flush may well take longer than a heartbeat may; as long as a leader is given is long enough.
        let patience = option.soft_ttl().max(LEASE);
        let answers =
            self.sending.calls.stream(self.to, APPEND, requests, patience).await.map_err(RPCError::from)?;
        let answers = pipeline::answers(answers, window, patience);
        Ok(Box::pin(answers.map(|answer| answer.map_err(RPCError::from))))
    }
}

impl<M: Machine, D: LogDisk> RaftNetworkV2<Types> for Network<M, D> {
    type SnapshotData = SnapshotFile;

    async fn append_entries(
        &mut self,
        append: Append,
        option: RPCOption,
    ) -> Called<AppendEntriesResponse<Types>> {
        let last = wire::last_of(&append);
        let nothing_before = append.prev_log_id.is_none();
        let message = (self.sending.keeping.group, append).encode();
        match self.call(HEARTBEAT, message, option.soft_ttl()).await? {
            Ok(matching) if matching == last => Ok(AppendEntriesResponse::Success),
            Ok(matching) => Ok(AppendEntriesResponse::PartialSuccess(matching)),
            Err(StreamAppendError::HigherVote(vote)) => Ok(AppendEntriesResponse::HigherVote(vote)),
            Err(StreamAppendError::Conflict(_)) if nothing_before => {
                Err(CallError::Lost("the peer has a conflict with nothing".to_owned()).into())
            }
            Err(StreamAppendError::Conflict(_)) => Ok(AppendEntriesResponse::Conflict),
        }
    }

    fn stream_append<'s, S>(
        &'s mut self,
        input: S,
        option: RPCOption,
    ) -> BoxFuture<'s, Result<Answers<'s>, RPCError<Types>>>
    where
        S: Stream<Item = Append> + OptionalSend + Unpin + 'static,
    {
        if self.heartbeats {
            return stream_append_sequential(self, input, option);
        }
        Box::pin(async move {
            let opened = self.open(input, &option).await;
            if opened.is_err() {
                // Openraft waits only when it reads what is to be sent, which it has not: it would ask again at once.
                tokio::time::sleep(OPEN_AGAIN).await;
            }
            opened
        })
    }

    async fn vote(&mut self, ballot: Ballot, option: RPCOption) -> Called<Voted> {
        self.call(VOTE, (self.sending.keeping.group, ballot).encode(), option.soft_ttl()).await
    }

    async fn pre_vote(&mut self, ballot: Ballot, option: RPCOption) -> Called<Voted> {
        self.call(PRE_VOTE, (self.sending.keeping.group, ballot).encode(), option.soft_ttl()).await
    }

    async fn full_snapshot(
        &mut self,
        vote: Vote,
        snapshot: Snapshot,
        cancel: impl Future<Output = ReplicationClosed> + OptionalSend + 'static,
        _option: RPCOption,
    ) -> Result<SnapshotResponse<Types>, StreamingError<Types>> {
        tokio::select! {
            biased;
            closed = cancel => Err(StreamingError::Closed(closed)),
            sent = self.sending.send(self.to, vote, snapshot) => match sent {
                Ok(vote) => Ok(SnapshotResponse::new(vote)),
                Err(error) => {
                    let group = self.sending.keeping.group;
                    tracing::warn!(%group, to = self.to, %error, "a snapshot did not arrive; it is sent again");
                    Err(RPCError::from(error).into())
                }
            },
        }
    }

    async fn transfer_leader(&mut self, offer: Transfer, option: RPCOption) -> Called<Transferred> {
        self.call(TRANSFER, (self.sending.keeping.group, offer).encode(), option.soft_ttl()).await
    }
}

/// What openraft makes of it: after `Unreachable` it waits a while, after `Network` it asks again at once.
impl From<CallError> for RPCError<Types> {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Lost(_) => Self::Network(NetworkError::new(&error)),
            CallError::Unreachable(_) | CallError::Declined(_) => Self::Unreachable(Unreachable::new(&error)),
        }
    }
}

/// Bytes that cannot be made or read will be no better at once.
fn broken(error: &io::Error) -> RPCError<Types> {
    RPCError::Unreachable(Unreachable::new(error))
}
