use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use domain::event::SeatStatus;
use domain::ids::{HoldNumber, SeatIndex, UserId};

use super::*;
use crate::projections::testing::{EVENT, FromGateway, Net, Sales, TestWays, pass};

#[derive(Default)]
struct Around {
    closed: AtomicBool,
    refused: AtomicUsize,
}

impl OnSale for Around {
    fn is_on_sale(&self, _event: EventId, ttl_ms: Option<u64>) -> bool {
        !self.closed.load(Ordering::SeqCst) && ttl_ms.is_none_or(|ttl_ms| ttl_ms <= 1_000)
    }
}

impl EdgeObserver for Around {
    fn refused_at_the_edge(&self) {
        self.refused.fetch_add(1, Ordering::SeqCst);
    }
}

struct Scene {
    edge: Edge,
    ways: Arc<TestWays>,
    around: Arc<Around>,
    net: Arc<Net>,
    owner: Arc<Sales>,
}

const KEY: Key = Key { caller: UserId::new(1), hash: [7; 16], fingerprint: [8; 16] };

/// A gateway that follows an event of which seat 3 is held.
async fn scene() -> Scene {
    let net = Arc::<Net>::default();
    let owner = net.add(1);
    owner.own(true);
    owner.open(EVENT, 10);
    owner.set(EVENT, 3, SeatStatus::Held);
    let (ways, around) = (TestWays::new(&[1]), Arc::<Around>::default());
    let feeds = Feeds::new(ways.clone(), Arc::new(FromGateway(net.clone())));
    feeds.seats(EVENT).await.expect("its seats");
    Scene { edge: Edge::new(feeds, around.clone(), around.clone()), ways, around, net, owner }
}

fn hold(ttl_ms: Option<u64>) -> Command {
    Command::HoldExact { seats: vec![SeatIndex::new(3)], ttl_ms }
}

impl Scene {
    fn refuses(&self, command: &Command, key: Option<&Key>) -> bool {
        self.edge.refusal(&*self.ways, EVENT, (command, key)).is_some()
    }
}

#[tokio::test(start_paused = true)]
async fn only_holds_without_a_key_that_the_catalogue_allows_are_refused() {
    let scene = scene().await;
    assert!(scene.refuses(&hold(None), None));
    assert!(!scene.refuses(&hold(None), Some(&KEY)), "its first success may have to be given again");
    assert!(!scene.refuses(&hold(Some(1_001)), None), "the owner would refuse it for another reason");
    assert!(!scene.refuses(&Command::ReleaseHold { hold: HoldNumber::new(0) }, None));
    scene.around.closed.store(true, Ordering::SeqCst);
    assert!(!scene.refuses(&hold(None), None));
    assert_eq!(scene.around.refused.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_refused_from_a_feed_that_has_stopped() {
    let scene = scene().await;
    scene.net.silent.lock().unwrap().insert(1);
    pass(240).await;
    assert!(scene.refuses(&hold(None), None));
    pass(60).await;
    assert!(!scene.refuses(&hold(None), None));
}

#[tokio::test(start_paused = true)]
async fn a_seat_that_this_node_has_seen_given_back_is_for_its_owner() {
    let scene = scene().await;
    assert!(may_free(&Command::ReleaseHold { hold: HoldNumber::new(0) }) && frees(&Reply::Declined));
    scene.edge.told(&*scene.ways, EVENT, 3, false);
    assert!(scene.refuses(&hold(None), None));
    scene.edge.told(&*scene.ways, EVENT, 3, true);
    assert!(!scene.refuses(&hold(None), None), "the feed has not heard of it yet");
    scene.owner.set(EVENT, 4, SeatStatus::Held);
    pass(100).await;
    assert!(scene.refuses(&hold(None), None), "it was another seat that became free");
}
