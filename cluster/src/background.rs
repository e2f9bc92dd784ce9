//! What a node does all the time, beside answering: it beats, and it takes care of its groups.
//!
//! Owns the tasks and their end.

use std::sync::{Mutex, PoisonError};

use tokio::task::{AbortHandle, JoinHandle};

/// Tasks that run until they are stopped.
#[derive(Default)]
pub(crate) struct Background(Mutex<Vec<AbortHandle>>);

impl Background {
    pub(crate) fn keep(&self, task: &JoinHandle<()>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(task.abort_handle());
    }

    pub(crate) fn stop(&self) {
        for task in self.0.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            task.abort();
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.stop();
    }
}
