use super::*;
use crate::placement::layout::operation::OperationKind;
use crate::placement::layout::testing::*;

fn operation(id: u64, wanted: Targets) -> Operation {
    let (kind, by, state) = (OperationKind::Rebalance, String::new(), OperationState::Running);
    Operation { id, kind, by, started_at: NOW, before: wanted.clone(), wanted, state }
}

fn start(layout: &mut Layout, id: u64) {
    layout.apply(&LayoutFact::Started { operation: operation(id, Targets::new()) });
}

#[test]
fn facts_that_do_not_fit_change_nothing() {
    let before = cluster(3);
    let mut layout = before.clone();
    let at = NOW;
    layout.apply(&LayoutFact::StateChanged { number: 9, state: MemberState::Removed });
    layout.apply(&LayoutFact::Finished { id: 9, at });
    layout.apply(&LayoutFact::Aborted { id: 9, at, restored: Targets::from([(0, vec![1])]) });
    layout.apply(&LayoutFact::Started { operation: operation(0, Targets::from([(0, vec![1])])) });
    assert_eq!(layout, before);
    layout.apply(&LayoutFact::Placed { targets: Targets::from([(16, vec![1])]) });
    assert_eq!(layout.targets(), before.targets(), "there is no shard 16");
}

#[test]
fn an_operation_that_is_over_stays_as_it_ended() {
    let mut layout = cluster(3);
    start(&mut layout, 1);
    layout.apply(&LayoutFact::Finished { id: 1, at: NOW });
    let before = layout.clone();
    layout.apply(&LayoutFact::Aborted { id: 1, at: NOW, restored: Targets::from([(0, vec![1])]) });
    layout.apply(&LayoutFact::Finished { id: 1, at: UnixMillis::new(7) });
    layout.apply(&LayoutFact::Started { operation: operation(1, Targets::new()) });
    assert_eq!(layout, before);
}

#[test]
fn the_latest_operations_are_kept_and_those_under_way() {
    let mut layout = cluster(1);
    let last = OPERATIONS_KEPT as u64 + 5;
    for id in 1..=last {
        start(&mut layout, id);
        if id > 2 {
            layout.apply(&LayoutFact::Finished { id, at: NOW });
        }
    }
    assert_eq!(layout.operations().len(), OPERATIONS_KEPT);
    assert_eq!(layout.operations().keys().take(3).copied().collect::<Vec<_>>(), [1, 2, 8]);
    let mut busy = cluster(1);
    (1..=last).for_each(|id| start(&mut busy, id));
    assert_eq!(busy.operations().keys().next(), Some(&6));
}

#[test]
fn the_audit_log_keeps_the_latest() {
    let mut layout = Layout::default();
    let fact =
        LayoutFact::Audited { at: NOW, who: "olga".into(), what: "drain".into(), detail: "node 1".into() };
    (0..AUDIT_KEPT + 3).for_each(|_| layout.apply(&fact));
    let (first, last) = (layout.audit().next().unwrap(), layout.audit().last().unwrap());
    assert_eq!((first.number, last.number, layout.audit().count()), (4, 10_003, AUDIT_KEPT));
}

/// The tags of facts in logs and archives: they never change.
#[test]
fn facts_are_written_as_they_always_were() {
    let member = cluster(1).members()[&1].clone();
    let (id, at, who, targets) = (1, NOW, String::new(), Targets::new());
    let facts = [
        LayoutFact::Formed { shards: 1, replication: 1, number: 1, member: member.clone() },
        LayoutFact::Joined { number: 1, member },
        LayoutFact::StateChanged { number: 2, state: MemberState::Removed },
        LayoutFact::Placed { targets: Targets::from([(3, vec![7, 8])]) },
        LayoutFact::DirectoryPlaced { voters: Vec::new() },
        LayoutFact::Started { operation: operation(1, Targets::new()) },
        LayoutFact::Finished { id, at },
        LayoutFact::Aborted { id, at, restored: targets },
        LayoutFact::Audited { at, who: who.clone(), what: who.clone(), detail: who },
    ];
    let bytes: Vec<Vec<u8>> = facts.iter().map(|fact| bincode::serialize(fact).unwrap()).collect();
    for (tag, bytes) in bytes.iter().enumerate() {
        assert_eq!(bytes[..4], [tag as u8, 0, 0, 0]);
    }
    assert_eq!(bytes[2][4..], [2, 0, 0, 0, 3, 0, 0, 0]);
    assert_eq!(bytes[3][4..], [1, 0, 0, 0, 0, 0, 0, 0, 3, 0, 2, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 8, 0, 0, 0]);
}
