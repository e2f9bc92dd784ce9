//! The place of one connection to a peer: opened when it is needed, by whoever comes first, for all who wait; left alone
//! for a while after it could not be opened, so that a dead peer costs little.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::Instant;

use super::Lane;
use super::dial::Dial;
use super::limits::{CONNECT_WITHIN, FIRST_BACKOFF, LAST_BACKOFF};
use super::link::Link;
use super::me::Me;
use super::now::now;
use crate::raft::types::NodeId;

/// What opening came to.
type Opened = Result<Arc<Link>, String>;

/// Where to, and as who.
#[derive(Clone)]
pub(crate) struct Way {
    pub(crate) me: Arc<Me>,
    pub(crate) dial: Arc<dyn Dial>,
    pub(crate) address: String,
    pub(crate) lane: Lane,
    /// `None` when the node at the address is not known.
    pub(crate) wants: Option<NodeId>,
}

impl Way {
    /// Opens a connection, within [`CONNECT_WITHIN`].
    pub(crate) async fn open(&self) -> Opened {
        let Self { me, dial, address, lane, wants } = self;
        let opening = async {
            let stream = dial.dial(address).await.map_err(|error| error.to_string())?;
            Link::open(stream, me, *lane, *wants).await
        };
        let opened = tokio::time::timeout(CONNECT_WITHIN, opening).await;
        let opened =
            opened.unwrap_or_else(|_| Err(format!("no connection within {} s", CONNECT_WITHIN.as_secs())));
        opened.map(Arc::new).map_err(|why| {
            me.seldom.warn_calling(address, &why);
            format!("{address}: {why}")
        })
    }
}

/// A place for a connection.
#[derive(Default)]
pub(crate) struct Slot(Mutex<State>);

#[derive(Default)]
struct State {
    now: Now,
    /// How many attempts in a row have failed.
    failures: u32,
}

#[derive(Default)]
enum Now {
    #[default]
    Empty,
    Opening(watch::Receiver<Option<Opened>>),
    Open(Arc<Link>),
    /// Not tried again before then, and why.
    Failed(Instant, String),
}

impl Slot {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection, where there is one.
    pub(crate) fn open_link(&self) -> Option<Arc<Link>> {
        match &self.state().now {
            Now::Open(link) => Some(link.clone()),
            _ => None,
        }
    }

    /// The connection; opened if there is none. Fails at once while it is left alone.
    pub(crate) async fn link(self: &Arc<Self>, way: &Way, runtime: &Handle) -> Opened {
        let mut opening = {
            let mut state = self.state();
            match &state.now {
                Now::Open(link) if link.is_usable_by(&way.me) => return Ok(link.clone()),
                Now::Failed(until, why) if now() < *until => return Err(why.clone()),
                Now::Opening(opening) => opening.clone(),
                _ => {
                    let opening = self.begin(way.clone(), runtime);
                    state.now = Now::Opening(opening.clone());
                    opening
                }
            }
        };
        match opening.wait_for(Option::is_some).await {
            Ok(opened) => opened.clone().unwrap_or_else(|| Err(stopping())),
            Err(_) => Err(stopping()),
        }
    }

    /// Opens in a task of its own: it goes on when those who wait give up, and a later caller finds it done.
    fn begin(self: &Arc<Self>, way: Way, runtime: &Handle) -> watch::Receiver<Option<Opened>> {
        let (done, opening) = watch::channel(None);
        let slot = self.clone();
        runtime.spawn(async move {
            let opened = way.open().await;
            slot.settle(&opened);
            done.send_replace(Some(opened));
        });
        opening
    }

    fn settle(&self, opened: &Opened) {
        let mut state = self.state();
        match opened {
            Ok(link) => *state = State { now: Now::Open(link.clone()), failures: 0 },
            Err(why) => {
                state.now = Now::Failed(now() + backoff(state.failures), why.clone());
                state.failures = state.failures.saturating_add(1);
            }
        }
    }
}

fn stopping() -> String {
    "this node is stopping".to_owned()
}

fn backoff(failures: u32) -> Duration {
    FIRST_BACKOFF.saturating_mul(1 << failures.min(16)).min(LAST_BACKOFF)
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn backing_off_grows_to_a_second() {
        let waits: Vec<u64> =
            [0, 1, 2, 3, 4, 5, u32::MAX].map(|n| u64::try_from(backoff(n).as_millis()).unwrap()).to_vec();
        assert_eq!(waits, [50, 100, 200, 400, 800, 1000, 1000]);
    }
}
