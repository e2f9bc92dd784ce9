//! Holds end at their deadlines, whatever happens to timers, clocks, actors and the journal.

use std::time::Duration;

use domain::event::{Command, Refusal, Reply, SeatStatus};
use domain::ids::HoldNumber;
use domain::ports::JournalFault;
use domain::time::ShardTime;

use super::world::{HOLD_MS, LATE_MS, SEAT, book, held, hold, scene, settle_down, settled, status};
use crate::Answer;

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
        // Faster than the clock that the timer runs by.
        let deadline_ms = HOLD_MS * ShardTime::SLEW / (ShardTime::SLEW + 1);
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
fn a_deadline_before_the_one_armed_for_is_met_too() {
    scene(16, |world| async move {
        held(world.ask(1, hold(&[0])).await);
        held(world.ask(1, Command::HoldExact { seats: vec![SEAT], ttl_ms: Some(1_000) }).await);
        tokio::time::sleep(Duration::from_millis(1_010)).await;
        assert_eq!(status(&world), SeatStatus::Available);
    });
}

#[test]
fn what_is_due_ends_before_anything_is_decided() {
    scene(16, |world| async move {
        held(world.ask(1, hold(&[3])).await);
        world.pass_unnoticed(HOLD_MS);
        held(world.ask(2, hold(&[3])).await);
        let shown = world.ask(1, Command::ShowHold { hold: HoldNumber::new(0) }).await;
        assert!(matches!(shown, Ok(Answer::Refused(Refusal::HoldEnded))), "{shown:?}");
    });
}

#[test]
fn a_deadline_that_meets_a_full_journal_is_tried_again() {
    scene(16, |world| async move {
        held(world.ask(1, hold(&[3])).await);
        world.journal.limit_to(0);
        tokio::time::sleep(Duration::from_millis(HOLD_MS + 1_000)).await;
        assert_eq!(status(&world), SeatStatus::Held);
        world.journal.limit_to(100);
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert_eq!(status(&world), SeatStatus::Available);
    });
}

#[test]
fn an_actor_whose_next_meets_a_full_queue_is_replaced_soon() {
    scene(16, |world| async move {
        held(world.ask(1, hold(&[3])).await);
        tokio::time::sleep(Duration::from_millis(HOLD_MS - 500)).await;
        world.journal.refuse_opens(5, JournalFault::Full);
        world.kill_actor().await;
        tokio::time::sleep(Duration::from_millis(600)).await;
        assert_eq!(status(&world), SeatStatus::Available);
    });
}

#[test]
fn a_hold_whose_payment_fails_in_its_stretch_ends_with_it() {
    scene(16, |world| async move {
        let held = held(world.ask(1, hold(&[3])).await);
        tokio::time::sleep(Duration::from_millis(HOLD_MS - 20_000)).await;
        let paying = world.ask(1, book(held.hold, "tok_declined_late")).await;
        tokio::time::sleep(Duration::from_millis(LATE_MS - 10)).await;
        assert_eq!(status(&world), SeatStatus::Held, "stretched for the payment");
        assert_eq!(settled(paying).await, Reply::Declined);
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert_eq!(status(&world), SeatStatus::Available);
    });
}

#[test]
fn a_hold_that_commits_only_after_its_actor_died_ends_in_time() {
    scene(16, |world| async move {
        let first = held(world.ask(1, hold(&[0])).await);
        world.ask(1, Command::ReleaseHold { hold: first.hold }).await.expect("released");
        world.journal.hold_back();
        let in_flight = world.begin(1, Command::HoldExact { seats: vec![SEAT], ttl_ms: Some(1_000) });
        settle_down().await;
        world.kill_actor().await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        world.journal.let_go();
        settle_down().await;
        held(in_flight.take().expect("committed, so acknowledged"));
        tokio::time::sleep(Duration::from_millis(820)).await;
        assert_eq!(status(&world), SeatStatus::Available);
    });
}
