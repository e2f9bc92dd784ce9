use crate::account::Role;
use crate::event::test::scene::*;
use crate::event::{
    BookingStatus, Caller, Cancellation, Outcome, PaymentOutcome, PaymentStatus, Refusal, Reply, SeatStatus,
    Work,
};
use crate::ids::BookingNumber;

fn work(scene: &Scene, number: BookingNumber) -> Option<Work> {
    scene.sale().booking(number).expect("there is one").open_work()
}

fn refund(amount_minor: i64, attempt: u32) -> Option<Work> {
    Some(Work::Refund { amount_minor, attempt })
}

fn refunded(amount_minor: i64, attempt: u32) -> PaymentOutcome {
    PaymentOutcome::Refunded { amount_minor, attempt }
}

#[test]
fn the_fee_is_rounded_down_for_each_ticket() {
    let refund = |price, fee_percent| Cancellation { until: START, fee_percent }.refund_minor(price);
    let cases = [(5_000, 10, 4_500), (1_999, 10, 1_800), (1, 99, 1), (99, 1, 99), (100, 1, 99), (7, 100, 0)];
    for (price, fee_percent, back) in cases {
        assert_eq!(refund(price, fee_percent), back, "{price} less {fee_percent} %");
    }
    assert_eq!(refund(i64::MAX, 0), i64::MAX);
    assert_eq!(refund(i64::MAX, 100), 0);
}

#[test]
fn some_tickets_are_given_back_and_the_others_stay() {
    let mut scene = Scene::new();
    let number = scene.buy(ANNA, &[60, 0, 61]);
    assert_eq!(settling(scene.tell(ANNA, &cancel(number, Some(&[60, 61])))), number);
    assert_eq!((scene.status(0), scene.status(60)), (SeatStatus::Booked, SeatStatus::Available));
    assert_eq!(work(&scene, number), refund(2 * 1_800, 0));
    let booking = scene.sale().booking(number).expect("there is one");
    assert_eq!(booking.status, BookingStatus::Booked);
    assert_eq!(booking.live_seats().collect::<Vec<_>>(), seats(&[0]));
    assert_eq!(scene.sale().tickets_of(ANNA.user), 1);
    scene.hold(BEN, &[60, 61]);
    scene.assert_replays();
}

#[test]
fn the_last_ticket_takes_the_booking_along() {
    let mut scene = Scene::new();
    let number = scene.buy(ANNA, &[0, 1]);
    settling(scene.tell(ANNA, &cancel(number, Some(&[1]))));
    settling(scene.tell(ANNA, &cancel(number, None)));
    let booking = scene.sale().booking(number).expect("there is one");
    assert_eq!((booking.status, booking.live_seats().count()), (BookingStatus::Cancelled, 0));
    assert_eq!((scene.sale().counts().booked, scene.sale().tickets_of(ANNA.user)), (0, 0));
    scene.assert_replays();
}

#[test]
fn what_an_attempt_refunds_never_changes() {
    let mut scene = Scene::new();
    let number = scene.buy(ANNA, &[0, 60, 1]);
    settling(scene.tell(ANNA, &cancel(number, Some(&[0]))));
    assert_eq!(work(&scene, number), refund(4_500, 0));
    // The provider may have been asked for this already: a repetition must ask for the same.
    settling(scene.tell(ANNA, &cancel(number, Some(&[60]))));
    assert_eq!(work(&scene, number), refund(4_500, 0));
    assert_eq!(scene.settle(number, refunded(4_500, 0)).settled, []);
    assert_eq!(work(&scene, number), refund(1_800, 1));
    assert_eq!(scene.settle(number, refunded(1_800, 1)).settled.len(), 1);
    assert_eq!(work(&scene, number), None);
    scene.assert_replays();
}

#[test]
fn what_is_cancelled_stays_cancelled() {
    let mut scene = Scene::new();
    let number = scene.buy(ANNA, &[0, 1]);
    settling(scene.tell(ANNA, &cancel(number, Some(&[0]))));
    for again in [&[0_u32] as &[u32], &[1, 0]] {
        assert_eq!(scene.refused(ANNA, &cancel(number, Some(again))), Refusal::AlreadyCancelled);
    }
    settling(scene.tell(ANNA, &cancel(number, None)));
    for again in [None, Some(&[1_u32] as &[u32])] {
        assert_eq!(scene.refused(ANNA, &cancel(number, again)), Refusal::AlreadyCancelled);
    }
}

#[test]
fn a_seat_that_changed_hands_is_not_given_back_by_its_old_booking() {
    let mut scene = Scene::new();
    let old = scene.buy(ANNA, &[0, 1]);
    settling(scene.tell(ANNA, &cancel(old, Some(&[0]))));
    scene.buy(BEN, &[0]);
    settling(scene.tell(ANNA, &cancel(old, None)));
    assert_eq!((scene.status(0), scene.status(1)), (SeatStatus::Booked, SeatStatus::Available));
}

#[test]
fn only_tickets_of_the_booking_each_once() {
    let mut scene = Scene::new();
    let number = scene.buy(ANNA, &[0, 1]);
    assert_eq!(scene.refused(ANNA, &cancel(number, Some(&[0, 2]))), Refusal::NotFound);
    for wrong in [&[] as &[u32], &[0, 0]] {
        let refusal = scene.refused(ANNA, &cancel(number, Some(wrong)));
        assert!(matches!(refusal, Refusal::Invalid { pointer: "/ticketIds", .. }), "{refusal:?}");
    }
}

#[test]
fn the_buyer_the_organizer_and_operators_may_cancel() {
    let mut scene = Scene::new();
    let number = scene.buy(ANNA, &[0, 1, 2]);
    assert_eq!(scene.refused(BEN, &cancel(number, None)), Refusal::NotFound);
    assert_eq!(scene.refused(ANNA, &cancel(BookingNumber::new(7), None)), Refusal::NotFound);
    let former = Caller { role: Role::Customer, ..ORGANIZER };
    assert_eq!(scene.refused(former, &cancel(number, None)), Refusal::NotFound);
    for (caller, seat) in [(ANNA, 0), (ORGANIZER, 1), (OPERATOR, 2)] {
        settling(scene.tell(caller, &cancel(number, Some(&[seat]))));
    }
}

#[test]
fn a_booking_can_be_cancelled_until_the_organizers_deadline() {
    let until = START.plus_ms(10);
    let mut scene = Scene::with(|terms| terms.cancellation.until = until);
    let number = scene.buy(ANNA, &[0, 1]);
    scene.wait(9);
    settling(scene.tell(ANNA, &cancel(number, Some(&[0]))));
    scene.wait(1);
    assert_eq!(scene.refused(ANNA, &cancel(number, None)), Refusal::NotCancellable);
}

#[test]
fn a_pending_booking_cannot_be_cancelled_and_a_lapsed_one_is() {
    let mut scene = Scene::new();
    let number = scene.pay(ANNA, &[0]);
    assert_eq!(scene.refused(ANNA, &cancel(number, None)), Refusal::NotCancellable);
    assert_eq!(scene.refused(ANNA, &cancel(number, Some(&[0]))), Refusal::NotCancellable);
    scene.wait(TIMEOUT_MS);
    assert_eq!(scene.refused(ANNA, &cancel(number, None)), Refusal::AlreadyCancelled);
    assert_eq!(scene.status(0), SeatStatus::Held, "the hold is as it was");
}

#[test]
fn a_refund_waits_for_the_money_to_be_taken() {
    let mut scene = Scene::new();
    let number = scene.pay(ANNA, &[0]);
    scene.settle(number, PaymentOutcome::Authorized);
    settling(scene.tell(ANNA, &cancel(number, None)));
    assert_eq!((scene.status(0), work(&scene, number)), (SeatStatus::Available, Some(Work::Capture)));
    assert_eq!(scene.settle(number, PaymentOutcome::Captured).settled, []);
    assert_eq!(work(&scene, number), refund(4_500, 0));
    let settled = scene.settle(number, refunded(4_500, 0)).settled;
    let [(_, Reply::Booking(view))] = settled.as_slice() else { panic!("{settled:?}") };
    assert_eq!(view.booking.status, BookingStatus::Cancelled);
    scene.assert_replays();
}

#[test]
fn where_nothing_is_given_back_the_answer_comes_at_once() {
    let mut scene = Scene::with(|terms| terms.cancellation.fee_percent = 100);
    let number = scene.buy(ANNA, &[0, 1]);
    let view = booking_of(scene.tell(ANNA, &cancel(number, None)));
    assert_eq!(Some(&*view.booking), scene.sale().booking(number));
    assert_eq!(
        (view.booking.status, view.booking.payment.status),
        (BookingStatus::Cancelled, PaymentStatus::Captured)
    );

    let mut scene = Scene::new();
    let free = booking_of({
        let hold = scene.hold(ANNA, &[80, 81]).hold;
        scene.tell(ANNA, &book(hold))
    });
    let told = scene.tell(ANNA, &cancel(free.number, Some(&[80])));
    assert!(matches!(told, Ok(Outcome::Reply(Reply::Booking(_)))), "{told:?}");
    scene.assert_replays();
}
