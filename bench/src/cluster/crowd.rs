//! Buyers who go on buying whatever happens to the nodes, and what they saw.
//!
//! Owns: the seats they ask for, when each acknowledgement came, and what became of every attempt. One buyer's visit is
//! in [`super::visit`]. They are paced: each thinks between visits, so that an outage is counted by how long it lasts.

use super::town::Placed;
use super::visit::buy_and_buy_again;
use crate::ambient::Clock;
use crate::load::house::House;
use crate::replay::http::Client;
use anyhow::{Context, bail};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

const LOOK_EVERY: Duration = Duration::from_millis(2);
/// Whoever is in the middle of a visit at the end may finish it.
const LAST_VISIT: Duration = Duration::from_secs(60);

/// How buyers behave.
#[derive(Clone, Copy)]
pub(super) struct Habits {
    pub(super) clients: usize,
    /// Between two visits, and before an attempt is repeated.
    pub(super) think: Duration,
    /// Every so many holds one is paid for; never with 0.
    pub(super) pays_every: usize,
}

/// An event's seats, each asked for once.
pub(super) struct Stall {
    pub(super) event: String,
    pub(super) tickets: Vec<String>,
    next: AtomicUsize,
}

/// An acknowledged hold.
pub(super) struct Ack {
    pub(super) stall: Arc<Stall>,
    pub(super) ticket: usize,
    /// The buyer's place among the accounts.
    pub(super) buyer: usize,
    /// When the attempt was sent that was acknowledged.
    pub(super) sent_us: u64,
    pub(super) at_us: u64,
    pub(super) is_paid: bool,
}

/// What became of attempts.
#[derive(Clone, Debug, Default)]
pub(super) struct Attempts {
    /// Answered as asked, or refused for a reason of business.
    pub(super) answered: u64,
    /// 503 and 429.
    pub(super) busy: u64,
    /// No connection, or one that broke.
    pub(super) broken: u64,
    /// No answer in time.
    pub(super) silent: u64,
    /// Any other answer.
    pub(super) faults: u64,
    /// The first of those.
    pub(super) fault: Option<String>,
}

/// What they saw, acknowledgements in the order in which they came.
#[derive(Default)]
pub(super) struct Log {
    pub(super) acks: Vec<Ack>,
    pub(super) attempts: Attempts,
    /// The longest that a visit's hold took, with all its attempts.
    pub(super) longest_us: u64,
}

/// What all buyers share.
pub(super) struct Shared {
    pub(super) client: Client,
    pub(super) clock: Clock,
    pub(super) tokens: Vec<String>,
    pub(super) prefix: String,
    pub(super) habits: Habits,
    stalls: Mutex<Vec<Arc<Stall>>>,
    log: Mutex<Log>,
    stop: AtomicBool,
}

/// Buyers at work.
pub(super) struct Crowd {
    shared: Arc<Shared>,
    buyers: JoinSet<()>,
}

impl Crowd {
    /// Lets buyers come to all of these nodes for these events.
    pub(super) fn start(
        nodes: &[String],
        house: &House,
        shows: Vec<Placed>,
        habits: Habits,
        clock: Clock,
    ) -> anyhow::Result<Self> {
        let shared = Arc::new(Shared {
            client: Client::new(nodes, habits.clients)?,
            clock,
            tokens: house.tokens.clone(),
            prefix: house.prefix.clone(),
            habits,
            stalls: Mutex::default(),
            log: Mutex::default(),
            stop: AtomicBool::new(false),
        });
        shared.sell(shows);
        let mut buyers = JoinSet::new();
        for number in 0..habits.clients {
            buyers.spawn(buy_and_buy_again(shared.clone(), number));
        }
        Ok(Self { shared, buyers })
    }

    /// Sells these events instead.
    pub(super) fn sell(&self, shows: Vec<Placed>) {
        self.shared.sell(shows);
    }

    /// How many seats nobody has asked for.
    pub(super) fn left(&self) -> usize {
        let stalls = self.shared.stalls.lock().expect("no holder of this lock panics");
        stalls.iter().map(|stall| stall.left()).sum()
    }

    /// Looks at what they saw so far.
    pub(super) fn with_log<T>(&self, look: impl FnOnce(&Log) -> T) -> T {
        look(&self.shared.log())
    }

    /// When the first acknowledgement came for something that was sent after `us`, waited for.
    pub(super) async fn first_after(&self, us: u64, patience: Duration) -> anyhow::Result<u64> {
        let first = async {
            loop {
                if let Some(at_us) = self.with_log(|log| log.first_after(us)) {
                    return at_us;
                }
                sleep(LOOK_EVERY).await;
            }
        };
        timeout(patience, first).await.with_context(|| {
            let attempts = self.with_log(|log| log.attempts.clone());
            format!("nothing was acknowledged for {} s: {attempts:?}", patience.as_secs())
        })
    }

    /// Lets everybody finish and go home; what they saw.
    pub(super) async fn end(mut self) -> anyhow::Result<Log> {
        self.shared.stop.store(true, Ordering::Relaxed);
        let gone = async { while self.buyers.join_next().await.is_some() {} };
        if timeout(LAST_VISIT, gone).await.is_err() {
            bail!("buyers were still waiting for an answer {} s after the end", LAST_VISIT.as_secs());
        }
        Ok(std::mem::take(&mut *self.shared.log()))
    }
}

impl Shared {
    pub(super) fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().expect("no holder of this lock panics")
    }

    pub(super) fn is_over(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// A seat that nobody has asked for, best of the event that is this client's.
    pub(super) fn next(&self, client: usize) -> Option<(Arc<Stall>, usize)> {
        let stalls = self.stalls.lock().expect("no holder of this lock panics");
        let own = client % stalls.len().max(1);
        let mut all = stalls[own..].iter().chain(&stalls[..own]);
        all.find_map(|stall| Some((stall.clone(), stall.take()?)))
    }

    fn sell(&self, shows: Vec<Placed>) {
        let stall = |placed: Placed| {
            let tickets = placed.show.seats.into_iter().map(|seat| seat.ticket).collect();
            Arc::new(Stall::new(placed.show.id, tickets))
        };
        let stalls = shows.into_iter().map(stall).collect();
        *self.stalls.lock().expect("no holder of this lock panics") = stalls;
    }
}

impl Stall {
    pub(super) fn new(event: String, tickets: Vec<String>) -> Self {
        Self { event, tickets, next: AtomicUsize::new(0) }
    }

    fn take(&self) -> Option<usize> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        (number < self.tickets.len()).then_some(number)
    }

    fn left(&self) -> usize {
        self.tickets.len().saturating_sub(self.next.load(Ordering::Relaxed))
    }
}

impl Attempts {
    pub(super) fn all(&self) -> u64 {
        self.answered + self.busy + self.broken + self.silent + self.faults
    }
}

impl Log {
    fn first_after(&self, us: u64) -> Option<u64> {
        let late = self.acks.iter().rev().take_while(|ack| ack.at_us > us);
        late.filter(|ack| ack.sent_us > us).map(|ack| ack.at_us).min()
    }

    /// The longest time without an acknowledgement that began or ended between two instants.
    pub(super) fn longest_gap_us(&self, from_us: u64, until_us: u64) -> u64 {
        let times = self.acks.iter().map(|ack| ack.at_us).collect::<Vec<_>>();
        let gaps = times.windows(2).filter(|pair| pair[1] > from_us && pair[0] < until_us);
        gaps.map(|pair| pair[1] - pair[0]).max().unwrap_or(until_us - from_us)
    }

    /// Acknowledgements a second, bucket by bucket, from `from_us` on.
    pub(super) fn course(&self, from_us: u64, bucket: Duration) -> Vec<(f64, f64)> {
        let (width_us, width_s) = (bucket.as_micros() as u64, bucket.as_secs_f64());
        let places = self.acks.iter().filter(|ack| ack.at_us >= from_us);
        let places = places.map(|ack| ((ack.at_us - from_us) / width_us) as usize);
        let mut counts: Vec<u64> = Vec::new();
        for place in places {
            counts.resize(counts.len().max(place + 1), 0);
            counts[place] += 1;
        }
        let point = |(place, count): (usize, u64)| (place as f64 * width_s, count as f64 / width_s);
        counts.into_iter().enumerate().map(point).collect()
    }
}

#[cfg(test)]
mod test {
    use super::{Ack, Log, Stall};
    use std::sync::Arc;
    use std::time::Duration;

    fn log(acks: &[(u64, u64)]) -> Log {
        let stall = Arc::new(Stall::new("evt_1".into(), Vec::new()));
        let ack = |&(sent_us, at_us): &(u64, u64)| Ack {
            stall: stall.clone(),
            ticket: 0,
            buyer: 0,
            sent_us,
            at_us,
            is_paid: false,
        };
        Log { acks: acks.iter().map(ack).collect(), ..Log::default() }
    }

    #[test]
    fn what_was_under_way_before_a_kill_is_no_new_acknowledgement() {
        let log = log(&[(10, 20), (90, 101), (95, 140), (110, 150), (105, 160)]);
        assert_eq!(log.first_after(100), Some(150));
        assert_eq!(log.first_after(150), None);
    }

    #[test]
    fn a_gap_counts_where_it_touches_the_window() {
        let log = log(&[(0, 10), (0, 20), (0, 100), (0, 110), (0, 400)]);
        assert_eq!(log.longest_gap_us(30, 90), 80);
        assert_eq!(log.longest_gap_us(101, 109), 10);
        assert_eq!(log.longest_gap_us(105, 120), 290);
        assert_eq!(log.longest_gap_us(500, 600), 100);
    }

    #[test]
    fn the_course_counts_by_the_second() {
        let log = log(&[(0, 5), (0, 1_000_000), (0, 1_200_000), (0, 3_900_000)]);
        let course = log.course(1_000_000, Duration::from_secs(1));
        assert_eq!(course, [(0.0, 2.0), (1.0, 0.0), (2.0, 1.0)]);
    }
}
