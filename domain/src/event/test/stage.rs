//! One play, performed by a sale and by its naive twin side by side; compares them after every step.

use std::collections::BTreeSet;

use super::plays::{Act, Play, Step};
use super::scene::{START, Scene};
use super::twin::{Answer, Told, Twin};
use crate::event::{Caller, Command, Hold, Key, MAX_HOLD_AGE_MS, Refusal, amend, wind_up};
use crate::ids::{HoldNumber, SeatIndex};
use crate::time::{Reading, ShardTime, UnixMillis};

/// A request as it would come again from a client that saw no answer.
pub(super) type Request = (Caller, Option<Key>, Command);

pub(super) struct Stage {
    pub(super) scene: Scene,
    pub(super) twin: Twin,
    pub(super) requests: Vec<Request>,
    pub(super) refusals: BTreeSet<&'static str>,
    time: ShardTime,
    reading: Reading,
}

impl Stage {
    pub(super) fn new(play: &Play) -> Self {
        let scene = Scene::of(play.sections.clone(), play.terms.clone());
        let reading = Reading { wall: START, monotonic_ms: 10_000 };
        Self {
            twin: Twin::new(&scene.map, &play.terms, START),
            time: ShardTime::resume(START, reading),
            scene,
            reading,
            requests: Vec::new(),
            refusals: BTreeSet::new(),
        }
    }

    pub(super) fn step(&mut self, step: &Step) {
        let monotonic_ms = self.reading.monotonic_ms.saturating_add_signed(step.passed_ms);
        let truth = START.millis() + monotonic_ms;
        let wall = UnixMillis::new(truth.saturating_add_signed(step.wall_off_ms));
        self.reading = Reading { wall, monotonic_ms };
        let now = match step.act {
            Act::ChangeOwner => {
                self.time = ShardTime::resume(self.scene.sale().last_stamp(), self.reading);
                self.time.advance(self.reading)
            }
            _ => self.time.advance(self.reading),
        };
        (self.scene.now, self.twin.now) = (now, now);
        self.scene.expire();
        self.twin.expire();
        self.assert_nothing_due();
        self.assert_same_state();
        self.by_itself(&step.act);
        if let Some((caller, key, command)) = self.request(step) {
            let told = self.scene.play(caller, key, &command);
            let told = told.map(|it| Answer { outcome: it.outcome, settled: it.settled }).map_err(unworded);
            self.refusals.extend(told.as_ref().err().map(Refusal::code));
            let expected: Told = self.twin.play(caller, key, &command);
            assert_eq!(told, expected, "{command:?} of {caller:?} with {key:?} at {now:?}");
            self.assert_same_state();
            self.requests.push((caller, key, command));
        }
    }

    /// What an owner does that nobody asks for.
    fn by_itself(&mut self, act: &Act) {
        let decided = match act {
            Act::WindUp { at_most } => {
                self.twin.wind_up(*at_most);
                wind_up(self.scene.sale(), *at_most)
            }
            Act::Forget => {
                self.twin.forget();
                amend(self.scene.sale(), None)
            }
            _ => return,
        };
        decided.facts.into_iter().for_each(|fact| self.scene.happen(fact));
        self.assert_same_state();
    }

    pub(super) fn assert_same_state(&self) {
        let (sale, twin, now) = (self.scene.sale(), &self.twin, self.scene.now);
        assert_eq!(sale.closing(), twin.closing);
        let killed = (0..sale.seats()).map(SeatIndex::new).filter(|seat| twin.killed[seat.number() as usize]);
        assert!(sale.killed().eq(killed));
        for seat in (0..sale.seats()).map(SeatIndex::new) {
            assert_eq!(sale.claim(seat), Some(twin.claim(seat)), "{seat:?}");
        }
        let alive = twin.holds.iter().enumerate().filter(|(_, held)| held.ended.is_none());
        let alive: Vec<(HoldNumber, &Hold)> =
            alive.map(|(number, held)| (HoldNumber::new(number as u32), &held.hold)).collect();
        assert_eq!(sale.holds().collect::<Vec<_>>(), alive);
        let bookings: Vec<_> = sale.bookings().map(|(_, booking)| booking).collect();
        assert_eq!(bookings, twin.bookings.iter().collect::<Vec<_>>());
        for user in
            alive.iter().map(|(_, hold)| hold.buyer).chain(bookings.iter().map(|booking| booking.buyer))
        {
            assert_eq!(sale.tickets_of(user), twin.tickets_of(user), "{user:?}");
            let theirs = bookings.iter().copied().filter(|booking| booking.buyer == user);
            assert!(sale.bookings_of(user).map(|(_, booking)| booking).eq(theirs), "{user:?}");
            let theirs = alive.iter().copied().filter(|(_, hold)| hold.buyer == user);
            assert!(sale.live_holds_of(user).eq(theirs), "{user:?}");
        }
        for (_, hold) in &alive {
            assert!(hold.expires_at <= hold.created_at.plus_ms(MAX_HOLD_AGE_MS));
        }
        assert!(now >= sale.last_stamp());
    }

    /// Nothing that is due is still there. Not so right after a declined payment: the next expiry ends its hold.
    pub(super) fn assert_nothing_due(&self) {
        assert!(self.scene.sale().next_deadline().is_none_or(|deadline| deadline > self.scene.now));
        for (_, hold) in self.scene.sale().holds().filter(|(_, hold)| hold.paying.is_none()) {
            assert!(hold.expires_at > self.scene.now, "{hold:?} at {:?}", self.scene.now);
        }
    }
}

fn unworded(refusal: Refusal) -> Refusal {
    match refusal {
        Refusal::Invalid { pointer, .. } => Refusal::Invalid { pointer, message: "" },
        other => other,
    }
}
