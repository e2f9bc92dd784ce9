//! A journal in memory whose commits the test controls.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use domain::event::{Sale, apply};
use domain::ids::EventId;
use domain::ports::{BoxFuture, Done, Journal, JournalFault, Opened, Place, Proposal, Term};
use domain::time::{Reading, ShardTime, SharedTime};
use tokio::sync::Notify;

#[derive(Default)]
struct Inner {
    sales: HashMap<EventId, Option<Sale>>,
    queue: VecDeque<(Proposal, Done)>,
    term: u64,
    held_back: bool,
    refused_opens: Option<(usize, JournalFault)>,
    capacity: Option<usize>,
}

#[derive(Clone)]
pub(super) struct ManualJournal {
    inner: Arc<Mutex<Inner>>,
    drained: Arc<Notify>,
    time: SharedTime,
}

impl ManualJournal {
    /// An empty journal of a shard whose time is that of `reading`.
    pub(super) fn new(reading: Reading) -> Self {
        let time = Arc::new(Mutex::new(ShardTime::resume(reading.wall, reading)));
        Self { inner: Arc::default(), drained: Arc::default(), time }
    }

    /// From now on nothing commits until [`Self::commit_all`].
    pub(super) fn hold_back(&self) {
        self.inner.lock().unwrap().held_back = true;
    }

    pub(super) fn let_go(&self) {
        self.inner.lock().unwrap().held_back = false;
        self.commit_all();
    }

    pub(super) fn limit_to(&self, capacity: usize) {
        self.inner.lock().unwrap().capacity = Some(capacity);
    }

    /// The next `count` calls of `open` will come to this.
    pub(super) fn refuse_opens(&self, count: usize, fault: JournalFault) {
        self.inner.lock().unwrap().refused_opens = Some((count, fault));
    }

    pub(super) fn queued(&self) -> usize {
        self.inner.lock().unwrap().queue.len()
    }

    pub(super) fn commit_all(&self) {
        loop {
            let mut inner = self.inner.lock().unwrap();
            let Some((proposal, done)) = inner.queue.pop_front() else { break };
            let sale = inner.sales.entry(proposal.event).or_default();
            let base = sale.as_ref().map_or(0, Sale::facts);
            let fits = proposal.facts.is_empty() || base == proposal.base;
            if fits {
                proposal.facts.iter().for_each(|fact| apply(sale, proposal.event, fact));
            }
            drop(inner);
            done(if fits { Ok(()) } else { Err(JournalFault::NotOwner) });
        }
        self.drained.notify_waiters();
    }

    fn queue(&self, proposal: Proposal, done: Done) {
        let mut inner = self.inner.lock().unwrap();
        if proposal.term != Term(inner.term) {
            drop(inner);
            return done(Err(JournalFault::NotOwner));
        }
        inner.queue.push_back((proposal, done));
        let held_back = inner.held_back;
        drop(inner);
        if !held_back {
            self.commit_all();
        }
    }

    /// Another leader: what is queued can no longer commit.
    pub(super) fn lose_leadership(&self) {
        let lost = {
            let mut inner = self.inner.lock().unwrap();
            inner.term += 1;
            std::mem::take(&mut inner.queue)
        };
        for (_, done) in lost {
            done(Err(JournalFault::NotOwner));
        }
        self.drained.notify_waiters();
    }

    pub(super) fn committed<T>(&self, event: EventId, look: impl FnOnce(&Sale) -> T) -> T {
        look(self.inner.lock().unwrap().sales[&event].as_ref().expect("the sale is open"))
    }
}

impl Journal for ManualJournal {
    fn reserve(&self, _event: EventId) -> Result<Place, JournalFault> {
        let inner = self.inner.lock().unwrap();
        if inner.capacity.is_some_and(|capacity| inner.queue.len() >= capacity) {
            return Err(JournalFault::Full);
        }
        let journal = self.clone();
        Ok(Box::new(move |proposal, done| journal.queue(proposal, done)))
    }

    fn open(&self, event: EventId) -> BoxFuture<Result<Opened, JournalFault>> {
        let journal = self.clone();
        Box::pin(async move {
            // As a real one, it takes a while: others get their turn meanwhile.
            for _ in 0..5 {
                tokio::task::yield_now().await;
            }
            {
                let mut inner = journal.inner.lock().unwrap();
                if let Some((left @ 1.., fault)) = &mut inner.refused_opens {
                    *left -= 1;
                    return Err(*fault);
                }
            }
            loop {
                let drained = journal.drained.notified();
                {
                    let inner = journal.inner.lock().unwrap();
                    if inner.queue.is_empty() {
                        let sale = inner.sales.get(&event).cloned().flatten();
                        return Ok(Opened { term: Term(inner.term), sale, time: journal.time.clone() });
                    }
                }
                drained.await;
            }
        })
    }

    fn term(&self, _event: EventId) -> Option<Term> {
        Some(Term(self.inner.lock().unwrap().term))
    }

    fn busy(&self) -> Vec<EventId> {
        let inner = self.inner.lock().unwrap();
        let busy = inner.sales.values().flatten().filter(|sale| sale.is_busy());
        busy.map(Sale::event).collect()
    }
}
