//! Runs the actors of a node on the one thread of the simulation, wherever they are asked for: a command of another node
//! is taken up in a task of the runtime, and an actor has to be made in its host's local set.

use actors::{CurrentThread, Executor, Start};
use domain::ids::EventId;
use tokio::sync::mpsc;

/// Actors that may wait to be begun: more than there are events.
const WAITING: usize = 64;

/// The way to the local set of this host.
pub(crate) struct Here(mpsc::Sender<(EventId, Start)>);

impl Here {
    /// To be called within it.
    pub(crate) fn start() -> Self {
        let (sender, mut starts) = mpsc::channel(WAITING);
        tokio::task::spawn_local(async move {
            while let Some((event, start)) = starts.recv().await {
                CurrentThread.spawn(event, start);
            }
        });
        Self(sender)
    }
}

impl Executor for Here {
    fn spawn(&self, event: EventId, start: Start) {
        // An actor that is not begun is one that has died: the supervisor makes another.
        drop(self.0.try_send((event, start)));
    }
}
