use std::time::Duration;

use domain::event::{Command, Refusal, SeatStatus};
use domain::ids::{HoldNumber, UserId};
use domain::ports::JournalFault;

use super::world::{HOLD_MS, held, hold, scene, settle_down, status};
use crate::{Answer, Fault};

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
        held(world.ask(1, hold(&[3])).await);
        assert_eq!(world.actors(), 2);
        settle_down().await;
        assert_eq!(world.owners.ended(), 1, "the owner of the old term is gone for good");
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
