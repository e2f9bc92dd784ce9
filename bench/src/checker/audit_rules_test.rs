//! Every rule of audits and looks on the smallest history that breaks it, beside the nearest one that does not.

use super::story::*;
use super::{Kind, Limits, check, settled_at_us};
use crate::history::{Booking, BookingStatus, Call, Outcome, Owner, SeatStatus, Want};

#[test]
fn a_map_shows_what_is_certain() {
    let held = || Story::new().hold(ANN, 0.0, "h1", &[A]).audit();
    held().map(5.0, &[(A, SeatStatus::Held, by(ANN)), (B, SeatStatus::Available, Owner::Untold)]).is_clean();
    held().map(5.0, &[(A, SeatStatus::Held, Owner::Untold)]).is_clean();
    held().map(5.0, &[(A, SeatStatus::Available, Owner::Untold)]).breaks(Kind::LostHold);
    held().map(5.0, &[(A, SeatStatus::Held, by(BOB))]).breaks(Kind::WrongOwner);
    held().map(5.0, &[(A, SeatStatus::Booked, Owner::Stranger("usr_x".into()))]).breaks(Kind::WrongOwner);
    let booked = || held().book(ANN, 1.0, "h1", "b1", &[A]);
    booked().map(900.0, &[(A, SeatStatus::Booked, by(ANN))]).is_clean();
    booked().map(900.0, &[(A, SeatStatus::Held, by(ANN))]).breaks(Kind::LostBooking);
    booked().map(900.0, &[(A, SeatStatus::Booked, by(BOB))]).breaks(Kind::WrongOwner);
}

#[test]
fn a_map_shows_nothing_that_is_over_or_that_nobody_did() {
    let held = || Story::new().hold(ANN, 0.0, "h1", &[A]).audit();
    held().map(30.15, &[(A, SeatStatus::Held, by(ANN))]).is_clean();
    held().map(30.5, &[(A, SeatStatus::Held, by(ANN))]).breaks(Kind::HoldPastDeadline);
    let released = held().release(ANN, 1.0, "h1", Outcome::Done);
    released.map(1.2, &[(A, SeatStatus::Held, by(ANN))]).breaks(Kind::HoldPastDeadline);
    held()
        .map(5.0, &[(A, SeatStatus::Held, by(ANN)), (B, SeatStatus::Held, by(BOB))])
        .breaks(Kind::Unexplained);
    held().map(50.0, &[(A, SeatStatus::Booked, by(ANN))]).breaks(Kind::Unexplained);
    let cancelled = held().book(ANN, 1.0, "h1", "b1", &[A]).cancel(ANN, 2.0, "b1", Outcome::Done);
    cancelled.map(50.0, &[(A, SeatStatus::Booked, by(ANN))]).breaks(Kind::CancelledYetBooked);
    let mut taken_before = Story::new().audit();
    taken_before.history.taken_before = vec![A];
    taken_before.map(5.0, &[(A, SeatStatus::Booked, by(BOB))]).is_clean();
}

#[test]
fn what_may_have_happened_explains_a_taken_seat() {
    let best = Call::Hold { want: Want::Best(1), ttl_us: TTL_US };
    let lost_answer = || Story::new().op(ANN, 0.0, best.clone(), unknown()).audit();
    lost_answer().map(5.0, &[(A, SeatStatus::Held, by(ANN))]).is_clean();
    lost_answer().map(5.0, &[(A, SeatStatus::Held, by(BOB))]).breaks(Kind::Unexplained);
    lost_answer().map(36.0, &[(A, SeatStatus::Held, by(ANN))]).breaks(Kind::Unexplained);
    let lost_booking =
        || Story::new().hold(ANN, 0.0, "h1", &[A]).book_gives(ANN, 1.0, "h1", unknown()).audit();
    lost_booking().map(900.0, &[(A, SeatStatus::Booked, by(ANN))]).is_clean();
    lost_booking().map(900.0, &[(A, SeatStatus::Available, Owner::Untold)]).is_clean();
    // A first attempt may have happened although a later one was refused.
    let exact = Call::Hold { want: Want::Exact(vec![A]), ttl_us: TTL_US };
    let refused_later = Story::new().op(ANN, 0.0, exact, refused("sold-out")).retried().audit();
    refused_later.map(5.0, &[(A, SeatStatus::Held, by(ANN))]).is_clean();
}

#[test]
fn an_acknowledged_booking_is_there_for_its_buyer() {
    let booked = || Story::new().hold(ANN, 0.0, "h1", &[A]).book(ANN, 1.0, "h1", "b1", &[A]).audit();
    let good = || booking(ANN, "b1", &[A]);
    booked().list(ANN, vec![good()]).read(ANN, "b1", Some(good())).is_clean();
    booked().list(ANN, vec![]).breaks(Kind::LostBooking);
    booked().read(ANN, "b1", None).breaks(Kind::LostBooking);
    booked().list(ANN, vec![]).list(BOB, vec![booking(BOB, "b1", &[A])]).breaks(Kind::WrongOwner);
    let other_seat = Booking { tickets: vec![(B, String::new())], ..good() };
    booked().list(ANN, vec![other_seat]).breaks(Kind::LostBooking);
    let other_code = Booking { tickets: vec![(A, "another".into())], ..good() };
    booked().list(ANN, vec![other_code]).breaks(Kind::LostBooking);
    booked().list(ANN, vec![with_status(good(), BookingStatus::Cancelled)]).breaks(Kind::LostBooking);
    booked().list(ANN, vec![with_status(good(), BookingStatus::Pending)]).breaks(Kind::LostBooking);
}

#[test]
fn a_cancelled_booking_is_void() {
    let cancelled = |outcome| {
        let booked = Story::new().hold(ANN, 0.0, "h1", &[A]).book(ANN, 1.0, "h1", "b1", &[A]);
        booked.cancel(ANN, 2.0, "b1", outcome).audit()
    };
    let good = || booking(ANN, "b1", &[A]);
    let void = || with_status(good(), BookingStatus::Cancelled);
    cancelled(Outcome::Done).list(ANN, vec![void()]).is_clean();
    cancelled(Outcome::Done).list(ANN, vec![good()]).breaks(Kind::CancelledYetBooked);
    cancelled(unknown()).list(ANN, vec![good()]).is_clean();
    cancelled(unknown()).list(ANN, vec![void()]).is_clean();
    cancelled(refused("not-cancellable")).list(ANN, vec![void()]).breaks(Kind::LostBooking);
    cancelled(refused("already-cancelled")).breaks(Kind::LostBooking);
    cancelled(refused("not-found")).breaks(Kind::LostBooking);
}

#[test]
fn a_booking_that_nobody_made_is_found() {
    let held = || Story::new().hold(ANN, 0.0, "h1", &[A]);
    let stray = || booking(ANN, "b9", &[A]);
    held().audit().list(ANN, vec![stray()]).breaks(Kind::Unexplained);
    let perhaps = || held().book_gives(ANN, 1.0, "h1", unknown()).audit();
    perhaps().list(ANN, vec![stray()]).is_clean();
    // One call makes one booking.
    perhaps().list(ANN, vec![stray(), booking(ANN, "b8", &[A])]).breaks(Kind::Unexplained);
    // A retry that was acknowledged as one booking had already made another.
    let twice = held().book(ANN, 1.0, "h1", "b1", &[A]).retried().audit();
    twice.list(ANN, vec![booking(ANN, "b1", &[A]), stray()]).breaks(Kind::Unexplained);
}

#[test]
fn a_payment_that_was_pending_settles_one_way_or_the_other() {
    let pending = || {
        let answer = Outcome::Booked(with_status(booking(ANN, "b1", &[A]), BookingStatus::Pending));
        Story::new().hold(ANN, 0.0, "h1", &[A]).book_gives(ANN, 20.0, "h1", answer).audit()
    };
    pending().list(ANN, vec![booking(ANN, "b1", &[A])]).is_clean();
    pending().list(ANN, vec![with_status(booking(ANN, "b1", &[A]), BookingStatus::Cancelled)]).is_clean();
    let still = with_status(booking(ANN, "b1", &[A]), BookingStatus::Pending);
    pending().list(ANN, vec![still]).breaks(Kind::HoldPastDeadline);
    pending().map(55.0, &[(A, SeatStatus::Held, by(ANN))]).is_clean();
    pending().map(61.0, &[(A, SeatStatus::Held, by(ANN))]).breaks(Kind::HoldPastDeadline);
}

#[test]
fn a_look_at_a_hold_shows_it_for_as_long_as_it_lives_and_no_longer() {
    let held = || Story::new().hold(ANN, 0.0, "h1", &[A]);
    let denied = |at| held().op(ANN, at, Call::Show { hold: "h1".into() }, refused("hold-expired"));
    held().show(ANN, 1.0, "h1", &[A]).is_clean();
    denied(31.0).is_clean();
    denied(1.0).breaks(Kind::LostHold);
    held().show(ANN, 31.0, "h1", &[A]).breaks(Kind::HoldPastDeadline);
    held().release(ANN, 1.0, "h1", Outcome::Done).show(ANN, 2.0, "h1", &[A]).breaks(Kind::HoldPastDeadline);
    held().release(ANN, 1.0, "h1", unknown()).show(ANN, 2.0, "h1", &[A]).is_clean();
    held().book(ANN, 1.0, "h1", "b1", &[A]).show(ANN, 2.0, "h1", &[A]).breaks(Kind::HoldPastDeadline);
}

#[test]
fn a_look_at_a_hold_shows_every_change_before_it() {
    let changed = |outcome| Story::new().hold(ANN, 0.0, "h1", &[A]).change(ANN, 1.0, (B, A), outcome);
    let done = || changed(Outcome::Held { hold: "h1".into(), tickets: vec![B] });
    done().show(ANN, 2.0, "h1", &[B]).is_clean();
    done().show(ANN, 2.0, "h1", &[A]).breaks(Kind::WrongAnswer);
    // Asked for while it was being changed.
    done().show(ANN, 1.05, "h1", &[A]).is_clean();
    changed(unknown()).show(ANN, 2.0, "h1", &[A]).is_clean();
    changed(unknown()).show(ANN, 2.0, "h1", &[B]).is_clean();
    changed(refused("seat-unavailable")).show(ANN, 2.0, "h1", &[B]).breaks(Kind::WrongAnswer);
}

#[test]
fn a_final_audit_waits_for_the_last_hold_and_no_longer() {
    let limits = Limits::default();
    let settled = |story: &Story| settled_at_us(&story.history, &limits);
    let held = || Story::new().hold(ANN, 0.0, "h1", &[A]);
    assert_eq!(settled(&held()), us(30.1) + 30_000 + limits.slack_us);
    assert_eq!(settled(&held().book(ANN, 1.0, "h1", "b1", &[A])), us(1.1));
    assert_eq!(settled(&held().release(ANN, 1.0, "h1", Outcome::Done)), us(1.1));
    assert!(settled(&held().book_gives(ANN, 1.0, "h1", unknown())) > us(60.0));
    assert!(settled(&held().release(ANN, 1.0, "h1", unknown())) < us(31.0));
}

#[test]
fn two_targets_may_show_what_was_true_a_second_ago() {
    let story = Story::new().hold(ANN, 0.0, "h1", &[A]).audit();
    let story = story.map(0.6, &[(A, SeatStatus::Available, Owner::Untold)]);
    story.breaks(Kind::LostHold);
    let limits = Limits { staleness_us: 1_000_000, ..Limits::default() };
    assert!(check(&story.history, &limits).is_clean());
}
