//! A sale and its naive twin give the same answers and have the same state, whatever is played, whatever the clocks
//! say; and the facts alone make the same sale again.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::cases;
use super::plays::{Play, play};
use super::stage::Stage;
use crate::event::Stamped;

fn perform(play: &Play) -> Stage {
    let mut stage = Stage::new(play);
    play.steps.iter().for_each(|step| stage.step(step));
    stage.scene.expire();
    stage.twin.expire();
    stage.assert_nothing_due();
    stage.assert_same_state();
    stage.scene.assert_replays();
    assert!(stage.scene.facts.is_sorted_by_key(|stamped| stamped.at), "time stands still or goes on");
    stage
}

proptest! {
    #![proptest_config(cases(2_000))]

    #[test]
    fn a_sale_and_its_naive_twin_agree_on_every_play(play in play()) {
        perform(&play);
    }
}

/// Properties over plays in which nothing happens prove nothing: with a fixed seed, everything does happen.
#[test]
fn the_plays_reach_every_fact_and_every_refusal() {
    let mut runner = TestRunner::deterministic();
    let (mut facts, mut refusals) = (BTreeSet::new(), BTreeSet::new());
    for _ in 0..300 {
        let play = play().new_tree(&mut runner).expect("nothing is filtered").current();
        let stage = perform(&play);
        facts.extend(stage.scene.facts.iter().map(kind));
        refusals.extend(stage.refusals);
    }
    assert_eq!(facts.len(), 32, "{facts:?}");
    // All but the two thousand million numbers that no play uses up.
    assert_eq!(refusals.len(), 14, "{refusals:?}");
}

fn kind(stamped: &Stamped) -> String {
    let name = format!("{:?}", stamped.fact);
    name.split([' ', '{']).next().unwrap_or_default().into()
}
