//! ③ What this node has told its clients and may not have applied itself: the facts behind the replies of other nodes,
//! remembered for as long as a client may come back for them.
//!
//! Owns the waiting of a read until this node shows what it has answered. Hazard: it is a courtesy with an end. A read
//! that has waited long enough is answered from what there is.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::ways::{State, Ways};
use crate::clock::Deadline;

/// A replica that has not applied a fact by then will have by the time that another client asks.
const REMEMBERED: Duration = Duration::from_secs(5);
/// How long a read waits.
const WAIT: Duration = Duration::from_secs(1);
/// Sales and more that are remembered at a time.
const CAPACITY: usize = 65_536;

/// How far others had applied what they answered.
#[derive(Default)]
pub(super) struct Seen {
    /// So that a read takes no lock on a node that forwards nothing.
    any: AtomicBool,
    marks: Mutex<BTreeMap<State, Mark>>,
}

#[derive(Clone, Copy)]
struct Mark {
    applied: u64,
    until: Deadline,
}

impl Seen {
    fn marks(&self) -> MutexGuard<'_, BTreeMap<State, Mark>> {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Another node had applied so much of `of` when it answered. Not kept where this node has no replica.
    pub(super) fn remember(&self, ways: &dyn Ways, of: State, applied: u64) {
        if ways.applied(of).is_none_or(|here| here >= applied) {
            return;
        }
        let mut marks = self.marks();
        if marks.len() >= CAPACITY {
            marks.retain(|_, mark| !mark.until.left().is_zero());
        }
        if marks.len() >= CAPACITY {
            marks.pop_first();
        }
        let mark = marks.entry(of).or_insert(Mark { applied, until: Deadline::within(REMEMBERED) });
        mark.applied = mark.applied.max(applied);
        mark.until = Deadline::within(REMEMBERED);
        self.any.store(true, Ordering::Release);
    }

    /// Waits until this node has applied what is remembered of `of`, or long enough.
    pub(super) async fn caught_up(&self, ways: &dyn Ways, of: State) {
        if !self.any.load(Ordering::Acquire) {
            return;
        }
        let Some(Mark { applied, until }) = self.marks().get(&of).copied() else { return };
        let patience = WAIT.min(until.left());
        let caught_up = async {
            let mut progress = ways.progress(of);
            // Looked at only after the state of `progress` has been, so that no step is missed.
            while ways.applied(of).is_some_and(|here| here < applied) {
                if progress.changed().await.is_err() {
                    return;
                }
            }
        };
        // What takes longer is told as it is.
        let _behind = tokio::time::timeout(patience, caught_up).await;
        self.forget(ways, of);
    }

    /// The same for everything that is remembered, within the same bounds.
    pub(super) async fn caught_up_with_all(&self, ways: &dyn Ways) {
        if !self.any.load(Ordering::Acquire) {
            return;
        }
        let all: Vec<State> = self.marks().keys().copied().collect();
        let each = async {
            for of in all {
                self.caught_up(ways, of).await;
            }
        };
        let _behind = tokio::time::timeout(WAIT, each).await;
    }

    /// Drops a mark that has been reached or is old.
    fn forget(&self, ways: &dyn Ways, of: State) {
        let here = ways.applied(of);
        let mut marks = self.marks();
        let done = |mark: &Mark| here.is_none_or(|here| here >= mark.applied) || mark.until.left().is_zero();
        if marks.get(&of).is_some_and(done) {
            marks.remove(&of);
        }
        if marks.is_empty() {
            self.any.store(false, Ordering::Release);
        }
    }
}
