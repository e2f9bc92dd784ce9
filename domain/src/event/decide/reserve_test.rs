use crate::event::test::scene::*;
use crate::event::{
    Booking, BookingStatus, Command, Outcome, PaymentOutcome, PaymentStatus, Refusal, Reply, SeatStatus,
};
use crate::ids::{BookingNumber, HoldNumber};

fn reserve(holds: &[HoldNumber]) -> Command {
    Command::Reserve { holds: holds.to_vec() }
}

fn together(holds: &[HoldNumber]) -> Command {
    Command::BookTogether { holds: holds.to_vec(), payment: payment() }
}

fn pay(booking: BookingNumber) -> Command {
    Command::Pay { booking, payment: payment() }
}

fn reserved(scene: &mut Scene, holds: &[HoldNumber]) -> BookingNumber {
    match scene.tell(ANNA, &reserve(holds)) {
        Ok(Outcome::Reply(Reply::Pending(view))) => {
            assert_eq!(scene.sale().booking(view.number), Some(&*view.booking), "told as it is");
            view.number
        }
        other => panic!("no booking: {other:?}"),
    }
}

fn booking(scene: &Scene, number: BookingNumber) -> &Booking {
    scene.sale().booking(number).expect("there is one")
}

#[test]
fn a_booking_that_is_paid_later_waits_as_long_as_its_hold() {
    let mut scene = Scene::new();
    let hold = scene.hold(ANNA, &[0, 1]);
    let number = reserved(&mut scene, &[hold.hold]);
    let made = booking(&scene, number);
    assert_eq!((made.status, made.payment.status), (BookingStatus::Pending, PaymentStatus::Due));
    assert_eq!((made.payment.settle_by, made.open_work()), (hold.expires_at, None));
    assert_eq!(scene.refused(ANNA, &book(hold.hold)), Refusal::AlreadyPaid);
    assert_eq!(scene.refused(ANNA, &reserve(&[hold.hold])), Refusal::AlreadyPaid);
    scene.wait(HOLD_MS);
    scene.expire();
    let lapsed = booking(&scene, number);
    assert_eq!((lapsed.status, lapsed.payment.status), (BookingStatus::Cancelled, PaymentStatus::Voided));
    assert_eq!((scene.status(0), scene.sale().is_busy()), (SeatStatus::Available, false));
    assert_eq!(scene.refused(ANNA, &pay(number)), Refusal::HoldEnded);
    scene.assert_replays();
}

#[test]
fn it_is_paid_and_a_declined_payment_leaves_it_to_be_paid_otherwise() {
    let mut scene = Scene::new();
    let hold = scene.hold(ANNA, &[0]);
    let number = reserved(&mut scene, &[hold.hold]);
    settling(scene.tell(ANNA, &pay(number)));
    assert_eq!(scene.refused(ANNA, &pay(number)), Refusal::AlreadyPaid);
    let declined = scene.settle(number, PaymentOutcome::Declined);
    assert_eq!(declined.settled, [(number, Reply::Declined)]);
    let waits = booking(&scene, number);
    assert_eq!((waits.status, waits.payment.status), (BookingStatus::Pending, PaymentStatus::Declined));
    assert_eq!((waits.payment.attempt, waits.payment.settle_by), (0, hold.expires_at));
    settling(scene.tell(ANNA, &pay(number)));
    assert_eq!(booking(&scene, number).payment.attempt, 1);
    scene.settle(number, PaymentOutcome::Authorized);
    scene.settle(number, PaymentOutcome::Captured);
    assert_eq!(scene.status(0), SeatStatus::Booked);
    assert_eq!(scene.refused(ANNA, &pay(number)), Refusal::AlreadyPaid);
    settling(scene.tell(ANNA, &cancel(number, None)));
    assert_eq!(scene.refused(ANNA, &pay(number)), Refusal::AlreadyCancelled);
    scene.assert_replays();
}

#[test]
fn only_the_buyer_pays() {
    let mut scene = Scene::new();
    let hold = scene.hold(ANNA, &[0]).hold;
    let number = reserved(&mut scene, &[hold]);
    assert_eq!(scene.refused(BEN, &pay(number)), Refusal::NotFound);
    assert_eq!(scene.refused(ORGANIZER, &pay(number)), Refusal::Forbidden);
    assert_eq!(scene.refused(ANNA, &pay(BookingNumber::new(9))), Refusal::NotFound);
}

#[test]
fn an_attempt_that_is_never_answered_ends_the_booking_and_leaves_the_hold() {
    let mut scene = Scene::new();
    let hold = scene.hold(ANNA, &[0]).hold;
    let number = reserved(&mut scene, &[hold]);
    settling(scene.tell(ANNA, &pay(number)));
    scene.wait(TIMEOUT_MS);
    scene.expire();
    let late = booking(&scene, number);
    assert_eq!((late.status, late.payment.status), (BookingStatus::Cancelled, PaymentStatus::Voided));
    assert!(late.payment.void_due);
    assert_eq!(scene.status(0), SeatStatus::Held);
    scene.settle(number, PaymentOutcome::Voided);
    settling(scene.tell(ANNA, &book(hold)));
    scene.assert_replays();
}

#[test]
fn it_can_be_given_up_and_its_seats_are_free_at_once() {
    let mut scene = Scene::new();
    let holds = [scene.hold(ANNA, &[0]).hold, scene.hold(ANNA, &[1]).hold];
    let number = reserved(&mut scene, &holds);
    assert_eq!(scene.refused(ANNA, &cancel(number, Some(&[0]))), Refusal::NotCancellable);
    let view = booking_of(scene.tell(ANNA, &cancel(number, None)));
    assert_eq!(scene.sale().booking(number), Some(&*view.booking));
    assert_eq!((scene.sale().counts().held, scene.sale().tickets_of(ANNA.user)), (0, 0));
    assert_eq!(scene.refused(ANNA, &cancel(number, None)), Refusal::AlreadyCancelled);
    scene.assert_replays();
}

#[test]
fn several_holds_are_booked_together_or_not_at_all() {
    let mut scene = Scene::new();
    let (early, others) = (scene.hold(ANNA, &[0, 1]), scene.hold(BEN, &[5]).hold);
    scene.wait(MINUTE_MS);
    let later = scene.hold(ANNA, &[2]);
    let holds = [later.hold, early.hold];
    assert_eq!(scene.refused(ANNA, &together(&[early.hold, others])), Refusal::NotFound);
    for wrong in [vec![], vec![early.hold, early.hold]] {
        assert!(matches!(scene.refused(ANNA, &together(&wrong)), Refusal::Invalid { .. }));
    }
    let number = settling(scene.tell(ANNA, &together(&holds)));
    let declined = scene.settle(number, PaymentOutcome::Declined);
    assert_eq!(declined.settled, [(number, Reply::Declined)]);
    assert_eq!(booking(&scene, number).status, BookingStatus::Cancelled);
    assert_eq!(
        scene.sale().hold(early.hold).map(|hold| (hold.paying, hold.expires_at)),
        Some((None, early.expires_at))
    );
    let number = settling(scene.tell(ANNA, &together(&holds)));
    assert_eq!(booking(&scene, number).total_minor(), 15_000);
    scene.settle(number, PaymentOutcome::Authorized);
    assert_eq!((scene.sale().counts().booked, scene.sale().open_holds()), (3, 1));
    scene.assert_replays();
}

#[test]
fn a_booking_of_several_holds_lapses_with_the_first_of_them() {
    let mut scene = Scene::new();
    let early = scene.hold(ANNA, &[0]);
    scene.wait(MINUTE_MS);
    let later = scene.hold(ANNA, &[2]);
    let number = reserved(&mut scene, &[later.hold, early.hold]);
    assert_eq!(booking(&scene, number).payment.settle_by, early.expires_at);
    scene.now = early.expires_at;
    scene.expire();
    assert_eq!(booking(&scene, number).status, BookingStatus::Cancelled);
    assert_eq!((scene.status(0), scene.status(2)), (SeatStatus::Available, SeatStatus::Held));
    assert_eq!(scene.sale().next_deadline(), Some(later.expires_at));
    scene.assert_replays();
}

#[test]
fn what_costs_nothing_is_booked_at_once() {
    for command in [reserve, together] {
        let mut scene = Scene::new();
        let holds = [scene.hold(ANNA, &[80]).hold, scene.hold(ANNA, &[81]).hold];
        let view = booking_of(scene.tell(ANNA, &command(&holds)));
        assert_eq!(scene.sale().booking(view.number), Some(&*view.booking), "the answer is what was written");
        assert_eq!(view.booking.payment.status, PaymentStatus::Captured);
        assert_eq!((scene.status(80), scene.sale().is_busy()), (SeatStatus::Booked, false));
        scene.assert_replays();
    }
}

#[test]
fn the_same_key_makes_one_booking() {
    let mut scene = Scene::new();
    let hold = scene.hold(ANNA, &[0]).hold;
    let first = scene.play(ANNA, Some(key(1, 1)), &reserve(&[hold])).expect("it is free").outcome;
    scene.wait(HOLD_MS);
    let again = scene.play(ANNA, Some(key(1, 1)), &reserve(&[hold])).expect("it is the same").outcome;
    assert_eq!(first, again, "word for word, though it has lapsed");
}
