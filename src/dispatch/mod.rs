//! ③ From a request to the owner of its event, wherever that is, and back with one answer. Knows nothing of JSON.
//!
//! `local` asks the owners of this node, `forward` another node in one hop, `receive` answers what others forward, in
//! the words of `wire`. `ways` is what dispatch has to know of the cluster. What is no command goes by `relay`.
//! Owns which way a command goes, and when it may go another way. Hazard: a command is sent again only when it is
//! certain that it had no effect; what is merely lost is for the client to retry, whose key makes that safe.

mod asking;
pub mod edge;
mod elsewhere;
mod forward;
#[cfg(any(test, fuzzing))]
pub mod fuzzed;
mod local;
mod receive;
pub mod relay;
mod search;
mod seen;
pub mod ways;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use actors::{Fault, Owners};
use bytes::Bytes;
use cluster::peer::{CallError, Calls, Messages, Service};
use cluster::raft::types::NodeId;
use domain::event::{Caller, Command, Key, Refusal, Reply};
use domain::ids::EventId;
use domain::invalid::Invalid;
use domain::ports::Clock;
use futures_util::future::join_all;

pub use asking::Asking;
use cluster::Owner;
use edge::Edge;
use elsewhere::Elsewhere;
use forward::{COMMANDS, Forward};
use local::Local;
use receive::Receive;
use seen::Seen;
use ways::{State, Ways};

/// Why there is no reply.
#[derive(Debug)]
pub enum NoReply {
    /// A business "no".
    Refused(Refusal),
    /// The same: a field is outside what is allowed, as another node has found.
    Invalid(Invalid),
    /// The first request with this key is still running.
    InFlight,
    /// Something broke; a retry with the same key is safe.
    Fault(Fault),
}

/// What dispatch is made of.
pub struct Parts {
    /// The owners on this node.
    pub owners: Arc<Owners>,
    /// Where the others are.
    pub ways: Arc<dyn Ways>,
    /// The way there.
    pub calls: Arc<dyn Calls>,
    /// The clock that this node's peers are told of.
    pub clock: Arc<dyn Clock>,
    /// A payment that takes longer is answered as pending.
    pub pending_after: Duration,
    /// How long a request may take that does not say.
    pub patience: Duration,
    /// What is refused without asking anybody.
    pub edge: Edge,
}

/// Finds owners and waits for their answers; clones are the same.
#[derive(Clone)]
pub struct Dispatch {
    local: Local,
    ways: Arc<dyn Ways>,
    clock: Arc<dyn Clock>,
    calls: Arc<dyn Calls>,
    forward: Forward,
    seen: Arc<Seen>,
    patience: Duration,
    edge: Edge,
}

impl Dispatch {
    /// Of these parts. To be made on the runtime on which what goes to other nodes is to be sent.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let Parts { owners, ways, calls, clock, pending_after, patience, edge } = parts;
        let local = Local::new(owners, pending_after);
        Self {
            local,
            ways,
            clock,
            forward: Forward::new(calls.clone()),
            calls,
            seen: Arc::default(),
            patience,
            edge,
        }
    }

    /// Has `command` decided by the owner of `event` and waits until the answer is on disk.
    ///
    /// # Errors
    /// [`NoReply`]; nothing has changed unless it is a fault, and then the key makes the retry safe.
    pub async fn command(
        &self,
        event: EventId,
        command: Command,
        caller: Caller,
        key: Option<Key>,
    ) -> Result<Reply, NoReply> {
        if self.ways.owner(State::Sale(event)) == Owner::Here {
            return self.local.command(event, command, caller, key).await;
        }
        if let Some(refusal) = self.edge.refusal(&*self.ways, event, (&command, key.as_ref())) {
            return Err(NoReply::Refused(refusal));
        }
        let replies = self.elsewhere(event, caller, vec![(command, key)]).await;
        replies.into_iter().next().unwrap_or(Err(NoReply::Fault(Fault::OwnerUnavailable)))
    }

    /// Has each of `commands` decided for itself, in order, and waits until every answer is on disk. There are as many
    /// answers as commands, in their order.
    pub async fn commands(
        &self,
        event: EventId,
        commands: Vec<(Command, Option<Key>)>,
        caller: Caller,
    ) -> Vec<Result<Reply, NoReply>> {
        if self.ways.owner(State::Sale(event)) == Owner::Here {
            return self.local.commands(event, commands, caller).await;
        }
        let refusal = |(command, key): &(Command, Option<Key>)| {
            self.edge.refusal(&*self.ways, event, (command, key.as_ref()))
        };
        let refusals: Vec<_> = commands.iter().map(refusal).collect();
        let asked = commands.into_iter().zip(&refusals).filter(|(_, refusal)| refusal.is_none());
        let asked: Vec<_> = asked.map(|(command, _)| command).collect();
        let replies = if asked.is_empty() { Vec::new() } else { self.elsewhere(event, caller, asked).await };
        let mut replies = replies.into_iter();
        let unavailable = || Err(NoReply::Fault(Fault::OwnerUnavailable));
        let reply = |refusal: Option<Refusal>| match refusal {
            Some(refusal) => Err(NoReply::Refused(refusal)),
            None => replies.next().unwrap_or_else(unavailable),
        };
        refusals.into_iter().map(reply).collect()
    }

    async fn elsewhere(
        &self,
        event: EventId,
        caller: Caller,
        commands: Vec<(Command, Option<Key>)>,
    ) -> Vec<Result<Reply, NoReply>> {
        let asking = Asking::current(self.patience);
        Box::pin(Elsewhere::new(self, event, caller, asking).decided(commands)).await
    }

    /// The directory says otherwise of `event` than before: if its owner is here, it takes that before the next command.
    /// Owners elsewhere hear of it with the directory itself.
    pub async fn listed(&self, event: EventId) {
        self.local.listed(event).await;
    }

    /// Waits, within bounds, until reads of `of` on this node show every reply that this node has given.
    pub async fn caught_up(&self, of: State) {
        self.seen.caught_up(&*self.ways, of).await;
    }

    /// The same, for whatever this node has given replies of.
    pub async fn caught_up_with_all(&self) {
        self.seen.caught_up_with_all(&*self.ways).await;
    }

    /// Asks the nodes that have accounts and sales one after the other, until one answers.
    pub async fn ask_any(&self, service: Service, body: Bytes, within: Duration) -> Option<Bytes> {
        for node in self.ways.members() {
            match self.calls.call(node, service, body.clone(), within).await {
                Ok(answer) => return Some(answer),
                Err(error) => tracing::debug!(to = node, service = service.name, %error, "no answer"),
            }
        }
        None
    }

    /// Asks all of them at once; those that do not answer are not among the answers.
    pub async fn ask_all(&self, service: Service, body: Bytes, within: Duration) -> Vec<(NodeId, Bytes)> {
        let asked = self.ways.members().into_iter().map(|node| {
            let answer = self.calls.call(node, service, body.clone(), within);
            async move { Some((node, answer.await.ok()?)) }
        });
        join_all(asked).await.into_iter().flatten().collect()
    }

    /// Another node had applied so much of `of` when it gave an answer that this node passes on.
    pub fn answered_elsewhere(&self, of: State, applied: u64) {
        self.seen.remember(&*self.ways, of, applied);
    }

    /// The same of a sale; `frees` where seats may be free again by what was answered.
    fn decided_elsewhere(&self, event: EventId, facts: u64, frees: bool) {
        self.answered_elsewhere(State::Sale(event), facts);
        self.edge.told(&*self.ways, event, facts, frees);
    }

    /// What this node knows of the others.
    #[must_use]
    pub fn ways(&self) -> &Arc<dyn Ways> {
        &self.ways
    }

    /// Answers another node's call of the service `commands`: a sign of life. What is to be decided comes as a stream.
    ///
    /// # Errors
    /// [`CallError::Declined`] where it is anything else.
    pub fn answer_call(body: &Bytes) -> Result<Bytes, CallError> {
        if body.is_empty() {
            return Ok(Bytes::new());
        }
        Err(CallError::Declined(format!("{} come as a stream", COMMANDS.name)))
    }

    /// Has what other nodes forward decided here, and nowhere else.
    #[must_use]
    pub fn answer_stream(&self, from: NodeId, input: Messages) -> Messages {
        Receive::new(self.local.clone(), self.ways.clone(), self.clock.clone()).stream(from, input)
    }
}

#[cfg(test)]
#[path = "test/mod.rs"]
mod test;
