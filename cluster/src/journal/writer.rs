//! Step ⑤: group commit. One thread per node writes for all groups: it takes every write that is queued, applies all of
//! their operations, flushes once, and then tells everyone who waits.
//!
//! Owns the thread, the queue and the store. While there is no space on the disk it writes nothing and holds its queue.
//! Every flush has a number, which the store keeps with it and the watermark file after it: so a store that lost
//! anything, were it only a vote, is found out when it is opened.
//!
//! Hazard: after a failed write or sync nobody knows what is on disk. So the
//! first failure is the last thing this thread does to the store: it tries nothing again, fails every write from then
//! on, and reports once, so that the process can end.

use std::collections::BTreeMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::clock::Stopwatch;
use super::disk::{GroupId, LogDisk, Mark, Op, Write, stopped};
use super::sled_store::Store;
use super::space::{LOOK_AGAIN, Space};
use super::watermarks::Watermarks;
use super::{format, keys};

/// Called once, with what happened, when the journal can no longer be trusted. The process is to end.
pub type OnFatal = Arc<dyn Fn(String) + Send + Sync>;

/// One flush, for the metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flush {
    /// How many writes shared it.
    pub writes: usize,
    /// How many bytes of values they put.
    pub bytes: usize,
    /// How long applying and syncing took.
    pub elapsed: Duration,
}

/// Sees every flush. Called on the journal thread: it must not block.
pub trait JournalObserver: Send + Sync {
    /// A flush succeeded.
    fn flushed(&self, flush: Flush);
}

/// For those who do not look.
impl JournalObserver for () {
    fn flushed(&self, _flush: Flush) {}
}

enum Message {
    Write(Write),
    Close(oneshot::Sender<()>),
}

struct Shared {
    /// Gone when the journal is closed, so that its lock is free from then on.
    store: RwLock<Option<Box<dyn Store>>>,
    ends: Mutex<BTreeMap<u16, u64>>,
    space: Arc<Space>,
    /// Whether it is to be closed: then nothing waits for space any more.
    closing: AtomicBool,
}

/// The journal of a node; its clones write to the same one.
#[derive(Clone)]
pub struct Writer {
    queue: mpsc::Sender<Message>,
    shared: Arc<Shared>,
}

impl Writer {
    /// Starts the journal thread over `store`, which lies in `space`, with the watermark file at `watermarks`. At most
    /// `capacity` writes wait; further writers are slowed.
    ///
    /// # Errors
    /// When the watermark file cannot be read, when the store is older than it, or when no thread can be started.
    pub fn start(
        store: Box<dyn Store>,
        watermarks: &Path,
        space: Space,
        capacity: usize,
        observer: Arc<dyn JournalObserver>,
        on_fatal: OnFatal,
    ) -> io::Result<Self> {
        let marks = Watermarks::open(watermarks)?;
        let flushes = last_flush(&*store, &marks, watermarks)?;
        let space = Arc::new(space);
        space.watch()?;
        let shared = Arc::new(Shared {
            store: RwLock::new(Some(store)),
            ends: Mutex::new(marks.ends()),
            space,
            closing: AtomicBool::new(false),
        });
        let (queue, receiver) = mpsc::channel(capacity);
        let thread = Thread { shared: shared.clone(), marks, flushes, observer, on_fatal, failed: false };
        std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || thread.run(receiver, capacity))?;
        Ok(Self { queue, shared })
    }
}

impl LogDisk for Writer {
    async fn submit(&self, write: Write) -> io::Result<()> {
        self.queue.send(Message::Write(write)).await.map_err(|_| stopped())
    }

    fn scan(&self, prefix: &[u8]) -> io::Result<Vec<(Vec<u8>, Vec<u8>)>> {
        let store = self.shared.store.read().unwrap_or_else(PoisonError::into_inner);
        store.as_ref().ok_or_else(stopped)?.scan(prefix)
    }

    fn scan_from(&self, prefix: &[u8], from: &[u8], limit: usize) -> io::Result<Vec<(Vec<u8>, Vec<u8>)>> {
        let store = self.shared.store.read().unwrap_or_else(PoisonError::into_inner);
        store.as_ref().ok_or_else(stopped)?.scan_from(prefix, from, limit)
    }

    fn get(&self, key: &[u8]) -> io::Result<Option<Vec<u8>>> {
        let store = self.shared.store.read().unwrap_or_else(PoisonError::into_inner);
        store.as_ref().ok_or_else(stopped)?.get(key)
    }

    fn watermark(&self, group: GroupId) -> Option<u64> {
        self.shared.ends.lock().unwrap_or_else(PoisonError::into_inner).get(&group.number()).copied()
    }

    fn space(&self) -> Option<&Space> {
        Some(&self.shared.space)
    }

    /// The store is closed and the thread ended, then.
    async fn close(&self) {
        self.shared.closing.store(true, Ordering::Release);
        let (closed, wait) = oneshot::channel();
        if self.queue.send(Message::Close(closed)).await.is_ok() {
            // An error means that the thread is gone, which is what was asked for.
            let _ = wait.await;
        }
    }
}

struct Thread {
    shared: Arc<Shared>,
    marks: Watermarks,
    /// The number of the last flush.
    flushes: u64,
    observer: Arc<dyn JournalObserver>,
    on_fatal: OnFatal,
    failed: bool,
}

impl Thread {
    fn run(mut self, mut queue: mpsc::Receiver<Message>, most: usize) {
        let mut messages = Vec::new();
        let mut closing = Vec::new();
        while queue.blocking_recv_many(&mut messages, most) > 0 {
            let mut batch = Vec::with_capacity(messages.len());
            for message in messages.drain(..) {
                match message {
                    Message::Write(write) => batch.push(write),
                    Message::Close(closed) => {
                        // What is queued already is still written; nothing more is taken.
                        queue.close();
                        closing.push(closed);
                    }
                }
            }
            if !self.failed && !self.await_space(&batch, &queue) {
                // It was to end while there was no space: what nobody was told of is not done.
                self.failed = true;
            }
            self.write(batch, !closing.is_empty());
        }
        self.shared.store.write().unwrap_or_else(PoisonError::into_inner).take();
        for closed in closing {
            // The closer may have given up waiting.
            let _ = closed.send(());
        }
    }

    /// Returns when there is room for `batch`, or with `false` when nobody wants it any more.
    fn await_space(&self, batch: &[Write], queue: &mpsc::Receiver<Message>) -> bool {
        let bytes = batch.iter().flat_map(|write| &write.ops).map(size).sum();
        while !self.shared.space.admits(bytes) {
            if self.shared.closing.load(Ordering::Acquire) || queue.is_closed() {
                return false;
            }
            std::thread::sleep(LOOK_AGAIN);
        }
        true
    }

    fn write(&mut self, batch: Vec<Write>, last: bool) {
        let flush = last || batch.iter().any(|write| write.synced.is_some());
        if !self.failed {
            // sled panics on some of its I/O errors; a thread that died silently would leave everyone waiting.
            let outcome = catch_unwind(AssertUnwindSafe(|| self.commit(&batch, flush)));
            let outcome = outcome.unwrap_or_else(|_| Err(io::Error::other("the store panicked")));
            if let Err(error) = &outcome {
                self.failed = true;
                (self.on_fatal)(format!(
                    "the journal could not be written, nothing more is acknowledged: {error}"
                ));
            }
        }
        for synced in batch.into_iter().filter_map(|write| write.synced) {
            synced(if self.failed { Err(stopped()) } else { Ok(()) });
        }
    }

    fn commit(&mut self, batch: &[Write], flush: bool) -> io::Result<()> {
        let watch = Stopwatch::start();
        let mut marks: Vec<Mark> = batch.iter().filter_map(|write| write.mark).collect();
        self.marks.before(&marks)?;
        {
            let store = self.shared.store.read().unwrap_or_else(PoisonError::into_inner);
            let store = store.as_ref().ok_or_else(stopped)?;
            for op in batch.iter().flat_map(|write| &write.ops) {
                store.apply(op)?;
            }
            if flush {
                self.flushes += 1;
                store.apply(&Op::Put(keys::flushes(), format::encode(&self.flushes, &[])?))?;
                store.flush()?;
            }
        }
        if flush {
            marks.push(Mark { group: GroupId::STORE, next: self.flushes });
            self.marks.after(&marks)?;
            let mut ends = self.shared.ends.lock().unwrap_or_else(PoisonError::into_inner);
            ends.extend(marks.iter().map(|mark| (mark.group.number(), mark.next)));
            let values = batch.iter().flat_map(|write| &write.ops).map(|op| match op {
                Op::Put(_, value) => value.len(),
                Op::Remove(_) => 0,
            });
            self.observer.flushed(Flush {
                writes: batch.len(),
                bytes: values.sum(),
                elapsed: watch.elapsed(),
            });
        }
        Ok(())
    }
}

fn size(op: &Op) -> u64 {
    match op {
        Op::Put(key, value) => (key.len() + value.len()) as u64,
        Op::Remove(key) => key.len() as u64,
    }
}

/// The number of the last flush that `store` has; it must have that of its watermark.
fn last_flush(store: &dyn Store, marks: &Watermarks, file: &Path) -> io::Result<u64> {
    let kept = store.scan(&keys::flushes())?;
    let kept = kept.first().map(|(_, value)| format::decode(&"the number of the last flush", value));
    let kept = kept.transpose()?.unwrap_or(0);
    match marks.end(GroupId::STORE) {
        Some(promised) if kept < promised => Err(format::damaged(
            &format_args!("the journal's store beside {}", file.display()),
            &format!("it ends with flush {kept}, but flush {promised} was acknowledged"),
        )),
        _ => Ok(kept),
    }
}

#[cfg(test)]
#[path = "writer_test.rs"]
mod test;
