//! A network inside one process, for tests: hands the calls of one node to the [`Answers`] of another, late, or not at
//! all where the link is cut.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use domain::ports::BoxFuture;
use futures_util::{StreamExt, stream};
use tokio::time::{sleep, timeout};

use super::{Answers, Bytes, CallError, Calls, Messages, Service};
use crate::raft::types::NodeId;

#[derive(Default)]
struct Network {
    nodes: BTreeMap<NodeId, Arc<dyn Answers>>,
    cut: BTreeSet<(NodeId, NodeId)>,
    delay: Duration,
    /// By service: how many messages were taken over, either way.
    carried: BTreeMap<&'static str, u64>,
    /// The named service's streams break after so many messages more, once.
    fuse: Option<(&'static str, u64)>,
}

/// The network; its clones are the same.
#[derive(Clone, Default)]
pub(crate) struct LocalPeers(Arc<Mutex<Network>>);

impl LocalPeers {
    fn network(&self) -> MutexGuard<'_, Network> {
        self.0.lock().unwrap()
    }

    /// The way of `from` to the others.
    pub(crate) fn of(&self, from: NodeId) -> Arc<dyn Calls> {
        Arc::new(LocalCalls { from, peers: self.clone() })
    }

    /// From now on `node` answers.
    pub(crate) fn join(&self, node: NodeId, answers: Arc<dyn Answers>) {
        self.network().nodes.insert(node, answers);
    }

    /// Messages take so long, each way.
    pub(crate) fn delay(&self, delay: Duration) {
        self.network().delay = delay;
    }

    /// Cuts `node` off, or not any more.
    pub(crate) fn isolate(&self, node: NodeId, isolated: bool) {
        let mut network = self.network();
        let others: Vec<NodeId> = network.nodes.keys().copied().filter(|other| *other != node).collect();
        for link in others.into_iter().flat_map(|other| [(node, other), (other, node)]) {
            if isolated {
                network.cut.insert(link)
            } else {
                network.cut.remove(&link)
            };
        }
    }

    /// The next stream of `service` breaks after `messages`.
    pub(crate) fn break_after(&self, service: Service, messages: u64) {
        self.network().fuse = Some((service.name, messages));
    }

    pub(crate) fn carried(&self, service: Service) -> u64 {
        self.network().carried.get(service.name).copied().unwrap_or(0)
    }

    /// Carries one message; `false`: it is lost.
    async fn carry(&self, (from, to): (NodeId, NodeId), service: Service) -> bool {
        let delay = self.network().delay;
        sleep(delay).await;
        let mut network = self.network();
        *network.carried.entry(service.name).or_default() += 1;
        match &mut network.fuse {
            Some((name, 0)) if *name == service.name => {
                network.fuse = None;
                return false;
            }
            Some((name, left)) if *name == service.name => *left -= 1,
            _ => {}
        }
        !network.cut.contains(&(from, to))
    }

    /// What arrives of `messages`.
    fn carry_all(
        &self,
        link: (NodeId, NodeId),
        service: Service,
        messages: Messages,
        within: Duration,
    ) -> Messages {
        let begin = Some((self.clone(), messages));
        Box::pin(stream::unfold(begin, move |state| async move {
            let (peers, mut messages) = state?;
            let message = messages.next().await?;
            if peers.carry(link, service).await {
                let last = message.is_err();
                return Some((message, (!last).then_some((peers, messages))));
            }
            sleep(within).await;
            Some((Err(CallError::Lost("the connection broke".to_owned())), None))
        }))
    }
}

struct LocalCalls {
    from: NodeId,
    peers: LocalPeers,
}

impl LocalCalls {
    fn reach(
        &self,
        to: NodeId,
        service: Service,
        within: Duration,
    ) -> BoxFuture<Result<Arc<dyn Answers>, CallError>> {
        let (peers, link) = (self.peers.clone(), (self.from, to));
        Box::pin(async move {
            let answers = peers.network().nodes.get(&link.1).cloned();
            if let Some(answers) = answers
                && peers.carry(link, service).await
            {
                return Ok(answers);
            }
            sleep(within).await;
            Err(CallError::Unreachable("nobody answers".to_owned()))
        })
    }
}

impl Calls for LocalCalls {
    fn call(
        &self,
        to: NodeId,
        service: Service,
        body: Bytes,
        within: Duration,
    ) -> BoxFuture<Result<Bytes, CallError>> {
        let (from, peers) = (self.from, self.peers.clone());
        let reached = self.reach(to, service, within);
        let lost = || CallError::Lost("no answer".to_owned());
        let answered = async move {
            let answer = reached.await?.call(from, service.name, body).await;
            if peers.carry((to, from), service).await { answer } else { Err(lost()) }
        };
        Box::pin(async move { timeout(within, answered).await.unwrap_or_else(|_| Err(lost())) })
    }

    fn stream(
        &self,
        to: NodeId,
        service: Service,
        input: Messages,
        within: Duration,
    ) -> BoxFuture<Result<Messages, CallError>> {
        let (from, peers) = (self.from, self.peers.clone());
        let reached = self.reach(to, service, within);
        Box::pin(async move {
            let answers = reached.await?;
            let input = peers.carry_all((from, to), service, input, within);
            let output = answers.stream(from, service.name, input).await?;
            Ok(peers.carry_all((to, from), service, output, within))
        })
    }

    fn clock_of(&self, _to: NodeId) -> Option<u64> {
        None
    }
}
