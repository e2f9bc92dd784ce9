//! ⑦ Answers, and their release: whoever asked waits on a oneshot that the commit of the facts completes. The journal
//! calls the release on its own thread, so nothing here waits for anything.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use domain::event::{Refusal, Reply};
use domain::ids::BookingNumber;
use domain::ports::JournalFault;
use tokio::sync::{Notify, oneshot, watch};

use crate::owners::lock;

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

    fn tell(&self) {
        self.lost.store(true, Ordering::Release);
        // Stores a permit: the actor is woken also if it does not wait yet.
        self.notify.notify_one();
    }
}

/// Who waits for a booking's outside work. Shared with the proposal that would answer them, and still there should the
/// journal not take that.
pub(crate) type Waiters = Arc<Mutex<Vec<oneshot::Sender<Reply>>>>;

/// Everything that waits for one proposal.
pub(crate) struct Release {
    pub(crate) lost: Arc<Lost>,
    pub(crate) asked: Option<(oneshot::Sender<Answered>, Answer)>,
    pub(crate) settled: Vec<(Waiters, Reply)>,
    /// Outside work may begin once the facts are on disk; dropped when that will not be.
    pub(crate) committed: Option<watch::Sender<bool>>,
}

impl Release {
    pub(crate) fn nothing(lost: &Arc<Lost>) -> Self {
        Self { lost: lost.clone(), asked: None, settled: Vec::new(), committed: None }
    }

    /// Tells everyone. A receiver that is gone has stopped waiting, which is its right.
    pub(crate) fn run(self, result: Result<(), JournalFault>) {
        match result {
            Ok(()) => {
                if let Some((sender, answer)) = self.asked {
                    drop(sender.send(Ok(answer)));
                }
                for (waiters, reply) in self.settled {
                    for sender in lock(&waiters).drain(..) {
                        drop(sender.send(reply.clone()));
                    }
                }
                if let Some(committed) = self.committed {
                    committed.send_replace(true);
                }
            }
            Err(fault) => {
                if let Some((sender, _)) = self.asked {
                    drop(sender.send(Err(fault.into())));
                }
                if fault != JournalFault::Full {
                    self.lost.tell();
                }
            }
        }
    }
}
