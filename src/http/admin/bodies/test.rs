//! The JSON of the admin listener against the words of the contract.

use std::collections::BTreeSet;

use cluster::Ordered;
use cluster::placement::layout::decide::{self, Forming, Joining, Order};
use cluster::placement::layout::plan::Plan;
use cluster::placement::layout::{Addresses, LayoutFact};
use domain::time::UnixMillis;
use serde_json::{Value, json};

use super::*;

const NOW: UnixMillis = UnixMillis::new(1_795_000_000_000);
const ORDER: Order<'static> = Order { by: "operator", now: NOW };

fn addresses(number: u32) -> Addresses {
    let at = |port: u32| format!("127.0.0.1:{number}{port:03}");
    Addresses { http: at(80), admin: at(81), peer: at(82) }
}

fn apply(layout: &mut Layout, facts: &[LayoutFact]) {
    facts.iter().for_each(|fact| layout.apply(fact));
}

/// Two shards on nodes 1 to `nodes`, each of which has joined for the first time.
fn layout(nodes: u32) -> Layout {
    let mut layout = Layout::default();
    let forming = Forming { shards: 2, replication: 3, number: 1, addresses: addresses(1), weight: 1 };
    let facts = decide::form(&layout, &forming, NOW);
    apply(&mut layout, &facts);
    for number in 2..=nodes {
        let (known_life, gateway) = (None, false);
        let joining = Joining { number, known_life, addresses: addresses(number), gateway, weight: 1 };
        let (facts, _) = decide::join(&layout, &joining, |_| false, false, NOW).unwrap();
        apply(&mut layout, &facts);
    }
    layout
}

fn seen(group: GroupId, leader: u32, voters: &[u32], learners: &[u32]) -> GroupView {
    let ids = |numbers: &[u32]| numbers.iter().map(|number| node_id(*number, 0)).collect();
    GroupView {
        group,
        leader: Some(node_id(leader, 0)),
        term: 3,
        voters: ids(voters),
        learners: ids(learners),
        events: 5,
        committed: 77,
    }
}

/// All nodes are alive, and all groups are on nodes 1 to 3, led by node 1.
fn view(nodes: u32) -> ClusterView {
    let groups = [GroupId::shard(0), GroupId::shard(1), GroupId::DIRECTORY, GroupId::ACCOUNTS];
    ClusterView {
        alive: (1..=nodes).map(|number| node_id(number, 0)).collect(),
        groups: groups.map(|group| seen(group, 1, &[1, 2, 3], &[])).to_vec(),
    }
}

fn json_of(layout: &Layout, view: &ClusterView) -> Value {
    serde_json::to_value(ClusterBody::of(0xc0_ffee, node_id(1, 0), layout, view)).unwrap()
}

#[test]
fn the_cluster_has_the_fields_of_the_contract() {
    let body = json_of(&layout(3), &view(3));
    assert_eq!(body["clusterId"], "00000000000000000000000000c0ffee");
    let node = &body["nodes"][1];
    for (field, value) in [
        ("id", json!(2)),
        ("httpAddr", json!("127.0.0.1:2080")),
        ("peerAddr", json!("127.0.0.1:2082")),
        ("adminAddr", json!("127.0.0.1:2081")),
        ("state", json!("active")),
        ("alive", json!(true)),
        ("gateway", json!(false)),
        ("life", json!(0)),
        ("leaderOf", json!([])),
        ("replicaOf", json!([0, 1])),
    ] {
        assert_eq!(node[field], value, "{field}");
    }
    assert_eq!(body["nodes"][0]["leaderOf"], json!([0, 1]));
    let shard = &body["shards"][1];
    for (field, value) in [
        ("id", json!(1)),
        ("leader", json!(1)),
        ("replicas", json!([1, 2, 3])),
        ("term", json!(3)),
        ("events", json!(5)),
        ("committed", json!(77)),
    ] {
        assert_eq!(shard[field], value, "{field}");
    }
    assert_eq!(body["directory"]["voters"], json!([1, 2, 3]));
    assert_eq!(body["accounts"]["leader"], 1);
    assert_eq!(body["operations"], json!([]));
    let read: ClusterBody = serde_json::from_value(body.clone()).unwrap();
    assert_eq!(serde_json::to_value(read).unwrap(), body, "what is written can be read");
}

#[test]
fn a_learner_is_a_replica_and_another_life_is_not_alive() {
    let layout = layout(2);
    let mut view = view(2);
    view.groups[0] = seen(GroupId::shard(0), 1, &[1], &[2]);
    view.alive = BTreeSet::from([node_id(1, 0), node_id(2, 1)]);
    let body = json_of(&layout, &view);
    assert_eq!(body["shards"][0]["replicas"], json!([1, 2]));
    assert_eq!(body["shards"][0]["voters"], json!([1]));
    assert_eq!(body["shards"][0]["learners"], json!([2]));
    assert_eq!(body["nodes"][1]["alive"], false, "its former life is not it");
    // Two lives of one node in one group are one node.
    view.groups[0].learners.push(node_id(2, 1));
    assert_eq!(json_of(&layout, &view)["shards"][0]["replicas"], json!([1, 2]));
}

#[test]
fn a_group_without_a_leader_is_shown_as_it_is_wanted() {
    let mut view = view(3);
    view.groups[1] = GroupView { leader: None, term: 0, voters: Vec::new(), ..view.groups[1].clone() };
    view.groups.truncate(2);
    let body = json_of(&layout(3), &view);
    let shard = &body["shards"][1];
    assert_eq!((&shard["leader"], &shard["replicas"]), (&Value::Null, &json!([1, 2, 3])));
    assert_eq!(
        (&body["directory"]["leader"], &body["directory"]["voters"]),
        (&Value::Null, &json!([1, 2, 3]))
    );
}

#[test]
fn who_was_removed_is_listed_until_nothing_is_left_of_it() {
    let mut layout = layout(4);
    let mut view = view(4);
    view.groups[2].learners.push(node_id(4, 0));
    let (facts, _) = decide::remove(&layout, 4, true, ORDER).unwrap();
    apply(&mut layout, &facts);
    let body = json_of(&layout, &view);
    assert_eq!((&body["nodes"][3]["id"], &body["nodes"][3]["state"]), (&json!(4), &json!("removed")));
    view.groups[2].learners.clear();
    assert_eq!(json_of(&layout, &view)["nodes"].as_array().map(Vec::len), Some(3));
}

#[test]
fn an_operation_says_what_it_waits_for_until_it_is_over() {
    let mut layout = layout(4);
    let shard = *layout.targets().keys().next().unwrap();
    let (facts, begun) = decide::move_shard(&layout, shard, Some(3), 4, ORDER).unwrap();
    apply(&mut layout, &facts);
    let id = begun.operation.unwrap();
    let now = |layout: &Layout, view: &ClusterView| {
        serde_json::to_value(Memberships::of(view).body(&layout.operations()[&id])).unwrap()
    };
    let mut view = view(4);
    assert_eq!(
        now(&layout, &view),
        json!({
            "id": id, "kind": "move", "shard": shard, "from": 3, "to": 4, "by": "operator",
            "startedAt": "2026-11-18T11:06:40.000Z", "state": "running", "done": 0, "total": 1,
            "waitingFor": [{"shard": shard, "joining": [4], "leaving": [3], "toLead": null}],
        })
    );
    assert_eq!(json_of(&layout, &view)["operations"][0]["id"], id);
    view.groups[usize::from(shard)] = seen(GroupId::shard(shard), 1, &[1, 2, 4], &[]);
    assert_eq!(now(&layout, &view)["done"], 1);
    let (facts, ()) = decide::finish(&layout, id, NOW).unwrap();
    apply(&mut layout, &facts);
    let over = now(&layout, &view);
    assert_eq!((&over["state"], &over["endedAt"]), (&json!("done"), &json!("2026-11-18T11:06:40.000Z")));
    assert_eq!(json_of(&layout, &view)["operations"], json!([]));
    let read: OperationBody = serde_json::from_value(over.clone()).unwrap();
    assert_eq!(serde_json::to_value(read).unwrap(), over);
}

#[test]
fn an_aborted_operation_waits_for_nothing() {
    let mut layout = layout(4);
    let (facts, begun) = decide::drain(&layout, 3, ORDER).unwrap();
    apply(&mut layout, &facts);
    let id = begun.operation.unwrap();
    let drained = Memberships::of(&view(4)).body(&layout.operations()[&id]);
    assert_eq!((drained.kind.as_str(), drained.node), ("drain", Some(3)));
    let (facts, _) = decide::abort(&layout, id, ORDER).unwrap();
    apply(&mut layout, &facts);
    let aborted = Memberships::of(&view(4)).body(&layout.operations()[&id]);
    assert_eq!((aborted.state, aborted.done), (OperationStateBody::Aborted, 0));
    assert!(aborted.ended_at.is_some() && aborted.waiting_for.is_empty());
}

#[test]
fn a_dry_run_has_no_operation() {
    let ordered = || Ordered { operation: Some(3), plan: Plan::default(), note: String::new() };
    let body = |dry_run| serde_json::to_value(OrderedBody::of(ordered(), dry_run)).unwrap();
    assert_eq!(
        body(true),
        json!({"dryRun": true, "operationId": null, "moves": [], "leaders": [], "note": ""})
    );
    assert_eq!(body(false)["operationId"], 3);
}
