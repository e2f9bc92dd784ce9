use domain::event::SeatStatus::{Booked, Held};
use domain::event::{Command, Refusal};
use domain::ids::SeatIndex;

use super::super::feeds::Feeds;
use super::super::testing::{EVENT, FromGateway, Net, Sales, TestWays, pass};
use super::*;

struct Scene {
    net: Arc<Net>,
    ways: Arc<TestWays>,
    feeds: Feeds,
    /// Nodes 1, which owns the event, and 2, which only follows.
    one: Arc<Sales>,
    two: Arc<Sales>,
}

async fn scene() -> Scene {
    let net = Arc::<Net>::default();
    let [one, two] = [1, 2].map(|node| net.add(node));
    one.own(true);
    [&one, &two].into_iter().for_each(|sales| sales.open(EVENT, 100));
    let ways = TestWays::new(&[1, 2]);
    let feeds = Feeds::new(ways.clone(), Arc::new(FromGateway(net.clone())));
    Scene { net, ways, feeds, one, two }
}

fn hold(seat: u32) -> Command {
    Command::HoldExact { seats: vec![SeatIndex::new(seat)], ttl_ms: None }
}

impl Scene {
    async fn facts(&self) -> Option<u64> {
        self.feeds.seats(EVENT).await.map(|seen| seen.seats.facts)
    }

    fn is_refused(&self, seat: u32) -> bool {
        matches!(self.feeds.refusal(EVENT, &hold(seat)), Some(Refusal::SeatUnavailable(_)))
    }

    /// One more fact wherever there is a replica.
    fn set(&self, seat: u32, status: domain::event::SeatStatus) {
        [&self.one, &self.two].into_iter().for_each(|sales| sales.set(EVENT, seat, status));
    }
}

#[tokio::test(start_paused = true)]
async fn many_readers_follow_by_one_line_and_see_every_change() {
    let scene = scene().await;
    let readers = (0..50).map(|_| scene.facts());
    assert_eq!(futures_util::future::join_all(readers).await, [Some(1); 50]);
    assert_eq!(scene.net.asked(), [("seats", 1)]);
    assert!(!scene.is_refused(3));
    scene.set(3, Held);
    pass(100).await;
    assert_eq!(scene.facts().await, Some(2));
    assert!(scene.is_refused(3));
    let other = EventId::new(8);
    scene.one.open(other, 5);
    assert_eq!(scene.feeds.seats(other).await.unwrap().seats.facts, 1);
    assert_eq!(scene.net.asked(), [("seats", 1)], "the line carries all events");
    assert_eq!(scene.feeds.figures().subscriptions, 2);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_falls_silent_ages_and_another_one_takes_over() {
    let scene = scene().await;
    scene.set(3, Held);
    scene.facts().await;
    scene.net.silent.lock().unwrap().insert(1);
    pass(200).await;
    assert!(scene.is_refused(3));
    pass(100).await;
    assert!(!scene.is_refused(3), "older than 250 ms: it is for the owner to say");
    pass(800).await;
    assert!(scene.feeds.seats(EVENT).await.unwrap().age < Duration::from_secs(1));
    assert_eq!(scene.net.asked(), [("seats", 1), ("seats", 2)]);
    scene.set(4, Booked);
    pass(100).await;
    assert_eq!(scene.facts().await, Some(3));
    assert!(!scene.is_refused(3), "it only follows");
    scene.two.own(true);
    scene.ways.believe(&[2]);
    pass(100).await;
    assert!(scene.is_refused(3) && scene.is_refused(4));
}

#[tokio::test(start_paused = true)]
async fn with_all_sources_gone_the_last_that_is_known_is_shown_and_its_age() {
    let scene = scene().await;
    scene.set(3, Held);
    scene.facts().await;
    scene.net.silent.lock().unwrap().extend([1, 2]);
    pass(10_000).await;
    let seen = scene.feeds.seats(EVENT).await.unwrap();
    assert_eq!(seen.seats.facts, 2);
    assert!((9_900..=10_100).contains(&seen.age.as_millis()), "{:?}", seen.age);
    assert!(scene.feeds.figures().oldest >= seen.age);
    assert_eq!(scene.feeds.seats(EventId::new(8)).await, None, "of which nothing was ever known");
    scene.net.silent.lock().unwrap().clear();
    pass(3_000).await;
    assert!(scene.is_refused(3), "it is followed again");
}

#[tokio::test(start_paused = true)]
async fn the_owner_is_preferred_and_what_was_shown_does_not_go_back() {
    let scene = scene().await;
    scene.ways.believe(&[2, 1]);
    scene.two.set(EVENT, 3, Held);
    assert_eq!(scene.facts().await, Some(2));
    // Node 1 owns it, and has not heard of the second fact yet.
    scene.ways.believe(&[1, 2]);
    pass(200).await;
    assert_eq!(scene.facts().await, Some(2));
    assert!(!scene.is_refused(3), "what is shown is not what this source vouches for");
    scene.one.set(EVENT, 3, Held);
    scene.one.set(EVENT, 4, Held);
    pass(200).await;
    assert_eq!(scene.facts().await, Some(3), "what did not fit was asked for anew");
    assert!(scene.is_refused(3) && scene.is_refused(4));
}

#[tokio::test(start_paused = true)]
async fn a_node_that_has_let_go_of_the_replica_is_left() {
    let scene = scene().await;
    scene.facts().await;
    scene.one.forget(EVENT);
    scene.ways.believe(&[2]);
    pass(200).await;
    scene.two.set(EVENT, 5, Held);
    pass(100).await;
    assert_eq!(scene.facts().await, Some(2));
}

#[tokio::test(start_paused = true)]
async fn what_nobody_asks_about_is_let_go() {
    let scene = scene().await;
    scene.facts().await;
    pass(59_000).await;
    assert_eq!(scene.feeds.figures().subscriptions, 1);
    scene.facts().await;
    pass(59_000).await;
    assert_eq!(scene.feeds.figures().subscriptions, 1);
    pass(2_000).await;
    assert_eq!(scene.feeds.figures().subscriptions, 0);
    assert_eq!(scene.facts().await, Some(1));
    assert_eq!(
        scene.net.asked(),
        [("seats", 1), ("seats", 1)],
        "over a line of its own, the other one was closed"
    );
}

#[tokio::test(start_paused = true)]
async fn no_more_is_followed_than_there_is_room_for() {
    let scene = scene().await;
    scene.facts().await;
    pass(1_000).await;
    for event in 0..super::super::wire::MAX_FOLLOWED as u64 {
        scene.feeds.told(EventId::new(1_000 + event), 1, false);
    }
    assert_eq!(scene.feeds.figures().subscriptions, super::super::wire::MAX_FOLLOWED);
    assert!(scene.feeds.known(EVENT).is_none(), "it was asked about before all others");
}
