//! One call with all its attempts: sent until it is answered, refused, or out of time.
//!
//! Owns: when a call is repeated (with the same idempotency key, so that repeating is safe) and for how long. What a
//! call found out goes into the history with the bounds that the client knows.

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
    /// Attempts after the first one of a call.
    pub(crate) retries: AtomicU64,
    /// Attempts that died without an answer.
    pub(crate) broken: AtomicU64,
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
        Self { client, clock, retries: AtomicU64::new(0), broken: AtomicU64::new(0) }
    }

    /// Sends `ask` until it is answered for good, or until `give_up_us`.
    pub(crate) async fn call(&self, ask: &Ask, give_up_us: u64) -> Called {
        let give_up = self.clock.at(give_up_us);
        let mut called = Called {
            attempts: 0,
            invoked_us: 0,
            ended_us: 0,
            result: Err("no connection came free in time".into()),
        };
        let mut pause = FIRST_PAUSE;
        loop {
            let Ok(lane) = timeout_at(give_up, self.client.lane()).await else { break };
            if called.attempts == 0 {
                called.invoked_us = self.clock.now_us();
            } else {
                self.retries.fetch_add(1, Ordering::Relaxed);
            }
            called.attempts += 1;
            called.result = match timeout(ATTEMPT_TIMEOUT, lane.send(ask)).await {
                Ok(answer) => answer.map_err(|fault| format!("{fault:#}")),
                Err(_) => Err(format!("no answer within {} s", ATTEMPT_TIMEOUT.as_secs())),
            };
            let Some(wanted) = pause_before_retry(&called.result, pause) else { break };
            if called.result.is_err() {
                self.broken.fetch_add(1, Ordering::Relaxed);
            }
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
        let called = self.call(ask, self.clock.now_us() + PATIENCE_US).await;
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
        Ok(answer) if answer.status >= 500 || answer.status == 429 || is_in_flight(answer) => {
            Some(answer.retry_after.unwrap_or(pause))
        }
        Ok(_) => None,
    }
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
