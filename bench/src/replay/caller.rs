//! One call with all its attempts: sent until it is answered, refused, or out of time.
//!
//! Owns: when a call is repeated (with the same idempotency key, so that repeating is safe), at which target, and for how
//! long. What a call found out goes into the history with the bounds that the client knows.

use super::http::{Answer, Ask, Client};
use super::wire::{Problem, parse};
use crate::ambient::Clock;
use anyhow::{Context, bail};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::{sleep, timeout, timeout_at};

/// An attempt without an answer is given up after this.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);
/// The first pause before trying again, doubled each time.
const FIRST_PAUSE: Duration = Duration::from_millis(25);
const LONGEST_PAUSE: Duration = Duration::from_millis(800);
/// Calls before and after the run, which nobody measures, are tried for so long.
const PATIENCE_US: u64 = 60_000_000;

/// Makes calls, and counts what it took.
pub(crate) struct Caller {
    pub(crate) client: Client,
    pub(crate) clock: Clock,
    attempts: AtomicU64,
    retries: AtomicU64,
    broken: AtomicU64,
    busy: AtomicU64,
}

/// What calls took so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Requests sent, or tried to.
    pub(crate) attempts: u64,
    /// Attempts after the first one of a call.
    pub(crate) retries: u64,
    /// Attempts that died without an answer.
    pub(crate) broken: u64,
    /// Attempts that were answered 5xx or 429.
    pub(crate) busy: u64,
}

impl Counts {
    /// What came after `earlier`.
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self {
            attempts: self.attempts - earlier.attempts,
            retries: self.retries - earlier.retries,
            broken: self.broken - earlier.broken,
            busy: self.busy - earlier.busy,
        }
    }
}

/// What came of a call.
pub(crate) struct Called {
    /// How often it was sent.
    pub(crate) attempts: u32,
    /// When it was sent first, or given up without having been sent.
    pub(crate) invoked_us: u64,
    pub(crate) ended_us: u64,
    /// The last answer, or why there was none.
    pub(crate) result: Result<Answer, String>,
}

impl Caller {
    pub(crate) fn new(client: Client, clock: Clock) -> Self {
        let [attempts, retries, broken, busy] = std::array::from_fn(|_| AtomicU64::new(0));
        Self { client, clock, attempts, retries, broken, busy }
    }

    pub(crate) fn counts(&self) -> Counts {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            attempts: of(&self.attempts),
            retries: of(&self.retries),
            broken: of(&self.broken),
            busy: of(&self.busy),
        }
    }

    /// Sends `ask` until it is answered for good, or until `give_up_us`; every attempt goes to another target.
    pub(crate) async fn call(&self, ask: &Ask, give_up_us: u64) -> Called {
        self.call_from(self.client.turn(), ask, give_up_us).await
    }

    /// The same, beginning with one target.
    async fn call_from(&self, first: usize, ask: &Ask, give_up_us: u64) -> Called {
        let give_up = self.clock.at(give_up_us);
        let mut called = Called {
            attempts: 0,
            invoked_us: 0,
            ended_us: 0,
            result: Err("no connection came free in time".into()),
        };
        let mut pause = FIRST_PAUSE;
        loop {
            let target = first + called.attempts as usize;
            let Ok(lane) = timeout_at(give_up, self.client.lane_to(target)).await else { break };
            if called.attempts == 0 {
                called.invoked_us = self.clock.now_us();
            } else {
                self.retries.fetch_add(1, Ordering::Relaxed);
            }
            called.attempts += 1;
            self.attempts.fetch_add(1, Ordering::Relaxed);
            called.result = match timeout(ATTEMPT_TIMEOUT, lane.send(ask)).await {
                Ok(answer) => answer.map_err(|fault| format!("{fault:#}")),
                Err(_) => Err(format!("no answer within {} s", ATTEMPT_TIMEOUT.as_secs())),
            };
            match &called.result {
                Err(_) => self.broken.fetch_add(1, Ordering::Relaxed),
                Ok(answer) if is_busy(answer) => self.busy.fetch_add(1, Ordering::Relaxed),
                Ok(_) => 0,
            };
            let Some(wanted) = pause_before_retry(&called.result, pause) else { break };
            if self.clock.at(self.clock.now_us()) + wanted >= give_up {
                break;
            }
            sleep(wanted).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        called.ended_us = self.clock.now_us();
        if called.attempts == 0 {
            called.invoked_us = called.ended_us;
        }
        called
    }

    /// A call outside the measured run, which has to succeed.
    pub(crate) async fn must(&self, ask: &Ask) -> anyhow::Result<Answer> {
        self.must_from(self.client.turn(), ask).await
    }

    /// The same, at the first target while it answers: what it has just made, another one may not know yet.
    pub(crate) async fn must_at_home(&self, ask: &Ask) -> anyhow::Result<Answer> {
        self.must_from(0, ask).await
    }

    async fn must_from(&self, first: usize, ask: &Ask) -> anyhow::Result<Answer> {
        let called = self.call_from(first, ask, self.clock.now_us() + PATIENCE_US).await;
        let what = || format!("{} {}", ask.method, ask.path);
        let answer = called.result.map_err(anyhow::Error::msg).with_context(what)?;
        if !(200..300).contains(&answer.status) {
            let problem: Problem = parse(&answer.body).unwrap_or_default();
            bail!("{} was answered {} {}: {}", what(), answer.status, problem.code, problem.detail);
        }
        Ok(answer)
    }
}

/// How long to wait before another attempt; none when the result stands.
fn pause_before_retry(result: &Result<Answer, String>, pause: Duration) -> Option<Duration> {
    match result {
        Err(_) => Some(pause),
        Ok(answer) if is_busy(answer) || is_in_flight(answer) => Some(answer.retry_after.unwrap_or(pause)),
        Ok(_) => None,
    }
}

/// Whether the node could not do now what it was asked.
fn is_busy(answer: &Answer) -> bool {
    answer.status >= 500 || answer.status == 429
}

/// Whether an earlier attempt with this key is still being worked on.
fn is_in_flight(answer: &Answer) -> bool {
    answer.status == 409
        && parse::<Problem>(&answer.body).is_ok_and(|problem| problem.code == "idempotency-in-flight")
}

#[cfg(test)]
mod test {
    use super::{Answer, pause_before_retry};
    use std::time::Duration;

    fn answer(status: u16, retry_after: Option<u64>, body: &'static str) -> Result<Answer, String> {
        Ok(Answer { status, retry_after: retry_after.map(Duration::from_secs), body: body.into() })
    }

    #[test]
    fn only_what_may_still_succeed_is_tried_again() {
        let pause = Duration::from_millis(25);
        let pause_of = |result| pause_before_retry(&result, pause);
        assert_eq!(pause_of(Err("reset".into())), Some(pause));
        assert_eq!(pause_of(answer(503, Some(2), "")), Some(Duration::from_secs(2)));
        assert_eq!(pause_of(answer(503, None, "")), Some(pause));
        assert_eq!(pause_of(answer(429, None, "")), Some(pause));
        assert_eq!(pause_of(answer(409, None, r#"{"code":"idempotency-in-flight"}"#)), Some(pause));
        for (status, body) in [(409, r#"{"code":"sold-out"}"#), (409, "?"), (201, ""), (410, ""), (402, "")] {
            assert_eq!(pause_of(answer(status, Some(1), body)), None);
        }
    }
}
