use domain::event::SeatStatus::{Booked, Held};
use futures_util::FutureExt;
use tokio::sync::mpsc;

use super::super::testing::{EVENT, Sales, TestClock, pass};
use super::super::wire::Events;
use super::*;
use crate::clock::Moment;

const OTHER: EventId = EventId::new(8);

struct Peer {
    wishes: mpsc::Sender<Result<Bytes, CallError>>,
    said: Messages,
}

fn listen(source: &Source) -> Result<Peer, CallError> {
    let (wishes, queue) = mpsc::channel(8);
    let input = stream::unfold(queue, |mut queue| async move { Some((queue.recv().await?, queue)) });
    Ok(Peer { wishes, said: source.stream(9, Box::pin(input))? })
}

impl Peer {
    fn wish(&self, leave: &[EventId], follow: &[EventId]) {
        let events = |some: &[EventId]| Events::new(some.to_vec()).unwrap();
        let wishes = Wishes { leave: events(leave), follow: events(follow) };
        self.wishes.try_send(Ok(wishes.encode().into())).unwrap();
    }

    async fn next(&mut self) -> (u64, Vec<(EventId, Said)>) {
        let frame = self.said.next().await.expect("it goes on").expect("a message");
        let News { at_ms, each } = News::decode(&frame).unwrap();
        (at_ms, each.into_vec())
    }
}

fn scene() -> (Arc<Sales>, Source, TestClock) {
    let (sales, clock) = (Arc::<Sales>::default(), TestClock::new(1));
    sales.own(true);
    sales.open(EVENT, 2_000);
    (sales.clone(), Source::new(sales, Arc::new(clock)), clock)
}

#[tokio::test(start_paused = true)]
async fn first_everything_then_what_changes_and_else_a_sign_of_life() {
    let (sales, source, clock) = scene();
    let mut peer = listen(&source).unwrap();
    peer.wish(&[], &[EVENT]);
    let (at_ms, said) = peer.next().await;
    assert_eq!(at_ms, clock.read().monotonic_ms);
    assert_eq!(said, [(EVENT, Said::whole(true, &sales.seats(EVENT)))]);

    for seat in 0..3 {
        sales.set(EVENT, seat, Held);
    }
    sales.set(EVENT, 1, Booked);
    let (_, said) = peer.next().await;
    let seats =
        [(0, Held), (1, Booked), (2, Held)].map(|(seat, status)| (domain::ids::SeatIndex::new(seat), status));
    let seats = Counted::new(seats.to_vec()).unwrap();
    assert_eq!(said, [(EVENT, Said::Changed { owned: true, before: 1, facts: 5, version: 4, seats })]);

    let began = Moment::now();
    let (at_ms, said) = peer.next().await;
    assert_eq!((at_ms, said), (clock.read().monotonic_ms, vec![]));
    assert_eq!(began.age(), EVERY);

    sales.own(false);
    let (_, said) = peer.next().await;
    let nothing = Counted::new(Vec::new()).unwrap();
    assert_eq!(
        said,
        [(EVENT, Said::Changed { owned: false, before: 5, facts: 5, version: 4, seats: nothing })]
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_not_here_is_gone_and_what_is_left_is_not_told() {
    let (sales, source, _) = scene();
    let mut peer = listen(&source).unwrap();
    peer.wish(&[], &[OTHER]);
    assert_eq!(peer.next().await.1, [(OTHER, Said::Gone)]);
    assert_eq!(peer.next().await.1, []);
    sales.open(OTHER, 0);
    assert!(matches!(&peer.next().await.1[..], [(OTHER, Said::Whole { seats: 0, .. })]));
    sales.open(OTHER, 3);
    sales.set(OTHER, 0, Held);
    assert!(matches!(&peer.next().await.1[..], [(OTHER, Said::Whole { seats: 3, .. })]), "it has begun");
    peer.wish(&[OTHER], &[EVENT]);
    sales.set(OTHER, 1, Held);
    assert!(matches!(&peer.next().await.1[..], [(EVENT, Said::Whole { .. })]));
    sales.forget(EVENT);
    assert_eq!(peer.next().await.1, [(EVENT, Said::Gone)]);
}

#[tokio::test(start_paused = true)]
async fn many_changes_are_told_as_a_whole_and_much_in_several_messages() {
    let (sales, source, clock) = scene();
    let mut peer = listen(&source).unwrap();
    peer.wish(&[], &[EVENT]);
    peer.next().await;
    for seat in 0..2_000 {
        sales.set(EVENT, seat, Held);
    }
    assert!(matches!(&peer.next().await.1[..], [(EVENT, Said::Whole { facts: 2_001, .. })]));

    let large: Vec<EventId> = (100..130).map(EventId::new).collect();
    large.iter().for_each(|event| sales.open(*event, 200_000));
    pass(10).await;
    peer.wish(&[], &large);
    let (before_ms, first) = peer.next().await;
    let (at_ms, second) = peer.next().await;
    assert_eq!(first.len() + second.len(), 30);
    assert!(!second.is_empty() && before_ms < at_ms, "only the last one vouches for all");
    assert_eq!(at_ms, clock.read().monotonic_ms);
}

#[tokio::test(start_paused = true)]
async fn who_does_not_read_is_told_the_latest_and_nothing_between() {
    let (sales, source, _) = scene();
    let mut peer = listen(&source).unwrap();
    peer.wish(&[], &[EVENT]);
    peer.next().await;
    for seat in 0..20 {
        sales.set(EVENT, seat, Held);
        pass(100).await;
    }
    let (_, said) = peer.next().await;
    assert!(matches!(&said[..], [(EVENT, Said::Changed { before: 1, facts: 21, .. })]), "{said:?}");
    assert!(peer.said.next().now_or_never().is_none(), "nothing has queued up");
}

#[tokio::test(start_paused = true)]
async fn a_peer_has_few_conversations_and_must_make_sense() {
    let (_sales, source, _) = scene();
    let peers: Vec<Peer> = (0..TALKS_A_PEER).map(|_| listen(&source).unwrap()).collect();
    assert!(matches!(listen(&source), Err(CallError::Declined(_))));
    drop(peers);
    let mut peer = listen(&source).unwrap();
    peer.wishes.try_send(Ok(Bytes::from_static(b"nonsense"))).unwrap();
    assert!(matches!(peer.said.next().await, Some(Err(CallError::Declined(_)))));
    assert!(peer.said.next().await.is_none());
    let mut peer = listen(&source).unwrap();
    let events = |from: u64| (from..from + MAX_FOLLOWED as u64).map(EventId::new).collect::<Vec<_>>();
    peer.wish(&[], &events(0));
    peer.wish(&[], &events(1));
    let last = peer.said.by_ref().fold(None, |_, said| async { Some(said) }).await;
    assert!(matches!(last, Some(Err(CallError::Declined(_)))), "too many events");
}
