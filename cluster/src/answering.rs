//! What a node answers its peers: raft's messages, beats, those who want to join, and whatever the rest of the node has
//! put behind it.

use std::sync::{Arc, OnceLock};

use domain::ports::BoxFuture;

use crate::beating::{self, BEAT};
use crate::following::{self, COMMITTED};
use crate::here::Here;
use crate::joining::{Admitting, JOIN};
use crate::journal::{GroupId, LogDisk};
use crate::ordering::{self, ORDER};
use crate::peer::{Answers, Bytes, CallError, Messages};
use crate::raft::answering::{GroupsHere, RaftAnswers, RaftGroup};
use crate::raft::types::NodeId;
use crate::routes::Routes;

/// Answers everything; clones answer the same.
pub(crate) struct NodeAnswers<D: LogDisk> {
    pub(crate) raft: RaftAnswers,
    pub(crate) here: Arc<Here<D>>,
    pub(crate) routes: Arc<Routes<D>>,
    pub(crate) admitting: Arc<Admitting<D>>,
    /// Whatever is not the cluster's own affair. Set once the node has it.
    pub(crate) others: Arc<OnceLock<Arc<dyn Answers>>>,
}

impl<D: LogDisk> Answers for NodeAnswers<D> {
    fn call(&self, from: NodeId, service: &str, body: Bytes) -> BoxFuture<Result<Bytes, CallError>> {
        if service == BEAT.name {
            return Box::pin(std::future::ready(beating::answer(&self.routes, from, &body)));
        }
        if service == JOIN.name {
            let admitting = self.admitting.clone();
            return Box::pin(async move { admitting.answer(&body).await });
        }
        if service == COMMITTED.name {
            return Box::pin(following::answer(self.here.clone(), body));
        }
        if service == ORDER.name {
            let (here, routes, clock) =
                (self.here.clone(), self.routes.clone(), self.admitting.clock.clone());
            return Box::pin(ordering::answer(here, routes, clock, body));
        }
        if let Some(answer) = self.raft.call(service, &body) {
            return answer;
        }
        match self.others.get() {
            Some(others) => others.call(from, service, body),
            None => Box::pin(std::future::ready(Err(not_yet()))),
        }
    }

    fn stream(&self, from: NodeId, service: &str, input: Messages) -> BoxFuture<Result<Messages, CallError>> {
        let input = match self.raft.stream(service, input) {
            Ok(answers) => return Box::pin(std::future::ready(Ok(answers))),
            Err(input) => input,
        };
        match self.others.get() {
            Some(others) => others.stream(from, service, input),
            None => Box::pin(std::future::ready(Err(not_yet()))),
        }
    }
}

fn not_yet() -> CallError {
    CallError::Declined("this node is still starting".to_owned())
}

/// The groups of a node, as raft's messages find them.
pub(crate) struct Running<D: LogDisk>(pub(crate) Arc<Here<D>>);

impl<D: LogDisk> GroupsHere for Running<D> {
    fn group(&self, id: GroupId) -> Option<Arc<dyn RaftGroup>> {
        match id {
            GroupId::DIRECTORY => Some(Arc::new(self.0.directory.group.clone())),
            GroupId::ACCOUNTS => {
                self.0.accounts.as_ref().map(|it| Arc::new(it.group.clone()) as Arc<dyn RaftGroup>)
            }
            shard => Some(Arc::new(self.0.shard(shard.number())?.group.clone())),
        }
    }

    fn start(&self, id: GroupId) -> BoxFuture<std::io::Result<Arc<dyn RaftGroup>>> {
        let here = self.0.clone();
        Box::pin(async move {
            if !here.wants(id.number()) {
                // What comes late from a leader that has let this replica go must not bring it back.
                return Err(std::io::Error::other(
                    "the layout has no replica of it here, as far as is known here",
                ));
            }
            let replica = here.start(id.number()).await?;
            Ok(Arc::new(replica.group.clone()) as Arc<dyn RaftGroup>)
        })
    }
}
