use super::*;
use crate::placement::layout::testing::NOW;
use crate::raft::types::node_id;

fn operation(kind: OperationKind) -> Operation {
    let wanted = Targets::from([(0, vec![1, 2, 3]), (1, vec![2, 3, 4])]);
    let (before, state) = (Targets::new(), OperationState::Running);
    Operation { id: 1, kind, by: String::new(), started_at: NOW, before, wanted, state }
}

fn membership(voters: &[NodeId], leader: NodeId) -> Membership {
    Membership { voters: voters.iter().copied().collect(), leader: Some(leader) }
}

fn waiting(shard: u16, joining: &[u32], leaving: &[u32], to_lead: Option<u32>) -> Waiting {
    Waiting { shard, joining: joining.into(), leaving: leaving.into(), to_lead }
}

#[test]
fn shards_that_are_as_wanted_are_counted() {
    let actual = BTreeMap::from([(0, membership(&[1, 2, 3], 2)), (1, membership(&[2, 3, 5, 4], 5))]);
    let found = progress(&operation(OperationKind::Drain(5)), &actual);
    assert_eq!((found.done, found.total, found.is_complete()), (1, 2, false));
    assert_eq!(found.waiting_for, [waiting(1, &[], &[5], Some(2))]);
}

#[test]
fn what_is_not_known_is_waited_for() {
    let found = progress(&operation(OperationKind::Drain(5)), &BTreeMap::new());
    let wanted = [waiting(0, &[1, 2, 3], &[], Some(1)), waiting(1, &[2, 3, 4], &[], Some(2))];
    assert_eq!((found.done, &found.waiting_for[..]), (0, &wanted[..]));
}

#[test]
fn a_rebalance_waits_for_the_preferred_leader_and_a_drain_for_any() {
    let actual = BTreeMap::from([(0, membership(&[1, 2, 3], 3)), (1, membership(&[2, 3, 4], 2))]);
    assert!(progress(&operation(OperationKind::Drain(5)), &actual).is_complete());
    let found = progress(&operation(OperationKind::Rebalance), &actual);
    assert_eq!(found.waiting_for, [waiting(0, &[], &[], Some(1))]);
}

#[test]
fn an_older_life_beside_the_younger_is_leaving() {
    let lives = membership(&[1, 2, 3, node_id(3, 1)], 1);
    let actual = BTreeMap::from([(0, lives), (1, membership(&[2, 3, node_id(4, 7)], 3))]);
    let found = progress(&operation(OperationKind::Replace(5)), &actual);
    assert_eq!(found.waiting_for, [waiting(0, &[], &[3], None)]);
}

#[test]
fn an_operation_that_changes_nothing_is_complete() {
    let nothing = Operation { wanted: Targets::new(), ..operation(OperationKind::Drain(5)) };
    assert_eq!(progress(&nothing, &BTreeMap::new()), Progress::default());
}
