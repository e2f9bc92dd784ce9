//! Step ⑤ for the accounts: the queue in front of their group, and the task that empties it.
//!
//! The task takes everything that is queued, decides it one after the other, each on what those before have left, and
//! writes the facts of all as one entry: many sign-ups share a flush. Everyone is answered once that is applied, also who
//! is refused, for what spoke against it may not have come to be. Hazard: what decides must not wait.

use std::io;
use std::sync::{Mutex, PoisonError};

use domain::account::{AccountFact, Changes, Registry, apply};
use domain::ports::JournalFault;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::journal::LogDisk;
use crate::journal::format::bare_len;
use crate::raft::accounts::Registers;
use crate::raft::group::Group;
use crate::raft::types::{Applied, Entry};

/// An entry is closed when it has so many bytes: a log keeps its last entries in memory, some thousands of them.
const MAX_ENTRY_BYTES: u64 = 16 * 1024;
/// So many changes are taken from the queue at once.
const MOST: usize = 256;

/// How a change was decided: its facts, and who is told when they are what is so.
type Decided = (Vec<AccountFact>, Told);
type Told = Box<dyn FnOnce(Result<(), JournalFault>) + Send>;
/// Decides on the accounts, or hears why it cannot.
type Change = Box<dyn FnOnce(Result<&dyn Registry, JournalFault>) -> Decided + Send>;

/// The accounts of this node.
pub(crate) struct Registrar<D: LogDisk> {
    pub(crate) group: Group<Registers, D>,
    /// Gone when it is being stopped.
    queue: Mutex<Option<mpsc::Sender<Change>>>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl<D: LogDisk> Registrar<D> {
    /// Starts the task of `group`, in front of which so many may wait.
    pub(crate) fn start(group: Group<Registers, D>, capacity: usize) -> Self {
        let (queue, changes) = mpsc::channel(capacity);
        let task = tokio::spawn(run(group.clone(), changes));
        Self { group, queue: Mutex::new(Some(queue)), task: Mutex::new(Some(task)) }
    }

    /// Runs `decide` on the committed state and writes the facts it gives. Returns what it returns beside them, once they
    /// are applied, or its refusal.
    pub(crate) async fn update<T: Send + 'static, R: Send + 'static>(
        &self,
        decide: impl FnOnce(&dyn Registry) -> Result<(Vec<AccountFact>, T), R> + Send + 'static,
    ) -> Result<Result<T, R>, JournalFault> {
        let (tell, told) = oneshot::channel();
        let change: Change = Box::new(move |accounts| {
            let (facts, answer) = match accounts.map(decide) {
                Ok(Ok((facts, answer))) => (facts, Ok(Ok(answer))),
                Ok(Err(refusal)) => (Vec::new(), Ok(Err(refusal))),
                Err(fault) => (Vec::new(), Err(fault)),
            };
            // Whoever asked may have gone; what was decided stands all the same.
            (facts, Box::new(move |outcome: Result<(), JournalFault>| drop(tell.send(outcome.and(answer)))))
        });
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let queued = queue.ok_or(JournalFault::Closed)?.try_send(change);
        queued.map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => JournalFault::Full,
            mpsc::error::TrySendError::Closed(_) => JournalFault::Closed,
        })?;
        told.await.map_err(|_| JournalFault::Closed)?
    }

    /// Reads the committed state, while it is locked.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&Registers) -> T) -> Result<T, JournalFault> {
        self.group.read(|state| believed(&state.machine, read)).map_err(|_| JournalFault::Closed)
    }

    /// Settles what is queued and takes nothing more.
    pub(crate) async fn close(&self) {
        drop(self.queue.lock().unwrap_or_else(PoisonError::into_inner).take());
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task
            && let Err(error) = task.await
        {
            tracing::error!(%error, "the registrar ended badly");
        }
    }
}

/// What `read` makes of the accounts, unless some of them could not be read meanwhile.
fn believed<T>(accounts: &Registers, read: impl FnOnce(&Registers) -> T) -> io::Result<T> {
    let before = accounts.faults();
    let made = read(accounts);
    if accounts.faults() == before { Ok(made) } else { Err(io::ErrorKind::InvalidData.into()) }
}

async fn run<D: LogDisk>(group: Group<Registers, D>, mut queue: mpsc::Receiver<Change>) {
    let mut taken = Vec::new();
    while queue.recv_many(&mut taken, MOST).await > 0 {
        let mut rest = std::mem::take(&mut taken).into_iter();
        while rest.len() > 0 {
            settle(&group, &mut rest).await;
        }
    }
}

/// Decides as many of `changes` as fit an entry, and answers them.
async fn settle<D: LogDisk>(group: &Group<Registers, D>, changes: &mut std::vec::IntoIter<Change>) {
    let term = match group.confirm().await {
        Ok(term) => term,
        Err(fault) => return refuse(changes, fault),
    };
    let decided = group.read(|state| believed(&state.machine, |accounts| decide(accounts, changes)));
    let Ok((facts, told)) = decided else { return refuse(changes, JournalFault::Closed) };
    let outcome = if facts.is_empty() {
        Ok(())
    } else {
        match group.write(term, Entry::Accounts(facts)).await {
            Ok(Applied::Whole) => Ok(()),
            Ok(Applied::Sales(_) | Applied::Foreign) => Err(JournalFault::NotOwner),
            Err(fault) => Err(fault),
        }
    };
    told.into_iter().for_each(|told| told(outcome));
}

fn decide(accounts: &Registers, changes: &mut std::vec::IntoIter<Change>) -> (Vec<AccountFact>, Vec<Told>) {
    let (mut so_far, mut facts, mut told, mut bytes) = (Changes::default(), Vec::new(), Vec::new(), 0);
    while bytes < MAX_ENTRY_BYTES
        && let Some(change) = changes.next()
    {
        let (decided, tell) = change(Ok(&so_far.over(accounts)));
        for fact in decided {
            apply(accounts, &mut so_far, &fact);
            // A size that cannot be told closes the entry.
            bytes += bare_len(&fact).unwrap_or(MAX_ENTRY_BYTES);
            facts.push(fact);
        }
        told.push(tell);
    }
    (facts, told)
}

fn refuse(changes: &mut std::vec::IntoIter<Change>, fault: JournalFault) {
    for change in changes {
        let (_nothing, tell) = change(Err(fault));
        tell(Err(fault));
    }
}
