//! ③ From a command to the owner of its event on this node, and back with one answer.
//!
//! Owns the waiting: a payment gets ten seconds before its caller is told that it is pending, and a repeated request
//! gets five before it is told that the first one is still running.

use std::sync::Arc;
use std::time::Duration;

use actors::{Answer, Answered, Fault, Owners};
use domain::event::{Caller, Command, Key, Reply};
use domain::ids::{BookingNumber, EventId};
use tokio::sync::oneshot;

use super::NoReply;
use super::wire::Keyed;

/// How long a repeated request waits for the first one.
const IN_FLIGHT_AFTER: Duration = Duration::from_secs(5);

/// Finds owners and waits for their answers.
#[derive(Clone)]
pub(super) struct Local {
    owners: Arc<Owners>,
    pending_after: Duration,
}

impl Local {
    /// Asks `owners`; a payment that takes longer than `pending_after` is answered as pending.
    pub(super) fn new(owners: Arc<Owners>, pending_after: Duration) -> Self {
        Self { owners, pending_after }
    }

    /// Tells the owner of `event`, if it is here, what the directory says of it now.
    pub(super) async fn listed(&self, event: EventId) {
        self.owners.listed(event).await;
    }

    /// Has `command` decided and waits until the answer is on disk.
    pub(super) async fn command(
        &self,
        event: EventId,
        command: Command,
        caller: Caller,
        key: Option<Key>,
    ) -> Result<Reply, NoReply> {
        let answered = self.owners.ask(event, command, caller, key).await;
        self.reply(event, caller, key, answered).await
    }

    /// Has each of `commands` decided for itself, in order, and waits until every answer is on disk. There are as many
    /// answers as commands, in their order.
    pub(super) async fn commands(
        &self,
        event: EventId,
        commands: Vec<Keyed>,
        caller: Caller,
    ) -> Vec<Result<Reply, NoReply>> {
        let keys: Vec<Option<Key>> = commands.iter().map(|(_, key)| *key).collect();
        let answers = self.owners.ask_many(event, caller, commands).await;
        let mut replies = Vec::with_capacity(answers.len());
        for (answered, key) in answers.into_iter().zip(keys) {
            replies.push(self.reply(event, caller, key, answered).await);
        }
        replies
    }

    /// Puts what `commands` gives before the owner of `event`, once there is one to take it at once. Each answer comes by
    /// itself, and is then given to [`Self::reply`].
    pub(super) async fn put(
        &self,
        event: EventId,
        commands: impl FnOnce() -> Vec<(Command, Caller, Option<Key>)>,
    ) -> Vec<oneshot::Receiver<Answered>> {
        self.owners.put(event, commands).await
    }

    /// What an owner's answer comes to, once outside work is done or has taken too long.
    pub(super) async fn reply(
        &self,
        event: EventId,
        caller: Caller,
        key: Option<Key>,
        answered: Answered,
    ) -> Result<Reply, NoReply> {
        match answered.map_err(NoReply::Fault)? {
            Answer::Reply(reply) => Ok(reply),
            Answer::Refused(refusal) => Err(NoReply::Refused(refusal)),
            Answer::Settling { booking, joined, settled } => {
                let patience = if joined { IN_FLIGHT_AFTER } else { self.pending_after };
                match tokio::time::timeout(patience, settled).await {
                    Ok(Ok(reply)) if !joined => Ok(reply),
                    Err(_still_running) if joined => Err(NoReply::InFlight),
                    // Too slow, or its owner died: the next owner knows where the booking stands. Who has joined is
                    // told what the key remembers: the first may have been told that it is pending.
                    _ => self.pending(event, booking, caller, key).await,
                }
            }
        }
    }

    async fn pending(
        &self,
        event: EventId,
        booking: BookingNumber,
        caller: Caller,
        key: Option<Key>,
    ) -> Result<Reply, NoReply> {
        let command = Command::AnswerPending { booking };
        // Whatever the fault, the payment goes on: it must not look like one that had no effect.
        let fault = |_| NoReply::Fault(Fault::OwnerUnavailable);
        match self.owners.ask(event, command, caller, key).await.map_err(fault)? {
            Answer::Reply(reply) => Ok(reply),
            Answer::Refused(refusal) => Err(NoReply::Refused(refusal)),
            Answer::Settling { .. } => Err(NoReply::InFlight),
        }
    }
}
