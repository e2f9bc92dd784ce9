use std::collections::BTreeSet;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::*;

fn even_weights(nodes: std::ops::RangeInclusive<u32>) -> BTreeMap<u32, u32> {
    nodes.map(|number| (number, 1)).collect()
}

fn empty(shards: u16) -> Targets {
    (0..shards).map(|shard| (shard, Vec::new())).collect()
}

fn balanced(before: &Targets, weights: &BTreeMap<u32, u32>, replicas: usize) -> Targets {
    let mut balance = Balance::new(before.clone(), weights.clone(), replicas);
    balance.fill();
    balance.even();
    balance.mend_leaders(before);
    balance.even_leaders();
    balance.into_targets()
}

fn filled(before: &Targets, weights: &BTreeMap<u32, u32>, replicas: usize) -> Targets {
    let mut balance = Balance::new(before.clone(), weights.clone(), replicas);
    balance.fill();
    balance.mend_leaders(before);
    balance.into_targets()
}

fn moved(before: &Targets, after: &Targets) -> usize {
    let new =
        |(shard, target): (&u16, &Vec<u32>)| target.iter().filter(|n| !before[shard].contains(n)).count();
    after.iter().map(new).sum()
}

fn loads(targets: &Targets) -> BTreeMap<u32, usize> {
    let mut loads = BTreeMap::new();
    targets.values().flatten().for_each(|number| *loads.entry(*number).or_default() += 1);
    loads
}

fn leads(targets: &Targets) -> BTreeMap<u32, usize> {
    let mut leads = BTreeMap::new();
    targets.values().for_each(|target| *leads.entry(target[0]).or_default() += 1);
    leads
}

#[test]
fn a_node_added_to_three_takes_a_quarter_and_no_more() {
    for shards in [16, 64, 256] {
        let three = balanced(&empty(shards), &even_weights(1..=3), 3);
        let four = balanced(&three, &even_weights(1..=4), 3);
        let quarter = f64::from(shards) * 3.0 / 4.0;
        let ratio = moved(&three, &four) as f64 / quarter;
        eprintln!("{shards} shards: {ratio:.3} x of a quarter of the replicas move");
        assert!(ratio <= 1.3, "{ratio}");
        assert!(ratio <= 1.05, "the stretch: {ratio}");
        assert!(loads(&four).values().all(|load| *load == usize::from(shards) * 3 / 4), "{four:?}");
        assert!(
            three.iter().all(|(shard, target)| four[shard].contains(&target[0])),
            "a leader's replica moves"
        );
    }
}

#[test]
fn what_is_planned_is_the_same_for_ever() {
    let targets = balanced(&empty(8), &BTreeMap::from([(1, 1), (2, 1), (3, 1), (4, 2), (9, 1)]), 3);
    assert_eq!(targets.into_values().collect::<Vec<_>>(), GOLDEN);
}

const GOLDEN: [[u32; 3]; 8] =
    [[4, 9, 3], [3, 4, 9], [1, 3, 4], [9, 3, 4], [2, 9, 4], [4, 2, 1], [1, 4, 2], [2, 1, 4]];

#[test]
fn heavier_nodes_have_more_and_none_has_a_shard_twice() {
    let weights = BTreeMap::from([(1, 1), (2, 1), (3, 2), (4, 2)]);
    let loads = loads(&balanced(&empty(24), &weights, 3));
    // Fair were 12, 12, 24, 24: what the heavy ones are due is just all the shards.
    assert_eq!(loads, BTreeMap::from([(1, 12), (2, 12), (3, 24), (4, 24)]));
    let weights = BTreeMap::from([(1, 1), (2, 1), (3, 1), (4, 60)]);
    let loads = self::loads(&balanced(&empty(24), &weights, 3));
    assert_eq!(loads, BTreeMap::from([(1, 16), (2, 16), (3, 16), (4, 24)]));
}

#[test]
fn only_what_was_on_a_node_that_goes_moves() {
    let five = balanced(&empty(16), &even_weights(1..=5), 3);
    let mut left = even_weights(1..=5);
    left.remove(&2);
    let four = filled(&five, &left, 3);
    for (shard, before) in &five {
        let kept: Vec<&u32> = before.iter().filter(|number| **number != 2).collect();
        assert!(kept.iter().all(|number| four[shard].contains(number)));
        assert_eq!((four[shard].len(), four[shard].contains(&2)), (3, false));
        assert!(before[0] == 2 || before[0] == four[shard][0], "a leader changes without need");
    }
    assert_eq!(moved(&five, &four), loads(&five)[&2]);
    assert!(loads(&four).values().all(|load| (11..=13).contains(load)), "{:?}", loads(&four));
}

#[test]
fn lost_leaderships_go_to_those_who_lead_least() {
    let before =
        Targets::from([(0, vec![1, 2, 3]), (1, vec![2, 1, 3]), (2, vec![9, 1, 3]), (3, vec![9, 2, 1])]);
    let after = filled(&before, &even_weights(1..=3), 3);
    assert_eq!(leads(&after), BTreeMap::from([(1, 1), (2, 2), (3, 1)]), "{after:?}");
}

#[test]
fn a_chain_of_shifts_is_found_where_no_single_one_does() {
    // Node 1 is to have fewer, node 4 more, but node 4 has all that node 1 has: shards go by way of others.
    let before = Targets::from([(0, vec![1, 4]), (1, vec![1, 4]), (2, vec![2, 3]), (3, vec![2, 3])]);
    let weights = BTreeMap::from([(1, 1), (2, 2), (3, 2), (4, 3)]);
    let after = balanced(&before, &weights, 2);
    assert_eq!(loads(&after), BTreeMap::from([(1, 1), (2, 2), (3, 2), (4, 3)]), "{after:?}");
}

/// Any placement of two to seven nodes on any shards, with nodes among them that are not there any more.
fn placements() -> impl Strategy<Value = (Targets, BTreeMap<u32, u32>, usize)> {
    (btree_map(1_u32..8, 1_u32..4, 3..7), 1_usize..3, 1_u16..24).prop_flat_map(|(weights, half, shards)| {
        let replicas = (2 * half - 1).min(weights.len());
        let target = Just((1_u32..10).collect::<Vec<_>>()).prop_shuffle().prop_map(move |mut all| {
            all.truncate(replicas);
            all
        });
        let targets = vec(target, usize::from(shards)).prop_map(|all| (0..).zip(all).collect::<Targets>());
        (targets, Just(weights), Just(replicas))
    })
}

proptest! {
    #[test]
    fn planning_makes_even_and_planning_again_moves_nothing((before, weights, replicas) in placements()) {
        let after = balanced(&before, &weights, replicas);
        for target in after.values() {
            let different: BTreeSet<&u32> = target.iter().collect();
            prop_assert_eq!((target.len(), different.len()), (replicas, replicas));
            prop_assert!(target.iter().all(|number| weights.contains_key(number)));
        }
        let bounds = Balance::new(after.clone(), weights.clone(), replicas).replica_bounds();
        let loads = loads(&after);
        let leads = leads(&after);
        for (number, (least, most)) in bounds {
            let has = loads.get(&number).copied().unwrap_or(0);
            prop_assert!((least..=most).contains(&has), "node {} has {}, not {} to {}", number, has, least, most);
            let leads = leads.get(&number).copied().unwrap_or(0);
            let share = has / replicas..=has.div_ceil(replicas);
            prop_assert!(share.contains(&leads), "node {} leads {} of {}", number, leads, has);
        }
        prop_assert_eq!(&balanced(&after, &weights, replicas), &after);
    }

    #[test]
    fn no_more_moves_than_it_takes((before, weights, replicas) in placements()) {
        let weights: BTreeMap<u32, u32> = weights.into_keys().map(|number| (number, 1)).collect();
        let start = filled(&before, &weights, replicas);
        let after = balanced(&start, &weights, replicas);
        let loads = loads(&start);
        let bounds = Balance::new(start.clone(), weights, replicas).replica_bounds();
        let has = |number: &u32| loads.get(number).copied().unwrap_or(0);
        let too_many: usize = bounds.iter().map(|(n, (_, most))| has(n).saturating_sub(*most)).sum();
        let too_few: usize = bounds.iter().map(|(n, (least, _))| least.saturating_sub(has(n))).sum();
        prop_assert_eq!(moved(&start, &after), too_many.max(too_few));
    }

    #[test]
    fn filling_moves_only_what_must((before, weights, replicas) in placements()) {
        let after = filled(&before, &weights, replicas);
        let lost = before.values().flatten().filter(|number| !weights.contains_key(number)).count();
        prop_assert_eq!(moved(&before, &after), lost);
    }
}
