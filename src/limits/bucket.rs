//! So many within so long, for each of any number of keys: buckets that fill up evenly.
//!
//! Hazard: keys come from outside. Those whose bucket is full again are forgotten; when the table is full of others, new
//! keys are let through uncounted: a limit is no reason to refuse strangers.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use domain::ports::Clock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::state::keyed::{HashMapStateStore, ShrinkableKeyedStateStore};
use governor::{Quota, RateLimiter};

use super::TooMany;

/// About 40 bytes each.
const MOST_KEYS: usize = 200_000;
/// How often a full table is searched for what can be forgotten.
const TIDY_AFTER_MS: u64 = 1_000;

/// How many are allowed, and how to say so.
#[derive(Debug, Clone, Copy)]
pub(super) struct Allowed {
    pub(super) policy: &'static str,
    pub(super) quota: NonZeroU32,
    pub(super) window_seconds: u64,
}

/// The port in the words of the library, from the making of a bucket on.
#[derive(Clone)]
struct Passing {
    clock: Arc<dyn Clock>,
    since_ms: u64,
}

impl governor::clock::Clock for Passing {
    type Instant = Duration;

    fn now(&self) -> Duration {
        Duration::from_millis(self.clock.read().monotonic_ms.saturating_sub(self.since_ms))
    }
}

/// When each key's bucket is full again. Shared, because the library does not let one look without taking.
#[derive(Clone)]
struct Table(Arc<HashMapStateStore<u128>>);

impl StateStore for Table {
    type Key = u128;

    fn measure_and_replace<T, F, E>(&self, key: &u128, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        self.0.measure_and_replace(key, measure)
    }
}

/// What is counted of one kind.
pub(super) struct Bucket {
    allowed: Allowed,
    /// Within which one more is allowed.
    period: Duration,
    passing: Passing,
    table: Table,
    limiter: RateLimiter<u128, Table, Passing, NoOpMiddleware<Duration>>,
    tidied_ms: AtomicU64,
}

impl Bucket {
    pub(super) fn new(allowed: Allowed, clock: Arc<dyn Clock>) -> Self {
        let period = Duration::from_secs(allowed.window_seconds.max(1)) / allowed.quota.get();
        let period = period.max(Duration::from_nanos(1));
        let quota = Quota::with_period(period).expect("the period is not zero").allow_burst(allowed.quota);
        let passing = Passing { since_ms: clock.read().monotonic_ms, clock };
        let table = Table(Arc::default());
        let limiter = RateLimiter::new(quota, table.clone(), passing.clone());
        Self { allowed, period, passing, table, limiter, tidied_ms: AtomicU64::new(0) }
    }

    pub(super) fn quota(&self) -> u32 {
        self.allowed.quota.get()
    }

    /// Takes one out of the bucket of `key`.
    pub(super) fn take(&self, key: u128) -> Result<(), TooMany> {
        if !self.has_room() {
            return Ok(());
        }
        let no = |not: governor::NotUntil<Duration>| self.too_many(not.wait_time_from(self.now()));
        self.limiter.check_key(&key).map_err(no)
    }

    /// Whether there is one in the bucket of `key`.
    pub(super) fn look(&self, key: u128) -> Result<(), TooMany> {
        let seen: Result<(), Option<Nanos>> = self.table.measure_and_replace(&key, Err);
        let full_at = seen.err().flatten().map_or(Duration::ZERO, Duration::from);
        let one_at = full_at.saturating_sub(self.period * (self.quota() - 1));
        match one_at.checked_sub(self.now()) {
            Some(wait) if !wait.is_zero() => Err(self.too_many(wait)),
            _ => Ok(()),
        }
    }

    fn now(&self) -> Duration {
        governor::clock::Clock::now(&self.passing)
    }

    fn too_many(&self, wait: Duration) -> TooMany {
        let Allowed { policy, quota, window_seconds } = self.allowed;
        let retry_after_seconds = u64::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(u64::MAX).max(1);
        TooMany { policy, quota: quota.get(), window_seconds, retry_after_seconds }
    }

    /// Whether one more key has room, after forgetting those that may be.
    fn has_room(&self) -> bool {
        if self.table.0.len() < MOST_KEYS {
            return true;
        }
        let now_ms = u64::try_from(self.now().as_millis()).unwrap_or(u64::MAX);
        let tidied_ms = self.tidied_ms.load(Ordering::Relaxed);
        if tidied_ms != 0 && now_ms < tidied_ms.saturating_add(TIDY_AFTER_MS) {
            return false;
        }
        self.tidied_ms.store(now_ms.max(1), Ordering::Relaxed);
        self.table.0.retain_recent(Nanos::from(self.now()));
        self.table.0.len() < MOST_KEYS
    }
}

#[cfg(test)]
mod test {
    use std::sync::Mutex;

    use domain::time::{Reading, UnixMillis};

    use super::*;

    #[derive(Default)]
    struct Set(Mutex<u64>);

    impl Set {
        fn pass(&self, ms: u64) {
            *self.0.lock().unwrap() += ms;
        }
    }

    impl Clock for Set {
        fn read(&self) -> Reading {
            Reading { wall: UnixMillis::new(0), monotonic_ms: *self.0.lock().unwrap() }
        }
    }

    fn bucket(quota: u32) -> (Arc<Set>, Bucket) {
        let clock = Arc::<Set>::default();
        let allowed = Allowed { policy: "test", quota: NonZeroU32::new(quota).unwrap(), window_seconds: 60 };
        (clock.clone(), Bucket::new(allowed, clock))
    }

    #[test]
    fn so_many_at_once_and_then_one_after_the_other() {
        let (clock, bucket) = bucket(3);
        clock.pass(5);
        for _ in 0..3 {
            assert_eq!(bucket.look(7), Ok(()));
            assert_eq!(bucket.take(7), Ok(()));
        }
        let no = bucket.take(7).unwrap_err();
        assert_eq!(no, TooMany { policy: "test", quota: 3, window_seconds: 60, retry_after_seconds: 20 });
        assert_eq!(bucket.look(7), Err(no));
        assert_eq!(bucket.take(8), Ok(()), "another key");
        clock.pass(19_990);
        assert_eq!(bucket.look(7).unwrap_err().retry_after_seconds, 1);
        clock.pass(10);
        assert_eq!((bucket.look(7), bucket.take(7)), (Ok(()), Ok(())));
        assert!(bucket.take(7).is_err());
    }

    #[test]
    fn to_look_takes_nothing() {
        let (_, bucket) = bucket(1);
        (0..10).for_each(|_| assert_eq!(bucket.look(1), Ok(())));
        assert_eq!(bucket.take(1), Ok(()));
        assert!(bucket.look(1).is_err());
    }

    #[test]
    fn a_full_table_lets_strangers_through_and_empties_in_time() {
        let (clock, bucket) = bucket(1);
        (0..MOST_KEYS as u128).for_each(|key| assert_eq!(bucket.take(key), Ok(())));
        assert_eq!((bucket.take(u128::MAX), bucket.take(u128::MAX)), (Ok(()), Ok(())), "uncounted");
        clock.pass(61_000);
        assert_eq!(bucket.take(u128::MAX), Ok(()));
        assert!(bucket.take(u128::MAX).is_err(), "counted again");
        assert!(bucket.table.0.len() < 10);
    }
}
