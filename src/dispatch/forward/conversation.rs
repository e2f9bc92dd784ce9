//! ③ Everything that one node sends another to have decided, over one stream each way.
//!
//! What waits goes out as one batch, at once; while the peer has not taken up the last few batches, what comes makes the
//! next one. So there is no artificial delay, and batches grow with the load. Answers come by themselves, in any order:
//! a slow payment holds up nobody. Hazard: when the stream breaks, whatever was sent and not answered is unknown.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use cluster::peer::{CallError, Calls, Messages};
use cluster::raft::types::NodeId;
use cluster::wire::{Counted, WireError, size};
use futures_util::{StreamExt, stream};
use tokio::sync::{mpsc, oneshot};

use super::{COMMANDS, Queues, Waiting, clock_of};
use crate::dispatch::wire::{Batch, Forwarded, MAX_COMMANDS, Outcome, Outcomes, RequestId};

/// Batches that the peer has not taken up.
const UNDER_WAY: usize = 4;
/// A batch has no more bytes, unless one request alone has.
const MAX_BATCH_BYTES: u64 = 1 << 20;
/// What a request takes in a batch beside its commands, at most.
const REQUEST_BYTES: u64 = 256;
/// Commands that were sent and not answered; then what comes waits.
const MAX_UNANSWERED: usize = 32_768;
/// A peer that gives no sign of life for so long has gone.
const SILENCE: Duration = Duration::from_secs(2);
/// A stream with nothing on it is closed.
const IDLE: Duration = Duration::from_secs(60);

/// The task of one queue.
pub(super) struct Conversation {
    to: NodeId,
    calls: Arc<dyn Calls>,
    queue: mpsc::Receiver<Waiting>,
    /// Taken from the queue and not sent yet.
    next: Option<Waiting>,
    queues: Weak<Queues>,
}

/// An open stream.
struct Talk {
    out: mpsc::Sender<Bytes>,
    answers: Messages,
    /// The number of the next command.
    number: u64,
    under_way: usize,
    unanswered: usize,
    /// By the numbers of their first commands.
    asked: BTreeMap<u64, Asked>,
}

/// The commands of one request, sent.
struct Asked {
    answer: oneshot::Sender<Vec<Outcome>>,
    outcomes: Vec<Option<Outcome>>,
    missing: usize,
}

impl Conversation {
    pub(super) fn new(
        to: NodeId,
        calls: Arc<dyn Calls>,
        queue: mpsc::Receiver<Waiting>,
        queues: Weak<Queues>,
    ) -> Self {
        Self { to, calls, queue, next: None, queues }
    }

    /// Until nothing has come for a while.
    pub(super) async fn run(mut self) {
        loop {
            if self.next.is_none() {
                match tokio::time::timeout(IDLE, self.queue.recv()).await {
                    Ok(Some(waiting)) => self.next = Some(waiting),
                    Ok(None) => return,
                    Err(_idle) if Queues::retire(&self.queues, self.to, &mut self.queue) => return,
                    Err(_idle) => continue,
                }
            }
            match self.open().await {
                Ok(talk) => self.talk(talk).await,
                Err(error) => {
                    tracing::debug!(to = self.to, %error, "commands cannot be forwarded");
                    self.next.take().into_iter().for_each(Waiting::unsent);
                    while let Ok(waiting) = self.queue.try_recv() {
                        waiting.unsent();
                    }
                }
            }
        }
    }

    /// Nothing is sent before the stream is open and the peer's clock known.
    async fn open(&self) -> Result<Talk, CallError> {
        clock_of(&*self.calls, self.to).await?;
        let (out, mut input) = mpsc::channel(UNDER_WAY);
        let input = stream::poll_fn(move |context| input.poll_recv(context).map(|sent| sent.map(Ok)));
        let answers = self.calls.stream(self.to, COMMANDS, Box::pin(input), SILENCE).await?;
        Ok(Talk { out, answers, number: 0, under_way: 0, unanswered: 0, asked: BTreeMap::new() })
    }

    /// Until the stream ends, one way or the other.
    async fn talk(&mut self, mut talk: Talk) {
        loop {
            if self.next.is_some() && talk.has_room() && !self.send(&mut talk) {
                break;
            }
            tokio::select! {
                heard = talk.answers.next() => match heard {
                    Some(Ok(message)) => if let Err(error) = talk.hear(&message) {
                        tracing::warn!(from = self.to, %error, "outcomes of commands could not be read");
                        break;
                    },
                    Some(Err(error)) => {
                        tracing::debug!(to = self.to, %error, "the stream of commands broke");
                        break;
                    }
                    None => break,
                },
                waiting = self.queue.recv(), if self.next.is_none() && talk.has_room() => match waiting {
                    Some(waiting) => self.next = Some(waiting),
                    None => break,
                },
                () = tokio::time::sleep(IDLE), if talk.asked.is_empty() => break,
            }
        }
        talk.lose();
    }

    /// Sends what waits, as one batch. Says whether the stream still takes anything.
    fn send(&mut self, talk: &mut Talk) -> bool {
        let Some(clock_ms) = self.calls.clock_of(self.to) else { return false };
        let first = talk.number;
        let (mut requests, mut bytes) = (Vec::new(), 0);
        while let Some(waiting) = self.next.take().or_else(|| self.queue.try_recv().ok()) {
            let left = waiting.asking.until.left();
            if waiting.answer.is_closed() {
                continue; // Nobody waits for the answer: what was not sent need not be.
            }
            if left.is_zero() {
                waiting.tell(&Outcome::Late);
                continue;
            }
            bytes += REQUEST_BYTES + size(&waiting.commands);
            let commands = (talk.number - first) as usize + waiting.commands.len();
            if !requests.is_empty() && (bytes > MAX_BATCH_BYTES || commands > MAX_COMMANDS) {
                self.next = Some(waiting);
                break;
            }
            let deadline_ms = clock_ms.saturating_add(u64::try_from(left.as_millis()).unwrap_or(u64::MAX));
            requests.extend(talk.ask(waiting, deadline_ms));
        }
        let Some(requests) = Counted::new(requests) else { return true };
        talk.under_way += 1;
        talk.out.try_send(Batch { first, requests }.encode().into()).is_ok()
    }
}

impl Talk {
    fn has_room(&self) -> bool {
        self.under_way < UNDER_WAY && self.unanswered < MAX_UNANSWERED
    }

    /// Numbers the commands of `waiting` and keeps who waits for them.
    fn ask(&mut self, waiting: Waiting, deadline_ms: u64) -> Option<Forwarded> {
        let Waiting { event, caller, commands, asking, answer } = waiting;
        let count = commands.len();
        let commands = Counted::new(commands)?;
        let asked = Asked { answer, outcomes: vec![None; count], missing: count };
        self.asked.insert(self.number, asked);
        self.number += count as u64;
        self.unanswered += count;
        Some(Forwarded { event, caller, deadline_ms, id: RequestId::new(asking.id.as_bytes()), commands })
    }

    fn hear(&mut self, message: &[u8]) -> Result<(), WireError> {
        let Outcomes { taken, each } = Outcomes::decode(message)?;
        self.under_way = self.under_way.saturating_sub(taken as usize);
        for (number, outcome) in each.into_vec() {
            self.answer(number, outcome);
        }
        Ok(())
    }

    /// An answer to what was not asked, or was answered, is nobody's.
    fn answer(&mut self, number: u64, outcome: Outcome) {
        let Some((&first, asked)) = self.asked.range_mut(..=number).next_back() else { return };
        let place = usize::try_from(number - first).ok().and_then(|at| asked.outcomes.get_mut(at));
        let Some(place) = place.filter(|place| place.is_none()) else { return };
        *place = Some(outcome);
        asked.missing -= 1;
        self.unanswered -= 1;
        if asked.missing == 0 {
            self.asked.remove(&first).into_iter().for_each(Asked::tell);
        }
    }

    /// What was sent and not answered may have had its effect.
    fn lose(self) {
        self.asked.into_values().for_each(Asked::tell);
    }
}

impl Asked {
    fn tell(self) {
        let outcomes = self.outcomes.into_iter().map(|known| known.unwrap_or(Outcome::Unknown));
        drop(self.answer.send(outcomes.collect()));
    }
}
