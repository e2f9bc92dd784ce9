//! ④ The queue in front of an actor: commands wait here, and the actor takes all that wait as one turn.
//!
//! Owns the bound (more commands are refused as overload) and who has to call the actor: whoever finds the queue empty
//! does, everyone behind them is taken along. Hazard: an actor that dies must close its inbox, else those in it wait for
//! nobody.

use std::sync::{Arc, Mutex};

use domain::event::{Caller, Command, Key};
use tokio::sync::oneshot;

use crate::answer::{Answered, Fault};
use crate::owners::lock;
use crate::shell::Observer;

/// A command, and where its answer goes.
pub(crate) struct Ask {
    pub(crate) command: Command,
    pub(crate) caller: Caller,
    pub(crate) key: Option<Key>,
    pub(crate) answer: oneshot::Sender<Answered>,
}

#[derive(Default)]
struct Queue {
    asks: Vec<Ask>,
    /// The actor has been called and has not come yet.
    called: bool,
    closed: bool,
}

pub(crate) struct Inbox {
    capacity: usize,
    queue: Mutex<Queue>,
    observer: Arc<dyn Observer>,
}

impl Inbox {
    pub(crate) fn new(capacity: usize, observer: Arc<dyn Observer>) -> Self {
        Self { capacity, queue: Mutex::default(), observer }
    }

    /// Puts `asks` behind those that wait; what does not fit is answered as overload. Gives whether the actor is to be
    /// called.
    ///
    /// # Errors
    /// When the actor is gone.
    pub(crate) fn push(&self, asks: impl Iterator<Item = Ask>) -> Result<bool, Fault> {
        let mut queue = lock(&self.queue);
        if queue.closed {
            return Err(Fault::OwnerUnavailable);
        }
        let before = queue.asks.len();
        for ask in asks {
            if queue.asks.len() < self.capacity {
                queue.asks.push(ask);
            } else {
                drop(ask.answer.send(Err(Fault::Overloaded)));
            }
        }
        self.observer.entered_mailbox(queue.asks.len() - before);
        let call = !queue.called && !queue.asks.is_empty();
        queue.called |= call;
        Ok(call)
    }

    /// Takes everything that waits, in order, in exchange for an empty `turn`.
    pub(crate) fn take(&self, turn: &mut Vec<Ask>) {
        let mut queue = lock(&self.queue);
        queue.called = false;
        std::mem::swap(&mut queue.asks, turn);
        self.observer.left_mailbox(turn.len());
    }

    /// Nothing is taken any more, and whoever waits learns that nobody comes.
    pub(crate) fn close(&self) {
        let waiting = {
            let mut queue = lock(&self.queue);
            queue.closed = true;
            std::mem::take(&mut queue.asks)
        };
        self.observer.left_mailbox(waiting.len());
    }
}
