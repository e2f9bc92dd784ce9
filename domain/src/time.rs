//! Time as data: instants are numbers that someone stamped, and a shard has a time of its own.
//!
//! Nothing here reads a clock. Hazard: a wall clock that jumps must neither revive nor end a hold, so deadlines are
//! only ever compared with [`ShardTime`], which never goes back and follows the wall clock gently.

use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct UnixMillis(u64);

impl UnixMillis {
    /// The instant this many milliseconds after the epoch.
    #[must_use]
    pub const fn new(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn millis(self) -> u64 {
        self.0
    }

    /// This instant and `millis` more; the far end of time instead of an overflow.
    #[must_use]
    pub const fn plus_ms(self, millis: u64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// Milliseconds from `earlier` to this instant, zero if it is not earlier.
    #[must_use]
    pub const fn since_ms(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// What the two clocks of a machine say at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reading {
    /// The wall clock: may jump either way.
    pub wall: UnixMillis,
    /// Milliseconds of a clock that never goes back and never jumps.
    pub monotonic_ms: u64,
}

/// The time of a shard on one node, shared by the owners of its events: it outlives every one of them.
pub type SharedTime = Arc<Mutex<ShardTime>>;

/// The time of one shard: continues from the owner's last stamp, runs with the monotonic clock, and drifts to
/// the wall clock by at most one part in [`ShardTime::SLEW`].
#[derive(Debug, Clone, Copy)]
pub struct ShardTime {
    now: UnixMillis,
    monotonic_ms: u64,
    /// Milliseconds of drift earned but not yet a whole step.
    slew_credit_ms: u64,
}

impl ShardTime {
    /// One millisecond of correction for this many milliseconds passed: a hold of ten minutes is never more than 0.6 s longer
    /// or shorter for it, which is more than a clock that is kept right ever needs. One that is an hour off is followed for
    /// six weeks; it should be set right instead.
    pub const SLEW: u64 = 1_000;

    /// Starts from the last stamp in the state, or from the wall clock where that is later: after a restart nothing
    /// else tells how long the node was away.
    #[must_use]
    pub fn resume(last_stamp: UnixMillis, reading: Reading) -> Self {
        Self { now: last_stamp.max(reading.wall), monotonic_ms: reading.monotonic_ms, slew_credit_ms: 0 }
    }

    /// Goes on in a process that has kept this time before: what its own clock has counted since then holds, also where
    /// the wall clock has jumped. Others may have stamped meanwhile.
    pub fn continue_after(&mut self, last_stamp: UnixMillis, reading: Reading) {
        self.now = self.advance(reading).max(last_stamp);
    }

    /// Takes over what the shard's owner said a moment ago: a replica that only follows has no time of its own.
    pub fn follow(&mut self, told: UnixMillis, reading: Reading) {
        *self = Self { now: told, monotonic_ms: reading.monotonic_ms, slew_credit_ms: 0 };
    }

    /// Milliseconds of the monotonic clock that may be slept from `now` without missing `deadline`, however fast this
    /// time drifts: it then comes a little too early, never too late.
    #[must_use]
    pub const fn sleep_ms(now: UnixMillis, deadline: UnixMillis) -> u64 {
        deadline.since_ms(now).saturating_mul(Self::SLEW) / (Self::SLEW + 1)
    }

    /// The shard's time at `reading`; never earlier than any answer before.
    pub fn advance(&mut self, reading: Reading) -> UnixMillis {
        let passed = reading.monotonic_ms.saturating_sub(self.monotonic_ms);
        self.monotonic_ms = self.monotonic_ms.max(reading.monotonic_ms);
        self.slew_credit_ms += passed;
        let whole_steps = self.slew_credit_ms / Self::SLEW;
        self.slew_credit_ms %= Self::SLEW;
        let straight = self.now.plus_ms(passed);
        self.now = if straight < reading.wall {
            straight.plus_ms(whole_steps.min(reading.wall.since_ms(straight)))
        } else {
            let back = whole_steps.min(straight.since_ms(reading.wall)).min(passed);
            UnixMillis::new(straight.millis() - back)
        };
        self.now
    }
}

#[cfg(test)]
mod test {
    use super::*;

    fn at(wall: u64, monotonic_ms: u64) -> Reading {
        Reading { wall: UnixMillis::new(wall), monotonic_ms }
    }

    #[test]
    fn a_jump_of_the_wall_clock_is_not_followed_at_once() {
        for jumped in [1_000_000 + 3_600_000, 0] {
            let mut time = ShardTime::resume(UnixMillis::new(1_000_000), at(1_000_000, 0));
            let now = time.advance(at(jumped, 1_000)).millis();
            assert!((1_000_950..=1_001_050).contains(&now), "{now}");
        }
    }

    #[test]
    fn it_never_goes_back_and_meets_the_wall_clock_in_the_end() {
        let mut time = ShardTime::resume(UnixMillis::new(500_000), at(490_000, 0));
        let mut last = UnixMillis::new(500_000);
        for step in 1..=3_000_u64 {
            let now = time.advance(at(490_000 + step * 10_000, step * 10_000));
            assert!(now >= last);
            last = now;
        }
        assert_eq!(last, UnixMillis::new(490_000 + 30_000_000));
    }

    #[test]
    fn a_time_that_is_kept_goes_on_with_its_own_clock_whatever_the_wall_clock_says() {
        for wall in [0, 5_000_000] {
            let mut time = ShardTime::resume(UnixMillis::new(0), at(1_000_000, 0));
            time.continue_after(UnixMillis::new(1_000_000), at(wall, 2_000));
            let now = time.advance(at(wall, 2_000)).millis();
            assert!((1_001_900..=1_002_100).contains(&now), "{now}");
            time.continue_after(UnixMillis::new(1_500_000), at(wall, 2_000));
            assert_eq!(time.advance(at(wall, 2_000)), UnixMillis::new(1_500_000), "stamped by somebody else");
        }
    }

    #[test]
    fn a_sleep_is_never_too_long_however_the_time_drifts() {
        for wall in [0, 1_000_000, 9_000_000] {
            let mut time = ShardTime::resume(UnixMillis::new(0), at(1_000_000, 0));
            let deadline = UnixMillis::new(1_600_000);
            let (mut monotonic_ms, mut sleeps) = (0, 0);
            time.advance(at(wall, 0));
            loop {
                let now = time.advance(at(wall, monotonic_ms));
                if now >= deadline {
                    assert!(now.since_ms(deadline) <= 1, "{} ms late", now.since_ms(deadline));
                    break;
                }
                monotonic_ms += ShardTime::sleep_ms(now, deadline).max(1);
                sleeps += 1;
            }
            assert!(sleeps < 50, "{sleeps} sleeps for one deadline");
        }
    }

    #[test]
    fn a_restart_never_revives_what_had_been_stamped() {
        let mut time = ShardTime::resume(UnixMillis::new(9_000), at(5_000, 77));
        assert!(time.advance(at(5_000, 77)) >= UnixMillis::new(9_000));
    }
}
