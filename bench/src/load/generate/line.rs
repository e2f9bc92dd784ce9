//! The line in which the requests of an open loop wait for a free connection.
//!
//! Owns: who is next, and how many may wait. For one thread only.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use tokio::sync::Semaphore;

/// Requests that are due, by when they were.
pub(super) struct Line {
    due_us: RefCell<VecDeque<u64>>,
    /// One permit a request in line, and one a connection when the line is closed.
    waiting: Semaphore,
    /// Connections with nothing to do.
    idle: Cell<usize>,
}

impl Line {
    pub(super) fn new() -> Self {
        Self { due_us: RefCell::default(), waiting: Semaphore::new(0), idle: Cell::new(0) }
    }

    /// Puts a request into the line, unless it finds `room` requests there that no idle connection is about to take.
    pub(super) fn join(&self, due_us: u64, room: usize) -> bool {
        let mut line = self.due_us.borrow_mut();
        if line.len() >= self.idle.get() + room {
            return false;
        }
        line.push_back(due_us);
        self.waiting.add_permits(1);
        true
    }

    /// The next request in line, when there is one; none when the line is closed and empty.
    pub(super) async fn next(&self) -> Option<u64> {
        self.idle.set(self.idle.get() + 1);
        let permit = self.waiting.acquire().await.expect("the semaphore is never closed");
        permit.forget();
        self.idle.set(self.idle.get() - 1);
        self.due_us.borrow_mut().pop_front()
    }

    /// Sends so many connections home once the line is empty.
    pub(super) fn close(&self, connections: usize) {
        self.waiting.add_permits(connections);
    }
}

#[cfg(test)]
mod test {
    use super::Line;
    use futures_util::FutureExt;

    #[test]
    fn who_finds_the_line_full_is_turned_away_and_the_others_are_served_in_order() {
        let line = Line::new();
        assert!(!line.join(1, 0), "no connection is idle, and nobody may wait");
        assert!(line.join(2, 2) && line.join(3, 2) && !line.join(4, 2));
        assert_eq!(line.next().now_or_never(), Some(Some(2)));
        assert_eq!(line.next().now_or_never(), Some(Some(3)));
        line.close(1);
        assert_eq!(line.next().now_or_never(), Some(None));
    }

    #[test]
    fn an_idle_connection_makes_room_for_one() {
        let line = Line::new();
        let mut idle = Box::pin(line.next());
        assert_eq!((&mut idle).now_or_never(), None);
        assert!(line.join(1, 0) && !line.join(2, 0));
        assert_eq!(idle.now_or_never(), Some(Some(1)));
    }
}
