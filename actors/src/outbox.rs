//! ⑧ What an owner does about the open deliveries of its sale: which is sent when, and what becomes of one that failed.
//!
//! Owns when each is due and how often it was tried; both are forgotten with the owner, and the next one begins anew with
//! what is open in the replicated state. Sends nothing itself: that is the courier's. Hazard: a delivery must not leave
//! before the fact that asks for it is on disk, so only those that are get in here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use actix::Addr;
use domain::event::{Channel, Ended};
use domain::ids::DeliveryNumber;
use domain::ports::{Courier, Delivered, Errand, Persistence, Random, SendFault};

use crate::answer::Fault;
use crate::event::{EventActor, Report};

/// Deliveries of one event and channel that are on their way at a time.
const AT_A_TIME: usize = 8;

/// How long the courier's outcome waits before it is reported again to an owner whose queues are full.
const RETRY: Duration = Duration::from_millis(50);

/// The deliveries of one owner. Each channel has places of its own: a receiver that takes its time holds up nobody else.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    lanes: BTreeMap<Channel, Lane>,
    /// Of those that failed: how often.
    failed: BTreeMap<DeliveryNumber, u32>,
}

#[derive(Debug, Default)]
struct Lane {
    /// By when, in milliseconds of the monotonic clock.
    due: BTreeSet<(u64, DeliveryNumber)>,
    under_way: BTreeSet<DeliveryNumber>,
}

/// What is to become of a delivery.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// It is over, and that is to be written down.
    End(Ended),
    /// It is tried again after so long.
    Again(u64),
}

impl Lane {
    /// When the next is due, while there is a place for it. The others wait for a report.
    fn next_ms(&self) -> Option<u64> {
        let place = self.under_way.len() < AT_A_TIME;
        self.due.first().filter(|_| place).map(|(due_ms, _)| *due_ms)
    }
}

impl Agenda {
    /// To be sent at `at_ms`.
    pub(crate) fn put(&mut self, by: Channel, at_ms: u64, number: DeliveryNumber) {
        self.lanes.entry(by).or_default().due.insert((at_ms, number));
    }

    /// The next one to send at `now_ms`, if there is a place for it.
    pub(crate) fn begin(&mut self, now_ms: u64) -> Option<(Channel, DeliveryNumber)> {
        let ready = |lane: &Lane| lane.next_ms().is_some_and(|due_ms| due_ms <= now_ms);
        let (by, lane) = self.lanes.iter_mut().find(|(_, lane)| ready(lane))?;
        let (_, number) = lane.due.pop_first()?;
        lane.under_way.insert(number);
        Some((*by, number))
    }

    /// It is no longer under way.
    pub(crate) fn back(&mut self, by: Channel, number: DeliveryNumber) {
        if let Some(lane) = self.lanes.get_mut(&by) {
            lane.under_way.remove(&number);
        }
    }

    /// It is over.
    pub(crate) fn forget(&mut self, by: Channel, number: DeliveryNumber) {
        self.back(by, number);
        self.failed.remove(&number);
    }

    /// It has failed once more; gives how often it has now.
    pub(crate) fn fail(&mut self, number: DeliveryNumber) -> u32 {
        let failed = self.failed.entry(number).or_default();
        *failed = failed.saturating_add(1);
        *failed
    }

    /// When the next is due for which there is a place.
    pub(crate) fn next_ms(&self) -> Option<u64> {
        self.lanes.values().filter_map(Lane::next_ms).min()
    }
}

/// What follows from an outcome for a delivery of that age that has failed so often, this time included.
pub(crate) fn next(
    outcome: Result<Delivered, SendFault>,
    age_ms: u64,
    failed: impl FnOnce() -> u32,
    persistence: Persistence,
    random: &dyn Random,
) -> Next {
    match outcome {
        Ok(Delivered::Sent) => Next::End(Ended::Sent),
        Ok(Delivered::NobodyThere) => Next::End(Ended::NobodyThere),
        Err(SendFault::Never(why)) => Next::End(Ended::GivenUp(why)),
        Err(SendFault::Later(why)) if age_ms >= persistence.give_up_after_ms => {
            Next::End(Ended::GivenUp(why))
        }
        Err(SendFault::Later(_)) => Next::Again(pause_ms(failed(), persistence, random)),
    }
}

/// Doubles with every failure, up to the longest; then up to a fifth is taken off by chance, so that what failed
/// together does not come back together.
fn pause_ms(failed: u32, persistence: Persistence, random: &dyn Random) -> u64 {
    let doubled = persistence.first_retry_ms.saturating_mul(1 << failed.saturating_sub(1).min(32));
    let longest = doubled.min(persistence.longest_retry_ms);
    let mut bytes = [0; 8];
    random.fill(&mut bytes);
    longest - u64::from_le_bytes(bytes) % (longest / 5 + 1)
}

/// Has `errand` delivered and reports to `owner` until that has taken the outcome or is gone.
pub(crate) async fn run(courier: Arc<dyn Courier>, errand: Errand, owner: Addr<EventActor>) {
    let (delivery, by) = (errand.id.part, errand.delivery.by);
    let outcome = courier.deliver(errand).await;
    report(&owner, || Report::Outcome { delivery, by, outcome: outcome.clone() }).await;
}

/// Tells `owner` until it has taken the report or is gone.
pub(crate) async fn report(owner: &Addr<EventActor>, report: impl Fn() -> Report) {
    while let Ok(Err(Fault::Overloaded)) = owner.send(report()).await {
        tokio::time::sleep(RETRY).await;
    }
}

#[cfg(test)]
mod test {
    use super::*;

    const PERSISTENCE: Persistence =
        Persistence { first_retry_ms: 5_000, longest_retry_ms: 60_000, give_up_after_ms: 100_000 };

    struct Always(u8);

    impl Random for Always {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    fn number(number: u32) -> DeliveryNumber {
        DeliveryNumber::new(number)
    }

    #[test]
    fn pauses_double_up_to_the_longest_and_differ_by_chance() {
        let pauses: Vec<u64> = (1..=6).map(|failed| pause_ms(failed, PERSISTENCE, &Always(0))).collect();
        assert_eq!(pauses, [5_000, 10_000, 20_000, 40_000, 60_000, 60_000]);
        for failed in [1, 3, 40, u32::MAX] {
            let (least, most) =
                (pause_ms(failed, PERSISTENCE, &Always(0xff)), pause_ms(failed, PERSISTENCE, &Always(0)));
            assert!(least < most && least >= most - most / 5, "{failed}: {least} to {most}");
        }
    }

    #[test]
    fn what_fails_is_tried_again_until_it_is_too_old() {
        let later = || Err(SendFault::Later("busy".into()));
        let next = |outcome, age_ms| next(outcome, age_ms, || 1, PERSISTENCE, &Always(0));
        assert_eq!(next(later(), 99_999), Next::Again(5_000));
        assert_eq!(next(later(), 100_000), Next::End(Ended::GivenUp("busy".into())));
        assert_eq!(next(Err(SendFault::Never("no".into())), 0), Next::End(Ended::GivenUp("no".into())));
        assert_eq!(next(Ok(Delivered::Sent), 200_000), Next::End(Ended::Sent));
        assert_eq!(next(Ok(Delivered::NobodyThere), 0), Next::End(Ended::NobodyThere));
    }

    #[test]
    fn a_delivery_waits_for_its_time_and_for_a_place() {
        let mut agenda = Agenda::default();
        agenda.put(Channel::Mail, 50, number(99));
        (0..20).for_each(|at| agenda.put(Channel::Mail, 10, number(at)));
        assert_eq!((agenda.next_ms(), agenda.begin(9)), (Some(10), None));
        let begun = std::iter::from_fn(|| agenda.begin(10)).map(|(_, number)| number);
        assert_eq!(begun.collect::<Vec<_>>(), (0..AT_A_TIME as u32).map(number).collect::<Vec<_>>());
        assert_eq!(agenda.next_ms(), None, "the others wait for a report");
        agenda.put(Channel::Sms, 10, number(50));
        assert_eq!(agenda.begin(10), Some((Channel::Sms, number(50))), "other channels do not");
        agenda.forget(Channel::Mail, number(3));
        assert_eq!(agenda.begin(10), Some((Channel::Mail, number(AT_A_TIME as u32))));
    }

    #[test]
    fn failures_are_counted_until_it_is_over() {
        let mut agenda = Agenda::default();
        assert_eq!((agenda.fail(number(1)), agenda.fail(number(1))), (1, 2));
        agenda.forget(Channel::Mail, number(1));
        assert_eq!(agenda.fail(number(1)), 1);
    }
}
