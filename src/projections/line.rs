//! ⑧ One conversation with one source: what this node wishes to be told goes out, what it is told comes in.
//!
//! Owns how long a source may be silent. Hazard: wishes are not waited for; a source that does not take them is as good
//! as gone.

use std::time::Duration;

use cluster::peer::{Bytes, CallError, Calls, Messages};
use cluster::raft::types::NodeId;
use cluster::wire::Counted;
use domain::ids::EventId;
use futures_util::future::{AbortHandle, Abortable};
use futures_util::stream::BoxStream;
use futures_util::{FutureExt, StreamExt, stream};
use tokio::sync::mpsc;

use super::remote_clock::RemoteClock;
use super::wire::{Events, MAX_FOLLOWED, SEATS, Wishes};
use crate::clock::Moment;

/// A source speaks twenty times a second. One that has not for so long has gone.
const SILENCE: Duration = Duration::from_secs(1);
/// Messages that the source has not taken.
const WISHES: usize = 64;

/// Which line, and what it says; nothing more once it has ended.
pub(super) type Heard = (LineId, Option<Result<Bytes, CallError>>);

/// A line to a node. No number comes twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LineId {
    pub(super) to: NodeId,
    pub(super) number: u64,
}

/// An open line; dropping it ends it.
pub(super) struct Line {
    pub(super) id: LineId,
    pub(super) clock: RemoteClock,
    wishes: mpsc::Sender<Bytes>,
    heard_at: Moment,
    end: AbortHandle,
}

impl Line {
    /// Opens one; what is heard comes from the stream.
    pub(super) fn open(id: LineId, calls: &dyn Calls) -> (Self, BoxStream<'static, Heard>) {
        let (wishes, queue) = mpsc::channel(WISHES);
        let input = stream::unfold(queue, |mut queue| async move { Some((Ok(queue.recv().await?), queue)) });
        let opening = calls.stream(id.to, SEATS, Box::pin(input), SILENCE);
        let news = opening.map(|opened| match opened {
            Ok(news) => news,
            Err(error) => Box::pin(stream::iter([Err(error)])) as Messages,
        });
        let news = news.flatten_stream().map(Some).chain(stream::iter([None]));
        let (end, ended) = AbortHandle::new_pair();
        let heard = Abortable::new(news.map(move |said| (id, said)), ended);
        let line = Self { id, clock: RemoteClock::default(), wishes, heard_at: Moment::now(), end };
        (line, Box::pin(heard))
    }

    /// Wishes for these; says whether the source takes it.
    pub(super) fn wish(&self, leave: &[EventId], follow: &[EventId]) -> bool {
        let mut leaving = leave.chunks(MAX_FOLLOWED);
        let mut following = follow.chunks(MAX_FOLLOWED);
        loop {
            let (leave, follow) = (leaving.next(), following.next());
            if leave.is_none() && follow.is_none() {
                return true;
            }
            let wishes = Wishes { leave: events(leave), follow: events(follow) };
            if self.wishes.try_send(wishes.encode().into()).is_err() {
                return false;
            }
        }
    }

    /// It has just said something.
    pub(super) fn was_heard(&mut self) {
        self.heard_at = Moment::now();
    }

    /// Whether it has said nothing for too long.
    pub(super) fn is_silent(&self) -> bool {
        self.heard_at.age() >= SILENCE
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.end.abort();
    }
}

fn events(some: Option<&[EventId]>) -> Events {
    Counted::new(some.unwrap_or_default().to_vec()).expect("a chunk is no longer than a message may be")
}
