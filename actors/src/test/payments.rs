//! Bookings are paid, settled and answered, whatever happens to their owner and the journal.

use std::time::Duration;

use domain::event::{BookingStatus, Command, Key, PaymentStatus, Reply, SeatStatus};
use domain::ids::{BookingNumber, UserId};
use domain::ports::Journal;

use super::world::{HOLD_MS, LATE_MS, SEAT, book, booked, held, hold, scene, settle_down, settled, status};
use crate::Answer;

#[test]
fn a_payment_is_authorized_booked_and_captured_in_this_order() {
    scene(16, |world| async move {
        let held = held(world.ask(1, hold(&[3, 4])).await);
        let view = booked(settled(world.ask(1, book(held.hold, "tok_visa")).await).await);
        assert_eq!(view.booking.status, BookingStatus::Booked);
        assert_eq!(view.booking.payment.status, PaymentStatus::Captured);
        assert_eq!(world.gateway.calls(), ["authorize 5000", "capture 5000"]);
        assert_eq!(status(&world), SeatStatus::Booked);

        let cancel = Command::Cancel { booking: view.number, seats: Some(vec![SEAT]) };
        let view = booked(settled(world.ask(1, cancel).await).await);
        assert_eq!(view.booking.payment.refunded_minor, 2_250);
        assert_eq!(status(&world), SeatStatus::Available);
    });
}

#[test]
fn the_provider_is_asked_only_when_the_booking_is_on_disk() {
    scene(16, |world| async move {
        let held = held(world.ask(1, hold(&[3])).await);
        world.journal.hold_back();
        let _booking = world.begin(1, book(held.hold, "tok_visa"));
        settle_down().await;
        assert!(world.gateway.calls().is_empty());
        world.journal.lose_leadership();
        settle_down().await;
        assert!(world.gateway.calls().is_empty(), "charged for a booking that never was");
    });
}

#[test]
fn a_declined_payment_leaves_the_hold_and_a_late_one_is_voided() {
    scene(16, |world| async move {
        let held = held(world.ask(1, hold(&[3])).await);
        let declined = settled(world.ask(1, book(held.hold, "tok_declined")).await).await;
        assert_eq!(declined, Reply::Declined);
        assert_eq!(status(&world), SeatStatus::Held);
        let late = booked(settled(world.ask(1, book(held.hold, "tok_timeout")).await).await);
        assert_eq!(late.booking.status, BookingStatus::Cancelled);
        assert_eq!(late.booking.payment.status, PaymentStatus::Voided);
        assert_eq!(world.gateway.calls().last().map(String::as_str), Some("void"));
        tokio::time::sleep(Duration::from_millis(HOLD_MS)).await;
        assert_eq!(status(&world), SeatStatus::Available);
    });
}

#[test]
fn money_that_is_found_when_it_is_to_be_let_go_of_gets_its_seats() {
    scene(16, |world| async move {
        let held = held(world.ask(1, hold(&[3])).await);
        let found = booked(settled(world.ask(1, book(held.hold, "tok_found_late")).await).await);
        assert_eq!(found.booking.status, BookingStatus::Booked);
        assert_eq!(found.booking.payment.status, PaymentStatus::Captured);
        assert_eq!(world.gateway.calls(), ["authorize 2500", "capture 2500"], "it is never let go of");
        assert_eq!(status(&world), SeatStatus::Booked);
    });
}

#[test]
fn a_payment_survives_the_death_of_its_owner() {
    scene(16, |world| async move {
        let held = held(world.ask(1, hold(&[3])).await);
        let Ok(Answer::Settling { settled, booking, .. }) = world.ask(1, book(held.hold, "tok_slow")).await
        else {
            panic!("a payment under way was expected");
        };
        settle_down().await;
        world.kill_actor().await;
        settled.await.expect_err("who would have answered is dead");
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(
            world.gateway.calls(),
            ["authorize 2500", "authorize 2500"],
            "asked again under the same key"
        );
        let pending = world.ask(1, Command::AnswerPending { booking }).await;
        assert!(matches!(pending, Ok(Answer::Reply(Reply::Pending(_)))), "{pending:?}");
        // Its time passes: the new owner voids it and the seats go free.
        tokio::time::sleep(Duration::from_millis(HOLD_MS + 100)).await;
        assert_eq!(status(&world), SeatStatus::Available);
        assert!(world.journal.busy().is_empty(), "work is left open");
    });
}

#[test]
fn one_key_begins_one_payment_and_both_callers_get_its_answer() {
    scene(16, |world| async move {
        let held = held(world.ask(1, hold(&[3])).await);
        let key = Key { caller: UserId::new(1), hash: [1; 16], fingerprint: [2; 16] };
        let first = world.ask_with(1, book(held.hold, "tok_visa"), Some(key)).await;
        let second = world.ask_with(1, book(held.hold, "tok_visa"), Some(key)).await;
        let first = settled(first).await;
        let second = match second {
            Ok(Answer::Reply(reply)) => reply,
            joined => settled(joined).await,
        };
        assert_eq!(first, second);
        assert_eq!(world.gateway.calls(), ["authorize 2500", "capture 2500"]);
    });
}

#[test]
fn a_cancellation_during_the_capture_waits_for_it_and_captures_once() {
    scene(16, |world| async move {
        let held = held(world.ask(1, hold(&[3, 4])).await);
        let paying = world.ask(1, book(held.hold, "tok_slow_capture")).await;
        settle_down().await;
        let cancel = Command::Cancel { booking: BookingNumber::new(0), seats: Some(vec![SEAT]) };
        let cancelled = world.ask(1, cancel).await;
        let (paid, refunded) = (booked(settled(paying).await), booked(settled(cancelled).await));
        assert_eq!(paid, refunded, "both are answered when all is done");
        assert_eq!(refunded.booking.payment.refunded_minor, 2_250);
        assert_eq!(world.gateway.calls(), ["authorize 5000", "capture 5000", "refund 2250 #0"]);
    });
}

#[test]
fn an_outcome_that_meets_a_full_journal_is_neither_lost_nor_kept_from_those_who_wait() {
    scene(16, |world| async move {
        let held = held(world.ask(1, hold(&[3])).await);
        for (token, commits) in [("tok_declined_late", false), ("tok_slow_capture", true)] {
            let paying = world.ask(1, book(held.hold, token)).await;
            settle_down().await;
            world.journal.limit_to(0);
            tokio::time::sleep(Duration::from_millis(LATE_MS + 1_000)).await;
            world.journal.limit_to(100);
            let reply = settled(paying).await;
            assert_eq!(reply != Reply::Declined, commits, "{reply:?}");
        }
        assert_eq!(status(&world), SeatStatus::Booked);
    });
}

#[test]
fn an_authorization_that_no_longer_counts_is_not_waited_for() {
    scene(16, |world| async move {
        let held = held(world.ask(1, hold(&[3])).await);
        let late = world.ask(1, book(held.hold, "tok_timeout")).await;
        settle_down().await;
        assert_eq!(world.gateway.waited_for(), 1);
        assert_eq!(booked(settled(late).await).booking.payment.status, PaymentStatus::Voided);
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert_eq!(world.gateway.waited_for(), 0, "a task is left for good");
    });
}
