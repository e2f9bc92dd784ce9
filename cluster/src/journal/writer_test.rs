use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::*;

/// A store that says what is done to it, and does as told.
#[derive(Default)]
struct Script {
    done: Mutex<Vec<&'static str>>,
    fail_apply: bool,
    fail_flush: bool,
    panic_in_flush: bool,
}

struct Scripted(Arc<Script>);

impl Store for Scripted {
    fn apply(&self, _op: &Op) -> io::Result<()> {
        self.0.done.lock().unwrap().push("apply");
        if self.0.fail_apply { Err(io::Error::other("no space left on device")) } else { Ok(()) }
    }

    fn flush(&self) -> io::Result<()> {
        self.0.done.lock().unwrap().push("flush");
        assert!(!self.0.panic_in_flush, "as sled does on some errors");
        if self.0.fail_flush { Err(io::Error::other("input/output error")) } else { Ok(()) }
    }

    fn scan(&self, _prefix: &[u8]) -> io::Result<Vec<(Vec<u8>, Vec<u8>)>> {
        Ok(Vec::new())
    }
}

struct Bench {
    writer: Writer,
    script: Arc<Script>,
    fatal: Receiver<String>,
    flushes: Receiver<Flush>,
    _dir: tempfile::TempDir,
}

struct Tell(Mutex<SyncSender<Flush>>);

impl JournalObserver for Tell {
    fn flushed(&self, flush: Flush) {
        self.0.lock().unwrap().send(flush).unwrap();
    }
}

fn bench(script: Script) -> Bench {
    bench_in(script, Space::probed(0, || Ok(u64::MAX)))
}

fn bench_in(script: Script, space: Space) -> Bench {
    let dir = tempfile::tempdir().unwrap();
    let script = Arc::new(script);
    let (tell, fatal) = sync_channel(64);
    let (observe, flushes) = sync_channel(64);
    let tell = Mutex::new(tell);
    let on_fatal: OnFatal = Arc::new(move |message| tell.lock().unwrap().send(message).unwrap());
    let store = Box::new(Scripted(script.clone()));
    let observer = Arc::new(Tell(Mutex::new(observe)));
    let writer = Writer::start(store, &dir.path().join("watermarks"), space, 64, observer, on_fatal).unwrap();
    Bench { writer, script, fatal, flushes, _dir: dir }
}

fn put() -> Vec<Op> {
    vec![Op::Put(b"key".to_vec(), b"value".to_vec())]
}

impl Bench {
    fn done(&self) -> Vec<&'static str> {
        self.script.done.lock().unwrap().clone()
    }
}

#[tokio::test]
async fn writes_that_wait_together_share_one_flush_in_order() {
    let bench = bench(Script::default());
    // The first write holds the thread in its callback until all others are queued behind it.
    let (open, gate) = sync_channel::<()>(1);
    let (here, reached) = oneshot::channel();
    let held: super::super::Synced = Box::new(move |outcome| {
        outcome.unwrap();
        here.send(()).unwrap();
        gate.recv().unwrap();
    });
    bench.writer.submit(Write { ops: put(), synced: Some(held), ..Write::default() }).await.unwrap();
    reached.await.unwrap();
    let mut order = Vec::new();
    for number in 0..10 {
        let (sender, receiver) = oneshot::channel();
        let synced: super::super::Synced =
            Box::new(move |outcome| sender.send((number, outcome.is_ok())).unwrap());
        bench.writer.submit(Write { ops: put(), synced: Some(synced), ..Write::default() }).await.unwrap();
        order.push(receiver);
    }
    open.send(()).unwrap();
    for (number, receiver) in order.into_iter().enumerate() {
        assert_eq!(receiver.await.unwrap(), (number, true));
    }
    let first = bench.flushes.recv().unwrap();
    let writes: usize =
        std::iter::once(first).chain(bench.flushes.try_iter()).map(|flush| flush.writes).sum();
    assert_eq!(writes, 11);
    let flushes = bench.done().iter().filter(|done| **done == "flush").count();
    assert_eq!(flushes, 2, "{:?}", bench.done());
}

#[tokio::test]
async fn a_write_that_nobody_waits_for_costs_no_flush_until_the_end() {
    let bench = bench(Script::default());
    bench.writer.submit(Write { ops: put(), ..Write::default() }).await.unwrap();
    bench.writer.close().await;
    assert_eq!(bench.done(), ["apply", "apply", "flush"], "the second is the number of the flush");
    let error = bench.writer.write_through(put()).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    bench.writer.scan(b"").unwrap_err();
}

async fn fails_for_good(script: Script, reason: &str, expected: &[&str]) {
    let bench = bench(script);
    for _ in 0..3 {
        bench.writer.write_through(put()).await.unwrap_err();
    }
    let message = bench.fatal.recv().unwrap();
    assert!(message.contains("nothing more is acknowledged") && message.contains(reason), "{message}");
    bench.writer.close().await;
    assert_eq!(bench.done(), expected, "the store is not touched again");
    assert!(bench.fatal.try_recv().is_err(), "it is reported once");
}

#[tokio::test]
async fn after_a_failed_sync_nothing_is_acknowledged_or_tried_again() {
    fails_for_good(
        Script { fail_flush: true, ..Script::default() },
        "input/output error",
        &["apply", "apply", "flush"],
    )
    .await;
}

#[tokio::test]
async fn after_a_failed_write_nothing_is_acknowledged_or_tried_again() {
    fails_for_good(Script { fail_apply: true, ..Script::default() }, "no space left", &["apply"]).await;
}

#[tokio::test]
async fn a_panic_in_the_store_is_a_failure_like_any_other() {
    fails_for_good(
        Script { panic_in_flush: true, ..Script::default() },
        "panicked",
        &["apply", "apply", "flush"],
    )
    .await;
}

#[tokio::test]
async fn the_watermark_follows_what_is_durable() {
    let bench = bench(Script::default());
    let group = GroupId::shard(3);
    assert_eq!(bench.writer.watermark(group), None);
    let (sender, receiver) = oneshot::channel();
    let synced: super::super::Synced = Box::new(move |outcome| sender.send(outcome).unwrap());
    let write = Write { ops: put(), mark: Some(Mark { group, next: 5 }), synced: Some(synced) };
    bench.writer.submit(write).await.unwrap();
    receiver.await.unwrap().unwrap();
    assert_eq!(bench.writer.watermark(group), Some(5));
}

#[tokio::test]
async fn without_space_nothing_is_written_and_with_it_everything_is() {
    let free = Arc::new(std::sync::atomic::AtomicU64::new(0));
    let told = free.clone();
    let bench = bench_in(Script::default(), Space::probed(64, move || Ok(told.load(Ordering::SeqCst))));
    bench.writer.shared.space.guard(true);
    let (sender, mut receiver) = oneshot::channel();
    let synced: super::super::Synced = Box::new(move |outcome| sender.send(outcome).unwrap());
    bench.writer.submit(Write { ops: put(), synced: Some(synced), ..Write::default() }).await.unwrap();
    while bench.writer.shared.space.admits(1) {
        tokio::task::yield_now().await;
    }
    assert!(receiver.try_recv().is_err() && bench.done().is_empty(), "{:?}", bench.done());
    free.store(1_000, Ordering::SeqCst);
    receiver.await.unwrap().unwrap();
    assert_eq!(bench.done(), ["apply", "apply", "flush"]);
    bench.writer.close().await;
}

#[tokio::test]
async fn a_journal_that_waits_for_space_can_be_closed() {
    let bench = bench_in(Script::default(), Space::probed(64, || Ok(0)));
    bench.writer.shared.space.guard(true);
    let (sender, receiver) = oneshot::channel();
    let synced: super::super::Synced = Box::new(move |outcome| sender.send(outcome).unwrap());
    bench.writer.submit(Write { ops: put(), synced: Some(synced), ..Write::default() }).await.unwrap();
    bench.writer.close().await;
    receiver.await.unwrap().unwrap_err();
    assert!(bench.done().is_empty(), "{:?}", bench.done());
    assert!(bench.fatal.try_recv().is_err(), "nothing has failed");
}
