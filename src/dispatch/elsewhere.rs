//! ③ The commands of one request whose event another node owns, or nobody right now.
//!
//! Owns which commands are asked again, when somebody else is found to ask: only those that certainly had no effect.

use actors::Fault;
use cluster::raft::types::NodeId;
use domain::event::{Caller, Key, Reply};
use domain::ids::EventId;
use domain::planted::{self, Bug};

use super::asking::Asking;
use super::edge::{frees, may_free};
use super::search::Search;
use super::wire::{Keyed, MAX_COMMANDS, Outcome, Refused};
use super::{Dispatch, NoReply, Owner, State};

/// One request.
pub(super) struct Elsewhere<'a> {
    dispatch: &'a Dispatch,
    event: EventId,
    caller: Caller,
    asking: Asking,
    search: Search,
}

impl<'a> Elsewhere<'a> {
    pub(super) fn new(dispatch: &'a Dispatch, event: EventId, caller: Caller, asking: Asking) -> Self {
        let search = Search::new(dispatch.ways.clone(), State::Sale(event), asking.until);
        Self { dispatch, event, caller, asking, search }
    }

    /// As many replies as `commands`, in their order.
    pub(super) async fn decided(mut self, commands: Vec<Keyed>) -> Vec<Result<Reply, NoReply>> {
        let mut replies = Vec::with_capacity(commands.len());
        let mut commands = commands.into_iter().peekable();
        while commands.peek().is_some() {
            let some = commands.by_ref().take(MAX_COMMANDS).collect();
            replies.extend(self.some_decided(some).await);
        }
        replies
    }

    async fn some_decided(&mut self, commands: Vec<Keyed>) -> Vec<Result<Reply, NoReply>> {
        let mut replies: Vec<Option<Result<Reply, NoReply>>> = commands.iter().map(|_| None).collect();
        loop {
            let open = (0..replies.len()).filter(|&at| replies[at].is_none()).collect::<Vec<_>>();
            if open.is_empty() {
                break;
            }
            let rest = open.iter().map(|&at| commands[at].clone()).collect();
            for (at, reply) in open.into_iter().zip(self.tried(rest).await) {
                replies[at] = reply;
            }
        }
        let unavailable = || Err(NoReply::Fault(Fault::OwnerUnavailable));
        replies.into_iter().map(|reply| reply.unwrap_or_else(unavailable)).collect()
    }

    /// Tries one way; a command without a reply had no effect there.
    async fn tried(&mut self, commands: Vec<Keyed>) -> Vec<Option<Result<Reply, NoReply>>> {
        let (dispatch, event, caller) = (self.dispatch, self.event, self.caller);
        match self.search.next().await {
            Owner::Here => {
                let replies = dispatch.local.commands(event, commands, caller).await;
                replies.into_iter().map(Some).collect()
            }
            Owner::There(node) => {
                let kept = |key: Option<Key>| key.filter(|_| !planted::is(Bug::ForwardWithoutKey));
                let commands: Vec<Keyed> =
                    commands.into_iter().map(|(command, key)| (command, kept(key))).collect();
                let asking = self.asking.clone();
                let may_free: Vec<bool> = commands.iter().map(|(command, _)| may_free(command)).collect();
                let outcomes = dispatch.forward.ask(node, event, caller, commands, asking).await;
                let outcomes = outcomes.into_iter().zip(may_free);
                outcomes.map(|(outcome, may_free)| self.reply(node, outcome, may_free)).collect()
            }
            Owner::Nobody => {
                let nobody = |_| Some(Err(NoReply::Fault(Fault::OwnerUnavailable)));
                commands.into_iter().map(nobody).collect()
            }
        }
    }

    fn reply(&mut self, node: NodeId, outcome: Outcome, may_free: bool) -> Option<Result<Reply, NoReply>> {
        Some(match outcome {
            Outcome::Reply { reply, facts } => {
                self.dispatch.decided_elsewhere(self.event, facts, may_free || frees(&reply));
                Ok(reply)
            }
            Outcome::Refused(refused) => Err(refused.into()),
            Outcome::InFlight => Err(NoReply::InFlight),
            Outcome::Overloaded => Err(NoReply::Fault(Fault::Overloaded)),
            // Who is late here is late everywhere.
            Outcome::Unknown | Outcome::Late => Err(NoReply::Fault(Fault::OwnerUnavailable)),
            Outcome::Moved { owner } => {
                self.search.turned_away(node);
                if let Some(owner) = owner.filter(|owner| *owner != node) {
                    self.dispatch.ways.learn_owner(self.event, owner);
                }
                return None;
            }
        })
    }
}

impl From<NoReply> for Outcome {
    fn from(no: NoReply) -> Self {
        match no {
            NoReply::Refused(refusal) => Self::Refused(refusal.into()),
            NoReply::Invalid(invalid) => {
                Self::Refused(Refused::Invalid { pointer: invalid.pointer, message: invalid.message })
            }
            NoReply::InFlight => Self::InFlight,
            NoReply::Fault(Fault::Overloaded) => Self::Overloaded,
            NoReply::Fault(Fault::OwnerUnavailable) => Self::Unknown,
        }
    }
}
