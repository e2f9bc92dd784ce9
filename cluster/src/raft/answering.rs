//! Step ⑥: what a node answers when the raft of another node speaks to one of its groups.
//!
//! Owns the services named in `network`, and knows no group by itself. Entries and snapshots come from a leader that
//! counts on a replica here, so they start one where there is none; a vote is given only by a replica that is there and
//! remembers what it has promised.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use domain::ports::BoxFuture;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, future, stream};
use openraft::errors::{Fatal, RaftError};
use openraft::raft::{AppendEntriesResponse, StreamAppendError};
use tokio::time::timeout;

use super::group::Group;
use super::machines::Machine;
use super::network::{APPEND, HEARTBEAT, PRE_VOTE, SNAPSHOT, TRANSFER, VOTE};
use super::pieces::{self, failing, lazily};
use super::transfer::PATIENCE;
use super::transfer::receiving::Receiving;
use super::wire::{self, Append, Appended, Ballot, Message, Offer, Transfer, Transferred, Voted};
use crate::journal::{GroupId, LogDisk};
use crate::peer::{Bytes, CallError, Messages};

/// What comes of a question to a group.
pub type Answered<T> = BoxFuture<Result<T, CallError>>;

/// A replica, as the others of its group see it.
pub trait RaftGroup: Send + Sync {
    /// Entries, or a heartbeat.
    fn append(&self, append: Append) -> Answered<Appended>;
    /// Entries after entries; the answers come in the same order, each once its entries are durable.
    fn stream_append(
        &self,
        appends: BoxStream<'static, Append>,
    ) -> BoxStream<'static, Result<Appended, CallError>>;
    /// Asks for its vote.
    fn vote(&self, ballot: Ballot) -> Answered<Voted>;
    /// Asks whether it would give its vote.
    fn pre_vote(&self, ballot: Ballot) -> Answered<Voted>;
    /// Offers it the leadership, or tells it that another one is offered it.
    fn transfer_leader(&self, transfer: Transfer) -> Answered<Transferred>;
    /// Takes a snapshot: `input` follows the offer, and what comes back is for the sender.
    fn install(&self, offer: Offer, input: Messages) -> Messages;
}

/// The groups of a node.
pub trait GroupsHere: Send + Sync + 'static {
    /// The replica of `id`, where there is one.
    fn group(&self, id: GroupId) -> Option<Arc<dyn RaftGroup>>;

    /// Starts an empty replica of `id`, unless there is one by now: several callers may ask at the same time. It has no
    /// members before the leader says who they are.
    ///
    /// # Errors
    /// When there can be none; the leader is told why.
    fn start(&self, id: GroupId) -> BoxFuture<io::Result<Arc<dyn RaftGroup>>>;
}

/// Answers raft, of all groups of a node.
#[derive(Clone)]
pub struct RaftAnswers {
    /// Whom it is for.
    pub groups: Arc<dyn GroupsHere>,
}

impl RaftAnswers {
    /// Answers a call; `None`: the service is not one of raft's.
    #[must_use]
    pub fn call(&self, service: &str, body: &Bytes) -> Option<Answered<Bytes>> {
        let this = self.clone();
        let body = body.clone();
        Some(match service {
            name if name == HEARTBEAT.name => {
                answered(
                    body,
                    move |(id, append)| async move { this.replica(id).await?.append(append).await },
                )
            }
            name if name == VOTE.name => {
                answered(body, move |(id, ballot)| async move { this.known(id)?.vote(ballot).await })
            }
            name if name == PRE_VOTE.name => {
                answered(body, move |(id, ballot)| async move { this.known(id)?.pre_vote(ballot).await })
            }
            name if name == TRANSFER.name => answered(body, move |(id, transfer)| async move {
                this.known(id)?.transfer_leader(transfer).await
            }),
            _ => return None,
        })
    }

    /// Answers a stream; gives `input` back where the service is not one of raft's.
    ///
    /// # Errors
    /// None: that is the `input`.
    pub fn stream(&self, service: &str, input: Messages) -> Result<Messages, Messages> {
        let this = self.clone();
        if service == APPEND.name {
            Ok(lazily(Box::pin(async move { this.appends(pieces::join(input)).await })))
        } else if service == SNAPSHOT.name {
            Ok(lazily(Box::pin(async move { this.snapshot(pieces::join(input)).await })))
        } else {
            Err(input)
        }
    }

    fn known(&self, id: GroupId) -> Result<Arc<dyn RaftGroup>, CallError> {
        self.groups.group(id).ok_or_else(|| CallError::Declined(format!("{id} has no replica here")))
    }

    async fn replica(&self, id: GroupId) -> Result<Arc<dyn RaftGroup>, CallError> {
        if let Some(group) = self.groups.group(id) {
            return Ok(group);
        }
        let started = self.groups.start(id).await;
        started
            .map_err(|error| CallError::Declined(format!("no replica of {id} can be started here: {error}")))
    }

    /// The first message says which group it is; it comes whenever there is something to replicate.
    async fn appends(&self, mut input: Messages) -> Result<Messages, CallError> {
        let Some(first) = input.next().await else { return Ok(Box::pin(stream::empty())) };
        let (id, first) = read::<(GroupId, Append)>(&first?)?;
        let group = self.replica(id).await?;
        let problem = Arc::new(Mutex::new(None));
        let found = problem.clone();
        let rest = input.scan((), move |(), message| {
            let append = message.and_then(|message| read::<(GroupId, Append)>(&message));
            let append = append.and_then(|(of, append)| {
                (of == id).then_some(append).ok_or_else(|| pieces::malformed("it is about two groups"))
            });
            let noted = |error| *found.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            future::ready(append.map_err(noted).ok())
        });
        let answers = group.stream_append(stream::once(future::ready(first)).chain(rest).boxed());
        // A message that cannot be read ends the stream, behind the answers to those before it.
        let problem =
            stream::once(async move { problem.lock().unwrap_or_else(PoisonError::into_inner).take() })
                .filter_map(|error| future::ready(error.map(Err)));
        let pieces = answers.flat_map(|answer| match answer.and_then(|answer| written(&answer)) {
            Ok(message) => stream::iter(pieces::cut(message).into_iter().map(Ok)).boxed(),
            Err(error) => failing(error),
        });
        Ok(Box::pin(pieces.chain(problem)))
    }

    async fn snapshot(&self, mut input: Messages) -> Result<Messages, CallError> {
        let offer = timeout(PATIENCE, input.next()).await.ok().flatten();
        let offer = offer.ok_or_else(|| CallError::Declined("no snapshot was offered".to_owned()))?;
        let offer: Offer = read(&offer?)?;
        Ok(self.replica(offer.group).await?.install(offer, input))
    }
}

fn answered<Q, A, F>(body: Bytes, answer: impl FnOnce(Q) -> F + Send + 'static) -> Answered<Bytes>
where
    Q: Message + Send + 'static,
    A: Message,
    F: Future<Output = Result<A, CallError>> + Send,
{
    Box::pin(async move {
        let asked = read(&body)?;
        let answered = answer(asked).await?;
        written(&answered).map(Bytes::from)
    })
}

fn read<T: Message>(bytes: &[u8]) -> Result<T, CallError> {
    T::decode(bytes).map_err(|error| pieces::malformed(&error.to_string()))
}

fn written<T: Message>(message: &T) -> Result<Vec<u8>, CallError> {
    message.encode().map_err(|error| CallError::Declined(error.to_string()))
}

/// A group that has stopped may have done it before.
fn stopped(fatal: &Fatal<super::types::Types>) -> CallError {
    CallError::Lost(fatal.to_string())
}

fn outcome<T>(asked: Result<T, RaftError<super::types::Types>>) -> Result<T, CallError> {
    asked.map_err(|RaftError::Fatal(fatal)| stopped(&fatal))
}

impl<M: Machine, D: LogDisk> RaftGroup for Group<M, D> {
    fn append(&self, append: Append) -> Answered<Appended> {
        let raft = self.raft.clone();
        Box::pin(async move {
            let (previous, last) = (append.prev_log_id, wire::last_of(&append));
            Ok(match outcome(raft.append_entries(append).await)? {
                AppendEntriesResponse::Success => Ok(last),
                AppendEntriesResponse::PartialSuccess(matching) => Ok(matching),
                AppendEntriesResponse::HigherVote(vote) => Err(StreamAppendError::HigherVote(vote)),
                AppendEntriesResponse::Conflict => {
                    let at = previous.ok_or_else(|| pieces::malformed("a conflict with nothing"))?;
                    Err(StreamAppendError::Conflict(at))
                }
            })
        })
    }

    fn stream_append(
        &self,
        appends: BoxStream<'static, Append>,
    ) -> BoxStream<'static, Result<Appended, CallError>> {
        self.raft.stream_append(appends).map(|answer| answer.map_err(|fatal| stopped(&fatal))).boxed()
    }

    fn vote(&self, ballot: Ballot) -> Answered<Voted> {
        let raft = self.raft.clone();
        Box::pin(async move { outcome(raft.vote(ballot).await) })
    }

    fn pre_vote(&self, ballot: Ballot) -> Answered<Voted> {
        let raft = self.raft.clone();
        Box::pin(async move { outcome(raft.pre_vote(ballot).await) })
    }

    fn transfer_leader(&self, transfer: Transfer) -> Answered<Transferred> {
        let raft = self.raft.clone();
        Box::pin(async move { raft.handle_transfer_leader(transfer).await.map_err(|fatal| stopped(&fatal)) })
    }

    fn install(&self, offer: Offer, input: Messages) -> Messages {
        let receiving = Receiving {
            raft: self.raft.clone(),
            disk: self.disk.clone(),
            snapshots: self.snapshots.clone(),
            blocking: self.blocking,
        };
        receiving.receive(offer, input)
    }
}
