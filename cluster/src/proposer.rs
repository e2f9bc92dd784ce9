//! Step ⑤: the queue in front of a shard's raft group, and the task that empties it.
//!
//! The task takes everything that is queued, writes it as one raft entry, waits until that is applied here, and calls
//! everyone back. While it waits the queue fills: under load entries grow, nothing is ever delayed on purpose. One entry
//! is in flight at a time, which keeps the order of the queue, the fencing and `open` simple to reason about.
//!
//! Hazard: a barrier and an `open` promise that everything queued before them is settled. They are answered only after
//! the entry with what came before is applied, and only while this node leads in their term; an `open` not before this
//! node knows the time of the shard.

use std::sync::Arc;

use domain::event::Sale;
use domain::ids::EventId;
use domain::planted::{self, Bug};
use domain::ports::{Done, JournalFault, Opened, Place, Proposal, Term};
use domain::time::SharedTime;
use tokio::sync::{mpsc, oneshot};

use crate::journal::LogDisk;
use crate::journal::format::bare_len;
use crate::owners_time::OwnersTime;
use crate::raft::group::Group;
use crate::raft::machines::Shard;
use crate::raft::types::{Applied, Entry, SaleBatch};

/// An entry is closed when it has so many bytes, so that it stays a small part of what a log holds in memory.
const MAX_ENTRY_BYTES: u64 = 1024 * 1024;
/// The log since the last snapshot is held in memory, where it takes about ten times its size on the disk: so many bytes
/// of it call for a snapshot before its time.
const SNAPSHOT_AFTER_BYTES: u64 = 128 * 1024 * 1024;

type OpenAnswer = oneshot::Sender<Result<Opened, JournalFault>>;

enum Request {
    Propose(Proposal, Done),
    Open(EventId, OpenAnswer),
    Settle(oneshot::Sender<()>),
}

/// The way into a shard's journal.
pub(crate) struct Proposer {
    queue: mpsc::Sender<Request>,
}

impl Proposer {
    /// Starts the task of the group whose time this is; the handle of the task ends when the proposer is dropped and the
    /// queue is empty.
    pub(crate) fn start<D: LogDisk>(
        time: OwnersTime<D>,
        capacity: usize,
    ) -> (Self, tokio::task::JoinHandle<()>) {
        let (queue, requests) = mpsc::channel(capacity);
        let task = Task { group: time.group.clone(), time, bytes_since_snapshot: 0 };
        let task = tokio::spawn(task.run(requests, capacity));
        (Self { queue }, task)
    }

    pub(crate) fn reserve(&self) -> Result<Place, JournalFault> {
        let place = self.queue.clone().try_reserve_owned().map_err(|error| fault_of(&error))?;
        Ok(Box::new(move |proposal, done| {
            place.send(Request::Propose(proposal, done));
        }))
    }

    /// Told when everything before in the queue is settled.
    pub(crate) fn settled(&self) -> Result<oneshot::Receiver<()>, JournalFault> {
        let (answer, settled) = oneshot::channel();
        self.queue.try_send(Request::Settle(answer)).map_err(|error| fault_of(&error))?;
        Ok(settled)
    }

    pub(crate) fn open(
        &self,
        event: EventId,
    ) -> Result<oneshot::Receiver<Result<Opened, JournalFault>>, JournalFault> {
        let (answer, opened) = oneshot::channel();
        self.queue.try_send(Request::Open(event, answer)).map_err(|error| fault_of(&error))?;
        Ok(opened)
    }
}

fn fault_of<T>(error: &mpsc::error::TrySendError<T>) -> JournalFault {
    match error {
        mpsc::error::TrySendError::Full(_) => JournalFault::Full,
        mpsc::error::TrySendError::Closed(_) => JournalFault::Closed,
    }
}

struct Task<D: LogDisk> {
    group: Group<Shard, D>,
    time: OwnersTime<D>,
    bytes_since_snapshot: u64,
}

/// Who is to be told about an entry, in the order of the queue.
enum Waiting {
    /// Whose facts are in the batch at this place of the entry.
    Proposed(usize, Done),
    Opening(EventId, OpenAnswer),
    Settling(oneshot::Sender<()>),
}

impl<D: LogDisk> Task<D> {
    async fn run(mut self, mut requests: mpsc::Receiver<Request>, most: usize) {
        let mut taken = Vec::new();
        while requests.recv_many(&mut taken, most).await > 0 {
            let mut rest = std::mem::take(&mut taken).into_iter().peekable();
            while rest.peek().is_some() {
                let (requests, bytes) = next_entry(&mut rest);
                self.settle(requests).await;
                self.ask_for_snapshot(bytes).await;
            }
        }
    }

    /// Writes the proposals among `requests` as one entry and answers everyone.
    async fn settle(&self, requests: Vec<Request>) {
        let term = self.group.term();
        let mut waiting = Vec::with_capacity(requests.len());
        let mut batches = Vec::with_capacity(requests.len());
        for request in requests {
            match request {
                Request::Propose(proposal, done)
                    if term.is_some_and(|term| may_propose(proposal.term, term)) =>
                {
                    waiting.push(Waiting::Proposed(place(&mut batches, proposal), done));
                }
                // Of an owner whose time is over.
                Request::Propose(_, done) => done(Err(JournalFault::NotOwner)),
                Request::Open(event, answer) => waiting.push(Waiting::Opening(event, answer)),
                Request::Settle(answer) => waiting.push(Waiting::Settling(answer)),
            }
        }
        let outcome = match term {
            Some(term) => self.commit(term, batches).await,
            None => Err(JournalFault::NotOwner),
        };
        let opening = waiting.iter().any(|waiting| matches!(waiting, Waiting::Opening(..)));
        let time = match outcome {
            // Proposals in this term are not kept waiting: its time has begun before there were any.
            Ok((term, _)) if opening => self.time.begin(term).await,
            _ => Err(JournalFault::NotOwner),
        };
        self.answer(waiting, outcome, &time);
    }

    /// Commits `batches`; gives the term in which this node leads and, for each batch, whether it holds.
    async fn commit(&self, term: u64, batches: Vec<Proposal>) -> Result<(u64, Vec<bool>), JournalFault> {
        if batches.iter().all(|batch| batch.facts.is_empty()) {
            // Only barriers: everything before them is applied already, nothing needs to be written.
            let waits = !planted::is(Bug::OpenWithoutWaiting);
            let confirmed = if waits { self.group.confirm().await? } else { term };
            let fits = |batch: &Proposal| {
                self.facts(batch.event) == batch.base || planted::is(Bug::ProposeUnderLaterTerm)
            };
            let holds = |batch: &Proposal| confirmed == term && fits(batch);
            return Ok((confirmed, batches.iter().map(holds).collect()));
        }
        let batches = batches.into_iter().map(|batch| {
            let Proposal { event, base, facts, .. } = batch;
            SaleBatch { event, base, facts: facts.into() }
        });
        match self.group.write(term, Entry::Sales(batches.collect())).await? {
            Applied::Sales(holds) => Ok((term, holds)),
            Applied::Whole | Applied::Foreign => Err(JournalFault::NotOwner),
        }
    }

    fn answer(
        &self,
        waiting: Vec<Waiting>,
        outcome: Result<(u64, Vec<bool>), JournalFault>,
        time: &Result<SharedTime, JournalFault>,
    ) {
        let (term, holds) = match outcome {
            Ok((term, holds)) => (Ok(Term(term)), holds),
            Err(fault) => (Err(fault), Vec::new()),
        };
        for waiting in waiting {
            match waiting {
                Waiting::Proposed(place, done) => done(term.and_then(|_| match holds.get(place) {
                    Some(true) => Ok(()),
                    _ => Err(JournalFault::NotOwner),
                })),
                Waiting::Settling(answer) => drop(answer.send(())),
                Waiting::Opening(event, answer) => {
                    // Whoever asked may have gone.
                    let _ = answer.send(term.and_then(|term| Ok(self.opened(term, event, time.clone()?))));
                }
            }
        }
    }

    fn facts(&self, event: EventId) -> u64 {
        self.group.read(|state| state.machine.facts(event))
    }

    fn opened(&self, term: Term, event: EventId, time: SharedTime) -> Opened {
        Opened { term, sale: self.sale(event), time }
    }

    fn sale(&self, event: EventId) -> Option<Sale> {
        let shared: Option<Arc<Sale>> = self.group.read(|state| state.machine.sales.get(&event).cloned());
        shared.map(Arc::unwrap_or_clone)
    }

    async fn ask_for_snapshot(&mut self, bytes: u64) {
        self.bytes_since_snapshot += bytes;
        if self.bytes_since_snapshot >= SNAPSHOT_AFTER_BYTES {
            self.bytes_since_snapshot = 0;
            self.group.trigger_snapshot().await;
        }
    }
}

/// Whether an owner that was made in one term may propose while its node leads in another.
fn may_propose(made: Term, now: u64) -> bool {
    made.0 == now || planted::is(Bug::ProposeUnderLaterTerm)
}

/// Puts `proposal` into the batch that it continues, or into one of its own; gives the place of that batch. Proposals of
/// one owner hold together or not at all, and one batch costs less than many: a hot event's entry is mostly one.
fn place(batches: &mut Vec<Proposal>, mut proposal: Proposal) -> usize {
    match batches.last_mut() {
        Some(last)
            if last.event == proposal.event && last.base + last.facts.len() as u64 == proposal.base =>
        {
            last.facts.append(&mut proposal.facts);
        }
        _ => batches.push(proposal),
    }
    batches.len() - 1
}

/// Takes from `requests` what fits one entry, at least one; gives its size too.
fn next_entry(requests: &mut std::iter::Peekable<std::vec::IntoIter<Request>>) -> (Vec<Request>, u64) {
    let mut entry = Vec::new();
    let mut bytes = 0;
    while let Some(request) = requests.peek() {
        let more = bytes_of(request);
        if bytes + more > MAX_ENTRY_BYTES && !entry.is_empty() {
            break;
        }
        bytes += more;
        entry.extend(requests.next());
    }
    (entry, bytes)
}

fn bytes_of(request: &Request) -> u64 {
    match request {
        // A size that cannot be told fills an entry alone.
        Request::Propose(proposal, _) => bare_len(&proposal.facts).unwrap_or(MAX_ENTRY_BYTES),
        Request::Open(..) | Request::Settle(_) => 0,
    }
}
