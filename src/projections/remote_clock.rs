//! ⑧ How old what a source says is when it is read: by the source's own clock, so that what has waited in a buffer, or
//! for a process that stood still, does not look new.
//!
//! Owns the difference of two monotonic clocks. Hazard: nobody can know it exactly. A message is read after it was
//! written, so the source's clock is ahead of what the message says; the one that has travelled fastest comes nearest to
//! the truth and is kept, and the others are older by what they have taken longer. Clocks drift: a thousandth of the time
//! since is taken off, which is more than two well-kept clocks drift apart.

use std::time::Duration;

use crate::clock::Moment;

/// What is known of the clock of a source.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct RemoteClock(Option<Reading>);

#[derive(Debug, Clone, Copy)]
struct Reading {
    remote_ms: u64,
    at: Moment,
}

impl RemoteClock {
    /// The moment at which the source's clock showed `at_ms`, which has just been read of it; the clock itself shows
    /// `shows_ms` or more by now, where that is known.
    pub(super) fn moment(&mut self, at_ms: u64, shows_ms: Option<u64>) -> Option<Moment> {
        let now = Moment::now();
        let known = self.0.map(|reading| reading.shows(now));
        let remote_ms = at_ms.max(shows_ms.unwrap_or(0));
        if known.is_none_or(|known| known <= remote_ms) {
            self.0 = Some(Reading { remote_ms, at: now });
        }
        let shows_ms = remote_ms.max(known.unwrap_or(0));
        Moment::ago(Duration::from_millis(shows_ms - at_ms))
    }
}

impl Reading {
    fn shows(self, now: Moment) -> u64 {
        let passed = u64::try_from(now.since(self.at).as_millis()).unwrap_or(u64::MAX);
        self.remote_ms.saturating_add(passed - passed / 1_000)
    }
}

#[cfg(test)]
mod test {
    use tokio::time::advance;

    use super::*;

    async fn pass(ms: u64) {
        advance(Duration::from_millis(ms)).await;
    }

    fn age(clock: &mut RemoteClock, at_ms: u64, shows_ms: Option<u64>) -> u64 {
        clock.moment(at_ms, shows_ms).unwrap().age().as_millis() as u64
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_held_up_is_old() {
        pass(100_000).await;
        let mut clock = RemoteClock::default();
        assert_eq!(age(&mut clock, 5_000, None), 0, "nothing else is known");
        pass(500).await;
        assert_eq!(age(&mut clock, 5_100, None), 400);
        assert_eq!(age(&mut clock, 5_500, None), 0);
        assert_eq!(age(&mut clock, 5_500, Some(5_600)), 100, "another one knows better");
        pass(10_000).await;
        // A thousandth for the drift.
        assert_eq!(age(&mut clock, 5_600, None), 9_990);
    }
}
