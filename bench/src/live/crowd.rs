//! The people who watch: each a connection, all on one thread of their own.
//!
//! Owns: when each of them saw each version, and one who reads every word, to know which seats are in which version.

use super::scan::Scan;
use crate::ambient::Clock;
use anyhow::{Context, bail};
use futures_util::future::join_all;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};

/// Connections that are made at a time: more than the node's queue of them would have to be made again.
const AT_ONCE: usize = 256;

/// What was seen: by version, when it reached each of them, in microseconds.
pub(super) type Arrivals = BTreeMap<u64, Vec<u64>>;

/// So many people.
pub(super) struct Crowd {
    thread: JoinHandle<anyhow::Result<Arrivals>>,
    stop: watch::Sender<bool>,
    joined: Arc<AtomicUsize>,
    gone: Arc<AtomicUsize>,
}

impl Crowd {
    /// Has `people` watch `event` at `authority`.
    pub(super) fn gather(authority: &str, event: &str, people: usize, clock: Clock) -> anyhow::Result<Self> {
        let (stop, stopped) = watch::channel(false);
        let (joined, gone) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (authority, request) = (authority.to_owned(), request(event));
        let counts = (joined.clone(), gone.clone());
        let all = async move {
            let doors = Semaphore::new(AT_ONCE);
            let each =
                |_| watch(&authority, &request, &doors, clock, stopped.clone(), (&counts.0, &counts.1));
            let mut arrivals = Arrivals::new();
            for seen in join_all((0..people).map(each)).await {
                for (version, at) in seen? {
                    arrivals.entry(version).or_default().push(at);
                }
            }
            Ok(arrivals)
        };
        let thread = std::thread::spawn(move || runtime.block_on(all));
        Ok(Self { thread, stop, joined, gone })
    }

    /// How many have seen all seats.
    pub(super) fn joined(&self) -> usize {
        self.joined.load(Ordering::Relaxed)
    }

    /// Whether any of them was left out, or sent away.
    pub(super) fn has_lost(&self) -> bool {
        self.gone.load(Ordering::Relaxed) > 0
    }

    /// Everybody leaves; what they saw.
    pub(super) fn leave(self) -> anyhow::Result<Arrivals> {
        self.stop.send_replace(true);
        self.thread.join().map_err(|_| anyhow::anyhow!("the watchers panicked"))?
    }
}

fn request(event: &str) -> String {
    format!("GET /events/{event}/seats/stream HTTP/1.1\r\nhost: onsale\r\naccept: text/event-stream\r\n\r\n")
}

async fn watch(
    authority: &str,
    request: &str,
    doors: &Semaphore,
    clock: Clock,
    mut stopped: watch::Receiver<bool>,
    (joined, gone): (&AtomicUsize, &AtomicUsize),
) -> anyhow::Result<Vec<(u64, u64)>> {
    let (mut scan, mut seen, mut buffer) = (Scan::default(), Vec::new(), vec![0; 4_096]);
    let door = doors.acquire().await?;
    let mut stream = TcpStream::connect(authority).await.context("a watcher cannot connect")?;
    stream.write_all(request.as_bytes()).await?;
    let mut door = Some(door);
    loop {
        let read = tokio::select! {
            read = stream.read(&mut buffer) => read.unwrap_or(0),
            _ = stopped.wait_for(|stopped| *stopped) => return Ok(seen),
        };
        if read == 0 {
            gone.fetch_add(1, Ordering::Relaxed);
            return Ok(seen);
        }
        scan.feed(&buffer[..read], |version| seen.push((version, clock.now_us())));
        if !seen.is_empty() && door.take().is_some() {
            joined.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Reads every word until `stop`: which tickets changed in which version.
pub(super) async fn read_all(
    authority: &str,
    event: &str,
    mut stopped: watch::Receiver<bool>,
) -> anyhow::Result<BTreeMap<String, u64>> {
    let mut stream = TcpStream::connect(authority).await?;
    stream.write_all(request(event).as_bytes()).await?;
    let (mut text, mut versions) = (String::new(), BTreeMap::new());
    let mut buffer = vec![0; 65_536];
    loop {
        let read = tokio::select! {
            read = stream.read(&mut buffer) => read?,
            _ = stopped.wait_for(|stopped| *stopped) => return Ok(versions),
        };
        if read == 0 {
            bail!("the stream of the one who reads every word has ended");
        }
        text.push_str(std::str::from_utf8(&buffer[..read])?);
        while let Some(end) = text.find("\n\n") {
            let told: String = text.drain(..end + 2).collect();
            let version = told.split("\nid: ").nth(1).and_then(|rest| rest.lines().next()?.parse().ok());
            let Some(version) = version else { continue };
            for ticket in told.split("\"ticketId\":\"").skip(1).filter_map(|rest| rest.split('"').next()) {
                versions.entry(ticket.to_owned()).or_insert(version);
            }
        }
    }
}
