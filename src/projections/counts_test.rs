use std::sync::Arc;

use domain::event::SeatStatus::Held;

use super::super::testing::{EVENT, FromGateway, Net, TestWays, pass};
use super::*;

const OTHERS: [EventId; 3] = [EventId::new(8), EventId::new(9), EventId::new(10)];

#[tokio::test(start_paused = true)]
async fn a_page_is_counted_by_one_call_and_what_nobody_knows_is_left_out() {
    let net = Arc::<Net>::default();
    let [one, two] = [1, 2].map(|node| net.add(node));
    one.open(EVENT, 10);
    one.set(EVENT, 0, Held);
    two.open(OTHERS[0], 3);
    let feeds = Feeds::new(TestWays::new(&[1, 2]), Arc::new(FromGateway(net.clone())));
    let page = [EVENT, OTHERS[0], OTHERS[1]];
    let counts = feeds.counts(&page).await.counts;
    assert_eq!(counts[&EVENT], Some(Counts { available: 9, held: 1, ..Counts::default() }));
    assert_eq!(counts[&OTHERS[0]], Some(Counts { available: 3, ..Counts::default() }));
    assert!(!counts.contains_key(&OTHERS[1]));
    assert_eq!(net.asked(), [("counts", 1), ("counts", 2)]);
    assert_eq!(feeds.figures().subscriptions, 0, "no event is followed for a list");

    // What is followed is known.
    feeds.seats(EVENT).await.expect("its seats");
    net.asked.lock().unwrap().clear();
    assert_eq!(feeds.counts(&[EVENT]).await.counts[&EVENT].unwrap().held, 1);
    assert_eq!(net.asked(), []);
    net.silent.lock().unwrap().extend([1, 2]);
    assert_eq!(feeds.counts(&[OTHERS[0]]).await, Known::default());
    pass(5_000).await;
    let Known { counts, age } = feeds.counts(&[EVENT, OTHERS[0]]).await;
    assert_eq!(counts.keys().collect::<Vec<_>>(), [&EVENT]);
    assert_eq!(age.map(|age| age.as_secs()), Some(5), "it is what was known last");
}

#[test]
fn only_a_question_is_answered() {
    let sales = super::super::testing::Sales::default();
    assert!(matches!(answer(&sales, b"nonsense"), Err(CallError::Declined(_))));
    let many = vec![EVENT; MAX_EVENTS + 1];
    assert!(matches!(answer(&sales, &encode(&many)), Err(CallError::Declined(_))));
    assert_eq!(answer(&sales, &encode(&vec![EVENT])).unwrap(), encode(&Answered::new(Vec::new()).unwrap()));
}
