use crate::event::test::scene::*;
use crate::event::{Booking, Command, Outcome, PaymentOutcome, PaymentStatus, Refusal, Reply, SeatStatus};
use crate::ids::{BookingNumber, SeatIndex};

fn kill(numbers: &[u32]) -> Command {
    Command::Kill { seats: seats(numbers) }
}

fn restore(numbers: &[u32]) -> Command {
    Command::Restore { seats: seats(numbers) }
}

fn comp(numbers: &[u32]) -> Command {
    Command::Comp { seats: seats(numbers), to: ANNA.user }
}

fn move_ticket(booking: BookingNumber, from: u32, to: u32) -> Command {
    Command::MoveTicket { booking, from: SeatIndex::new(from), to: SeatIndex::new(to) }
}

fn booking(scene: &Scene, number: BookingNumber) -> &Booking {
    scene.sale().booking(number).expect("there is one")
}

#[test]
fn a_killed_seat_comes_back_by_being_restored_only() {
    let mut scene = Scene::new();
    let changed = Ok(Outcome::Reply(Reply::SeatsChanged));
    assert_eq!(scene.tell(ORGANIZER, &Command::Block { seats: seats(&[1]) }), changed);
    assert_eq!(scene.refused(ANNA, &kill(&[0])), Refusal::Forbidden);
    assert_eq!(scene.tell(ORGANIZER, &kill(&[0, 1])), changed);
    assert_eq!((scene.status(0), scene.status(1)), (SeatStatus::Blocked, SeatStatus::Blocked));
    let blocked = Refusal::SeatUnavailable(vec![(SeatIndex::new(1), SeatStatus::Blocked)]);
    for command in [Command::Unblock { seats: seats(&[1]) }, kill(&[1]), comp(&[1])] {
        assert_eq!(scene.refused(ORGANIZER, &command), blocked);
    }
    assert_eq!(scene.tell(OPERATOR, &restore(&[0, 1])), changed);
    assert_eq!((scene.status(0), scene.status(1)), (SeatStatus::Available, SeatStatus::Available));
    let free = Refusal::SeatUnavailable(vec![(SeatIndex::new(0), SeatStatus::Available)]);
    assert_eq!(scene.refused(ORGANIZER, &restore(&[0])), free);
    scene.hold(ANNA, &[0]);
    let held = Refusal::SeatUnavailable(vec![(SeatIndex::new(0), SeatStatus::Held)]);
    assert_eq!(scene.refused(ORGANIZER, &kill(&[0])), held);
    scene.assert_replays();
}

#[test]
fn a_comp_is_a_booking_for_nothing_beyond_any_limit() {
    let mut scene = Scene::with(|terms| terms.per_customer = Some(1));
    scene.tell(ORGANIZER, &Command::Block { seats: seats(&[1]) }).expect("it is free");
    assert_eq!(scene.refused(ANNA, &comp(&[0])), Refusal::Forbidden);
    let view = booking_of(scene.tell(ORGANIZER, &comp(&[0, 1])));
    assert_eq!(Some(&*view.booking), scene.sale().booking(view.number));
    assert_eq!((view.booking.buyer, view.booking.total_minor()), (ANNA.user, 0));
    assert_eq!((view.booking.payment.status, view.booking.open_work()), (PaymentStatus::Captured, None));
    assert!(view.booking.tickets.iter().all(|ticket| ticket.code.is_some()));
    assert_eq!((scene.status(0), scene.status(1)), (SeatStatus::Booked, SeatStatus::Booked));
    booking_of(scene.tell(ANNA, &cancel(view.number, None)));
    assert_eq!(scene.status(1), SeatStatus::Available);
    scene.assert_replays();
}

#[test]
fn a_moved_ticket_keeps_its_price_and_gets_another_code() {
    let mut scene = Scene::new();
    let number = scene.buy(ANNA, &[0, 1]);
    let before = booking(&scene, number).clone();
    assert_eq!(scene.refused(ANNA, &move_ticket(number, 0, 65)), Refusal::Forbidden);
    assert_eq!(scene.refused(BEN, &move_ticket(number, 0, 65)), Refusal::NotFound);
    let view = booking_of(scene.tell(ORGANIZER, &move_ticket(number, 0, 65)));
    assert_eq!(Some(&*view.booking), scene.sale().booking(number));
    let moved = view.booking.tickets[0];
    assert_eq!((moved.seat, moved.price_minor), (SeatIndex::new(65), 5_000));
    assert_ne!(moved.code, before.tickets[0].code);
    assert_eq!(view.booking.tickets[1], before.tickets[1]);
    assert_eq!((scene.status(0), scene.status(65)), (SeatStatus::Available, SeatStatus::Booked));
    assert_eq!(scene.refused(ORGANIZER, &move_ticket(number, 0, 66)), Refusal::NotFound);
    scene.hold(BEN, &[2]);
    let held = Refusal::SeatUnavailable(vec![(SeatIndex::new(2), SeatStatus::Held)]);
    assert_eq!(scene.refused(ORGANIZER, &move_ticket(number, 1, 2)), held);
    scene.assert_replays();
}

#[test]
fn only_live_tickets_move() {
    let mut scene = Scene::new();
    let number = scene.buy_free(ANNA, &[80, 81]);
    booking_of(scene.tell(ANNA, &cancel(number, Some(&[80]))));
    assert_eq!(scene.refused(ORGANIZER, &move_ticket(number, 80, 0)), Refusal::AlreadyCancelled);
    // Onto the seat that the booking has given back: it is there twice now, and can be cancelled again.
    booking_of(scene.tell(ORGANIZER, &move_ticket(number, 81, 80)));
    let cancelled = booking_of(scene.tell(ANNA, &cancel(number, Some(&[80]))));
    assert!(cancelled.booking.live_seats().next().is_none());
    let pending = scene.pay(ANNA, &[3]);
    assert_eq!(scene.refused(ORGANIZER, &move_ticket(pending, 3, 4)), Refusal::NotCancellable);
    // Nobody has paid it, and somebody else has bought the seat.
    scene.settle(pending, PaymentOutcome::Declined);
    scene.wait(HOLD_MS);
    scene.buy(BEN, &[3]);
    assert_eq!(scene.refused(ORGANIZER, &move_ticket(pending, 3, 4)), Refusal::AlreadyCancelled);
    assert_eq!((scene.status(3), scene.status(4)), (SeatStatus::Booked, SeatStatus::Available));
    scene.assert_replays();
}
