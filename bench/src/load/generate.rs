//! The generator: sends the orders of a run, closed or open loop, and says what came of them.
//!
//! Owns: threads, each with a runtime, connections and a tally of its own, so that nothing is shared but the turn for
//! the next order. Hazard: it shares its cores with the server, so the figures of a run say what this machine does
//! with both; that is why everything is compared with the constant in the same run.

mod client;
mod line;

use super::mix::Mix;
use super::orders::Orders;
use super::schedule::Schedule;
use super::tally::{Tally, Window};
use crate::ambient::Clock;
use anyhow::{Context, bail};
use client::Client;
use line::Line;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Builder;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{sleep_until, timeout_at};

/// Connections are made before anything is sent, within this time.
const CONNECTING_US: u64 = 500_000;
/// What is under way when measuring ends is waited for, so that the next run finds the server idle.
const GRACE_US: u64 = 10_000_000;
/// The timer rings on whole milliseconds; that much of a delay is the generator's own and no latency.
const TIMER_GRAIN_US: u64 = 1_000;

/// When requests are sent.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pace {
    /// Each connection sends its next one when the last is answered.
    Closed,
    /// When they are due, whatever became of the others.
    Open(Open),
}

/// How an open loop goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Open {
    pub(crate) rate_per_s: f64,
    /// So many may wait for a connection; those who find that many waiting are not sent, and counted.
    pub(crate) line: usize,
    pub(crate) seed: u64,
}

/// One run of the generator.
pub(crate) struct Drive {
    pub(crate) authority: String,
    pub(crate) orders: Orders,
    pub(crate) mix: Mix,
    pub(crate) pace: Pace,
    pub(crate) connections: usize,
    pub(crate) threads: usize,
    pub(crate) warm_up: Duration,
    pub(crate) lasts: Duration,
    /// Whether samples of the answers are looked into.
    pub(crate) is_checked: bool,
}

/// A run that has begun.
pub(crate) struct Running {
    pub(crate) window: Window,
    drive: Arc<Drive>,
    threads: JoinSet<anyhow::Result<Tally>>,
}

/// What the tasks of one thread share.
struct Bench {
    drive: Arc<Drive>,
    clock: Clock,
    starts_us: u64,
    window: Window,
    tally: RefCell<Tally>,
}

impl Drive {
    /// Begins a run; its window lies a little ahead.
    pub(crate) fn start(self, clock: Clock) -> Running {
        let starts_us = clock.now_us() + CONNECTING_US;
        let from_us = starts_us + self.warm_up.as_micros() as u64;
        let window = Window { from_us, until_us: from_us + self.lasts.as_micros() as u64 };
        let drive = Arc::new(self);
        let mut threads = JoinSet::new();
        for number in 0..drive.threads {
            let drive = drive.clone();
            threads.spawn_blocking(move || generate(drive, number, clock, starts_us, window));
        }
        Running { window, drive, threads }
    }
}

impl Running {
    /// Waits until the run is over; gives back the orders that were not sent.
    pub(crate) async fn end(mut self) -> anyhow::Result<(Tally, Orders)> {
        let mut tally = Tally::new();
        while let Some(ended) = self.threads.join_next().await {
            tally.merge(ended.context("a generator's thread failed")??);
        }
        let drive = Arc::into_inner(self.drive).context("a generator's thread is still there")?;
        Ok((tally, drive.orders))
    }
}

fn generate(
    drive: Arc<Drive>,
    number: usize,
    clock: Clock,
    starts_us: u64,
    window: Window,
) -> anyhow::Result<Tally> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let bench = Rc::new(Bench { drive, clock, starts_us, window, tally: RefCell::new(Tally::new()) });
    LocalSet::new().block_on(&runtime, work(bench.clone(), number))?;
    drop(runtime);
    let bench = Rc::into_inner(bench).context("a connection's task outlived its runtime")?;
    Ok(bench.tally.into_inner())
}

/// All of one thread: its clients, and the arrivals of an open loop.
async fn work(bench: Rc<Bench>, number: usize) -> anyhow::Result<()> {
    let drive = bench.drive.clone();
    let share = share_of(drive.connections, drive.threads, number);
    let line = Rc::new(Line::new());
    let mut clients = JoinSet::new();
    for _ in 0..share {
        let client = Client::new(bench.clone());
        match drive.pace {
            Pace::Closed => clients.spawn_local(client.send_and_send_again()),
            Pace::Open(_) => clients.spawn_local(client.serve_the_line(line.clone())),
        };
    }
    if let Pace::Open(open) = drive.pace {
        arrivals(&bench, &line, open, number).await;
        line.close(share);
    }
    let patience = bench.clock.at(bench.window.until_us + GRACE_US);
    while let Ok(Some(ended)) = timeout_at(patience, clients.join_next()).await {
        ended.context("a connection's task failed")?;
    }
    if !clients.is_empty() {
        bail!("{} requests had no answer {} s after the end", clients.len(), GRACE_US / 1_000_000);
    }
    Ok(())
}

/// Puts requests into the line when they are due.
async fn arrivals(bench: &Bench, line: &Line, open: Open, number: usize) {
    let threads = bench.drive.threads;
    let rate_per_s = open.rate_per_s / threads as f64;
    let seed = open.seed + number as u64;
    let room = open.line / threads;
    for due_us in Schedule::new(rate_per_s, bench.starts_us, seed) {
        if due_us >= bench.window.until_us {
            break;
        }
        if due_us > bench.clock.now_us() {
            sleep_until(bench.clock.at(due_us)).await;
        }
        let from_us = bench.clock.now_us().min(due_us + TIMER_GRAIN_US);
        let is_in_line = line.join(from_us, room);
        if bench.window.contains(due_us) {
            let mut tally = bench.tally.borrow_mut();
            tally.due += 1;
            tally.unsent += u64::from(!is_in_line);
        }
    }
}

/// The connections of one thread.
fn share_of(connections: usize, threads: usize, number: usize) -> usize {
    connections / threads + usize::from(number < connections % threads)
}

#[cfg(test)]
mod test {
    use super::share_of;

    #[test]
    fn every_connection_belongs_to_one_thread() {
        for (connections, threads) in [(64, 1), (64, 3), (1, 2), (1_000, 7)] {
            let shares: Vec<usize> =
                (0..threads).map(|number| share_of(connections, threads, number)).collect();
            assert_eq!(shares.iter().sum::<usize>(), connections);
            assert!(shares.iter().max().unwrap() - shares.iter().min().unwrap() <= 1);
        }
    }
}
