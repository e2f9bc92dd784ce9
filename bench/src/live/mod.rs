//! `onsale-bench live`: how soon thousands who watch an event learn of a seat that is taken, and what each of them costs the
//! node.
//!
//! Owns: the run and its report. Latency counts from when the hold was sent, which is before its commit, to when the last
//! byte of the version's number was read. Memory is what the node's resident set has grown by a watcher, beside that of a
//! bare hyper server with as many idle connections. Hazard: the watchers share the cores with the node.

mod crowd;
mod scan;

use crate::ambient::Clock;
use crate::load::house::{CONNECTIONS, House, Show};
use crate::load::servers::{Programs, Server};
use crate::progress::Progress;
use crate::replay::caller::Caller;
use crate::replay::http::{Ask, Client};
use crate::stadium;
use anyhow::{Context, ensure};
use crowd::{Arrivals, Crowd, read_all};
use futures_util::stream::{FuturesUnordered, StreamExt};
use hdrhistogram::Histogram;
use hyper::Method;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{sleep, sleep_until};

const GATHERED_WITHIN: Duration = Duration::from_secs(120);
/// Seats are taken so far apart, that every part of the map changes. A prime, so that none comes twice.
const STRIDE: u64 = 7_919;
/// What is under way when the last seat was taken has arrived after so long, or never does.
const LAST_WITHIN: Duration = Duration::from_secs(2);

/// How it is measured.
#[derive(Clone, Debug)]
pub struct LiveOptions {
    /// What is started.
    pub programs: Programs,
    /// How many watch.
    pub subscribers: usize,
    /// Seats that are taken in a second.
    pub changes_per_s: u32,
    /// For how long.
    pub seconds: Duration,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LiveReport {
    /// How many watched.
    pub subscribers: usize,
    /// Seats that were taken, and learned of by all of them.
    pub changes: usize,
    /// Versions that they were told.
    pub updates: usize,
    /// From the hold to a watcher, in milliseconds: the middle, 99 of a hundred, the last.
    pub p50_ms: f64,
    /// As above.
    pub p99_ms: f64,
    /// As above.
    pub max_ms: f64,
    /// What the node's memory grew by a watcher, after the run.
    pub bytes_per_subscriber: u64,
    /// The same of a bare server by an idle connection.
    pub bare_bytes_per_connection: u64,
}

impl LiveReport {
    /// For people.
    pub fn text(&self) -> String {
        let kib = |bytes: u64| bytes as f64 / 1024.0;
        format!(
            "{} watchers, {} seats taken, {} updates\nfrom the hold to a watcher: p50 {:.0} ms, p99 {:.0} ms, max {:.0} \
             ms\nmemory: {:.1} KiB a watcher; bare hyper: {:.1} KiB an idle connection\n",
            self.subscribers,
            self.changes,
            self.updates,
            self.p50_ms,
            self.p99_ms,
            self.max_ms,
            kib(self.bytes_per_subscriber),
            kib(self.bare_bytes_per_connection),
        )
    }
}

/// Measures.
///
/// # Errors
/// When something cannot be started, or a watcher misses anything.
pub async fn run(options: &LiveOptions, progress: &dyn Progress) -> anyhow::Result<LiveReport> {
    options.programs.check_node()?;
    // The node keeps half of its descriptors for its other listener.
    allow_files(2 * options.subscribers as u64 + 2_000)?;
    let bare_bytes_per_connection = bare(options).await.context("the bare server")?;
    let clock = Clock::start();
    let server = Server::frugal_node(&options.programs).await?;
    let caller = Caller::new(Client::new(std::slice::from_ref(&server.http), CONNECTIONS)?, clock);
    let mut house = House::open(caller, &server.operator_password, 8, stadium::plan()?, progress).await?;
    let show = house.show().await?;
    let (tell, told) = watch::channel(false);
    let reading = tokio::spawn({
        let (authority, event) = (server.http.clone(), show.id.clone());
        async move { read_all(&authority, &event, told).await }
    });
    sleep(Duration::from_secs(1)).await;
    let before = resident_bytes(server.pid)?;
    let crowd = Crowd::gather(&server.http, &show.id, options.subscribers, clock)?;
    gathered(&crowd, options.subscribers).await?;
    progress.note("everybody watches");
    let sent = take_seats(&house, &show, options.changes_per_s, options.seconds, clock).await?;
    sleep(LAST_WITHIN).await;
    let after = resident_bytes(server.pid)?;
    ensure!(!crowd.has_lost(), "a watcher was sent away");
    tell.send_replace(true);
    let versions = reading.await??;
    let arrivals = tokio::task::spawn_blocking(move || crowd.leave()).await??;
    server.stop().await;
    let latency = latency(&sent, &versions, &arrivals, options.subscribers)?;
    let ms = |us: u64| us as f64 / 1_000.0;
    Ok(LiveReport {
        subscribers: options.subscribers,
        changes: sent.len(),
        updates: arrivals.len().saturating_sub(1),
        p50_ms: ms(latency.value_at_quantile(0.5)),
        p99_ms: ms(latency.value_at_quantile(0.99)),
        max_ms: ms(latency.max()),
        bytes_per_subscriber: after.saturating_sub(before) / options.subscribers as u64,
        bare_bytes_per_connection,
    })
}

async fn gathered(crowd: &Crowd, people: usize) -> anyhow::Result<()> {
    let all = async {
        while crowd.joined() < people && !crowd.has_lost() {
            sleep(Duration::from_millis(50)).await;
        }
    };
    let gathered = tokio::time::timeout(GATHERED_WITHIN, all).await;
    ensure!(gathered.is_ok() && !crowd.has_lost(), "only {} of {people} can watch", crowd.joined());
    Ok(())
}

/// Takes seats of all the map, one a hold, at their times; when each hold was sent.
pub(crate) async fn take_seats(
    house: &House,
    show: &Show,
    per_s: u32,
    seconds: Duration,
    clock: Clock,
) -> anyhow::Result<BTreeMap<String, u64>> {
    let count = u64::from(per_s) * seconds.as_secs();
    let places = show.seats.len() as u64;
    ensure!(places >= count && !places.is_multiple_of(STRIDE), "the house has no {count} seats far apart");
    let start = clock.now_us();
    let path = format!("/events/{}/holds", show.id);
    let mut under_way = FuturesUnordered::new();
    for number in 0..count {
        let seat = &show.seats[(number * STRIDE % places) as usize];
        let ask = Ask::new(Method::POST, path.clone());
        let ask = ask.bearer(&house.tokens[number as usize % house.tokens.len()]);
        let ask = ask.json(&json!({ "ticketIds": [seat.ticket] }));
        let due = start + number * 1_000_000 / u64::from(per_s);
        under_way.push(async move {
            sleep_until(clock.at(due)).await;
            let sent = clock.now_us();
            house.caller.must(&ask).await?;
            Ok::<_, anyhow::Error>((seat.ticket.clone(), sent))
        });
    }
    let mut sent = BTreeMap::new();
    while let Some(held) = under_way.next().await {
        let (ticket, at) = held?;
        sent.insert(ticket, at);
    }
    Ok(sent)
}

fn latency(
    sent: &BTreeMap<String, u64>,
    versions: &BTreeMap<String, u64>,
    arrivals: &Arrivals,
    people: usize,
) -> anyhow::Result<Histogram<u64>> {
    let mut latency = Histogram::new(3)?;
    for (ticket, sent) in sent {
        let version = versions.get(ticket).with_context(|| format!("nobody was told of {ticket}"))?;
        let seen = arrivals.get(version).map_or(&[][..], Vec::as_slice);
        ensure!(seen.len() == people, "version {version} reached {} of {people}", seen.len());
        for at in seen {
            latency.record(at.saturating_sub(*sent))?;
        }
    }
    Ok(latency)
}

/// What a connection costs a bare server that keeps it for the next request.
async fn bare(options: &LiveOptions) -> anyhow::Result<u64> {
    let server = Server::constant(&options.programs, 200, 400).await?;
    let mut idle = vec![ask_once(&server.http).await?];
    let before = resident_bytes(server.pid)?;
    for _ in 0..options.subscribers {
        idle.push(ask_once(&server.http).await?);
    }
    let after = resident_bytes(server.pid)?;
    server.stop().await;
    Ok(after.saturating_sub(before) / options.subscribers as u64)
}

async fn ask_once(authority: &str) -> anyhow::Result<TcpStream> {
    let mut stream = TcpStream::connect(authority).await?;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: bare\r\n\r\n").await?;
    let mut answer = [0; 1_024];
    ensure!(stream.read(&mut answer).await? > 0, "no answer");
    Ok(stream)
}

/// The resident set of a process.
fn resident_bytes(pid: u32) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).context("the server has ended")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib * 1024)
}

/// Makes sure that this program, and what it starts, may have so many files open.
fn allow_files(needed: u64) -> anyhow::Result<()> {
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= needed) {
        return Ok(());
    }
    let maximum = limit.maximum.map(|maximum| maximum.max(needed));
    setrlimit(Resource::Nofile, Rlimit { current: Some(needed), maximum }).with_context(|| {
        format!(
            "{needed} open files are needed, and the system allows fewer; raise its hard limit (`ulimit -Hn`)"
        )
    })
}
