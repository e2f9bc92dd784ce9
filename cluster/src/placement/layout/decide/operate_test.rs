use super::*;
use crate::placement::layout::decide::{drain, remove, replace_dead};
use crate::placement::layout::operation::OperationState;
use crate::placement::layout::plan::{LeaderChange, Move};
use crate::placement::layout::testing::*;

/// Four nodes, the fourth of them empty.
fn uneven() -> Layout {
    let mut layout = cluster(3);
    enter(&mut layout, &joining(4));
    layout
}

#[test]
fn a_plan_is_what_then_happens_and_happens_once() {
    let mut layout = uneven();
    let before = layout.clone();
    let plan = plan_rebalance(&layout).unwrap();
    assert_eq!(layout, before);
    assert_eq!(plan.moves.len(), 12);
    assert!(plan.moves.iter().all(|moved| moved.to == 4 && moved.from.is_some()));
    let begun = carry_out(&mut layout, |layout| rebalance(layout, ORDER));
    assert_eq!((begun.operation, &begun.plan), (Some(1), &plan));
    assert_eq!((1..=4).map(|number| loads(&layout, number)).collect::<Vec<_>>(), [(12, 4); 4]);
    assert!(plan_rebalance(&layout).unwrap().is_empty());
    let (facts, begun) = rebalance(&layout, ORDER).unwrap();
    assert_eq!((facts, begun.operation), (Vec::new(), None));
}

#[test]
fn an_operation_says_who_began_it_and_what_it_changed() {
    let mut layout = uneven();
    let before = layout.clone();
    carry_out(&mut layout, |layout| rebalance(layout, ORDER));
    let operation = &layout.operations()[&1];
    assert_eq!((&*operation.by, operation.started_at, operation.is_running()), ("olga", NOW, true));
    for (shard, wanted) in &operation.wanted {
        assert_eq!((&before.targets()[shard], &layout.targets()[shard]), (&operation.before[shard], wanted));
        assert_ne!(&operation.before[shard], wanted);
    }
    let record = layout.audit().last().unwrap();
    assert_eq!((&*record.who, &*record.what), ("olga", "rebalance"));
    assert_eq!(record.detail, "all shards: operation 1, 12 replicas move");
    assert_eq!(layout.epoch(), before.epoch() + 1);
}

#[test]
fn a_shard_moves_in_its_place() {
    let mut layout = uneven();
    let target = layout.targets()[&5].clone();
    let begun = carry_out(&mut layout, |layout| move_shard(layout, 5, Some(target[0]), 4, ORDER));
    assert_eq!(layout.targets()[&5], [4, target[1], target[2]]);
    assert_eq!(begun.plan.moves, [Move { shard: 5, from: Some(target[0]), to: 4 }]);
    assert_eq!(begun.plan.leaders, [LeaderChange { shard: 5, from: Some(target[0]), to: 4 }]);
    let begun =
        carry_out(&mut layout, |layout| move_shard(layout, 6, Some(layout.targets()[&6][2]), 4, ORDER));
    assert_eq!((begun.operation, begun.plan.leaders), (Some(2), Vec::new()));
}

#[test]
fn the_fullest_gives_where_nobody_is_named() {
    let mut layout = uneven();
    let gives = layout.targets()[&0][1];
    // Takes one off each of the others first.
    for shard in 1..16 {
        let from = *layout.targets()[&shard].iter().find(|number| **number != gives).unwrap();
        carry_out(&mut layout, |layout| move_shard(layout, shard, Some(from), 4, ORDER));
    }
    let begun = carry_out(&mut layout, |layout| move_shard(layout, 0, None, 4, ORDER));
    assert_eq!(begun.plan.moves, [Move { shard: 0, from: Some(gives), to: 4 }]);
}

#[test]
fn a_move_that_cannot_be_is_refused() {
    let mut layout = cluster(5);
    enter(&mut layout, &crate::placement::layout::decide::Joining { gateway: true, ..joining(7) });
    let target = layout.targets()[&0].clone();
    let others: Vec<u32> = (1..=5).filter(|number| !target.contains(number)).collect();
    let from = Some(target[1]);
    assert_eq!(refused(move_shard(&layout, 16, from, others[0], ORDER)), "unknown-shard");
    assert_eq!(refused(move_shard(&layout, 0, Some(others[0]), others[1], ORDER)), "no-replica");
    assert_eq!(refused(move_shard(&layout, 0, from, target[2], ORDER)), "has-replica");
    assert_eq!(refused(move_shard(&layout, 0, from, target[1], ORDER)), "has-replica");
    assert_eq!(refused(move_shard(&layout, 0, from, 9, ORDER)), "unknown-node");
    assert_eq!(refused(move_shard(&layout, 0, from, 7, ORDER)), "takes-no-replicas");
    let fine = layout.clone();
    carry_out(&mut layout, |layout| drain(layout, others[0], ORDER));
    assert_eq!(refused(move_shard(&layout, 0, from, others[0], ORDER)), "takes-no-replicas");
    let mut layout = fine;
    carry_out(&mut layout, |layout| replace_dead(layout, others[0], NOW));
    assert_eq!(refused(move_shard(&layout, 0, from, others[0], ORDER)), "takes-no-replicas");
}

#[test]
fn aborting_sets_the_targets_back() {
    let before = uneven();
    let mut layout = before.clone();
    carry_out(&mut layout, |layout| rebalance(layout, ORDER));
    let wanted = layout.operations()[&1].wanted.clone();
    let aborted = carry_out(&mut layout, |layout| abort(layout, 1, ORDER));
    assert_eq!((aborted.kept, aborted.plan.moves.len()), (0, 12));
    assert_eq!(layout.targets(), before.targets());
    assert_eq!(layout.operations()[&1].state, OperationState::Aborted { at: NOW });
    assert_eq!(layout.operations()[&1].wanted, wanted, "what it wanted is still known");
    assert_eq!(layout.epoch(), before.epoch() + 2);
    assert_eq!(refused(abort(&layout, 1, ORDER)), "operation-over");
    assert_eq!(refused(abort(&layout, 2, ORDER)), "unknown-operation");
}

#[test]
fn aborting_a_drain_takes_the_node_back() {
    let before = cluster(4);
    let mut layout = before.clone();
    let id = carry_out(&mut layout, |layout| drain(layout, 2, ORDER)).operation.unwrap();
    carry_out(&mut layout, |layout| abort(layout, id, ORDER));
    assert_eq!((layout.targets(), layout.members()), (before.targets(), before.members()));
    assert_eq!(layout.directory_target().voters.len(), 3);
}

#[test]
fn aborting_leaves_alone_what_others_changed_since() {
    let mut layout = uneven();
    let first = carry_out(&mut layout, |layout| rebalance(layout, ORDER));
    let shard = first.plan.moves[0].shard;
    let from = *layout.targets()[&shard].iter().find(|number| **number != 4).unwrap();
    let to = (1..=3).find(|number| !layout.targets()[&shard].contains(number)).unwrap();
    let second = carry_out(&mut layout, |layout| move_shard(layout, shard, Some(from), to, ORDER));
    let placed = layout.targets()[&shard].clone();
    assert_eq!(layout.operations()[&1].wanted[&shard], placed, "the first waits for what the second wants");
    let aborted = carry_out(&mut layout, |layout| abort(layout, 1, ORDER));
    assert_eq!((aborted.kept, &layout.targets()[&shard]), (1, &placed));
    carry_out(&mut layout, |layout| abort(layout, second.operation.unwrap(), ORDER));
    assert_ne!(layout.targets()[&shard], placed);
}

#[test]
fn nothing_is_set_back_onto_nodes_that_are_not_there() {
    let mut layout = cluster(4);
    let removed = carry_out(&mut layout, |layout| remove(layout, 2, false, ORDER)).operation.unwrap();
    assert_eq!(refused(abort(&layout, removed, ORDER)), "cannot-abort");
    let mut layout = cluster(4);
    let replaced = carry_out(&mut layout, |layout| replace_dead(layout, 2, NOW)).operation.unwrap();
    assert_eq!(refused(abort(&layout, replaced, ORDER)), "cannot-abort");
    let back = crate::placement::layout::decide::Joining { known_life: Some(0), ..joining(2) };
    enter(&mut layout, &back);
    carry_out(&mut layout, |layout| abort(layout, replaced, ORDER));
    assert_eq!(loads(&layout, 2).0, 12);
}

#[test]
fn an_operation_is_finished_once() {
    let mut layout = uneven();
    carry_out(&mut layout, |layout| rebalance(layout, ORDER));
    carry_out(&mut layout, |layout| finish(layout, 1, UnixMillis::new(9)));
    assert_eq!(layout.operations()[&1].state, OperationState::Done { at: UnixMillis::new(9) });
    assert_eq!(finish(&layout, 1, NOW).unwrap().0, []);
    assert_eq!(refused(finish(&layout, 2, NOW)), "unknown-operation");
    assert_eq!(refused(abort(&layout, 1, ORDER)), "operation-over");
    assert_eq!(layout.audit().last().unwrap().detail, "operation 1, rebalance");
}
