use super::*;
use crate::placement::layout::Layout;
use crate::placement::layout::decide::{Joining, finish, join};
use crate::placement::layout::testing::*;

#[test]
fn draining_moves_what_the_node_has_and_nothing_else() {
    let before = cluster(5);
    let mut layout = before.clone();
    let begun = carry_out(&mut layout, |layout| drain(layout, 2, ORDER));
    assert_eq!((begun.operation, begun.plan.moves.len()), (Some(3), loads(&before, 2).0));
    assert!(begun.plan.moves.iter().all(|moved| moved.from == Some(2)));
    assert!(begun.plan.leaders.iter().all(|change| change.from == Some(2)));
    assert_eq!((loads(&layout, 2), layout.members()[&2].state), ((0, 0), MemberState::Draining));
    assert!(layout.targets().values().all(|target| target.len() == 3));
    assert!(!layout.directory_target().voters.contains(&2));
    assert!(layout.directory_target().learners.contains(&2), "it still serves");
}

#[test]
fn draining_evens_nothing_out_that_was_uneven_before() {
    let mut layout = cluster(4);
    enter(&mut layout, &joining(5));
    let begun = carry_out(&mut layout, |layout| drain(layout, 2, ORDER));
    assert_eq!(begun.plan.moves.len(), 12);
    assert!(begun.plan.moves.iter().all(|moved| (moved.from, moved.to) == (Some(2), 5)), "{:?}", begun.plan);
}

#[test]
fn draining_needs_room() {
    assert_eq!(refused(drain(&cluster(3), 2, ORDER)), "no-room");
    assert_eq!(refused(drain(&cluster(1), 1, ORDER)), "no-room");
    let mut two = cluster(2);
    carry_out(&mut two, |layout| drain(layout, 1, ORDER));
    assert!(two.targets().values().all(|target| target == &[2]), "the one voter may be the other node");
    assert!(two.shard_target(0).learners.is_empty());
    assert_eq!(refused(drain(&two, 2, ORDER)), "no-room");
}

#[test]
fn only_an_active_storage_node_is_drained() {
    let mut layout = cluster(5);
    enter(&mut layout, &Joining { gateway: true, ..joining(7) });
    assert_eq!(refused(drain(&layout, 7, ORDER)), "node-is-gateway");
    assert_eq!(refused(drain(&layout, 9, ORDER)), "unknown-node");
    carry_out(&mut layout, |layout| drain(layout, 2, ORDER));
    assert_eq!(refused(drain(&layout, 2, ORDER)), "already-draining");
    carry_out(&mut layout, |layout| replace_dead(layout, 3, NOW));
    assert_eq!(refused(drain(&layout, 3, ORDER)), "node-gone");
    carry_out(&mut layout, |layout| remove(layout, 3, false, ORDER));
    assert_eq!(refused(drain(&layout, 3, ORDER)), "unknown-node");
}

#[test]
fn a_running_node_is_drained_before_it_is_removed() {
    let mut layout = cluster(4);
    assert_eq!(refused(remove(&layout, 2, true, ORDER)), "drain-first");
    let drained = carry_out(&mut layout, |layout| drain(layout, 2, ORDER)).operation.unwrap();
    assert_eq!(refused(remove(&layout, 2, true, ORDER)), "still-draining");
    carry_out(&mut layout, |layout| finish(layout, drained, NOW));
    let begun = carry_out(&mut layout, |layout| remove(layout, 2, true, ORDER));
    assert_eq!(begun.operation, None);
    assert_eq!(layout.members()[&2].state, MemberState::Removed);
    assert!(!layout.directory_target().learners.contains(&2));
    assert_eq!(refused(remove(&layout, 2, true, ORDER)), "unknown-node");
}

#[test]
fn a_dead_node_is_removed_and_its_replicas_are_placed_anew() {
    let mut layout = cluster(4);
    let begun = carry_out(&mut layout, |layout| remove(layout, 1, false, ORDER));
    assert_eq!(begun.plan.moves.len(), 12);
    assert_eq!(layout.operations()[&begun.operation.unwrap()].kind, OperationKind::Remove(1));
    assert!((2..=4).all(|number| loads(&layout, number).0 == 16));
    assert_eq!(layout.directory_target().voters, [2, 3, 4]);
    assert_eq!(refused(remove(&layout, 2, false, ORDER)), "no-room");
}

#[test]
fn a_node_without_replicas_is_just_removed() {
    let mut layout = cluster(2);
    carry_out(&mut layout, |layout| remove(layout, 2, true, ORDER));
    let mut layout = cluster(3);
    enter(&mut layout, &Joining { gateway: true, ..joining(7) });
    let begun = carry_out(&mut layout, |layout| remove(layout, 7, true, ORDER));
    assert_eq!((begun.operation, layout.id_of(7)), (None, None));
    assert_eq!(layout.audit().last().unwrap().what, "remove");
    assert_eq!(refused(remove(&cluster(1), 1, false, ORDER)), "no-room");
}

#[test]
fn a_node_that_only_votes_on_the_directory_is_replaced_there() {
    let mut layout = cluster(3);
    for number in 4..=6 {
        enter(&mut layout, &joining(number));
    }
    assert_eq!(layout.directory_target().voters, [1, 2, 3, 4, 5]);
    carry_out(&mut layout, |layout| remove(layout, 4, true, ORDER));
    assert_eq!(layout.directory_target().voters, [1, 2, 3, 5, 6]);
}

#[test]
fn the_dead_are_replaced_where_there_is_room() {
    let mut layout = cluster(4);
    let begun = carry_out(&mut layout, |layout| replace_dead(layout, 3, NOW));
    assert_eq!((layout.members()[&3].state, loads(&layout, 3)), (MemberState::Gone, (0, 0)));
    assert_eq!(begun.plan.moves.len(), 12);
    assert!(!layout.directory_target().learners.contains(&3));
    assert_eq!(refused(replace_dead(&layout, 3, NOW)), "nothing-to-replace");
    assert_eq!(refused(replace_dead(&layout, 2, NOW)), "no-room");
    assert_eq!(layout.members()[&2].state, MemberState::Active);
    enter(&mut layout, &Joining { gateway: true, ..joining(7) });
    assert_eq!(refused(replace_dead(&layout, 7, NOW)), "nothing-to-replace");
}

#[test]
fn a_draining_node_that_dies_is_replaced_and_its_drain_goes_on_elsewhere() {
    let mut layout = cluster(5);
    let drained = carry_out(&mut layout, |layout| drain(layout, 2, ORDER)).operation.unwrap();
    carry_out(&mut layout, |layout| replace_dead(layout, 3, NOW));
    let operation = &layout.operations()[&drained];
    assert!(operation.wanted.values().flatten().all(|number| ![2, 3].contains(number)));
    assert!(operation.wanted.iter().all(|(shard, wanted)| &layout.targets()[shard] == wanted));
}

#[test]
fn joining_while_another_drains_gives_it_nothing_back() {
    let mut layout: Layout = cluster(4);
    carry_out(&mut layout, |layout| drain(layout, 2, ORDER));
    carry_out(&mut layout, |layout| join(layout, &joining(5), |_| false, true, NOW));
    assert_eq!(loads(&layout, 2), (0, 0));
    assert_eq!(loads(&layout, 5), (12, 4));
}
