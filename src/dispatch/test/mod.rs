//! Dispatch between three nodes, by every way that a command can go.

mod world;

use std::future::ready;
use std::sync::atomic::Ordering;
use std::time::Duration;

use actors::Fault;
use cluster::wire::Counted;
use domain::event::{Refusal, Reply};
use futures_util::{StreamExt, stream};
use tokio::task::spawn_local;

use self::world::{BEN, EVENT, Node, buy_slowly, hold, nodes, settle};
use super::wire::{Batch, Forwarded, Outcome, Outcomes, RequestId};
use super::*;
use crate::clock::Deadline;

impl Node {
    async fn hold(&self, seat: u32) -> Result<Reply, NoReply> {
        self.dispatch.command(EVENT, hold(seat), BEN, None).await
    }
}

fn held(reply: &Result<Reply, NoReply>) -> bool {
    matches!(reply, Ok(Reply::Hold(_)))
}

fn unavailable(reply: &Result<Reply, NoReply>) -> bool {
    matches!(reply, Err(NoReply::Fault(Fault::OwnerUnavailable)))
}

#[test]
fn a_command_is_decided_by_the_node_that_owns_its_event_and_a_refusal_comes_back_whole() {
    nodes(async |[first, second, _], net| {
        first.ways.believe(Owner::There(2));
        second.ways.believe(Owner::Here);
        assert!(held(&first.hold(3).await));
        assert_eq!((first.memory.holds(), second.memory.holds()), (0, 1));
        let again = first.hold(3).await;
        assert!(matches!(again, Err(NoReply::Refused(Refusal::SeatUnavailable(seats))) if seats.len() == 1));
        let none = Command::HoldExact { seats: Vec::new(), ttl_ms: None };
        let invalid = first.dispatch.command(EVENT, none, BEN, None).await;
        assert!(matches!(invalid, Err(NoReply::Invalid(field)) if field.pointer == "/ticketIds"));
        assert_eq!(*net.sent.lock().unwrap(), [(2, 1); 3]);
        assert_eq!(net.pings.load(Ordering::SeqCst), 1, "one sign of life tells the clock");
    });
}

#[test]
fn an_owner_that_has_moved_names_its_successor_and_the_way_is_learnt() {
    nodes(async |[first, second, third], net| {
        first.ways.believe(Owner::There(2));
        second.ways.believe(Owner::There(3));
        third.ways.believe(Owner::Here);
        assert!(held(&first.hold(3).await));
        assert_eq!(*first.ways.learnt.lock().unwrap(), [3]);
        assert!(held(&first.hold(4).await));
        assert_eq!(*net.sent.lock().unwrap(), [(2, 1), (3, 1), (3, 1)]);
        assert_eq!((second.memory.facts(), third.memory.holds()), (0, 2));
    });
}

#[test]
fn nodes_that_send_each_other_on_are_asked_twice_and_no_more() {
    nodes(async |[first, second, third], net| {
        first.ways.believe(Owner::There(2));
        second.ways.believe(Owner::There(3));
        third.ways.believe(Owner::There(2));
        assert!(unavailable(&first.hold(3).await));
        assert_eq!(*net.sent.lock().unwrap(), [(2, 1), (3, 1)]);
        assert_eq!((second.memory.facts(), third.memory.facts()), (0, 0));
    });
}

#[test]
fn what_was_sent_and_not_answered_is_not_sent_again() {
    nodes(async |[first, second, third], net| {
        first.ways.believe(Owner::There(2));
        second.ways.believe(Owner::Here);
        third.ways.believe(Owner::Here);
        net.deaf.store(true, Ordering::SeqCst);
        assert!(unavailable(&first.hold(3).await));
        assert_eq!(*net.sent.lock().unwrap(), [(2, 1)]);
        net.deaf.store(false, Ordering::SeqCst);
        assert!(held(&first.hold(4).await), "and the next command opens the next stream");
    });
}

#[test]
fn a_command_that_could_not_be_sent_waits_for_a_successor_but_not_for_long() {
    nodes(async |[first, second, third], net| {
        first.ways.believe(Owner::There(2));
        second.ways.believe(Owner::Here);
        third.ways.believe(Owner::Here);
        net.down.lock().unwrap().insert(2);
        let (ways, begun) = (first.ways.clone(), Deadline::within(Duration::from_secs(60)));
        spawn_local(async move {
            tokio::time::sleep(Duration::from_millis(300)).await;
            ways.believe(Owner::There(3));
        });
        assert!(held(&first.hold(3).await));
        assert_eq!(begun.left(), Duration::from_millis(59_700));
        first.ways.believe(Owner::Nobody);
        assert!(unavailable(&first.hold(4).await));
        let waited = Duration::from_millis(59_700) - begun.left();
        assert!(waited >= Duration::from_millis(500) && waited < Duration::from_millis(510), "{waited:?}");
        assert_eq!((second.memory.facts(), third.memory.holds()), (0, 1));
    });
}

/// What `node` answers to a hold of seat 3 that must be decided within `left_ms`, which may be negative.
async fn told(node: &Node, left_ms: i64) -> Outcome {
    let deadline_ms = node.clock.read().monotonic_ms.saturating_add_signed(left_ms);
    let commands = Counted::new(vec![(hold(3), None)]).unwrap();
    let request = Forwarded { event: EVENT, caller: BEN, deadline_ms, id: RequestId::new(b"r"), commands };
    let batch = Batch { first: 40, requests: Counted::new(vec![request]).unwrap() }.encode();
    let sent = stream::once(ready(Ok(Bytes::from(batch)))).chain(stream::pending());
    let mut answers = node.dispatch.answer_stream(1, Box::pin(sent));
    let mut taken = 0;
    loop {
        let message = Outcomes::decode(&answers.next().await.unwrap().unwrap()).unwrap();
        taken += message.taken;
        if let [(number, outcome)] = message.each.as_slice() {
            assert_eq!((*number, taken), (40, 1));
            return outcome.clone();
        }
    }
}

#[test]
fn what_comes_late_is_refused_and_never_decided() {
    nodes(async |[_, second, _], _| {
        second.ways.believe(Owner::Here);
        for left_ms in [0, -1, -100_000] {
            assert_eq!(told(&second, left_ms).await, Outcome::Late);
        }
        assert_eq!(second.memory.facts(), 0);
        assert!(matches!(told(&second, 1_000).await, Outcome::Reply { facts: 2, .. }));
    });
}

#[test]
fn what_waits_for_its_owner_beyond_its_deadline_is_withdrawn() {
    nodes(async |[_, second, _], _| {
        second.ways.believe(Owner::Here);
        second.gate.send_replace(false);
        assert_eq!(told(&second, 200).await, Outcome::Late);
        second.gate.send_replace(true);
        settle().await;
        assert_eq!(second.memory.holds(), 0);
    });
}

#[test]
fn a_node_that_is_not_the_owner_decides_nothing_and_sends_nothing_on() {
    nodes(async |[_, second, _], net| {
        assert_eq!(told(&second, 1_000).await, Outcome::Moved { owner: None });
        second.ways.believe(Owner::There(3));
        assert_eq!(told(&second, 1_000).await, Outcome::Moved { owner: Some(3) });
        assert_eq!((second.memory.facts(), net.sent.lock().unwrap().len()), (0, 0));
    });
}

#[test]
fn a_full_queue_is_overload_at_once() {
    nodes(async |[first, second, _], net| {
        first.ways.believe(Owner::There(2));
        second.ways.believe(Owner::Here);
        net.held.store(true, Ordering::SeqCst);
        // One is in the hand of the task, the others wait behind it.
        let mut waiting = Vec::new();
        for seat in 0..4_097 {
            let dispatch = first.dispatch.clone();
            waiting
                .push(spawn_local(async move { dispatch.command(EVENT, hold(seat % 600), BEN, None).await }));
            if seat == 0 {
                settle().await;
            }
        }
        settle().await;
        let turned_away = first.hold(5).await;
        assert!(matches!(turned_away, Err(NoReply::Fault(Fault::Overloaded))), "{turned_away:?}");
        net.held.store(false, Ordering::SeqCst);
        net.release.notify_one();
        let mut answered = 0;
        for reply in waiting {
            answered += usize::from(held(&reply.await.unwrap()));
        }
        assert_eq!(answered, 600);
        let sent: Vec<usize> = net.sent.lock().unwrap().iter().map(|(_, commands)| *commands).collect();
        assert_eq!(sent.iter().sum::<usize>(), 4_097);
        assert!(sent.len() <= 10, "what waits together goes together: {sent:?}");
    });
}

#[test]
fn nothing_is_sent_for_a_caller_that_has_gone() {
    nodes(async |[first, second, _], net| {
        first.ways.believe(Owner::There(2));
        second.ways.believe(Owner::Here);
        net.held.store(true, Ordering::SeqCst);
        let dispatch = first.dispatch.clone();
        let gone = spawn_local(async move { dispatch.command(EVENT, hold(3), BEN, None).await });
        let dispatch = first.dispatch.clone();
        let stays = spawn_local(async move { dispatch.command(EVENT, hold(4), BEN, None).await });
        settle().await;
        gone.abort();
        settle().await;
        net.release.notify_one();
        assert!(held(&stays.await.unwrap()));
        assert_eq!(*net.sent.lock().unwrap(), [(2, 1)]);
        assert_eq!(second.memory.holds(), 1);
    });
}

#[test]
fn five_hundred_commands_of_a_request_are_one_batch_and_keep_their_order() {
    nodes(async |[first, second, _], net| {
        first.ways.believe(Owner::There(2));
        second.ways.believe(Owner::Here);
        // The last one wants what the first has taken.
        let commands = (0..512).map(|at| (hold(at % 511), None)).collect();
        let replies = first.dispatch.commands(EVENT, commands, BEN).await;
        assert_eq!(replies.len(), 512);
        assert!(replies[..511].iter().all(held));
        assert!(matches!(replies[511], Err(NoReply::Refused(Refusal::SeatUnavailable(_)))));
        assert_eq!(*net.sent.lock().unwrap(), [(2, 512)]);
    });
}

#[test]
fn a_slow_payment_holds_up_nobody() {
    nodes(async |[first, second, _], net| {
        first.ways.believe(Owner::There(2));
        second.ways.believe(Owner::Here);
        net.held.store(true, Ordering::SeqCst);
        let begun = Deadline::within(Duration::from_secs(60));
        let dispatch = first.dispatch.clone();
        let slow = spawn_local(async move { dispatch.command(EVENT, buy_slowly(3), BEN, None).await });
        let dispatch = first.dispatch.clone();
        let quick = spawn_local(async move { dispatch.command(EVENT, hold(4), BEN, None).await });
        settle().await;
        net.release.notify_one();
        assert!(held(&quick.await.unwrap()));
        assert_eq!(*net.sent.lock().unwrap(), [(2, 2)], "they went together");
        for seat in 5..25 {
            assert!(held(&first.hold(seat).await));
        }
        assert!(begun.left() > Duration::from_millis(59_900));
        assert!(matches!(slow.await.unwrap(), Ok(Reply::Pending(_))));
        let pending_after = Duration::from_secs(60) - begun.left();
        assert_eq!(pending_after.as_millis() / 100, 100, "{pending_after:?}");
    });
}

#[test]
fn a_read_waits_for_what_this_node_has_answered() {
    nodes(async |[first, second, _], _| {
        first.ways.believe(Owner::There(2));
        second.ways.believe(Owner::Here);
        first.ways.follow(0);
        assert!(held(&first.hold(3).await));
        let begun = Deadline::within(Duration::from_secs(60));
        let ways = first.ways.clone();
        spawn_local(async move {
            for facts in 1..=2 {
                tokio::time::sleep(Duration::from_millis(100)).await;
                ways.follow(facts);
            }
        });
        first.dispatch.caught_up(State::Sale(EVENT)).await;
        assert_eq!(begun.left(), Duration::from_millis(59_800));
        first.dispatch.caught_up(State::Sale(EVENT)).await;
        assert_eq!(begun.left(), Duration::from_millis(59_800), "it is forgotten");
        assert!(held(&first.hold(4).await));
        first.dispatch.caught_up(State::Sale(EVENT)).await;
        let waited = Duration::from_millis(59_800) - begun.left();
        assert_eq!(waited.as_millis() / 10, 100, "a second and no more");
    });
}

#[test]
fn bytes_that_are_no_batch_end_the_stream_and_are_declined() {
    nodes(async |[_, second, _], _| {
        let sent = stream::once(ready(Ok(Bytes::from_static(b"no batch")))).chain(stream::pending());
        let mut answers = second.dispatch.answer_stream(1, Box::pin(sent));
        assert!(matches!(answers.next().await, Some(Err(CallError::Declined(_)))));
        assert!(answers.next().await.is_none());
        assert!(matches!(Dispatch::answer_call(&Bytes::from_static(b"x")), Err(CallError::Declined(_))));
    });
}
