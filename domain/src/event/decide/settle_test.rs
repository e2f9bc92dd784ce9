use crate::event::test::scene::*;
use crate::event::{
    Booking, BookingStatus, Command, NextAction, Outcome, PaymentOutcome, PaymentStatus, Refusal, Reply,
    SeatStatus, Work,
};
use crate::ids::{BookingNumber, SeatIndex};

const ALL: [PaymentOutcome; 6] = [
    PaymentOutcome::Authorized,
    PaymentOutcome::Declined,
    PaymentOutcome::Captured,
    PaymentOutcome::Voided,
    PaymentOutcome::Refunded { amount_minor: 1, attempt: 0 },
    PaymentOutcome::Refunded { amount_minor: 0, attempt: 0 },
];

/// None of these answers of a provider changes anything.
fn assert_deaf(scene: &mut Scene, booking: BookingNumber, outcomes: &[PaymentOutcome]) {
    for outcome in outcomes {
        let decision = scene.settle(booking, outcome.clone());
        assert!(decision.facts.is_empty() && decision.settled.is_empty(), "{outcome:?}: {decision:?}");
        assert_eq!(decision.outcome, Outcome::Nothing);
    }
}

fn except(accepted: &PaymentOutcome) -> Vec<PaymentOutcome> {
    ALL.into_iter().filter(|outcome| outcome != accepted).collect()
}

fn booking(scene: &Scene, number: BookingNumber) -> &Booking {
    scene.sale().booking(number).expect("there is one")
}

fn work(scene: &Scene, number: BookingNumber) -> Option<Work> {
    booking(scene, number).open_work()
}

#[test]
fn each_state_of_a_payment_hears_only_the_answer_it_waits_for() {
    let mut scene = Scene::new();
    let number = scene.pay(ANNA, &[0, 1]);
    let waiting =
        |outcome: &PaymentOutcome| !matches!(outcome, PaymentOutcome::Authorized | PaymentOutcome::Declined);
    assert_deaf(&mut scene, number, &ALL.into_iter().filter(waiting).collect::<Vec<_>>());
    scene.settle(number, PaymentOutcome::Authorized);
    assert_eq!((scene.status(0), work(&scene, number)), (SeatStatus::Booked, Some(Work::Capture)));
    assert_deaf(&mut scene, number, &except(&PaymentOutcome::Captured));
    scene.settle(number, PaymentOutcome::Captured);
    assert_eq!(work(&scene, number), None);
    assert_deaf(&mut scene, number, &ALL);
    scene.assert_replays();
}

#[test]
fn a_declined_payment_leaves_the_hold_as_it_was() {
    let mut scene = Scene::new();
    let hold = scene.hold(ANNA, &[0, 1]);
    let before = scene.sale().hold(hold.hold).cloned();
    let number = settling(scene.tell(ANNA, &book(hold.hold)));
    let declined = scene.settle(number, PaymentOutcome::Declined);
    assert_eq!(declined.settled, [(number, Reply::Declined)]);
    assert_eq!(scene.sale().hold(hold.hold), before.as_ref());
    assert_eq!(scene.sale().next_deadline(), Some(hold.expires_at));
    assert_eq!((scene.sale().working().count(), scene.sale().tickets_of(ANNA.user)), (0, 2));
    assert_deaf(&mut scene, number, &ALL);
    settling(scene.tell(ANNA, &book(hold.hold)));
    scene.assert_replays();
}

#[test]
fn a_payment_that_is_declined_in_its_stretch_does_not_keep_the_hold_alive() {
    let mut scene = Scene::new();
    let hold = scene.hold(ANNA, &[0]);
    scene.wait(HOLD_MS - 1);
    let number = settling(scene.tell(ANNA, &book(hold.hold)));
    scene.wait(2);
    scene.settle(number, PaymentOutcome::Declined);
    scene.expire();
    assert_eq!(scene.status(0), SeatStatus::Available);
}

#[test]
fn a_booking_that_was_told_as_pending_is_still_there_when_it_is_declined() {
    let mut scene = Scene::new();
    let number = scene.pay(ANNA, &[0]);
    let told = scene.tell(ANNA, &Command::AnswerPending { booking: number });
    assert!(matches!(told, Ok(Outcome::Reply(Reply::Pending(_)))));
    scene.settle(number, PaymentOutcome::Declined);
    let view = booking_of(scene.tell(ANNA, &Command::AnswerPending { booking: number }));
    assert_eq!(view.booking.status, BookingStatus::Cancelled);
    assert_eq!((view.booking.payment.status, view.booking.open_work()), (PaymentStatus::Declined, None));
    scene.assert_replays();
}

#[test]
fn a_provider_that_did_nothing_in_time_must_let_go_of_what_it_may_do_yet() {
    let mut scene = Scene::new();
    let number = scene.pay(ANNA, &[0]);
    scene.wait(TIMEOUT_MS);
    scene.expire();
    let late = booking(&scene, number);
    assert_eq!((late.status, late.payment.status), (BookingStatus::Cancelled, PaymentStatus::Voided));
    assert_eq!((scene.status(0), work(&scene, number)), (SeatStatus::Held, Some(Work::Void)));
    assert_deaf(&mut scene, number, &except(&PaymentOutcome::Voided));
    let settled = scene.settle(number, PaymentOutcome::Voided).settled;
    assert!(matches!(settled.as_slice(), [(_, Reply::Booking(_))]), "{settled:?}");
    assert_eq!((work(&scene, number), scene.sale().working().count()), (None, 0));
    assert_deaf(&mut scene, number, &ALL);
    scene.assert_replays();
}

/// Pays for seat 0, and lets the provider's time and the hold's pass.
fn lapsed(scene: &mut Scene) -> BookingNumber {
    let number = scene.pay(ANNA, &[0]);
    scene.wait(HOLD_MS);
    scene.expire();
    assert_eq!(booking(scene, number).status, BookingStatus::Cancelled);
    assert_eq!(scene.status(0), SeatStatus::Available);
    number
}

#[test]
fn money_that_comes_late_gets_the_same_seats_if_they_are_still_free() {
    let mut scene = Scene::new();
    let number = lapsed(&mut scene);
    let decision = scene.settle(number, PaymentOutcome::FoundLate(Some("ch_1".to_owned())));
    assert!(!decision.facts.is_empty());
    assert_eq!(booking(&scene, number).payment.reference.as_deref(), Some("ch_1"));
    assert_eq!((scene.status(0), work(&scene, number)), (SeatStatus::Booked, Some(Work::Capture)));
    assert_eq!(
        (booking(&scene, number).status, scene.sale().tickets_of(ANNA.user)),
        (BookingStatus::Booked, 1)
    );
    scene.settle(number, PaymentOutcome::Captured);
    assert_deaf(&mut scene, number, &ALL);
    scene.assert_replays();
}

#[test]
fn money_that_comes_late_takes_the_hold_along_that_outlived_its_payment() {
    let mut scene = Scene::new();
    let number = scene.pay(ANNA, &[0]);
    scene.wait(TIMEOUT_MS);
    scene.settle(number, PaymentOutcome::FoundLate(None));
    assert_eq!((scene.status(0), scene.sale().open_holds()), (SeatStatus::Booked, 0));
    assert_eq!(scene.sale().tickets_of(ANNA.user), 1);
    scene.assert_replays();
}

#[test]
fn money_that_comes_late_leaves_a_hold_alone_that_has_other_seats_by_then() {
    let mut scene = Scene::new();
    let number = scene.pay(ANNA, &[0]);
    scene.wait(TIMEOUT_MS);
    scene.expire();
    let hold = booking(&scene, number).holds[0];
    let change = Command::ChangeHold { hold, add: vec![SeatIndex::new(1)], remove: vec![SeatIndex::new(0)] };
    scene.play(ANNA, None, &change).expect("the hold outlived its payment");
    scene.settle(number, PaymentOutcome::FoundLate(None));
    assert_eq!((scene.status(0), scene.status(1)), (SeatStatus::Booked, SeatStatus::Held));
    assert_eq!((scene.sale().open_holds(), scene.sale().tickets_of(ANNA.user)), (1, 2));
    scene.assert_replays();
}

#[test]
fn money_that_comes_late_gets_nothing_that_is_not_to_be_had() {
    let gone: [fn(&mut Scene); 3] = [
        |scene| drop(scene.hold(BEN, &[0])),
        |scene| drop(scene.hold(ANNA, &[0])),
        |scene| scene.wait(1_000 * HOUR_MS),
    ];
    for take in gone {
        let mut scene = Scene::new();
        let number = lapsed(&mut scene);
        take(&mut scene);
        assert_deaf(&mut scene, number, &[PaymentOutcome::FoundLate(None)]);
        assert_eq!(work(&scene, number), Some(Work::Void));
    }
    let mut scene = Scene::with(|terms| terms.per_customer = Some(1));
    let number = lapsed(&mut scene);
    scene.hold(ANNA, &[1]);
    assert_deaf(&mut scene, number, &[PaymentOutcome::FoundLate(None)]);
}

#[test]
fn a_buyer_who_has_something_to_do_is_told_what_and_has_as_long_as_the_hold() {
    let mut scene = Scene::new();
    let hold = scene.hold(ANNA, &[0]);
    let started = scene.play(ANNA, Some(key(1, 1)), &book(hold.hold)).expect("it is free");
    let number = settling(Ok(started.outcome));
    let action = NextAction { kind: "redirect_to_url".into(), url: None, client_secret: Some("s".into()) };
    let required = PaymentOutcome::ActionRequired { action: action.clone(), reference: "ch_1".to_owned() };
    let settled = scene.settle(number, required.clone()).settled;
    let [(_, Reply::Pending(told))] = settled.as_slice() else { panic!("{settled:?}") };
    assert_eq!(told.booking.payment.action.as_deref(), Some(&action));
    assert_eq!(told.booking.payment.settle_by, hold.expires_at);
    assert_eq!(work(&scene, number), Some(Work::Await));
    assert_deaf(&mut scene, number, &[required, PaymentOutcome::Captured]);
    scene.wait(TIMEOUT_MS + 1);
    scene.settle(number, PaymentOutcome::Authorized);
    assert_eq!((scene.status(0), &booking(&scene, number).payment.action), (SeatStatus::Booked, &None));
    scene.assert_replays();
}

#[test]
fn money_that_is_gone_before_it_was_taken_ends_the_booking() {
    let mut scene = Scene::new();
    let number = scene.pay(ANNA, &[0, 1]);
    scene.settle(number, PaymentOutcome::Authorized);
    settling(scene.tell(ANNA, &cancel(number, Some(&[0]))));
    let settled = scene.settle(number, PaymentOutcome::Lost).settled;
    assert!(matches!(settled.as_slice(), [(_, Reply::Booking(_))]), "{settled:?}");
    let lost = booking(&scene, number);
    assert_eq!((lost.status, lost.payment.status), (BookingStatus::Cancelled, PaymentStatus::Voided));
    assert_eq!((scene.status(1), scene.sale().tickets_of(ANNA.user)), (SeatStatus::Available, 0));
    assert_eq!(work(&scene, number), None);
    scene.assert_replays();
}

#[test]
fn an_answer_of_the_very_deadline_is_late() {
    let mut scene = Scene::new();
    let number = scene.pay(ANNA, &[0]);
    scene.wait(TIMEOUT_MS);
    assert_deaf(
        &mut scene,
        number,
        &[PaymentOutcome::Authorized, PaymentOutcome::AuthorizedAs("ch_1".into())],
    );
    assert_eq!(booking(&scene, number).status, BookingStatus::Cancelled);
}

#[test]
fn a_refund_is_heard_once_and_only_as_it_was_asked_for() {
    let mut scene = Scene::new();
    let number = scene.buy(ANNA, &[0, 1]);
    settling(scene.tell(ANNA, &cancel(number, Some(&[0]))));
    let refunded = |amount_minor, attempt| PaymentOutcome::Refunded { amount_minor, attempt };
    assert_eq!(work(&scene, number), Some(Work::Refund { amount_minor: 4_500, attempt: 0 }));
    let wrong = [refunded(4_500, 1), refunded(4_501, 0), refunded(4_499, 0), refunded(0, 0), refunded(-1, 0)];
    assert_deaf(&mut scene, number, &wrong);
    let settled = scene.settle(number, refunded(4_500, 0)).settled;
    let [(_, Reply::Booking(view))] = settled.as_slice() else { panic!("{settled:?}") };
    assert_eq!(Some(&*view.booking), scene.sale().booking(number));
    assert_eq!((view.booking.payment.refunded_minor, view.booking.status), (4_500, BookingStatus::Booked));
    assert_deaf(&mut scene, number, &[refunded(4_500, 0), refunded(4_500, 1)]);
    scene.assert_replays();
}

#[test]
fn nobody_settles_a_booking_that_never_was() {
    let booking = BookingNumber::new(0);
    for outcome in ALL {
        let refusal = Scene::new().refused(PAYMENT_WORKER, &Command::SettlePayment { booking, outcome });
        assert_eq!(refusal, Refusal::NotFound);
    }
}

#[test]
fn a_pending_booking_is_told_to_those_who_may_see_it() {
    let mut scene = Scene::new();
    let number = scene.pay(ANNA, &[0]);
    let ask = Command::AnswerPending { booking: number };
    for caller in [ANNA, ORGANIZER, OPERATOR] {
        let told = scene.tell(caller, &ask);
        let Ok(Outcome::Reply(Reply::Pending(view))) = told else { panic!("{told:?}") };
        assert_eq!((view.number, view.booking.status), (number, BookingStatus::Pending));
    }
    assert_eq!(scene.refused(BEN, &ask), Refusal::NotFound);
    let never = Command::AnswerPending { booking: BookingNumber::new(9) };
    assert_eq!(scene.refused(ANNA, &never), Refusal::NotFound);
    scene.settle(number, PaymentOutcome::Authorized);
    scene.settle(number, PaymentOutcome::Captured);
    assert_eq!(booking_of(scene.tell(ANNA, &ask)).booking.status, BookingStatus::Booked);
}
