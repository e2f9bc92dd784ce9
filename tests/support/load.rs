//! Buyers who go on while nodes die, and the verdict on all that they saw; and whether replicas say the same.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use bench::ambient::Clock;
use bench::checker::Limits;
use bench::plan::{Prices, VenuePlan};
use bench::progress::Progress;
use bench::replay::{Operator, ReplayOptions, ReplayOutcome, run};
use bench::trace::{Ending, Preference, SeatName, Session};
use domain::time::ShardTime;
use serde_json::Value;

use super::cluster::{Cluster, PAYMENT_MS, SETTLES_WITHIN, list};
use super::{Sale, eventually};

/// Seconds that every hold lasts.
const TTL_SECONDS: u32 = 4;

/// Buyers under way.
pub struct Load {
    playing: JoinHandle<anyhow::Result<ReplayOutcome>>,
    /// Its zero is when the first buyer came.
    clock: Clock,
}

/// What became of them.
pub struct Outcome {
    pub outcome: ReplayOutcome,
    /// When acknowledged calls ended, in milliseconds since the first buyer came, in order.
    acknowledged: Vec<u64>,
}

impl Load {
    /// So many buyers for a sale, evenly over a window, at all nodes in turn. From when this returns, they come.
    pub fn start(cluster: &Cluster, sale: &Sale, buyers: u32, window: Duration) -> Self {
        Self::start_at(cluster.targets(), cluster, sale, buyers, window)
    }

    /// The same at these addresses.
    #[track_caller]
    pub fn start_at(
        targets: Vec<String>,
        cluster: &Cluster,
        sale: &Sale,
        buyers: u32,
        window: Duration,
    ) -> Self {
        let seats = u32::try_from(sale.tickets.len()).expect("few seats");
        let sessions = sessions(buyers, seats, window);
        let prices = Prices::flat(&[]);
        let plan = VenuePlan { seat_map: Value::Null, prices };
        let token = cluster.operator(cluster.living()[0]).token().to_owned();
        let options = ReplayOptions {
            operator: Operator::Token(token),
            events: HashMap::from([("sale".to_owned(), sale.event.clone())]),
            accounts: 8,
            ttl_seconds: TTL_SECONDS,
            connections: 64,
            limits: Limits {
                payment_us: PAYMENT_MS * 1_000,
                // A new owner goes on from what it has heard of the time, and drifts to the wall clock from there.
                clock_rate_part: ShardTime::SLEW,
                ..Limits::default()
            },
            ..ReplayOptions::new(targets, sessions, plan)
        };
        let (tell, began) = sync_channel(1);
        let playing = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(run(options, Arc::new(Began(tell))))
        });
        if began.recv_timeout(SETTLES_WITHIN).is_err() {
            let why = if playing.is_finished() { playing.join().map(|ended| ended.err()).ok() } else { None };
            panic!("the buyers do not come: {why:#?}\n{}", cluster.logs());
        }
        Self { playing, clock: Clock::start() }
    }

    /// Milliseconds since the first buyer came.
    pub fn now_ms(&self) -> u64 {
        self.clock.now_us() / 1_000
    }

    /// Waits until so much of the window is over.
    pub fn at_ms(&self, ms: u64) {
        std::thread::sleep(Duration::from_millis(ms.saturating_sub(self.now_ms())));
    }

    /// Waits until the last buyer has left and everything is judged; every promise must have been kept.
    #[track_caller]
    pub fn finish(self, cluster: &Cluster) -> Outcome {
        let outcome = self.playing.join().expect("the replay does not panic");
        let outcome = outcome.unwrap_or_else(|fault| panic!("{fault:#}\n{}", cluster.logs()));
        let (verdict, text) = (&outcome.report.verdict, outcome.report.text());
        assert!(
            verdict.is_clean() && verdict.audited,
            "{text}\n{:#?}\n{}",
            verdict.violations,
            cluster.logs()
        );
        assert!(outcome.report.figures.bookings > 0, "{text}");
        let began = outcome.report.context.started_us;
        let acknowledged = outcome.history.operations.iter().filter(|call| call.outcome.is_acknowledged());
        let mut acknowledged: Vec<u64> =
            acknowledged.map(|call| call.ended_us.saturating_sub(began) / 1_000).collect();
        acknowledged.sort_unstable();
        Outcome { outcome, acknowledged }
    }
}

impl Outcome {
    /// How long after `ms` the next success came.
    pub fn first_success_after(&self, ms: u64) -> u64 {
        let next = self.acknowledged.iter().find(|at| **at > ms);
        *next.unwrap_or_else(|| panic!("no success after {ms} ms: {}", self.text())) - ms
    }

    /// The longest time without any success between two instants.
    pub fn longest_gap(&self, from: u64, to: u64) -> u64 {
        let within: Vec<u64> =
            self.acknowledged.iter().copied().filter(|at| (from..=to).contains(at)).collect();
        within.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(to - from)
    }

    /// Calls whose fate their callers never learnt.
    pub fn unknown(&self) -> u64 {
        self.outcome.report.verdict.unknown
    }

    /// How it went, in one line.
    pub fn line(&self) -> String {
        let (context, verdict) = (&self.outcome.report.context, &self.outcome.report.verdict);
        format!(
            "{} calls, {} holds, {} bookings, {} attempts answered 503 or broken ({} of them broken), {} unknown",
            verdict.operations,
            verdict.holds,
            verdict.bookings,
            context.retries,
            context.broken_attempts,
            verdict.unknown
        )
    }

    pub fn text(&self) -> String {
        self.outcome.report.text()
    }
}

/// Tells when the first buyer comes.
struct Began(SyncSender<()>);

impl Progress for Began {
    fn begin(&self, phase: &str, _total: u64) {
        if phase == "buyers" {
            let _told = self.0.try_send(());
        }
    }
    fn at(&self, _done: u64, _message: &str) {}
    fn end(&self, _message: &str) {}
    fn note(&self, _line: &str) {}
}

/// Half want what is best, half the same few seats; most pay, the others do all else that buyers do.
fn sessions(buyers: u32, seats: u32, window: Duration) -> Vec<Session> {
    let window_ms = u64::try_from(window.as_millis()).expect("a short window");
    let session = |number: u32| Session {
        arrive_ms: window_ms * u64::from(number) / u64::from(buyers),
        buyer: number.to_string(),
        event: "sale".to_owned(),
        quantity: 1 + number % 2,
        preference: preference(number, seats),
        think_ms: 100 + u64::from(number * 37 % 200),
        outcome: match number % 10 {
            0 => Ending::Abandon,
            1 | 2 => Ending::Release,
            3 => Ending::Cancel,
            _ => Ending::Confirm,
        },
    };
    (0..buyers).map(session).collect()
}

fn preference(number: u32, seats: u32) -> Preference {
    if number.is_multiple_of(2) {
        return Preference::Best;
    }
    // Three neighbours in time want the same two seats.
    let first = seats - 2 * (number / 6 % (seats / 2)) - 1;
    let seat = |seat: u32| SeatName { section: "A".into(), row: Some("1".into()), seat: seat.to_string() };
    Preference::Seats(vec![seat(first), seat(first + 1)])
}

/// Waits until every living node says the same of the seats, their owners and the facts of a sale.
#[track_caller]
pub fn replicas_agree(cluster: &Cluster, sale: &Sale) {
    replicas_agree_at(cluster, sale, &cluster.living());
}

/// The same for some nodes.
#[track_caller]
pub fn replicas_agree_at(cluster: &Cluster, sale: &Sale, living: &[u32]) {
    let mut said = Vec::new();
    for _ in 0..100 {
        said = living.iter().map(|number| state_at(cluster, sale, *number)).collect::<Vec<_>>();
        if said.windows(2).all(|pair| pair[0] == pair[1]) {
            assert!(!list(&said[0][2], "facts").is_empty(), "a seat has a history: {:#}", said[0][2]);
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    for (number, state) in living.iter().zip(&said) {
        for (part, mine) in state.iter().enumerate().filter(|(part, mine)| *mine != &said[0][*part]) {
            eprintln!("part {part} at node {}: {:.2000}", living[0], said[0][part]);
            eprintln!("part {part} at node {number}: {mine:.2000}");
        }
    }
    panic!("replicas differ\n{}", cluster.logs());
}

/// What a node says from its own replica: the seats with their version, who has them, and the history of some seats.
fn state_at(cluster: &Cluster, sale: &Sale, number: u32) -> Vec<Value> {
    let event = &sale.event;
    let seats = cluster.client(number).get(&format!("/events/{event}/seats")).expect(200);
    let owners = cluster.operator(number).get(&format!("/events/{event}/seats")).expect(200);
    let admin = cluster.admin(number);
    let every = (sale.tickets.len() / 4).max(1);
    let history = sale
        .tickets
        .iter()
        .step_by(every)
        .map(|ticket| admin.get(&format!("/admin/events/{event}/seats/{ticket}/history")).expect(200));
    [seats, owners].into_iter().chain(history).collect()
}

/// Waits until a seat has this status at a node.
#[track_caller]
pub fn await_seat(cluster: &Cluster, sale: &Sale, number: u32, seat: usize, status: &str) {
    let client = cluster.client(number);
    eventually(&format!("seat {seat} is {status}"), SETTLES_WITHIN, || {
        (sale.status(&client, seat) == status).then_some(())
    });
}
