//! ③ The sending side of the one hop: commands whose owner is another node wait here, a queue a node, until that node
//! takes them.
//!
//! Owns the queues, their bound (a full one is overload, at once) and the task behind each, which a `conversation` is.
//! Hazard: of what was sent and not answered nobody knows whether it had an effect; only what is said to have been
//! turned away, or was never sent, may be sent elsewhere.

mod conversation;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use cluster::peer::{CallError, Calls, Lane, Service};
use cluster::raft::types::NodeId;
use domain::event::Caller;
use domain::ids::EventId;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use self::conversation::Conversation;
use super::asking::Asking;
use super::wire::{Keyed, Outcome};

/// What commands are sent as.
pub(super) const COMMANDS: Service = Service { name: "commands", lane: Lane::Commands };

/// How long a sign of life is waited for.
const SIGN_OF_LIFE: Duration = Duration::from_secs(2);

/// Requests that may wait for one node; more are refused as overload.
const QUEUE: usize = 4_096;

/// The commands of one request on their way.
pub(super) struct Waiting {
    pub(super) event: EventId,
    pub(super) caller: Caller,
    pub(super) commands: Vec<Keyed>,
    pub(super) asking: Asking,
    pub(super) answer: oneshot::Sender<Vec<Outcome>>,
}

impl Waiting {
    /// Answers all of them alike. Who has gone is not told.
    fn tell(self, outcome: &Outcome) {
        drop(self.answer.send(vec![outcome.clone(); self.commands.len()]));
    }

    /// They have not been sent, and may be sent elsewhere.
    fn unsent(self) {
        self.tell(&Outcome::Moved { owner: None });
    }
}

/// Forwards to every other node; clones share the queues.
#[derive(Clone)]
pub(super) struct Forward(Arc<Queues>);

struct Queues {
    calls: Arc<dyn Calls>,
    /// Where the tasks run.
    runtime: Handle,
    by_node: Mutex<BTreeMap<NodeId, mpsc::Sender<Waiting>>>,
}

impl Forward {
    /// Over `calls`. To be made on the runtime on which the tasks are to run.
    pub(super) fn new(calls: Arc<dyn Calls>) -> Self {
        Self(Arc::new(Queues { calls, runtime: Handle::current(), by_node: Mutex::default() }))
    }

    /// Has `to` decide `commands`, in order. There are as many outcomes as commands. Dropping the future withdraws what
    /// has not been sent.
    pub(super) async fn ask(
        &self,
        to: NodeId,
        event: EventId,
        caller: Caller,
        commands: Vec<Keyed>,
        asking: Asking,
    ) -> Vec<Outcome> {
        let count = commands.len();
        let (answer, answered) = oneshot::channel();
        let waiting = Waiting { event, caller, commands, asking, answer };
        match self.0.sender(to).try_send(waiting) {
            Ok(()) => answered.await.unwrap_or_else(|_| vec![Outcome::Unknown; count]),
            Err(mpsc::error::TrySendError::Full(_)) => vec![Outcome::Overloaded; count],
            // Its task has ended in this very moment.
            Err(mpsc::error::TrySendError::Closed(_)) => vec![Outcome::Moved { owner: None }; count],
        }
    }
}

impl Queues {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<NodeId, mpsc::Sender<Waiting>>> {
        self.by_node.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sender(self: &Arc<Self>, to: NodeId) -> mpsc::Sender<Waiting> {
        let mut by_node = self.lock();
        if let Some(sender) = by_node.get(&to).filter(|sender| !sender.is_closed()) {
            return sender.clone();
        }
        let (sender, queue) = mpsc::channel(QUEUE);
        let conversation = Conversation::new(to, self.calls.clone(), queue, Arc::downgrade(self));
        drop(self.runtime.spawn(conversation.run()));
        by_node.insert(to, sender.clone());
        sender
    }

    /// Ends the queue of `to`, unless something waits in it.
    fn retire(queues: &Weak<Self>, to: NodeId, queue: &mut mpsc::Receiver<Waiting>) -> bool {
        let Some(queues) = queues.upgrade() else { return true };
        let mut by_node = queues.lock();
        if !queue.is_empty() {
            return false;
        }
        queue.close();
        by_node.remove(&to);
        true
    }
}

/// What the clock of `to` shows; asks for a sign of life where it has not been heard of.
pub(super) async fn clock_of(calls: &dyn Calls, to: NodeId) -> Result<u64, CallError> {
    if let Some(clock_ms) = calls.clock_of(to) {
        return Ok(clock_ms);
    }
    calls.call(to, COMMANDS, Bytes::new(), SIGN_OF_LIFE).await?;
    calls.clock_of(to).ok_or_else(|| CallError::Unreachable("its clock is not known".to_owned()))
}
