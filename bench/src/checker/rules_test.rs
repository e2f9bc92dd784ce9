//! Every rule of sales on the smallest history that breaks it, beside the nearest one that does not.

use super::Kind;
use super::story::*;
use crate::history::{Booking, Call, Outcome, Ticket, Want};

#[test]
fn a_seat_held_twice_at_once_is_a_double_sale() {
    let held = Story::new().hold(ANN, 0.0, "h1", &[A, B]);
    held.hold(BOB, 10.0, "h2", &[B]).breaks(Kind::DoubleSale);
    let lapsed = Story::new().hold(ANN, 0.0, "h1", &[A, B]);
    lapsed.hold(BOB, 30.05, "h2", &[B]).is_clean();
}

#[test]
fn a_booked_seat_that_is_booked_again_is_a_double_sale_however_much_later() {
    let story = Story::new().hold(ANN, 0.0, "h1", &[A]).book(ANN, 5.0, "h1", "b1", &[A]);
    story.hold(BOB, 500.0, "h2", &[A]).book(BOB, 501.0, "h2", "b2", &[A]).breaks(Kind::DoubleSale);
}

#[test]
fn between_a_hold_and_its_booking_the_seat_is_never_free() {
    // The booking takes from 29 s until 45 s; what the hold alone would allow ends at 30 s.
    let mut story = Story::new().hold(ANN, 0.0, "h1", &[A]).book(ANN, 29.0, "h1", "b1", &[A]);
    story.last().ended_us = us(45.0);
    story.hold(BOB, 40.0, "h2", &[A]).breaks(Kind::DoubleSale);
}

#[test]
fn what_may_have_been_given_up_is_not_certain_any_more() {
    for outcome in [Outcome::Done, unknown()] {
        Story::new()
            .hold(ANN, 0.0, "h1", &[A])
            .release(ANN, 5.0, "h1", outcome)
            .hold(BOB, 5.0, "h2", &[A])
            .is_clean();
    }
    let unknown_booking = Story::new().hold(ANN, 0.0, "h1", &[A]).book_gives(ANN, 5.0, "h1", unknown());
    unknown_booking.hold(BOB, 6.0, "h2", &[A]).is_clean();
    let declined =
        Story::new().hold(ANN, 0.0, "h1", &[A]).book_gives(ANN, 5.0, "h1", refused("payment-declined"));
    declined.hold(BOB, 6.0, "h2", &[A]).breaks(Kind::DoubleSale);
}

#[test]
fn a_cancelled_seat_can_be_sold_again() {
    for outcome in [Outcome::Done, unknown()] {
        let story = Story::new().hold(ANN, 0.0, "h1", &[A]).book(ANN, 5.0, "h1", "b1", &[A]);
        let story = story.cancel(ANN, 50.0, "b1", outcome).hold(BOB, 50.05, "h2", &[A]);
        story.book(BOB, 51.0, "h2", "b2", &[A]).is_clean();
    }
    let kept = Story::new().hold(ANN, 0.0, "h1", &[A]).book(ANN, 5.0, "h1", "b1", &[A]);
    kept.cancel(ANN, 50.0, "b1", refused("not-cancellable"))
        .hold(BOB, 60.0, "h2", &[A])
        .breaks(Kind::DoubleSale);
}

#[test]
fn a_hold_denied_to_its_owner_before_its_deadline_is_lost() {
    for code in ["hold-expired", "not-found", "forbidden", "seat-unavailable"] {
        let story = Story::new().hold(ANN, 0.0, "h1", &[A]).book_gives(ANN, 20.0, "h1", refused(code));
        story.breaks(Kind::LostHold);
    }
    let release = Story::new().hold(ANN, 0.0, "h1", &[A]).release(ANN, 20.0, "h1", refused("hold-expired"));
    release.breaks(Kind::LostHold);
    let late = Story::new().hold(ANN, 0.0, "h1", &[A]).book_gives(ANN, 29.95, "h1", refused("hold-expired"));
    late.is_clean();
    let given_back = Story::new().hold(ANN, 0.0, "h1", &[A]).release(ANN, 10.0, "h1", unknown());
    given_back.book_gives(ANN, 20.0, "h1", refused("hold-expired")).is_clean();
    let business =
        Story::new().hold(ANN, 0.0, "h1", &[A]).book_gives(ANN, 20.0, "h1", refused("event-cancelled"));
    business.is_clean();
}

#[test]
fn an_extension_moves_the_deadline() {
    let held = |tickets: &[Ticket]| Outcome::Held { hold: "h1".into(), tickets: tickets.to_vec() };
    let extend = || Call::Extend { hold: "h1".into(), ttl_us: TTL_US };
    let extended = || Story::new().hold(ANN, 0.0, "h1", &[A]).op(ANN, 20.0, extend(), held(&[A]));
    extended().hold(BOB, 40.0, "h2", &[A]).breaks(Kind::DoubleSale);
    extended().book(ANN, 49.0, "h1", "b1", &[A]).is_clean();
    extended().book_gives(ANN, 49.0, "h1", refused("hold-expired")).breaks(Kind::LostHold);
    extended().book(ANN, 51.0, "h1", "b1", &[A]).breaks(Kind::HoldPastDeadline);
    // Nobody knows whether it was extended: neither deadline can be held against the node.
    let perhaps = || Story::new().hold(ANN, 0.0, "h1", &[A]).op(ANN, 20.0, extend(), unknown());
    perhaps().hold(BOB, 40.0, "h2", &[A]).is_clean();
    perhaps().book(ANN, 49.0, "h1", "b1", &[A]).is_clean();
}

#[test]
fn a_changed_hold_has_its_new_tickets_and_not_its_old_ones() {
    let change = || Call::Change { hold: "h1".into(), add: vec![B], remove: vec![A] };
    let changed = || {
        let answer = Outcome::Held { hold: "h1".into(), tickets: vec![B] };
        Story::new().hold(ANN, 0.0, "h1", &[A]).op(ANN, 5.0, change(), answer)
    };
    changed().hold(BOB, 6.0, "h2", &[A]).is_clean();
    changed().hold(BOB, 6.0, "h2", &[B]).breaks(Kind::DoubleSale);
    changed().book(ANN, 7.0, "h1", "b1", &[B]).is_clean();
    let late = Story::new().hold(ANN, 0.0, "h1", &[A]);
    let late = late.op(ANN, 31.0, change(), Outcome::Held { hold: "h1".into(), tickets: vec![B] });
    late.breaks(Kind::HoldPastDeadline);
}

#[test]
fn a_booking_of_a_lapsed_hold_is_a_hold_past_its_deadline() {
    Story::new().hold(ANN, 0.0, "h1", &[A]).book(ANN, 30.5, "h1", "b1", &[A]).breaks(Kind::HoldPastDeadline);
    Story::new().hold(ANN, 0.0, "h1", &[A]).book(ANN, 30.1, "h1", "b1", &[A]).is_clean();
}

#[test]
fn a_pending_payment_extends_its_hold_once() {
    let first = || Story::new().hold(ANN, 0.0, "h1", &[A]).book_gives(ANN, 20.0, "h1", unknown());
    first().book(ANN, 55.0, "h1", "b1", &[A]).is_clean();
    first().book(ANN, 65.0, "h1", "b1", &[A]).breaks(Kind::HoldPastDeadline);
}

#[test]
fn one_id_for_two_holds_two_bookings_or_two_tickets_is_found() {
    Story::new().hold(ANN, 0.0, "h1", &[A]).hold(BOB, 100.0, "h1", &[B]).breaks(Kind::ReusedHoldId);
    let booked = |second: Booking| {
        let story = Story::new().hold(ANN, 0.0, "h1", &[A]).book(ANN, 1.0, "h1", "b1", &[A]);
        story.hold(BOB, 2.0, "h2", &[B]).book_gives(BOB, 3.0, "h2", Outcome::Booked(second))
    };
    booked(booking(BOB, "b2", &[B])).is_clean();
    let same_id = Booking { id: "b1".into(), ..booking(BOB, "b2", &[B]) };
    booked(same_id).breaks(Kind::ReusedBookingId);
    let same_code = Booking { tickets: vec![(B, "code-b1-0".into())], ..booking(BOB, "b2", &[B]) };
    booked(same_code).breaks(Kind::ReusedTicketCode);
}

#[test]
fn a_repeated_key_gives_the_same_success() {
    let once = || Story::new().hold(ANN, 0.0, "h1", &[A]);
    once().hold(ANN, 1.0, "h1", &[A]).same_key().is_clean();
    once().hold(ANN, 1.0, "h2", &[A]).same_key().breaks(Kind::KeyExecutedTwice);
    // A refusal is not remembered: the key stayed free.
    let refused_first = Story::new().book_gives(ANN, 0.0, "h0", refused("overloaded"));
    refused_first.hold(ANN, 1.0, "h1", &[A]).same_key().is_clean();
}

#[test]
fn an_answer_says_what_was_asked_for() {
    let best = |quantity, tickets: &[Ticket]| {
        let call = Call::Hold { want: Want::Best(quantity), ttl_us: TTL_US };
        Story::new().op(ANN, 0.0, call, Outcome::Held { hold: "h1".into(), tickets: tickets.to_vec() })
    };
    best(2, &[A, B]).is_clean();
    best(2, &[A]).breaks(Kind::WrongAnswer);
    best(2, &[A, A]).breaks(Kind::WrongAnswer);
    let exact = Call::Hold { want: Want::Exact(vec![A]), ttl_us: TTL_US };
    let other = Outcome::Held { hold: "h1".into(), tickets: vec![B] };
    Story::new().op(ANN, 0.0, exact, other).breaks(Kind::WrongAnswer);
    Story::new().hold(ANN, 0.0, "h1", &[A]).book(ANN, 1.0, "h1", "b1", &[B]).breaks(Kind::WrongAnswer);
    let malformed = Outcome::Malformed { why: "no id".into() };
    Story::new().book_gives(ANN, 1.0, "h1", malformed).breaks(Kind::WrongAnswer);
    let others = Outcome::Booked(booking(BOB, "b1", &[A]));
    Story::new().hold(ANN, 0.0, "h1", &[A]).book_gives(ANN, 1.0, "h1", others).breaks(Kind::WrongOwner);
}
