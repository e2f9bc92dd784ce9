//! What happens is told once it is on disk, again where that failed, and also by the next owner.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use domain::event::{Channel, Notice};
use domain::ids::{DeliveryId, DeliveryNumber, EndpointId, EventId};
use domain::ports::{BoxFuture, Courier, Delivered, Errand, Persistence, SendFault};

use super::world::{EVENT, World, book, booked, held, hold, scene, settle_down, settled};

const MINUTE_MS: u64 = 60 * 1000;

/// Answers by its script, and then takes everything. Remembers what it was given.
#[derive(Default)]
pub(super) struct TestCourier {
    ways: Mutex<Vec<Channel>>,
    script: Mutex<VecDeque<Result<Delivered, SendFault>>>,
    sent: Mutex<Vec<(DeliveryId, Channel)>>,
}

impl TestCourier {
    fn sent(&self) -> Vec<(u32, Channel)> {
        self.sent.lock().unwrap().iter().map(|(id, by)| (id.part.number(), *by)).collect()
    }

    fn tell_by(&self, ways: &[Channel]) {
        *self.ways.lock().unwrap() = ways.to_vec();
    }

    fn answer(&self, script: impl IntoIterator<Item = Result<Delivered, SendFault>>) {
        self.script.lock().unwrap().extend(script);
    }
}

impl Courier for TestCourier {
    fn ways(&self, event: EventId, _notice: &Notice) -> Vec<Channel> {
        assert_eq!(event, EVENT);
        self.ways.lock().unwrap().clone()
    }

    fn persistence(&self) -> Persistence {
        Persistence { first_retry_ms: 5_000, longest_retry_ms: MINUTE_MS, give_up_after_ms: 20 * MINUTE_MS }
    }

    fn deliver(&self, errand: Errand) -> BoxFuture<Result<Delivered, SendFault>> {
        assert!(errand.booking.is_some());
        self.sent.lock().unwrap().push((errand.id, errand.delivery.by));
        let outcome = self.script.lock().unwrap().pop_front().unwrap_or(Ok(Delivered::Sent));
        Box::pin(std::future::ready(outcome))
    }
}

fn later() -> Result<Delivered, SendFault> {
    Err(SendFault::Later("busy".into()))
}

/// Open deliveries, and how many were given up.
fn outbox(world: &World) -> (usize, u64) {
    world.journal.committed(EVENT, |sale| (sale.outbox().open().len(), sale.outbox().all_given_up()))
}

async fn buy(world: &World, seat: u32) {
    let held = held(world.ask(1, hold(&[seat])).await);
    booked(settled(world.ask(1, book(held.hold, "tok_visa")).await).await);
}

#[test]
fn nobody_is_told_where_there_are_no_ways() {
    scene(16, |world| async move {
        buy(&world, 3).await;
        settle_down().await;
        assert_eq!((world.courier.sent(), outbox(&world)), (Vec::new(), (0, 0)));
    });
}

#[test]
fn what_happened_is_told_by_every_way_and_then_it_is_over() {
    scene(16, |world| async move {
        let ways = [Channel::Mail, Channel::Webhook(EndpointId::new(9))];
        world.courier.tell_by(&ways);
        buy(&world, 3).await;
        settle_down().await;
        assert_eq!(world.courier.sent(), [(0, ways[0]), (1, ways[1])]);
        assert_eq!(outbox(&world), (0, 0));
    });
}

#[test]
fn nothing_is_told_before_it_is_on_disk() {
    scene(16, |world| async move {
        world.courier.tell_by(&[Channel::Mail]);
        let held = held(world.ask(1, hold(&[3])).await);
        world.journal.hold_back();
        let _booking = world.begin(1, book(held.hold, "tok_visa"));
        settle_down().await;
        world.journal.lose_leadership();
        settle_down().await;
        assert!(world.courier.sent().is_empty(), "told of a booking that never was");
    });
}

#[test]
fn what_failed_is_sent_again_under_the_same_number() {
    scene(16, |world| async move {
        world.courier.tell_by(&[Channel::Mail]);
        world.courier.answer([later(), later()]);
        buy(&world, 3).await;
        settle_down().await;
        assert_eq!((world.courier.sent().len(), outbox(&world)), (1, (1, 0)));
        tokio::time::sleep(Duration::from_secs(20)).await;
        assert_eq!(world.courier.sent(), [(0, Channel::Mail); 3]);
        assert_eq!(outbox(&world), (0, 0));
    });
}

#[test]
fn what_keeps_failing_is_given_up_after_its_time_and_what_can_never_be_sent_at_once() {
    scene(16, |world| async move {
        world.courier.tell_by(&[Channel::Mail]);
        world.courier.answer([Err(SendFault::Never("the mail server answers 550".into()))]);
        buy(&world, 3).await;
        settle_down().await;
        assert_eq!(outbox(&world), (0, 1));

        world.courier.answer(std::iter::repeat_with(later).take(1_000));
        buy(&world, 4).await;
        tokio::time::sleep(Duration::from_millis(19 * MINUTE_MS)).await;
        assert_eq!(outbox(&world), (1, 1));
        tokio::time::sleep(Duration::from_millis(3 * MINUTE_MS)).await;
        assert_eq!(outbox(&world), (0, 2));
        let why = world.journal.committed(EVENT, |sale| {
            sale.outbox().given_up().map(|given_up| given_up.why.clone()).collect::<Vec<_>>()
        });
        assert_eq!(why, ["the mail server answers 550", "busy"]);
    });
}

#[test]
fn the_next_owner_goes_on_with_what_is_open() {
    scene(16, |world| async move {
        world.courier.tell_by(&[Channel::Mail]);
        world.courier.answer([later()]);
        buy(&world, 3).await;
        settle_down().await;
        world.kill_actor().await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(world.courier.sent(), [(0, Channel::Mail); 2], "sent again under the same number");
        assert_eq!(outbox(&world), (0, 0));
        assert_eq!(world.courier.sent.lock().unwrap()[1].0, DeliveryId::new(EVENT, DeliveryNumber::new(0)));
    });
}
