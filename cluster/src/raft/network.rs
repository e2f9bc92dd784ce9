//! Step ⑥: the seam to peers. Owns what a group says to another node; a [`Transport`] says how.
//!
//! One transport serves all groups of a node. Every call is answered or given up within the time that openraft allows
//! it. A cluster of one has [`NoPeers`].

use std::sync::Arc;

use domain::ports::BoxFuture;
use futures_util::future::{Either, select};
use openraft::RaftNetworkFactory;
use openraft::errors::{RPCError, ReplicationClosed, StreamingError, Unreachable};
use openraft::network::RPCOption;
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, SnapshotResponse, TransferLeaderRequest,
    TransferLeaderResponse, VoteRequest, VoteResponse,
};
use openraft_multi::{GroupNetworkAdapter, GroupRouter};

pub use super::snapshots::SnapshotFile;
use super::types::{NodeId, Peer, Types, Vote};
use crate::journal::GroupId;

/// What a call to a peer comes to.
pub type Called<T> = BoxFuture<Result<T, RPCError<Types>>>;
/// A snapshot on its way.
pub type Snapshot = openraft::type_config::alias::SnapshotOf<Types, SnapshotFile>;

/// Carries the messages of all groups to other nodes.
pub trait Transport: Send + Sync + 'static {
    /// Entries, or a heartbeat.
    fn append(
        &self,
        to: NodeId,
        group: GroupId,
        request: AppendEntriesRequest<Types>,
        option: RPCOption,
    ) -> Called<AppendEntriesResponse<Types>>;

    /// A request for a vote.
    fn vote(
        &self,
        to: NodeId,
        group: GroupId,
        request: VoteRequest<Types>,
        option: RPCOption,
    ) -> Called<VoteResponse<Types>>;

    /// The question whether a vote would be granted. Must fail where the peer cannot be reached: an answer counts.
    fn pre_vote(
        &self,
        to: NodeId,
        group: GroupId,
        request: VoteRequest<Types>,
        option: RPCOption,
    ) -> Called<VoteResponse<Types>>;

    /// A snapshot, in the name of the leader that `vote` names. Returns when it is installed there.
    fn snapshot(
        &self,
        to: NodeId,
        group: GroupId,
        vote: Vote,
        snapshot: Snapshot,
        option: RPCOption,
    ) -> BoxFuture<Result<SnapshotResponse<Types>, StreamingError<Types>>>;

    /// The offer of leadership.
    fn transfer_leader(
        &self,
        to: NodeId,
        group: GroupId,
        request: TransferLeaderRequest<Types>,
        option: RPCOption,
    ) -> Called<TransferLeaderResponse<Types>>;
}

/// The transport of a node that has no peers.
pub struct NoPeers;

fn unreachable() -> Unreachable<Types> {
    Unreachable::from_string("this node has no transport to peers")
}

fn no_peer<T>() -> Called<T> {
    Box::pin(async { Err(RPCError::Unreachable(unreachable())) })
}

impl Transport for NoPeers {
    fn append(
        &self,
        _to: NodeId,
        _group: GroupId,
        _request: AppendEntriesRequest<Types>,
        _option: RPCOption,
    ) -> Called<AppendEntriesResponse<Types>> {
        no_peer()
    }

    fn vote(
        &self,
        _to: NodeId,
        _group: GroupId,
        _request: VoteRequest<Types>,
        _option: RPCOption,
    ) -> Called<VoteResponse<Types>> {
        no_peer()
    }

    fn pre_vote(
        &self,
        _to: NodeId,
        _group: GroupId,
        _request: VoteRequest<Types>,
        _option: RPCOption,
    ) -> Called<VoteResponse<Types>> {
        no_peer()
    }

    fn snapshot(
        &self,
        _to: NodeId,
        _group: GroupId,
        _vote: Vote,
        _snapshot: Snapshot,
        _option: RPCOption,
    ) -> BoxFuture<Result<SnapshotResponse<Types>, StreamingError<Types>>> {
        Box::pin(async { Err(StreamingError::Unreachable(unreachable())) })
    }

    fn transfer_leader(
        &self,
        _to: NodeId,
        _group: GroupId,
        _request: TransferLeaderRequest<Types>,
        _option: RPCOption,
    ) -> Called<TransferLeaderResponse<Types>> {
        no_peer()
    }
}

/// The peers of one group: makes openraft's clients over the shared transport.
pub(crate) struct Peers {
    pub(crate) group: GroupId,
    pub(crate) transport: Arc<dyn Transport>,
}

impl RaftNetworkFactory<Types> for Peers {
    type Network = GroupNetworkAdapter<Types, GroupId, Router>;

    async fn new_client(&mut self, target: NodeId, _node: &Peer) -> Self::Network {
        GroupNetworkAdapter::new(Router(self.transport.clone()), target, self.group)
    }
}

/// Gives a [`Transport`] the shape that openraft-multi adapts.
#[derive(Clone)]
pub(crate) struct Router(Arc<dyn Transport>);

impl GroupRouter<Types, GroupId> for Router {
    type SnapshotData = SnapshotFile;

    fn append_entries(
        &self,
        to: NodeId,
        group: GroupId,
        request: AppendEntriesRequest<Types>,
        option: RPCOption,
    ) -> impl Future<Output = Result<AppendEntriesResponse<Types>, RPCError<Types>>> + Send {
        self.0.append(to, group, request, option)
    }

    fn vote(
        &self,
        to: NodeId,
        group: GroupId,
        request: VoteRequest<Types>,
        option: RPCOption,
    ) -> impl Future<Output = Result<VoteResponse<Types>, RPCError<Types>>> + Send {
        self.0.vote(to, group, request, option)
    }

    fn pre_vote(
        &self,
        to: NodeId,
        group: GroupId,
        request: VoteRequest<Types>,
        option: RPCOption,
    ) -> impl Future<Output = Result<VoteResponse<Types>, RPCError<Types>>> + Send {
        self.0.pre_vote(to, group, request, option)
    }

    async fn full_snapshot(
        &self,
        to: NodeId,
        group: GroupId,
        vote: Vote,
        snapshot: Snapshot,
        cancel: impl Future<Output = ReplicationClosed> + Send + 'static,
        option: RPCOption,
    ) -> Result<SnapshotResponse<Types>, StreamingError<Types>> {
        match select(self.0.snapshot(to, group, vote, snapshot, option), Box::pin(cancel)).await {
            Either::Left((sent, _)) => sent,
            Either::Right((closed, _)) => Err(StreamingError::Closed(closed)),
        }
    }

    fn transfer_leader(
        &self,
        to: NodeId,
        group: GroupId,
        request: TransferLeaderRequest<Types>,
        option: RPCOption,
    ) -> impl Future<Output = Result<TransferLeaderResponse<Types>, RPCError<Types>>> + Send {
        self.0.transfer_leader(to, group, request, option)
    }
}
