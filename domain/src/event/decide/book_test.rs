use crate::event::seats::LAST_NUMBER;
use crate::event::test::scene::*;
use crate::event::{
    BookingStatus, Command, Fact, Outcome, PaymentOutcome, PaymentStatus, Refusal, Reply, SeatStatus, Work,
};
use crate::ids::{BookingNumber, SeatIndex};

fn one_call(numbers: &[u32]) -> Command {
    Command::HoldAndBook { seats: seats(numbers), payment: payment() }
}

fn held_seat(seat: u32) -> Command {
    Command::BookHeldSeat { seat: SeatIndex::new(seat), payment: payment() }
}

fn status_of(scene: &Scene, booking: BookingNumber) -> Option<BookingStatus> {
    scene.sale().booking(booking).map(|booking| booking.status)
}

#[test]
fn paying_begins_with_a_pending_booking_and_held_seats() {
    let mut scene = Scene::new();
    let hold = scene.hold(ANNA, &[0, 1]).hold;
    scene.wait(MINUTE_MS);
    let booking = settling(scene.tell(ANNA, &book(hold)));
    let pending = scene.sale().booking(booking).expect("it has begun");
    assert_eq!((pending.status, pending.payment.status), (BookingStatus::Pending, PaymentStatus::Pending));
    assert_eq!((pending.total_minor(), pending.open_work()), (10_000, Some(Work::Authorize)));
    assert_eq!(pending.payment.settle_by, scene.now.plus_ms(TIMEOUT_MS));
    assert_eq!(scene.status(0), SeatStatus::Held);
    assert!(scene.sale().is_busy());
    scene.assert_replays();
}

#[test]
fn a_payment_stretches_its_hold_by_the_timeout() {
    let mut scene = Scene::new();
    let hold = scene.hold(ANNA, &[0]).hold;
    scene.wait(HOLD_MS - 1);
    let booking = settling(scene.tell(ANNA, &book(hold)));
    scene.wait(TIMEOUT_MS - 1);
    scene.expire();
    assert_eq!(scene.status(0), SeatStatus::Held);
    scene.settle(booking, PaymentOutcome::Authorized);
    assert_eq!(scene.status(0), SeatStatus::Booked);
}

#[test]
fn a_second_payment_stretches_the_hold_no_further() {
    let mut scene = Scene::new();
    let hold = scene.hold(ANNA, &[0]).hold;
    let first_began = HOLD_MS - 20;
    scene.wait(first_began);
    let first = settling(scene.tell(ANNA, &book(hold)));
    scene.wait(10);
    scene.settle(first, PaymentOutcome::Declined);
    let second = settling(scene.tell(ANNA, &book(hold)));
    let settle_by = scene.sale().booking(second).map(|booking| booking.payment.settle_by);
    assert_eq!(settle_by, Some(START.plus_ms(first_began + TIMEOUT_MS)));
    scene.now = START.plus_ms(first_began + TIMEOUT_MS);
    scene.expire();
    assert_eq!(status_of(&scene, second), Some(BookingStatus::Cancelled));
    assert_eq!(scene.status(0), SeatStatus::Available);
}

#[test]
fn a_declined_payment_that_needed_no_stretch_leaves_it_to_the_next() {
    let mut scene = Scene::new();
    let hold = scene.hold(ANNA, &[0]).hold;
    let early = settling(scene.tell(ANNA, &book(hold)));
    scene.settle(early, PaymentOutcome::Declined);
    scene.wait(HOLD_MS - 1);
    let late = settling(scene.tell(ANNA, &book(hold)));
    let settle_by = scene.sale().booking(late).map(|booking| booking.payment.settle_by);
    assert_eq!(settle_by, Some(scene.now.plus_ms(TIMEOUT_MS)));
}

#[test]
fn an_ended_hold_cannot_be_paid() {
    let mut scene = Scene::new();
    let hold = scene.hold(ANNA, &[0]).hold;
    scene.wait(HOLD_MS);
    assert_eq!(scene.refused(ANNA, &book(hold)), Refusal::HoldEnded);
}

#[test]
fn the_callers_hold_is_found_by_any_of_its_seats() {
    let mut scene = Scene::new();
    let hold = scene.hold(ANNA, &[0, 1]).hold;
    scene.buy(BEN, &[2]);
    for (seat, status) in [(1, SeatStatus::Held), (2, SeatStatus::Booked)] {
        let refusal = scene.refused(BEN, &held_seat(seat));
        assert_eq!(refusal, Refusal::SeatUnavailable(vec![(SeatIndex::new(seat), status)]));
    }
    assert_eq!(scene.refused(ANNA, &held_seat(3)), Refusal::HoldEnded);
    assert_eq!(scene.refused(ANNA, &held_seat(84)), Refusal::NotFound);
    let booking = settling(scene.tell(ANNA, &held_seat(1)));
    assert_eq!(scene.sale().booking(booking).map(|booking| booking.holds.clone()), Some(vec![hold]));
    assert_eq!(scene.refused(ANNA, &held_seat(0)), Refusal::AlreadyPaid);
}

#[test]
fn one_call_holds_and_begins_to_pay() {
    let mut scene = Scene::with(|terms| terms.per_customer = Some(2));
    let booking = settling(scene.tell(ANNA, &one_call(&[0, 1])));
    assert_eq!(scene.sale().next_deadline(), Some(START.plus_ms(TIMEOUT_MS)));
    scene.settle(booking, PaymentOutcome::Authorized);
    assert_eq!(scene.status(1), SeatStatus::Booked);
    assert!(matches!(scene.refused(BEN, &one_call(&[1])), Refusal::SeatUnavailable(_)));
    assert_eq!(scene.refused(ANNA, &one_call(&[2])), Refusal::LimitExceeded { limit: 2 });
    assert_eq!(scene.refused(BEN, &one_call(&[90])), Refusal::NotFound);
    assert!(matches!(scene.refused(BEN, &one_call(&[])), Refusal::Invalid { pointer: "/ticketIds", .. }));
    scene.assert_replays();
}

#[test]
fn a_one_call_booking_that_is_not_paid_lets_its_seats_go() {
    for late in [false, true] {
        let mut scene = Scene::new();
        let booking = settling(scene.tell(ANNA, &one_call(&[0, 1])));
        if late {
            scene.wait(TIMEOUT_MS);
            scene.expire();
        } else {
            scene.settle(booking, PaymentOutcome::Declined);
        }
        assert_eq!((scene.sale().counts().available, scene.sale().next_deadline()), (84, None));
        assert_eq!(scene.sale().tickets_of(ANNA.user), 0);
        scene.assert_replays();
    }
}

#[test]
fn a_total_of_zero_is_booked_without_a_provider() {
    for in_one_call in [false, true] {
        let mut scene = Scene::new();
        let command = match in_one_call {
            true => one_call(&[80, 81]),
            false => book(scene.hold(ANNA, &[80, 81]).hold),
        };
        let view = booking_of(scene.tell(ANNA, &command));
        assert_eq!(scene.sale().booking(view.number), Some(&*view.booking), "the answer is what was written");
        assert_eq!((view.booking.status, view.booking.total_minor()), (BookingStatus::Booked, 0));
        assert_eq!(
            (view.booking.payment.status, view.booking.booked_at),
            (PaymentStatus::Captured, Some(START))
        );
        assert!(view.booking.tickets.iter().all(|ticket| ticket.code.is_some()));
        assert_eq!((scene.status(80), scene.sale().is_busy()), (SeatStatus::Booked, false));
        scene.assert_replays();
    }
}

#[test]
fn one_ticket_that_costs_something_needs_the_provider() {
    let mut scene = Scene::new();
    let hold = scene.hold(ANNA, &[80, 60]).hold;
    let told = scene.tell(ANNA, &book(hold));
    assert!(matches!(told, Ok(Outcome::Settling { joined: false, .. })));
}

#[test]
fn every_ticket_has_a_code_of_its_own() {
    let mut scene = Scene::new();
    for seats in [[0, 1, 2], [3, 4, 5]] {
        scene.buy(ANNA, &seats);
    }
    let tickets = scene.sale().bookings().flat_map(|(_, booking)| booking.tickets.iter());
    let mut codes: Vec<_> = tickets.map(|ticket| ticket.code.expect("it is sold").0).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), 6);
}

#[test]
fn a_sale_that_has_used_up_its_booking_numbers_says_so() {
    let mut scene = Scene::new();
    let hold = scene.hold(BEN, &[0]).hold;
    scene.happen(Fact::PaymentStarted {
        booking: BookingNumber::new(LAST_NUMBER),
        hold,
        method: payment().method,
        settle_by: START.plus_ms(1),
        one_call: false,
        owed: None,
    });
    let hold = scene.hold(ANNA, &[1]).hold;
    for command in [book(hold), held_seat(1), one_call(&[2])] {
        assert_eq!(scene.refused(ANNA, &command), Refusal::Exhausted);
    }
}

#[test]
fn the_answer_in_the_end_is_the_booking_with_its_money_taken() {
    let mut scene = Scene::new();
    let booking = scene.pay(ANNA, &[0]);
    assert_eq!(scene.settle(booking, PaymentOutcome::Authorized).settled, []);
    let settled = scene.settle(booking, PaymentOutcome::Captured).settled;
    let [(number, Reply::Booking(view))] = settled.as_slice() else { panic!("{settled:?}") };
    assert_eq!((*number, scene.sale().booking(booking)), (booking, Some(&*view.booking)));
    assert_eq!(view.booking.payment.status, PaymentStatus::Captured);
}
