//! ③ The commands of one request whose event another node owns, or nobody right now.
//!
//! Owns how often and how long another way is tried: at most two nodes are asked, and half a second is waited for
//! somebody to ask. Only what certainly had no effect is asked again.

use std::time::Duration;

use actors::Fault;
use cluster::raft::types::NodeId;
use domain::event::{Caller, Reply};
use domain::ids::EventId;
use tokio::sync::watch;

use super::asking::Asking;
use super::wire::{Keyed, MAX_COMMANDS, Outcome, Refused};
use super::{Dispatch, NoReply, Owner, State};
use crate::clock::Deadline;

/// Nodes that one request is sent to.
const MAX_FORWARDS: usize = 2;
/// How long a request waits for its event to have an owner that is not known to have none.
const WAIT_FOR_OWNER: Duration = Duration::from_millis(500);

/// One request.
pub(super) struct Elsewhere<'a> {
    dispatch: &'a Dispatch,
    event: EventId,
    caller: Caller,
    asking: Asking,
    changed: watch::Receiver<u64>,
    /// Until then somebody may be waited for.
    patience: Deadline,
    /// Who has turned it away, since the ways changed last.
    turned_away: Option<NodeId>,
    forwards: usize,
}

impl<'a> Elsewhere<'a> {
    pub(super) fn new(dispatch: &'a Dispatch, event: EventId, caller: Caller, asking: Asking) -> Self {
        let patience = Deadline::within(WAIT_FOR_OWNER).min(asking.until);
        let changed = dispatch.ways.changed();
        Self { dispatch, event, caller, asking, changed, patience, turned_away: None, forwards: 0 }
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
        match self.owner().await {
            Owner::Here => {
                let replies = dispatch.local.commands(event, commands, caller).await;
                replies.into_iter().map(Some).collect()
            }
            Owner::There(node) => {
                self.forwards += 1;
                let asking = self.asking.clone();
                let outcomes = dispatch.forward.ask(node, event, caller, commands, asking).await;
                outcomes.into_iter().map(|outcome| self.reply(node, outcome)).collect()
            }
            Owner::Nobody => {
                let nobody = |_| Some(Err(NoReply::Fault(Fault::OwnerUnavailable)));
                commands.into_iter().map(nobody).collect()
            }
        }
    }

    /// Who is to be asked next, once there is somebody; nobody where that took too long or enough have been asked.
    async fn owner(&mut self) -> Owner {
        loop {
            self.changed.borrow_and_update();
            match self.dispatch.ways.owner(State::Sale(self.event)) {
                Owner::Here => return Owner::Here,
                Owner::There(_) if self.forwards == MAX_FORWARDS => return Owner::Nobody,
                Owner::There(node) if self.turned_away != Some(node) => return Owner::There(node),
                Owner::There(_) | Owner::Nobody => {}
            }
            let changed = tokio::time::timeout_at(self.patience.instant(), self.changed.changed()).await;
            if !matches!(changed, Ok(Ok(()))) {
                return Owner::Nobody;
            }
            self.turned_away = None;
        }
    }

    fn reply(&mut self, node: NodeId, outcome: Outcome) -> Option<Result<Reply, NoReply>> {
        Some(match outcome {
            Outcome::Reply { reply, facts } => {
                self.dispatch.answered_elsewhere(State::Sale(self.event), facts);
                Ok(reply)
            }
            Outcome::Refused(refused) => Err(refused.into()),
            Outcome::InFlight => Err(NoReply::InFlight),
            Outcome::Overloaded => Err(NoReply::Fault(Fault::Overloaded)),
            // Who is late here is late everywhere.
            Outcome::Unknown | Outcome::Late => Err(NoReply::Fault(Fault::OwnerUnavailable)),
            Outcome::Moved { owner } => {
                self.turned_away = Some(node);
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
