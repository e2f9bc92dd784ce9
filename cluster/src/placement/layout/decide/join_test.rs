use super::*;
use crate::placement::layout::decide::{drain, rebalance, remove, replace_dead};
use crate::placement::layout::testing::*;

fn gateway(number: u32) -> Joining {
    Joining { gateway: true, ..joining(number) }
}

fn again(number: u32, life: u32) -> Joining {
    Joining { known_life: Some(life), ..joining(number) }
}

fn moved_to(port: u16, joining: &Joining) -> Joining {
    let peer = format!("127.0.0.1:{port}");
    Joining { addresses: Addresses { peer, ..joining.addresses.clone() }, ..joining.clone() }
}

fn try_join(layout: &Layout, joining: &Joining, alive: bool) -> Decided<Joined> {
    join(layout, joining, |number| alive && number == joining.number, false, NOW)
}

#[test]
fn a_cluster_is_formed_once() {
    let mut layout = alone(4, 3);
    assert_eq!((layout.shards(), layout.replication(), layout.epoch()), (4, 3, 1));
    assert_eq!(layout.targets().values().collect::<Vec<_>>(), [&[1]; 4]);
    let other = Forming { shards: 8, replication: 1, number: 9, addresses: addresses(9), weight: 1 };
    assert!(form(&layout, &other, NOW).is_empty());
    let before = layout.clone();
    take(&mut layout, &form(&Layout::default(), &other, NOW)[..1]);
    assert_eq!(layout, before, "nor by a fact that comes late");
}

#[test]
fn nobody_joins_what_is_not_formed() {
    assert_eq!(refused(try_join(&Layout::default(), &joining(2), false)), "not-formed");
}

#[test]
fn one_voter_stays_alone_until_there_are_three_nodes() {
    let mut layout = alone(16, 3);
    assert_eq!(enter(&mut layout, &joining(2)), Joined { life: 0, operation: None });
    assert!(layout.targets().values().all(|target| target == &[1]));
    enter(&mut layout, &gateway(7));
    assert!(layout.targets().values().all(|target| target == &[1]), "gateways do not count");
    enter(&mut layout, &joining(3));
    assert!(layout.targets().values().all(|target| target.len() == 3));
    let mut leads: Vec<usize> = (1..=3).map(|number| loads(&layout, number).1).collect();
    leads.sort_unstable();
    assert_eq!((leads, loads(&layout, 7)), (vec![5, 5, 6], (0, 0)));
    assert!(layout.operations().is_empty());
}

#[test]
fn a_fourth_node_gets_replicas_only_when_asked() {
    let three = cluster(3);
    let mut layout = three.clone();
    assert_eq!(enter(&mut layout, &joining(4)).operation, None);
    assert_eq!(layout.targets(), three.targets());
    let (facts, joined) = join(&three, &joining(4), |_| false, true, NOW).unwrap();
    let mut layout = three;
    take(&mut layout, &facts);
    assert_eq!(joined.operation, Some(1));
    assert_eq!((1..=4).map(|number| loads(&layout, number)).collect::<Vec<_>>(), [(12, 4); 4]);
    assert_eq!(layout.operations()[&1].by, CLUSTER);
}

#[test]
fn five_replicas_come_in_odd_numbers() {
    let mut layout = alone(8, 5);
    let mut sizes = Vec::new();
    for number in 2..=6 {
        enter(&mut layout, &joining(number));
        sizes.push(layout.targets().values().map(Vec::len).max().unwrap());
    }
    assert_eq!(sizes, [1, 3, 3, 5, 5]);
    assert!((1..=4).all(|number| loads(&layout, number).0 > 0));
    assert_eq!(loads(&layout, 6), (0, 0));
}

#[test]
fn one_replica_stays_one() {
    let mut layout = alone(9, 1);
    enter(&mut layout, &joining(2));
    enter(&mut layout, &joining(3));
    carry_out(&mut layout, |layout| rebalance(layout, ORDER));
    assert_eq!((1..=3).map(|number| loads(&layout, number)).collect::<Vec<_>>(), [(3, 3); 3]);
}

#[test]
fn a_node_that_restarts_goes_on_in_its_life() {
    let mut layout = cluster(3);
    let before = layout.clone();
    // Not yet missed, at its old address.
    let (facts, joined) = try_join(&layout, &again(2, 0), true).unwrap();
    assert_eq!((facts, joined.life), (Vec::new(), 0));
    let elsewhere = moved_to(9_999, &again(2, 0));
    assert_eq!(refused(try_join(&layout, &elsewhere, true)), "node-id-in-use", "a twin");
    assert_eq!(enter(&mut layout, &elsewhere).life, 0);
    assert_eq!(layout.members()[&2].addresses, elsewhere.addresses);
    assert_eq!((layout.targets(), layout.epoch()), (before.targets(), before.epoch() + 1));
}

#[test]
fn a_node_without_its_data_begins_another_life() {
    let mut layout = cluster(3);
    assert_eq!(refused(try_join(&layout, &joining(2), true)), "node-id-in-use");
    assert_eq!(refused(try_join(&layout, &again(2, 7), true)), "node-id-in-use");
    let before = layout.clone();
    let later = UnixMillis::new(5_000);
    let joined =
        carry_out(&mut layout, |layout| join(layout, &joining(2), |number| number != 2, false, later));
    assert_eq!((joined.life, layout.members()[&2].joined_at), (1, later));
    assert_eq!(layout.targets(), before.targets());
    assert_eq!(enter(&mut layout, &again(2, 0)).life, 2, "data of a life that is over");
    assert_eq!(enter(&mut layout, &again(2, 2)).life, 2);
}

#[test]
fn nodes_do_not_change_their_kind() {
    let mut layout = cluster(3);
    enter(&mut layout, &gateway(7));
    assert_eq!(refused(try_join(&layout, &gateway(2), false)), "other-kind");
    assert_eq!(refused(try_join(&layout, &joining(7), false)), "other-kind");
    carry_out(&mut layout, |layout| remove(layout, 7, false, ORDER));
    assert_eq!(enter(&mut layout, &joining(7)).life, 1, "but a removed one may come as anything");
}

#[test]
fn a_removed_node_joins_anew() {
    let mut layout = cluster(4);
    carry_out(&mut layout, |layout| remove(layout, 2, false, ORDER));
    assert_eq!(layout.id_of(2), None);
    assert_eq!(enter(&mut layout, &again(2, 0)).life, 1);
    assert!(layout.members()[&2].takes_replicas());
}

#[test]
fn a_node_that_was_gone_takes_part_again() {
    let mut layout = cluster(4);
    carry_out(&mut layout, |layout| replace_dead(layout, 2, NOW));
    assert_eq!(loads(&layout, 2), (0, 0));
    assert_eq!(enter(&mut layout, &again(2, 0)).life, 0);
    assert_eq!(layout.members()[&2].state, MemberState::Active);
    carry_out(&mut layout, |layout| rebalance(layout, ORDER));
    assert_eq!(loads(&layout, 2), (12, 4));
}

#[test]
fn a_node_that_drains_goes_on_draining() {
    let mut layout = cluster(4);
    carry_out(&mut layout, |layout| drain(layout, 2, ORDER));
    enter(&mut layout, &again(2, 0));
    enter(&mut layout, &joining(2));
    let member = &layout.members()[&2];
    assert_eq!((member.state, member.life), (MemberState::Draining, 1));
}

#[test]
fn what_a_node_says_of_itself_is_checked() {
    let layout = cluster(1);
    let nowhere = Joining { addresses: Addresses::default(), ..joining(2) };
    assert_eq!(refused(try_join(&layout, &nowhere, false)), "bad-address");
    let endless = Addresses { http: "x".repeat(ADDRESS_MOST + 1), ..addresses(2) };
    assert_eq!(
        refused(try_join(&layout, &Joining { addresses: endless, ..joining(2) }, false)),
        "bad-address"
    );
    for weight in [0, WEIGHT_MOST + 1] {
        assert_eq!(refused(try_join(&layout, &Joining { weight, ..joining(2) }, false)), "bad-weight");
    }
    let mut layout = layout;
    let member = Member { life: u32::MAX, ..layout.members()[&1].clone() };
    layout.apply(&LayoutFact::Joined { number: 1, member });
    assert_eq!(refused(try_join(&layout, &joining(1), false)), "worn-out");
}

#[test]
fn those_who_join_are_in_the_audit_log_and_those_who_restart_are_not() {
    let mut layout = cluster(1);
    enter(&mut layout, &gateway(7));
    enter(&mut layout, &moved_to(9_999, &Joining { known_life: Some(0), ..gateway(7) }));
    let found: Vec<_> =
        layout.audit().map(|record| (record.number, &*record.what, &*record.detail)).collect();
    assert_eq!(found, [(1, "form", "node 1, 16 shards"), (2, "join", "gateway 7, life 0")]);
}
