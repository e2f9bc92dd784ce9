//! Idempotency, which stands in front of every decision.

use super::{Decision, Outcome};
use crate::event::test::scene::*;
use crate::event::{
    BookingStatus, Command, Fact, Key, MEMORY_MS, PaymentOutcome, Refusal, Reply, SeatStatus,
};

fn repeat(scene: &mut Scene, key: Key, command: &Command) -> Outcome {
    let again = scene.play(ANNA, Some(key), command).expect("it was answered before");
    assert_eq!((again.facts.len(), again.settled.len()), (0, 0), "nothing is decided twice");
    again.outcome
}

fn keyed(scene: &mut Scene, key: Key, command: &Command) -> Outcome {
    scene.play(ANNA, Some(key), command).expect("this is possible").outcome
}

#[test]
fn a_key_gives_its_answer_again_word_for_word_whatever_became_of_it() {
    let mut scene = Scene::new();
    let first = keyed(&mut scene, key(1, 1), &hold_exact(&[0, 1]));
    let hold = hold_of(Ok(first.clone())).hold;
    scene.wait(5);
    assert_eq!(repeat(&mut scene, key(1, 1), &hold_exact(&[0, 1])), first);
    let released = keyed(&mut scene, key(2, 2), &Command::ReleaseHold { hold });
    scene.hold(BEN, &[0]);
    assert_eq!(repeat(&mut scene, key(1, 1), &hold_exact(&[0, 1])), first);
    assert_eq!(repeat(&mut scene, key(2, 2), &Command::ReleaseHold { hold }), released);
    scene.assert_replays();
}

#[test]
fn a_hold_that_an_earlier_version_remembered_is_given_again() {
    let mut scene = Scene::new();
    let view = scene.hold(ANNA, &[0, 1]);
    let answer = Reply::Hold(view.clone());
    scene.happen(Fact::Answered { key: key(1, 1), reply: answer.clone() });
    scene.tell(ANNA, &Command::ReleaseHold { hold: view.hold }).expect("the hold lives");
    assert_eq!(repeat(&mut scene, key(1, 1), &hold_exact(&[0, 1])), Outcome::Reply(answer));
    scene.assert_replays();
}

#[test]
fn a_hold_is_journaled_once_also_with_a_key() {
    let mut scene = Scene::new();
    let decided = scene.play(ANNA, Some(key(1, 1)), &hold_exact(&[0, 1])).expect("they are free");
    let hold = hold_of(Ok(decided.outcome)).hold;
    assert!(
        matches!(&decided.facts[..], [Fact::Held { .. }, Fact::HoldAnswered { hold: answered, .. }] if *answered == hold)
    );
}

#[test]
fn every_command_of_a_hold_is_remembered() {
    let mut scene = Scene::new();
    let hold = scene.hold(ANNA, &[0, 1]).hold;
    let change = Command::ChangeHold { hold, add: seats(&[2]), remove: seats(&[0]) };
    let extend = Command::ExtendHold { hold, ttl_ms: None };
    let changed = keyed(&mut scene, key(1, 1), &change);
    scene.wait(1_000);
    let extended = keyed(&mut scene, key(2, 2), &extend);
    scene.wait(1_000);
    assert_eq!(repeat(&mut scene, key(1, 1), &change), changed);
    assert_eq!(repeat(&mut scene, key(2, 2), &extend), extended);
}

#[test]
fn a_key_belongs_to_one_request_of_one_caller() {
    let mut scene = Scene::new();
    keyed(&mut scene, key(1, 1), &hold_exact(&[0]));
    let reused = scene.play(ANNA, Some(key(1, 2)), &hold_exact(&[5]));
    assert_eq!(reused, Err(Refusal::KeyReused));
    assert_eq!(scene.status(5), SeatStatus::Available);
    let of_ben = Key { caller: BEN.user, ..key(1, 2) };
    assert!(scene.play(BEN, Some(of_ben), &hold_exact(&[5])).is_ok());
}

#[test]
fn refusals_are_not_remembered() {
    let mut scene = Scene::new();
    let hold = scene.hold(BEN, &[0]).hold;
    let refused = scene.play(ANNA, Some(key(1, 1)), &hold_exact(&[0]));
    assert!(matches!(refused, Err(Refusal::SeatUnavailable(_))));
    scene.tell(BEN, &Command::ReleaseHold { hold }).expect("the hold lives");
    assert!(scene.play(ANNA, Some(key(1, 9)), &hold_exact(&[0])).is_ok());
}

#[test]
fn an_answer_is_forgotten_after_a_day() {
    let mut scene = Scene::new();
    let first = keyed(&mut scene, key(1, 1), &hold_exact(&[0]));
    scene.wait(MEMORY_MS - 1);
    assert_eq!(repeat(&mut scene, key(1, 1), &hold_exact(&[0])), first);
    scene.wait(1);
    let anew = keyed(&mut scene, key(1, 2), &hold_exact(&[0]));
    assert_ne!(hold_of(Ok(anew)).hold, hold_of(Ok(first)).hold);
    scene.assert_replays();
}

#[test]
fn a_repetition_joins_the_work_under_way_and_gets_its_end() {
    let mut scene = Scene::new();
    let command = book(scene.hold(ANNA, &[0]).hold);
    let booking = settling(Ok(keyed(&mut scene, key(1, 1), &command)));
    let joined = Outcome::Settling { booking, joined: true };
    assert_eq!(repeat(&mut scene, key(1, 1), &command), joined);
    scene.settle(booking, PaymentOutcome::Authorized);
    assert_eq!(repeat(&mut scene, key(1, 1), &command), joined);
    let Decision { settled, .. } = scene.settle(booking, PaymentOutcome::Captured);
    let [(_, answer)] = settled.as_slice() else { panic!("{settled:?}") };
    assert_eq!(repeat(&mut scene, key(1, 1), &command), Outcome::Reply(answer.clone()));
    let cancelled = scene.tell(ANNA, &cancel(booking, None));
    assert_eq!(settling(cancelled), booking);
    assert_eq!(repeat(&mut scene, key(1, 1), &command), Outcome::Reply(answer.clone()));
    scene.assert_replays();
}

#[test]
fn a_declined_payment_is_remembered() {
    let mut scene = Scene::new();
    let command = book(scene.hold(ANNA, &[0]).hold);
    let booking = settling(Ok(keyed(&mut scene, key(1, 1), &command)));
    scene.settle(booking, PaymentOutcome::Declined);
    assert_eq!(repeat(&mut scene, key(1, 1), &command), Outcome::Reply(Reply::Declined));
    scene.assert_replays();
}

#[test]
fn a_payment_that_timed_out_answers_when_the_money_was_let_go() {
    let mut scene = Scene::new();
    let command = book(scene.hold(ANNA, &[0]).hold);
    let booking = settling(Ok(keyed(&mut scene, key(1, 1), &command)));
    scene.wait(TIMEOUT_MS);
    assert_eq!(repeat(&mut scene, key(1, 1), &command), Outcome::Settling { booking, joined: true });
    scene.settle(booking, PaymentOutcome::Voided);
    let view = booking_of(Ok(repeat(&mut scene, key(1, 1), &command)));
    assert_eq!(view.booking.status, BookingStatus::Cancelled);
}

#[test]
fn once_a_request_was_told_pending_it_stays_so() {
    for declined in [false, true] {
        let mut scene = Scene::new();
        let command = book(scene.hold(ANNA, &[0]).hold);
        let booking = settling(Ok(keyed(&mut scene, key(1, 1), &command)));
        let pending = keyed(&mut scene, key(1, 1), &Command::AnswerPending { booking });
        assert!(matches!(pending, Outcome::Reply(Reply::Pending(_))));
        assert_eq!(repeat(&mut scene, key(1, 1), &command), pending);
        if declined {
            scene.settle(booking, PaymentOutcome::Declined);
        } else {
            scene.settle(booking, PaymentOutcome::Authorized);
            scene.settle(booking, PaymentOutcome::Captured);
        }
        assert_eq!(repeat(&mut scene, key(1, 1), &command), pending);
        assert_eq!(repeat(&mut scene, key(1, 1), &Command::AnswerPending { booking }), pending);
        scene.assert_replays();
    }
}

#[test]
fn a_total_of_zero_and_a_cancellation_without_refund_are_remembered_at_once() {
    let mut scene = Scene::new();
    let command = book(scene.hold(ANNA, &[80]).hold);
    let booked = keyed(&mut scene, key(1, 1), &command);
    let booking = booking_of(Ok(booked.clone())).number;
    let cancelled = keyed(&mut scene, key(2, 2), &cancel(booking, None));
    assert_eq!(repeat(&mut scene, key(1, 1), &command), booked);
    assert_eq!(repeat(&mut scene, key(2, 2), &cancel(booking, None)), cancelled);
    assert!(scene.sale().booking(booking).is_some_and(|booking| booking.owed.is_empty()));
    scene.assert_replays();
}

#[test]
fn a_keyed_cancellation_gets_its_answer_with_the_refund() {
    let mut scene = Scene::new();
    let booking = scene.buy(ANNA, &[0, 1]);
    let command = cancel(booking, Some(&[0]));
    assert_eq!(settling(Ok(keyed(&mut scene, key(3, 3), &command))), booking);
    assert_eq!(repeat(&mut scene, key(3, 3), &command), Outcome::Settling { booking, joined: true });
    scene.settle(booking, PaymentOutcome::Refunded { amount_minor: 4_500, attempt: 0 });
    let view = booking_of(Ok(repeat(&mut scene, key(3, 3), &command)));
    assert_eq!((view.booking.payment.refunded_minor, view.booking.status), (4_500, BookingStatus::Booked));
}

#[test]
fn what_the_house_does_is_remembered_too() {
    let mut scene = Scene::new();
    let of_organizer = Key { caller: ORGANIZER.user, ..key(1, 1) };
    let block = Command::Block { seats: seats(&[0]) };
    let done = scene.play(ORGANIZER, Some(of_organizer), &block).expect("it is free");
    let again = scene.play(ORGANIZER, Some(of_organizer), &block).expect("it was answered before");
    assert_eq!((again.outcome, again.facts.len()), (done.outcome, 0));
}
