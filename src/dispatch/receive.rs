//! ③ The receiving side of the one hop: commands that another node forwards because this one owns their events.
//!
//! Owns what is checked before the owner is asked: that the event is owned here, that the deadline has not passed, that
//! not too much is under way. What is not for this node is never sent on, so there is no loop. Each answer goes back as
//! soon as it is there. Hazard: a command whose stream has ended, or whose deadline passes, is withdrawn only while it is
//! undecided; after that its answer is lost and the key makes the retry safe.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use actors::{Answered, Fault};
use bytes::Bytes;
use cluster::peer::{CallError, Messages};
use cluster::raft::types::NodeId;
use cluster::wire::{Counted, WireError};
use domain::event::{Caller, Command, Key};
use domain::ids::EventId;
use domain::ports::Clock;
use futures_util::stream::{self, FuturesUnordered, SelectAll};
use futures_util::{FutureExt, Stream, StreamExt};
use tokio::sync::oneshot;

use super::local::Local;
use cluster::Owner;

use super::ways::{State, Ways};
use super::wire::{Batch, MAX_OUTCOMES, Outcome, Outcomes, RequestId};
use crate::clock::Deadline;

/// Commands of one peer that were taken up and not answered; more are refused as overload.
const MAX_UNDER_WAY: usize = 65_536;

/// No command is waited for longer, whatever its deadline says.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// What came of a command, by its number.
type Numbered = (u64, Outcome);

/// Has the commands of other nodes decided; clones are the same.
#[derive(Clone)]
pub(super) struct Receive {
    local: Local,
    ways: Arc<dyn Ways>,
    clock: Arc<dyn Clock>,
}

/// A command that is to be decided.
struct Asked {
    command: Command,
    waiting: Waiting,
}

/// What is kept of it while it is.
struct Waiting {
    number: u64,
    from: NodeId,
    kind: &'static str,
    caller: Caller,
    key: Option<Key>,
    until: Deadline,
    id: Arc<RequestId>,
}

/// The conversation with one peer.
struct Hearing {
    receive: Receive,
    from: NodeId,
    /// Gone once it has ended.
    input: Option<Messages>,
    running: SelectAll<stream::BoxStream<'static, Numbered>>,
    under_way: usize,
}

impl Receive {
    /// Asks the owners behind `local`; `clock` is the one that this node's peers are told of.
    pub(super) fn new(local: Local, ways: Arc<dyn Ways>, clock: Arc<dyn Clock>) -> Self {
        Self { local, ways, clock }
    }

    /// Answers the commands that come as `input`, as long as it is read.
    pub(super) fn stream(&self, from: NodeId, input: Messages) -> Messages {
        let receive = self.clone();
        let hearing = Hearing { receive, from, input: Some(input), running: SelectAll::new(), under_way: 0 };
        Box::pin(stream::unfold(Some(hearing), |hearing| async { hearing?.step().await }))
    }

    /// What is to be decided here, by its event. What is not, or comes late, is answered at once.
    fn route(&self, from: NodeId, batch: Batch) -> (BTreeMap<EventId, Vec<Asked>>, Vec<Numbered>) {
        let (mut here, mut noes) = (BTreeMap::<_, Vec<_>>::new(), Vec::new());
        let now_ms = self.clock.read().monotonic_ms;
        let mut numbers = batch.first..;
        for request in batch.requests.into_vec() {
            let no = match self.ways.owner(State::Sale(request.event)) {
                Owner::Here => (request.deadline_ms <= now_ms).then_some(Outcome::Late),
                Owner::There(owner) => Some(Outcome::Moved { owner: Some(owner) }),
                Owner::Nobody => Some(Outcome::Moved { owner: None }),
            };
            let (caller, id) = (request.caller, Arc::new(request.id));
            let left = Duration::from_millis(request.deadline_ms.saturating_sub(now_ms)).min(LONGEST);
            let until = Deadline::within(left);
            for ((command, key), number) in request.commands.into_vec().into_iter().zip(&mut numbers) {
                if let Some(no) = &no {
                    noes.push((number, no.clone()));
                    continue;
                }
                let (kind, id) = (command.kind(), id.clone());
                let waiting = Waiting { number, from, kind, caller, key, until, id };
                here.entry(request.event).or_default().push(Asked { command, waiting });
            }
        }
        (here, noes)
    }

    /// What came of commands about one event, each as soon as it is known.
    fn decided(self, event: EventId, asked: Vec<Asked>) -> impl Stream<Item = Numbered> + Send {
        self.put(event, asked).flatten_stream()
    }

    /// Puts `asked` before the owner, once there is one. What is late by then is not put there.
    async fn put(
        self,
        event: EventId,
        asked: Vec<Asked>,
    ) -> FuturesUnordered<impl Future<Output = Numbered> + Send + 'static> {
        let latest = asked.iter().map(|asked| asked.waiting.until).max();
        let latest = latest.unwrap_or_else(|| Deadline::within(Duration::ZERO));
        let (mut live, mut late, mut asked) = (Vec::new(), Vec::new(), asked.into_iter());
        let take = || {
            let mut commands = Vec::new();
            for Asked { command, waiting } in asked.by_ref() {
                if waiting.until.left().is_zero() {
                    late.push(waiting);
                } else {
                    commands.push((command, waiting.caller, waiting.key));
                    live.push(waiting);
                }
            }
            commands
        };
        let put = tokio::time::timeout_at(latest.instant(), self.local.put(event, take)).await;
        // Where there was no owner in time, nothing was taken.
        late.extend(asked.map(|asked| asked.waiting));
        let coming = put.unwrap_or_default().into_iter().map(Some);
        let answers = live.into_iter().zip(coming).chain(late.into_iter().map(|late| (late, None)));
        answers.map(|(waiting, coming)| self.clone().answer(event, waiting, coming)).collect()
    }

    /// What came of one command: what is `coming` from its owner, or that it was too late for it.
    async fn answer(
        self,
        event: EventId,
        waiting: Waiting,
        coming: Option<oneshot::Receiver<Answered>>,
    ) -> Numbered {
        let Waiting { number, from, kind, caller, key, until, id } = waiting;
        let Some(coming) = coming else { return (number, Outcome::Late) };
        let reply = async {
            let answered = coming.await.unwrap_or(Err(Fault::OwnerUnavailable));
            self.local.reply(event, caller, key, answered).await
        };
        let outcome = match tokio::time::timeout_at(until.instant(), reply).await {
            Ok(Ok(reply)) => {
                let facts = self.ways.applied(State::Sale(event)).unwrap_or(0);
                Outcome::Reply { reply, facts }
            }
            Ok(Err(no)) => no.into(),
            Err(_elapsed) => Outcome::Unknown,
        };
        let unknown = outcome == Outcome::Unknown;
        tracing::debug!(request_id = %id.shown(), from, %event, kind, unknown, "a forwarded command was answered");
        (number, outcome)
    }
}

impl Hearing {
    /// The next message to the peer, when there is something to tell.
    async fn step(mut self) -> Option<(Result<Bytes, CallError>, Option<Self>)> {
        let (mut taken, mut each) = (0, Vec::new());
        while taken == 0 && each.is_empty() {
            tokio::select! {
                heard = next(&mut self.input), if self.input.is_some() => match heard {
                    Some(Ok(frame)) => match self.hear(&frame, &mut each) {
                        Ok(()) => taken += 1,
                        Err(error) => return Some((Err(self.decline(&error)), None)),
                    },
                    // The peer has gone, and nobody hears the rest.
                    Some(Err(_)) => return None,
                    None => self.input = None,
                },
                Some(done) = self.running.next(), if !self.running.is_empty() => self.tell(done, &mut each),
                else => return None,
            }
        }
        while each.len() < MAX_OUTCOMES
            && let Some(Some(done)) = self.running.next().now_or_never()
        {
            self.tell(done, &mut each);
        }
        let each = Counted::new(each).expect("a batch has no more commands than a message has outcomes");
        Some((Ok(Outcomes { taken, each }.encode().into()), Some(self)))
    }

    fn hear(&mut self, frame: &[u8], each: &mut Vec<Numbered>) -> Result<(), WireError> {
        let (here, noes) = self.receive.route(self.from, Batch::decode(frame)?);
        each.extend(noes);
        for (event, asked) in here {
            if self.under_way + asked.len() > MAX_UNDER_WAY {
                each.extend(asked.iter().map(|asked| (asked.waiting.number, Outcome::Overloaded)));
                continue;
            }
            self.under_way += asked.len();
            self.running.push(Box::pin(self.receive.clone().decided(event, asked)));
        }
        Ok(())
    }

    fn tell(&mut self, done: Numbered, each: &mut Vec<Numbered>) {
        self.under_way -= 1;
        each.push(done);
    }

    fn decline(&self, error: &WireError) -> CallError {
        tracing::warn!(from = self.from, %error, "forwarded commands could not be read");
        CallError::Declined(format!("commands that cannot be read: {error}"))
    }
}

async fn next(input: &mut Option<Messages>) -> Option<Result<Bytes, CallError>> {
    input.as_mut()?.next().await
}
