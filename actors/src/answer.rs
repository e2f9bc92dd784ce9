//! ⑦ Answers, and their release: whoever asked waits on a oneshot that the commit of the facts completes. The journal
//! calls the release on its own thread, so nothing here waits for anything.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use domain::event::{Refusal, Reply};
use domain::ids::BookingNumber;
use domain::ports::JournalFault;
use tokio::sync::{Notify, oneshot, watch};

/// What a command came to.
#[derive(Debug)]
pub enum Answer {
    /// Done, and on disk.
    Reply(Reply),
    /// A business "no"; nothing has changed.
    Refused(Refusal),
    /// Begun, and on disk; a payment provider has to do its part.
    Settling {
        /// The booking that is being paid or refunded.
        booking: BookingNumber,
        /// The work was begun by an earlier request with the same key.
        joined: bool,
        /// The answer, once the provider is done; closed when the owner dies before that.
        settled: oneshot::Receiver<Reply>,
    },
}

/// Why there is no answer. A retry with the same key is safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The event has no owner here at the moment; whether the command took effect is not known.
    OwnerUnavailable,
    /// A queue is full; the command had no effect.
    Overloaded,
}

impl core::fmt::Display for Fault {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::OwnerUnavailable => "the event has no owner at the moment",
            Self::Overloaded => "the event's queue is full",
        })
    }
}

impl core::error::Error for Fault {}

impl From<JournalFault> for Fault {
    fn from(fault: JournalFault) -> Self {
        match fault {
            JournalFault::Full => Self::Overloaded,
            JournalFault::NotOwner | JournalFault::Closed => Self::OwnerUnavailable,
        }
    }
}

/// What whoever asked is told.
pub type Answered = Result<Answer, Fault>;

/// Told once that the ownership is gone: a proposal could not commit, so the state that ran ahead is worthless.
#[derive(Debug, Default)]
pub(crate) struct Lost {
    lost: AtomicBool,
    notify: Notify,
}

impl Lost {
    pub(crate) fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Acquire)
    }

    /// Completes when the ownership is lost.
    pub(crate) async fn lost(&self) {
        self.notify.notified().await;
    }

    pub(crate) fn tell(&self) {
        self.lost.store(true, Ordering::Release);
        // Stores a permit: the actor is woken also if it does not wait yet.
        self.notify.notify_one();
    }
}

/// Who waits for a booking's outside work.
pub(crate) type Waiters = Vec<oneshot::Sender<Reply>>;

/// Everything that waits for one proposal. One that is dropped before it ran has met a journal that is gone.
pub(crate) struct Release {
    lost: Arc<Lost>,
    pub(crate) asked: Vec<(oneshot::Sender<Answered>, Answer)>,
    pub(crate) settled: Vec<(Waiters, Reply)>,
    /// Outside work may begin once the facts are on disk; dropped when that will not be.
    committed: Option<watch::Sender<bool>>,
    ran: bool,
}

impl Release {
    pub(crate) fn new(lost: &Arc<Lost>) -> Self {
        Self { lost: lost.clone(), asked: Vec::new(), settled: Vec::new(), committed: None, ran: false }
    }

    /// Turns true once the facts are on disk; ends when that will not be.
    pub(crate) fn on_disk(&mut self) -> watch::Receiver<bool> {
        self.committed.get_or_insert_with(|| watch::Sender::new(false)).subscribe()
    }

    /// The turn came to nothing that waits for a commit.
    pub(crate) fn nothing_waits(mut self) {
        self.ran = true;
    }

    /// Tells everyone. A receiver that is gone has stopped waiting, which is its right.
    pub(crate) fn run(mut self, result: Result<(), JournalFault>) {
        self.tell(result);
    }

    /// Tells those who asked that all is done.
    pub(crate) fn answer_all(&mut self) {
        for (sender, answer) in self.asked.drain(..) {
            drop(sender.send(Ok(answer)));
        }
    }

    fn tell(&mut self, result: Result<(), JournalFault>) {
        self.ran = true;
        match result {
            Ok(()) => {
                self.answer_all();
                for (waiters, reply) in self.settled.drain(..) {
                    waiters.into_iter().for_each(|sender| drop(sender.send(reply.clone())));
                }
                if let Some(committed) = self.committed.take() {
                    committed.send_replace(true);
                }
            }
            Err(fault) => {
                for (sender, _) in self.asked.drain(..) {
                    drop(sender.send(Err(fault.into())));
                }
                self.lost.tell();
            }
        }
    }
}

impl Drop for Release {
    fn drop(&mut self) {
        if !self.ran {
            self.tell(Err(JournalFault::Closed));
        }
    }
}
