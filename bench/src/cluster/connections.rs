//! Ten thousand buyers at once, each with a connection of its own: hold, book, think.
//!
//! Owns: that a connection that could not be made, one that broke, and a fault are told apart.

use super::open_files;
use super::report::{Goal, SceneReport};
use super::town::Town;
use super::{ACCOUNTS, ClusterOptions, Scene, THREE_VOTERS};
use crate::ambient::Clock;
use crate::load::Mix;
use crate::load::house::parties;
use crate::load::lane::Lane;
use crate::load::orders::{Order, Orders, Recipe};
use crate::progress::Progress;
use crate::replay::wire::{Created, parse};
use crate::report::Collector;
use crate::rng::Rng;
use crate::stadium;
use hyper::Uri;
use hyper::body::Bytes;
use serde_json::json;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{sleep_until, timeout};

const STORAGE: u32 = 3;
/// On average, between two purchases of one buyer.
const THINK: Duration = Duration::from_secs(10);
/// Connections are made so many a second.
const CONNECTS_PER_S: usize = 2_000;
/// An answer takes no longer than the node's own deadline.
const ANSWER: Duration = Duration::from_secs(31);

/// What all buyers saw.
struct Seen {
    connects_failed: u64,
    broken: u64,
    busy: u64,
    other_5xx: u64,
    refused: u64,
    dry: u64,
    hold: Collector,
    booking: Collector,
    fault: Option<String>,
}

/// What the buyers of one node share.
struct Door {
    clock: Clock,
    authority: String,
    orders: Orders,
    until_us: u64,
    seen: Arc<Mutex<Seen>>,
}

pub(super) async fn connections(
    options: &ClusterOptions,
    clock: Clock,
    progress: &dyn Progress,
) -> anyhow::Result<SceneReport> {
    let count = options.connections;
    open_files::allow(count)?;
    let town = Town::open(&options.programs, STORAGE, 0, clock, progress).await?;
    let mut house = town.house(ACCOUNTS, stadium::plan()?, progress).await?;
    let ramp_s = count as f64 / CONNECTS_PER_S as f64;
    let needed = count as f64 * (1.0 + (options.seconds.as_secs_f64() + ramp_s) / THINK.as_secs_f64());
    let mut shares: Vec<Vec<Order>> = (0..STORAGE).map(|_| Vec::new()).collect();
    while (shares.iter().map(Vec::len).sum::<usize>() as f64) < needed * 1.5 {
        let placed = town.show(&mut house).await?;
        let recipe = Recipe { mix: Mix::HoldConfirm, keys: Some(&house.prefix), batch: 1, seed: 1 };
        let orders = recipe.orders(&placed.show.id, parties(&placed.show.seats, 1))?;
        for (number, order) in orders.into_iter().enumerate() {
            shares[number % STORAGE as usize].push(order);
        }
    }
    let seen = Arc::new(Mutex::new(Seen::new()));
    let starts_us = clock.now_us() + (ramp_s * 1e6) as u64;
    let until_us = starts_us + options.seconds.as_micros() as u64;
    let mut doors = Vec::new();
    for (authority, orders) in town.all_http().into_iter().zip(shares) {
        let orders = Orders::none(&authority, &house.tokens)?.and(orders);
        doors.push(Arc::new(Door { clock, authority, orders, until_us, seen: seen.clone() }));
    }
    let mut buyers = JoinSet::new();
    for number in 0..count {
        let begins_us = starts_us - ((count - number) as f64 / CONNECTS_PER_S as f64 * 1e6) as u64;
        buyers.spawn(doors[number % doors.len()].clone().buy_and_buy_again(number as u64, begins_us));
    }
    progress.note(&format!("{count} buyers are on their way"));
    while buyers.join_next().await.is_some() {}
    town.stop().await;
    drop(doors);
    let seen = Arc::into_inner(seen).map(Mutex::into_inner);
    let seen = seen.expect("all buyers have gone home").expect("no holder of this lock panics");
    Ok(report(options, &seen))
}

impl Seen {
    fn new() -> Self {
        Self {
            connects_failed: 0,
            broken: 0,
            busy: 0,
            other_5xx: 0,
            refused: 0,
            dry: 0,
            hold: Collector::new(),
            booking: Collector::new(),
            fault: None,
        }
    }
}

impl Door {
    async fn buy_and_buy_again(self: Arc<Self>, seed: u64, begins_us: u64) {
        let (mut rng, mut lane) = (Rng::new(seed), Lane::new(&self.authority));
        sleep_until(self.clock.at(begins_us)).await;
        while self.clock.now_us() < self.until_us {
            if let Err(fault) = lane.open().await {
                let mut seen = self.seen();
                seen.connects_failed += 1;
                seen.fault.get_or_insert_with(|| format!("{fault:#}"));
            } else {
                self.buy(&mut lane).await;
            }
            let next_us = self.clock.now_us() + THINK.mul_f64(2.0 * rng.unit()).as_micros() as u64;
            sleep_until(self.clock.at(next_us.min(self.until_us))).await;
        }
    }

    async fn buy(&self, lane: &mut Lane) {
        let Some(number) = self.orders.take() else {
            self.seen().dry += 1;
            return;
        };
        let Some(body) = self.ask(lane, self.orders.request(number), false).await else { return };
        let Ok(hold) = parse::<Created>(&body) else { return };
        let payment = json!({ "provider": "test", "token": "tok_visa" });
        let booking = json!({ "holdId": hold.id, "payment": payment }).to_string();
        let request = self.orders.post(number, Uri::from_static("/bookings"), booking.into());
        self.ask(lane, request, true).await;
    }

    /// The body of a success.
    async fn ask(
        &self,
        lane: &mut Lane,
        request: hyper::Request<http_body_util::Full<Bytes>>,
        is_booking: bool,
    ) -> Option<Bytes> {
        let from_us = self.clock.now_us();
        let answered = timeout(ANSWER, lane.send(request)).await;
        let took_us = self.clock.now_us() - from_us;
        let mut seen = self.seen();
        let (status, body) = match answered {
            Ok(Ok(answer)) => answer,
            Ok(Err(fault)) => {
                seen.broken += 1;
                seen.fault.get_or_insert_with(|| format!("{fault:#}"));
                return None;
            }
            Err(_) => {
                seen.broken += 1;
                return None;
            }
        };
        match status {
            201 if is_booking => seen.booking.add(took_us),
            201 => seen.hold.add(took_us),
            503 | 429 => seen.busy += 1,
            500.. => seen.other_5xx += 1,
            _ => seen.refused += 1,
        }
        if status != 201 {
            let text = || format!("an answer {status}: {}", String::from_utf8_lossy(&body));
            seen.fault.get_or_insert_with(text);
        }
        (status == 201).then_some(body)
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().expect("no holder of this lock panics")
    }
}

fn report(options: &ClusterOptions, seen: &Seen) -> SceneReport {
    let conditions = format!(
        "{} connections at three nodes, each: hold, book, think {} s on average; {} s after all are there",
        options.connections,
        THINK.as_secs(),
        options.seconds.as_secs()
    );
    let mut report = SceneReport::new(Scene::Connections, conditions, THREE_VOTERS);
    let none = Goal::at_most(0.0, 0.0);
    report.figure("connections not made", "", [seen.connects_failed as f64], none);
    report.figure("connections broken or without an answer", "", [seen.broken as f64], none);
    report.figure("answers 503 or 429", "", [seen.busy as f64], none);
    report.figure("other answers 5xx", "", [seen.other_5xx as f64], none);
    report.figure("refused for another reason", "", [seen.refused as f64], None);
    let (hold, booking) = (seen.hold.latency(), seen.booking.latency());
    report.figure("holds", "", [hold.count as f64], None);
    report.latency("hold", &hold, None);
    report.figure("bookings", "", [booking.count as f64], None);
    report.latency("booking", &booking, None);
    if seen.dry > 0 {
        report.notes.push(format!("{} visits found no seat left to ask for", seen.dry));
    }
    report.fault(seen.fault.as_ref());
    report
}
