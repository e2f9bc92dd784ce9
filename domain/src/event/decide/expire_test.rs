use crate::event::test::scene::*;
use crate::event::{Command, Fact, PaymentOutcome, SeatStatus, expire};

#[test]
fn a_hold_ends_at_its_deadline_not_before_and_not_after() {
    let mut scene = Scene::new();
    let hold = scene.hold(ANNA, &[0, 1]);
    scene.now = START.plus_ms(HOLD_MS - 1);
    assert_eq!(expire(scene.sale(), scene.now).facts, []);
    scene.wait(1);
    assert_eq!(expire(scene.sale(), scene.now).facts, [Fact::HoldExpired { hold: hold.hold }]);
    scene.expire();
    assert_eq!((scene.status(0), scene.sale().next_deadline()), (SeatStatus::Available, None));
    assert_eq!(scene.sale().tickets_of(ANNA.user), 0);
    scene.hold(BEN, &[0, 1]);
    scene.assert_replays();
}

#[test]
fn an_extended_hold_ends_at_its_new_deadline() {
    let mut scene = Scene::new();
    let hold = scene.hold(ANNA, &[0]).hold;
    scene.wait(MINUTE_MS);
    scene.tell(ANNA, &Command::ExtendHold { hold, ttl_ms: None }).expect("the hold lives");
    scene.now = START.plus_ms(HOLD_MS + MINUTE_MS - 1);
    scene.expire();
    assert_eq!(scene.status(0), SeatStatus::Held);
    scene.wait(1);
    scene.expire();
    assert_eq!(scene.status(0), SeatStatus::Available);
}

#[test]
fn the_earliest_ends_first_and_the_others_wait() {
    let mut scene = Scene::new();
    let short = |seat, ttl_ms| Command::HoldExact { seats: seats(&[seat]), ttl_ms: Some(ttl_ms) };
    let late = hold_of(scene.tell(ANNA, &short(0, 300))).hold;
    let early = hold_of(scene.tell(ANNA, &short(1, 100))).hold;
    let last = hold_of(scene.tell(BEN, &short(2, 301))).hold;
    scene.wait(300);
    let due = expire(scene.sale(), scene.now).facts;
    assert_eq!(due, [Fact::HoldExpired { hold: early }, Fact::HoldExpired { hold: late }]);
    scene.expire();
    assert!(scene.sale().hold(last).is_some());
}

#[test]
fn very_many_holds_end_in_several_decisions() {
    let mut scene = Scene::of(vec![standing("Pit", "pit", 600)], terms(vec![1]));
    (0..600).for_each(|seat| drop(scene.hold(ANNA, &[seat])));
    scene.wait(HOLD_MS);
    assert_eq!(expire(scene.sale(), scene.now).facts.len(), super::AT_MOST);
    scene.expire();
    assert_eq!(scene.sale().counts().available, 600);
}

#[test]
fn a_payment_that_times_out_leaves_the_hold_its_own_deadline() {
    let mut scene = Scene::new();
    let hold = scene.hold(ANNA, &[0]);
    let booking = settling(scene.tell(ANNA, &book(hold.hold)));
    scene.wait(TIMEOUT_MS - 1);
    assert_eq!(expire(scene.sale(), scene.now).facts, []);
    scene.wait(1);
    assert_eq!(expire(scene.sale(), scene.now).facts, [Fact::PaymentTimedOut { booking }]);
    scene.expire();
    assert_eq!((scene.status(0), scene.sale().next_deadline()), (SeatStatus::Held, Some(hold.expires_at)));
    settling(scene.tell(ANNA, &book(hold.hold)));
    scene.assert_replays();
}

#[test]
fn a_payment_that_times_out_after_the_holds_deadline_ends_both() {
    let mut scene = Scene::new();
    let hold = scene.hold(ANNA, &[0]).hold;
    scene.wait(HOLD_MS - TIMEOUT_MS);
    let booking = settling(scene.tell(ANNA, &book(hold)));
    scene.wait(TIMEOUT_MS);
    let both = [Fact::PaymentTimedOut { booking }, Fact::HoldExpired { hold }];
    assert_eq!(expire(scene.sale(), scene.now).facts, both);
    scene.expire();
    assert_eq!(scene.status(0), SeatStatus::Available);
    assert!(scene.settle(booking, PaymentOutcome::Authorized).facts.is_empty());
}

#[test]
fn a_one_call_booking_that_times_out_releases_its_hold() {
    let mut scene = Scene::new();
    let command = Command::HoldAndBook { seats: seats(&[0]), payment: payment() };
    let booking = settling(scene.tell(ANNA, &command));
    let hold = scene.sale().booking(booking).expect("it has begun").holds[0];
    scene.wait(TIMEOUT_MS);
    let both = [Fact::PaymentTimedOut { booking }, Fact::HoldReleased { hold }];
    assert_eq!(expire(scene.sale(), scene.now).facts, both);
}
