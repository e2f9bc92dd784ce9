use std::time::Duration;

use domain::event::{BookingStatus, Command, Key, PaymentStatus, Refusal, Reply, SeatStatus};
use domain::ids::{HoldNumber, SeatIndex, UserId};
use domain::ports::{Journal, JournalFault};

use super::world::{EVENT, HOLD_MS, World, booked, held, hold, pay, scene, settle_down, settled};
use crate::{Answer, Fault};

const SEAT: SeatIndex = SeatIndex::new(3);

fn status(world: &World) -> SeatStatus {
    world.journal.committed(EVENT, |sale| sale.status(SEAT)).expect("a seat of the map")
}

#[test]
fn an_answer_waits_for_its_facts_and_a_spurious_refusal_does_not() {
    scene(16, |world| async move {
        held(world.ask(1, hold(&[0])).await);
        world.journal.hold_back();
        let first = world.begin(1, hold(&[3]));
        settle_down().await;
        assert!(first.borrow().is_none(), "answered before the commit");
        let second = world.ask(2, hold(&[3])).await;
        assert!(matches!(second, Ok(Answer::Refused(Refusal::SeatUnavailable(_)))), "{second:?}");
        let third = world.begin(2, Command::ShowHold { hold: HoldNumber::new(9) });
        settle_down().await;
        assert!(third.borrow().is_none(), "a definite answer must wait for the last fact decided");
        world.journal.let_go();
        settle_down().await;
        held(first.take().expect("answered by the commit"));
        let third = third.take().expect("answered by the commit");
        assert!(matches!(third, Ok(Answer::Refused(Refusal::NotFound))), "{third:?}");
    });
}

#[test]
fn a_full_mailbox_and_a_full_journal_are_overload_without_effect() {
    scene(1, |world| async move {
        held(world.ask(1, hold(&[0])).await);
        let asked: Vec<_> = (0..8).map(|_| world.begin(1, hold(&[3]))).collect();
        settle_down().await;
        let overloaded =
            |answered: &Option<crate::Answered>| matches!(answered, Some(Err(Fault::Overloaded)));
        assert!(asked.iter().any(|cell| overloaded(&cell.borrow())), "no mailbox was full");

        world.ask(1, Command::ReleaseHold { hold: HoldNumber::new(1) }).await.expect("released");
        world.journal.limit_to(0);
        let refused = world.ask(1, hold(&[3])).await;
        assert!(matches!(refused, Err(Fault::Overloaded)), "{refused:?}");
        world.journal.limit_to(100);
        held(world.ask(2, hold(&[3])).await);
    });
}

#[test]
fn a_hold_ends_at_its_deadline_by_the_timer_alone() {
    scene(16, |world| async move {
        held(world.ask(1, hold(&[3])).await);
        tokio::time::sleep(Duration::from_millis(HOLD_MS - 5)).await;
        assert_eq!(status(&world), SeatStatus::Held);
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert_eq!(status(&world), SeatStatus::Available);
        let shown = world.ask(1, Command::ShowHold { hold: HoldNumber::new(0) }).await;
        assert!(matches!(shown, Ok(Answer::Refused(Refusal::HoldEnded))), "{shown:?}");
    });
}

#[test]
fn a_hold_ends_in_time_also_while_its_time_drifts_to_a_wall_clock_ahead() {
    scene(16, |world| async move {
        held(world.ask(1, hold(&[3])).await);
        world.jump(3_600_000);
        // One part in twenty faster than the clock that the timer runs by.
        let deadline_ms = HOLD_MS * 20 / 21;
        tokio::time::sleep(Duration::from_millis(deadline_ms - 100)).await;
        assert_eq!(status(&world), SeatStatus::Held);
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(status(&world), SeatStatus::Available);
    });
}

#[test]
fn a_wall_clock_that_jumped_ends_no_hold_when_the_actor_is_replaced() {
    scene(16, |world| async move {
        held(world.ask(1, hold(&[3])).await);
        world.jump(3_600_000);
        world.kill_actor().await;
        tokio::time::sleep(Duration::from_millis(HOLD_MS / 2)).await;
        held(world.ask(1, Command::ShowHold { hold: HoldNumber::new(0) }).await);
        assert_eq!(status(&world), SeatStatus::Held);
        assert_eq!(world.actors(), 2);
    });
}

#[test]
fn holds_end_also_when_the_shard_had_no_leader_for_a_while() {
    scene(16, |world| async move {
        held(world.ask(1, hold(&[3])).await);
        world.journal.refuse_opens(3, JournalFault::NotOwner);
        world.kill_actor().await;
        tokio::time::sleep(Duration::from_millis(HOLD_MS + 10)).await;
        assert_eq!(status(&world), SeatStatus::Available);
    });
}

#[test]
fn a_panic_with_proposals_in_flight_loses_nothing_and_the_next_actor_goes_on() {
    scene(16, |world| async move {
        held(world.ask(1, hold(&[0])).await);
        world.journal.hold_back();
        let in_flight = world.begin(1, hold(&[3]));
        settle_down().await;
        world.kill_actor().await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(in_flight.borrow().is_none(), "its facts have not committed");
        world.journal.let_go();
        settle_down().await;
        held(in_flight.take().expect("committed, so acknowledged"));
        let again = world.ask(2, hold(&[3])).await;
        assert!(matches!(again, Ok(Answer::Refused(Refusal::SeatUnavailable(_)))), "{again:?}");
        assert_eq!(world.owners.ended(), 1);
        // Nobody asks any more: the supervisor has brought the event back, so its holds still end.
        tokio::time::sleep(Duration::from_millis(HOLD_MS + 10)).await;
        assert_eq!(status(&world), SeatStatus::Available);
    });
}

#[test]
fn lost_leadership_drops_what_was_not_committed() {
    scene(16, |world| async move {
        held(world.ask(1, hold(&[0])).await);
        world.journal.hold_back();
        let lost = world.begin(1, hold(&[3]));
        settle_down().await;
        assert_eq!(world.journal.queued(), 1);
        world.journal.lose_leadership();
        settle_down().await;
        let lost = lost.take().expect("told at once");
        assert!(matches!(lost, Err(Fault::OwnerUnavailable)), "{lost:?}");
        world.journal.let_go();
        let second = held(world.ask(2, hold(&[3])).await);
        assert_eq!(second.hold, HoldNumber::new(1), "the number was never given");
        assert_eq!(second.buyer, UserId::new(2));
    });
}

#[test]
fn an_owner_of_an_old_term_is_replaced_before_it_answers() {
    scene(16, |world| async move {
        held(world.ask(1, hold(&[0])).await);
        world.journal.lose_leadership();
        let stale = world.ask(1, hold(&[3])).await;
        assert!(matches!(stale, Err(Fault::OwnerUnavailable)), "{stale:?}");
        settle_down().await;
        held(world.ask(1, hold(&[3])).await);
    });
}

#[test]
fn an_event_has_one_actor_however_its_opening_goes() {
    scene(16, |world| async move {
        world.journal.refuse_opens(1, JournalFault::Full);
        let (retrying, waiting) = (world.clone(), world.clone());
        let both = tokio::join!(
            async move {
                let refused = retrying.ask(1, hold(&[3])).await;
                assert!(matches!(refused, Err(Fault::Overloaded)), "{refused:?}");
                retrying.ask(1, hold(&[3])).await
            },
            async move { waiting.ask(2, hold(&[4])).await },
        );
        held(both.0);
        held(both.1);
        assert_eq!(world.actors(), 1, "two owners of one event rest on different facts");
    });
}

#[test]
fn a_command_whose_caller_has_gone_takes_no_seats() {
    scene(16, |world| async move {
        held(world.ask(1, hold(&[0])).await);
        let gone = world.ask(1, hold(&[3]));
        drop(tokio::time::timeout(Duration::ZERO, gone).await);
        settle_down().await;
        held(world.ask(2, hold(&[3])).await);
    });
}

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

fn book(hold: HoldNumber, token: &str) -> Command {
    Command::Book { hold, payment: pay(token) }
}
