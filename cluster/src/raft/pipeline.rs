//! Step ⑥: entries for one follower, sent one after the other without waiting for the answers in between.
//!
//! What is under way is bounded, in messages and in bytes: a follower that is slow is sent no more than it takes, and
//! slows nobody else, for each has a stream of its own. One that answers nothing for a while loses the stream.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::{Stream, StreamExt, stream};
use tokio::sync::Notify;
use tokio::time::timeout;

use super::pieces;
use super::wire::{Append, Appended, Message};
use crate::journal::GroupId;
use crate::peer::{CallError, Messages};

/// So many messages wait for their answers at most: the receiving side of openraft takes as many at once.
const MAX_UNDER_WAY: usize = 64;
/// So many bytes wait for their answers, and one message more.
const MAX_BYTES_UNDER_WAY: usize = 4 * 1024 * 1024;

/// What was sent and is not answered.
#[derive(Default)]
struct UnderWay {
    sizes: VecDeque<usize>,
    bytes: usize,
    /// Why there is nothing more to send, where it is not that all is sent.
    failed: Option<CallError>,
}

/// Shared by the two directions of a stream.
#[derive(Default)]
pub(crate) struct Window {
    under_way: Mutex<UnderWay>,
    answered: Notify,
}

impl Window {
    fn under_way(&self) -> MutexGuard<'_, UnderWay> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_empty(&self) -> bool {
        self.under_way().sizes.is_empty()
    }

    /// Waits until one more may be sent.
    async fn room(&self) {
        loop {
            {
                let under_way = self.under_way();
                if under_way.sizes.len() < MAX_UNDER_WAY && under_way.bytes < MAX_BYTES_UNDER_WAY {
                    return;
                }
            }
            // Nobody else waits, and a permit is kept: an answer in between is not missed.
            self.answered.notified().await;
        }
    }

    fn sent(&self, size: usize) {
        let mut under_way = self.under_way();
        under_way.sizes.push_back(size);
        under_way.bytes += size;
    }

    /// Whether something was under way that this may be the answer to.
    fn take_answer(&self) -> bool {
        let mut under_way = self.under_way();
        let Some(size) = under_way.sizes.pop_front() else { return false };
        under_way.bytes -= size;
        drop(under_way);
        self.answered.notify_one();
        true
    }
}

/// What is sent to the follower: the entries of `appends`, as fast as `window` lets them.
pub(crate) fn requests(
    group: GroupId,
    appends: impl Stream<Item = Append> + Send + Unpin + 'static,
    window: Arc<Window>,
) -> Messages {
    let messages = stream::unfold((appends, window), move |(mut appends, window)| async move {
        window.room().await;
        let append = appends.next().await?;
        match (group, append).encode() {
            Ok(message) => {
                window.sent(message.len());
                Some((message, (appends, window)))
            }
            Err(error) => {
                window.under_way().failed = Some(CallError::Unreachable(error.to_string()));
                None
            }
        }
    });
    Box::pin(messages.flat_map(|message| stream::iter(pieces::cut(message).into_iter().map(Ok))))
}

/// What the follower says, in order. Where it says nothing for `patience` although something is under way, or ends too
/// early, that is an error and the last item.
pub(crate) fn answers(
    answers: Messages,
    window: Arc<Window>,
    patience: Duration,
) -> impl Stream<Item = Result<Appended, CallError>> + Send {
    let reader = Some((pieces::join(answers), window));
    stream::unfold(reader, move |reader| async move {
        let (mut answers, window) = reader?;
        match next(&mut answers, &window, patience).await? {
            Ok(answer) => Some((Ok(answer), Some((answers, window)))),
            Err(error) => Some((Err(error), None)),
        }
    })
}

async fn next(
    answers: &mut Messages,
    window: &Window,
    patience: Duration,
) -> Option<Result<Appended, CallError>> {
    let answer = loop {
        let idle = window.is_empty();
        match timeout(patience, answers.next()).await {
            Ok(answer) => break answer,
            Err(_) if idle => {}
            Err(_) => return Some(Err(CallError::Lost(format!("no answer for {patience:?}")))),
        }
    };
    match answer {
        Some(Ok(_)) if !window.take_answer() => {
            Some(Err(CallError::Lost("an answer came to nothing that was asked".to_owned())))
        }
        Some(Ok(answer)) => {
            Some(Appended::decode(&answer).map_err(|error| CallError::Lost(error.to_string())))
        }
        Some(Err(error)) => Some(Err(error)),
        None => {
            let failed = window.under_way().failed.take();
            let early = || CallError::Lost("the stream ended before the answers".to_owned());
            failed.or_else(|| (!window.is_empty()).then(early)).map(Err)
        }
    }
}

#[cfg(test)]
#[path = "pipeline_test.rs"]
mod test;
