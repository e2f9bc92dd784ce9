use super::*;
use crate::placement::layout::decide::Joining;
use crate::placement::layout::testing::*;

#[test]
fn the_second_node_follows_and_the_third_makes_all_vote() {
    let target = cluster(2).shard_target(3);
    assert_eq!((target.voters, target.learners), (vec![1], vec![2]));
    let mut target = cluster(3).shard_target(3);
    target.voters.sort_unstable();
    assert_eq!((target.voters, target.learners), (vec![1, 2, 3], vec![]));
    assert_eq!(cluster(3).shard_target(16), Target::default());
}

#[test]
fn nobody_follows_a_shard_that_is_to_have_one_replica() {
    let mut layout = alone(4, 1);
    enter(&mut layout, &joining(2));
    enter(&mut layout, &joining(3));
    assert!((0..4).all(|shard| layout.shard_target(shard).learners.is_empty()));
}

#[test]
fn everyone_follows_the_directory_and_storage_nodes_the_accounts() {
    let mut layout = cluster(6);
    enter(&mut layout, &Joining { gateway: true, ..joining(7) });
    let directory = layout.directory_target();
    assert_eq!((directory.voters, directory.learners), (vec![1, 2, 3, 4, 5], vec![6, 7]));
    let accounts = layout.accounts_target();
    assert_eq!((accounts.voters, accounts.learners), (vec![1, 2, 3, 4, 5], vec![6]));
    let two = cluster(2).directory_target();
    assert_eq!((two.voters, two.learners), (vec![1], vec![2]));
    let four = cluster(4).accounts_target();
    assert_eq!((four.voters, four.learners), (vec![1, 2, 3], vec![4]));
}

#[test]
fn targets_name_the_present_life() {
    let mut layout = cluster(3);
    enter(&mut layout, &joining(2));
    assert_eq!(layout.id_of(2), Some(node_id(2, 1)));
    assert!(layout.shard_target(0).voters.contains(&node_id(2, 1)));
    assert!(layout.directory_target().voters.contains(&node_id(2, 1)));
    assert_eq!(layout.id_of(9), None);
}
