use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::subsequence;

use super::*;
use crate::raft::types::node_id;

fn set(ids: &[NodeId]) -> BTreeSet<NodeId> {
    ids.iter().copied().collect()
}

fn target(voters: &[NodeId], learners: &[NodeId]) -> Target {
    Target { voters: voters.into(), learners: learners.into() }
}

/// The leader 1 with these voters and learners, all there and caught up.
fn group(voters: &[NodeId], learners: &[NodeId]) -> Actual {
    let all = set(&[voters, learners].concat());
    let (voters, learners) = (set(voters), set(learners));
    Actual { me: 1, voters, joint: false, learners, caught_up: all.clone(), alive: all }
}

impl Actual {
    fn with_alive(mut self, id: NodeId) -> Self {
        self.alive.insert(id);
        self
    }

    fn with_dead(mut self, id: NodeId) -> Self {
        self.alive.remove(&id);
        self.caught_up.remove(&id);
        self
    }

    fn with_late(mut self, id: NodeId) -> Self {
        self.caught_up.remove(&id);
        self
    }
}

#[test]
fn a_group_as_it_should_be_is_left_alone() {
    assert_eq!(next_step(&group(&[1, 2, 3], &[4]), &target(&[1, 2, 3], &[4])), Step::Nothing);
    assert_eq!(next_step(&group(&[1, 2, 3], &[]), &target(&[], &[])), Step::Nothing);
}

#[test]
fn one_voter_grows_to_three_at_once() {
    let three = target(&[1, 2, 3], &[]);
    let alone = group(&[1], &[]).with_alive(2).with_alive(3);
    assert_eq!(next_step(&alone, &three), Step::AddLearner(2));
    assert_eq!(next_step(&group(&[1], &[2]).with_alive(3), &three), Step::AddLearner(3));
    let late = group(&[1], &[2, 3]).with_late(3);
    assert_eq!(next_step(&late, &three), Step::Wait(Why::CatchingUp(3)));
    assert_eq!(next_step(&group(&[1], &[2, 3]), &three), Step::SetVoters(set(&[1, 2, 3])));
    let dead = group(&[1], &[2, 3]).with_dead(3);
    assert_eq!(next_step(&dead, &three), Step::Wait(Why::NotAlive(3)), "two voters are never enough");
}

#[test]
fn a_drained_leader_goes_in_three_steps() {
    let wanted = target(&[3, 2, 4], &[]);
    assert_eq!(next_step(&group(&[1, 2, 3], &[4]), &wanted), Step::SetVoters(set(&[1, 2, 3, 4])));
    let both = group(&[1, 2, 3, 4], &[]);
    assert_eq!(next_step(&both, &wanted), Step::HandOver(3));
    assert_eq!(next_step(&both.clone().with_late(3), &wanted), Step::HandOver(2), "the next best");
    let heir = Actual { me: 3, ..both };
    assert_eq!(next_step(&heir, &wanted), Step::SetVoters(set(&[2, 3, 4])));
    let left = Actual { me: 3, ..group(&[2, 3, 4], &[1]) };
    assert_eq!(next_step(&left, &wanted), Step::RemoveLearner(1));
}

#[test]
fn a_new_life_takes_the_place_of_the_old_in_one_step() {
    let (old, new) = (node_id(3, 0), node_id(3, 1));
    let wanted = target(&[1, 2, new], &[]);
    let before = group(&[1, 2, old], &[new]).with_dead(old);
    assert_eq!(next_step(&before, &wanted), Step::SetVoters(set(&[1, 2, new])));
    assert_eq!(next_step(&before.with_dead(new), &wanted), Step::Wait(Why::NotAlive(new)));
}

#[test]
fn one_that_is_dead_and_wanted_does_not_keep_the_dead_from_being_replaced() {
    // 3 is dead and to be replaced by 4; 5 is to vote as well, and is dead.
    let before = group(&[1, 2, 3], &[4, 5]).with_dead(3).with_dead(5);
    assert_eq!(next_step(&before, &target(&[1, 4, 5], &[])), Step::SetVoters(set(&[1, 2, 4])));
    // 2 votes already and is dead: it stays, and 3 goes.
    let before = group(&[1, 2, 3, 6, 7], &[4]).with_dead(3).with_dead(2);
    assert_eq!(next_step(&before, &target(&[1, 2, 4, 6, 7], &[])), Step::SetVoters(set(&[1, 2, 4, 6, 7])));
}

#[test]
fn an_old_life_never_fills_a_gap_beside_the_new() {
    let (old, new) = (node_id(4, 0), node_id(4, 1));
    let before = group(&[1, 2, 3, old, 5], &[new, 6]).with_dead(old).with_dead(6).with_dead(3);
    let step = next_step(&before, &target(&[1, 2, 5, new, 6], &[]));
    assert_eq!(step, Step::SetVoters(set(&[1, 2, 3, 5, new])));
}

#[test]
fn no_voters_are_proposed_who_could_not_decide() {
    let before = group(&[1, 2, 3], &[4]).with_dead(2).with_late(3);
    assert_eq!(next_step(&before, &target(&[1, 2, 3, 4], &[])), Step::Wait(Why::NoMajority));
    let exactly_half = group(&[1, 2, 3, 4], &[]).with_dead(2).with_dead(3);
    assert_eq!(next_step(&exactly_half, &target(&[1, 2], &[])), Step::Wait(Why::NoMajority));
}

#[test]
fn a_change_that_was_begun_is_ended() {
    let joint = Actual { joint: true, ..group(&[1, 2, 3, 4], &[]) };
    assert_eq!(next_step(&joint, &target(&[1, 2, 4], &[])), Step::SetVoters(set(&[1, 2, 4])));
    assert_eq!(next_step(&joint, &target(&[1, 2, 3, 4], &[])), Step::SetVoters(set(&[1, 2, 3, 4])));
}

#[test]
fn leadership_goes_to_the_preferred_one_when_it_is_there() {
    let wanted = target(&[2, 1, 3], &[]);
    let before = group(&[1, 2, 3], &[]);
    assert_eq!(next_step(&before, &wanted), Step::HandOver(2));
    assert_eq!(next_step(&before.clone().with_late(2), &wanted), Step::Nothing);
    assert_eq!(next_step(&before.with_dead(2), &wanted), Step::Nothing);
}

#[test]
fn learners_come_when_they_are_there_and_go_when_they_are_not_wanted() {
    let wanted = target(&[1, 2, 3], &[8]);
    assert_eq!(next_step(&group(&[1, 2, 3], &[9]).with_alive(8), &wanted), Step::AddLearner(8));
    assert_eq!(next_step(&group(&[1, 2, 3], &[9]), &wanted), Step::RemoveLearner(9));
    assert_eq!(next_step(&group(&[1, 2, 3], &[]), &wanted), Step::Wait(Why::NotAlive(8)));
    assert_eq!(Why::NotAlive(node_id(8, 3)).to_string(), "node 8 is not heard of");
}

/// A group as raft would run it: voters in one set, or in two in the midst of a change.
#[derive(Debug, Clone)]
struct Simulated {
    voters: Vec<BTreeSet<NodeId>>,
    learners: BTreeSet<NodeId>,
    leader: Option<NodeId>,
    alive: BTreeSet<NodeId>,
    caught_up: BTreeSet<NodeId>,
    target: Target,
}

#[derive(Debug, Clone)]
enum Chaos {
    Step { interrupted: bool },
    CatchUp(u32),
    Kill(u32),
    Revive(u32),
}

impl Simulated {
    fn union(&self) -> BTreeSet<NodeId> {
        self.voters.iter().flatten().copied().collect()
    }

    fn decides(&self) -> bool {
        let majority = |set: &BTreeSet<NodeId>| 2 * set.intersection(&self.alive).count() > set.len();
        self.voters.iter().all(majority)
    }

    /// Keeps the leader while it can lead, else elects the first voter that can.
    fn elect(&mut self) {
        let can_lead = |id: &NodeId| self.alive.contains(id) && self.caught_up.contains(id);
        self.leader = if self.decides() {
            self.leader.filter(can_lead).or_else(|| self.union().into_iter().find(can_lead))
        } else {
            None
        };
    }

    /// Asks for a step and takes it. Whether the group is as it should be.
    fn step(&mut self, interrupted: bool) -> Step {
        self.elect();
        let Some(me) = self.leader else { return Step::Wait(Why::NoMajority) };
        let actual = Actual {
            me,
            voters: self.union(),
            joint: self.voters.len() > 1,
            learners: self.learners.clone(),
            caught_up: self.caught_up.clone(),
            alive: self.alive.clone(),
        };
        let step = next_step(&actual, &self.target);
        match &step {
            Step::Nothing | Step::Wait(_) => {}
            Step::AddLearner(id) => {
                assert!(self.alive.contains(id) && !self.union().contains(id), "{step:?} of {self:?}");
                self.caught_up.remove(id);
                assert!(self.learners.insert(*id), "{step:?} of {self:?}");
            }
            Step::RemoveLearner(id) => assert!(self.learners.remove(id), "{step:?} of {self:?}"),
            Step::HandOver(to) => {
                let may = self.union().contains(to) && self.alive.contains(to) && self.caught_up.contains(to);
                assert!(may && *to != me && self.target.voters.contains(to), "{step:?} of {self:?}");
                self.leader = Some(*to);
            }
            Step::SetVoters(next) => self.set_voters(me, next, interrupted),
        }
        step
    }

    fn set_voters(&mut self, me: NodeId, next: &BTreeSet<NodeId>, interrupted: bool) {
        let known: BTreeSet<NodeId> = self.union().union(&self.learners).copied().collect();
        assert!(next.is_subset(&known) && next.contains(&me), "{next:?} of {self:?}");
        let ready = next.iter().filter(|id| self.alive.contains(id) && self.caught_up.contains(id)).count();
        assert!(2 * ready > next.len(), "{next:?} of {self:?}");
        let wanted = self.target.voters.len();
        assert!(next.len() == wanted || next.len() == wanted + 1, "{next:?} of {self:?}");
        let numbers: BTreeSet<u32> = next.iter().map(|id| node_number(*id)).collect();
        assert_eq!(numbers.len(), next.len(), "two lives of a node in {next:?} of {self:?}");
        let before = self.union();
        self.learners.retain(|id| !next.contains(id));
        if interrupted {
            let last = self.voters.pop().unwrap_or_default();
            self.voters = if last == *next { vec![last] } else { vec![last, next.clone()] };
            self.leader = None;
        } else {
            self.voters = vec![next.clone()];
        }
        let now = self.union();
        self.learners.extend(before.difference(&now));
    }

    fn suffer(&mut self, chaos: &Chaos, lost: &BTreeSet<NodeId>) {
        let ids = |number: u32| [node_id(number, 0), node_id(number, 1)];
        match chaos {
            Chaos::Step { interrupted } => drop(self.step(*interrupted)),
            Chaos::CatchUp(number) => {
                self.caught_up.extend(ids(*number).iter().filter(|id| self.alive.contains(id)));
            }
            Chaos::Kill(number) => ids(*number).iter().for_each(|id| {
                self.alive.remove(id);
                self.caught_up.remove(id);
            }),
            Chaos::Revive(number) => {
                self.alive.extend(ids(*number).iter().filter(|id| !lost.contains(id)));
                self.caught_up.extend(ids(*number).iter().filter(|id| {
                    self.voters.iter().flatten().any(|voter| voter == *id) && !lost.contains(id)
                }));
            }
        }
    }
}

fn odd(ids: std::ops::Range<u32>) -> impl Strategy<Value = Vec<u32>> {
    let ids: Vec<u32> = ids.collect();
    prop_oneof![subsequence(ids.clone(), 1), subsequence(ids.clone(), 3), subsequence(ids, 5)]
}

fn chaos() -> impl Strategy<Value = Chaos> {
    prop_oneof![
        4 => any::<bool>().prop_map(|interrupted| Chaos::Step { interrupted }),
        2 => (1_u32..8).prop_map(Chaos::CatchUp),
        1 => (1_u32..8).prop_map(Chaos::Kill),
        1 => (1_u32..8).prop_map(Chaos::Revive),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn every_group_gets_where_it_should_be(
        start in odd(1..8),
        wanted in odd(1..8).prop_shuffle(),
        detour in odd(1..8),
        learners in subsequence((1_u32..8).collect::<Vec<_>>(), 0..4),
        reborn in 1_u32..8,
        chaos in vec(chaos(), 0..60),
        turn in 0_usize..60,
    ) {
        // A node that comes back without its data, unless nobody else has it.
        let lost = if start.len() > 1 { set(&[node_id(reborn, 0)]) } else { BTreeSet::new() };
        let id = |number: &u32| node_id(*number, u32::from(lost.contains(&node_id(*number, 0))));
        let ids = |numbers: &[u32]| numbers.iter().map(id).collect::<Vec<_>>();
        let voters: BTreeSet<NodeId> = start.iter().map(|number| node_id(*number, 0)).collect();
        let learners: Vec<u32> = learners.into_iter().filter(|number| !wanted.contains(number)).collect();
        let end = Target { voters: ids(&wanted), learners: ids(&learners) };
        let everyone: BTreeSet<NodeId> = (1..8).map(|number| id(&number)).collect();
        let mut group = Simulated {
            caught_up: voters.difference(&lost).copied().collect(),
            voters: vec![voters],
            learners: BTreeSet::new(),
            leader: None,
            alive: everyone.clone(),
            target: Target { voters: ids(&detour), learners: Vec::new() },
        };
        for (at, chaos) in chaos.iter().enumerate() {
            if at == turn {
                group.target = end.clone();
            }
            group.suffer(chaos, &lost);
        }
        group.target = end.clone();
        group.alive = everyone.clone();
        let mut steps = 0;
        loop {
            group.caught_up = everyone.clone();
            if group.step(false) == Step::Nothing {
                break;
            }
            steps += 1;
            prop_assert!(steps < 40, "{:?}", group);
        }
        prop_assert_eq!(group.voters, vec![end.voters.iter().copied().collect::<BTreeSet<_>>()]);
        prop_assert_eq!(group.learners, end.learners.iter().copied().collect::<BTreeSet<_>>());
        prop_assert_eq!(group.leader, end.voters.first().copied());
    }
}
