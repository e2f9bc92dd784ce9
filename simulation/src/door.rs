//! The way of a client's command into a node's process: what HTTP is to a real one. Requests and answers cross it whole;
//! who loses or delays them is the client's side.

use domain::event::{Caller, Command, Key, Reply};
use domain::ids::EventId;
use onsale::dispatch::NoReply;
use tokio::sync::{mpsc, oneshot};

/// Commands that may wait for a node to take them; more are refused, as by a full backlog.
const BACKLOG: usize = 256;

/// One command of a client, and where its answer goes.
pub(crate) struct Request {
    pub(crate) event: EventId,
    pub(crate) command: Command,
    pub(crate) caller: Caller,
    pub(crate) key: Option<Key>,
    pub(crate) answer: oneshot::Sender<Result<Reply, NoReply>>,
}

/// The client's side.
pub(crate) type Door = mpsc::Sender<Request>;

/// A door and its other side.
pub(crate) fn open() -> (Door, mpsc::Receiver<Request>) {
    mpsc::channel(BACKLOG)
}
