use SeatStatus::{Available, Blocked, Booked, Held};
use cluster::wire::Counted;
use domain::event::BestWish;
use tokio::time::advance;

use super::*;

fn whole(facts: u64, owned: bool, statuses: &[SeatStatus]) -> Said {
    let packed = Statuses::of(statuses.len() as u32, statuses.iter().copied()).packed().to_vec();
    Said::Whole {
        owned,
        facts,
        version: facts,
        seats: statuses.len() as u32,
        packed: Counted::new(packed).unwrap(),
    }
}

fn changed(before: u64, facts: u64, seat: u32, status: SeatStatus) -> Said {
    let seats = Counted::new(vec![(SeatIndex::new(seat), status)]).unwrap();
    Said::Changed { owned: true, before, facts, version: facts, seats }
}

fn hold(seats: &[u32]) -> Command {
    Command::HoldExact { seats: seats.iter().copied().map(SeatIndex::new).collect(), ttl_ms: None }
}

fn best(quantity: u32) -> Command {
    Command::HoldBest { wish: BestWish { quantity, ..BestWish::default() }, ttl_ms: None }
}

fn refused(seats: &[(u32, SeatStatus)]) -> Option<Refusal> {
    let seats = seats.iter().map(|(seat, status)| (SeatIndex::new(*seat), *status));
    Some(Refusal::SeatUnavailable(seats.collect()))
}

fn facts(feed: &Feed) -> Option<u64> {
    feed.read(|seats, _| seats.facts)
}

#[tokio::test(start_paused = true)]
async fn what_is_taken_is_refused_as_the_owner_would() {
    let feed = Feed::new();
    assert_eq!(feed.refusal(&hold(&[0])), None, "nothing is known");
    assert_eq!(feed.take(whole(4, true, &[Available, Held, Booked, Blocked]), Moment::now()), Taken::Shown);
    assert_eq!(feed.refusal(&hold(&[0])), None);
    assert_eq!(feed.refusal(&hold(&[3, 0, 1, 2])), refused(&[(3, Blocked), (1, Held), (2, Booked)]));
    for other in [vec![], vec![1, 1], vec![1, 4], vec![1; 51]] {
        assert_eq!(feed.refusal(&hold(&other)), None, "{other:?} is for the owner to judge");
    }
    assert_eq!(feed.refusal(&best(1)), None);
    assert_eq!(feed.refusal(&best(2)), Some(Refusal::SoldOut));
    assert_eq!((feed.refusal(&best(0)), feed.refusal(&best(13))), (None, None));
    let release = Command::ReleaseHold { hold: domain::ids::HoldNumber::new(0) };
    assert_eq!(feed.refusal(&release), None);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_refused_from_what_is_old_or_not_the_owners() {
    let feed = Feed::new();
    feed.take(whole(4, true, &[Held]), Moment::now());
    advance(FRESH - Duration::from_millis(1)).await;
    assert!(feed.refusal(&hold(&[0])).is_some());
    advance(Duration::from_millis(1)).await;
    assert_eq!(feed.refusal(&hold(&[0])), None, "it is 250 ms old");
    feed.vouch(true, Moment::now());
    assert!(feed.refusal(&hold(&[0])).is_some());
    feed.vouch(false, Moment::now());
    assert_eq!(feed.refusal(&hold(&[0])), None, "its source only follows");
    assert_eq!(feed.seen().unwrap().age, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn what_this_node_has_said_to_be_free_is_not_refused() {
    let feed = Feed::new();
    feed.take(whole(4, true, &[Held]), Moment::now());
    feed.told(5, false);
    assert!(feed.refusal(&hold(&[0])).is_some());
    feed.told(6, true);
    assert_eq!(feed.refusal(&hold(&[0])), None, "it may be free by the sixth fact");
    feed.take(changed(4, 6, 0, Held), Moment::now());
    assert!(feed.refusal(&hold(&[0])).is_some());
}

#[tokio::test(start_paused = true)]
async fn what_does_not_fit_is_a_gap_and_nothing_goes_back() {
    let feed = Feed::new();
    let now = Moment::now();
    assert_eq!(feed.take(changed(3, 4, 0, Held), now), Taken::Gap, "nothing is there to change");
    assert_eq!(feed.take(whole(4, true, &[Available, Available]), now), Taken::Shown);
    assert_eq!(feed.take(changed(4, 6, 1, Held), now), Taken::Shown);
    assert_eq!(feed.take(changed(7, 8, 0, Held), now), Taken::Gap);
    assert_eq!(feed.take(changed(5, 6, 0, Held), now), Taken::Known);
    assert_eq!(feed.take(whole(5, true, &[Held, Held]), now), Taken::Known);
    let Seats { facts, version, statuses } = feed.seen().unwrap().seats;
    assert_eq!((facts, version, statuses), (6, 6, Statuses::of(2, [Available, Held].into_iter())));
    let broken =
        Said::Whole { owned: true, facts: 9, version: 9, seats: 9, packed: Counted::new(vec![0]).unwrap() };
    assert_eq!((feed.take(broken, now), self::facts(&feed)), (Taken::Gap, Some(6)));
}

#[tokio::test(start_paused = true)]
async fn a_reader_waits_for_what_this_node_has_told() {
    let feed = Feed::new();
    feed.take(whole(4, true, &[Available]), Moment::now());
    feed.told(5, false);
    let reader = async {
        feed.caught_up(Duration::from_secs(1)).await;
        facts(&feed)
    };
    let source = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        feed.take(changed(4, 5, 0, Held), Moment::now())
    };
    assert_eq!(tokio::join!(reader, source), (Some(5), Taken::Shown));
    feed.told(7, false);
    feed.caught_up(Duration::from_secs(1)).await;
    assert_eq!(facts(&feed), Some(5), "not for ever");
}
