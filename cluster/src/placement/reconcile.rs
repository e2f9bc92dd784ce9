//! Step ⑥: the next step of a group from the membership that it has to the one that it should have.
//!
//! A pure function, asked again and again by the group's leader, so that the work survives every leader and every
//! coordinator. Learners are added and catch up, then the voters change in one joint step, then leadership goes to whom
//! it should, then what is left over goes. Hazards: one voter becomes three at once, never two (two cannot survive a
//! death); no voters are proposed of which a majority is not there and caught up; one that is dead and should vote
//! does not keep others that are dead from being replaced.

use std::collections::BTreeSet;
use std::fmt;

use super::layout::target::Target;
use crate::raft::types::{NodeId, node_number};

/// What a group's leader sees of its group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Actual {
    /// The leader itself.
    pub me: NodeId,
    /// Who votes; in the midst of a change, who votes before or after it.
    pub voters: BTreeSet<NodeId>,
    /// Whether a change of voters was begun and not ended.
    pub joint: bool,
    /// Who follows without a vote.
    pub learners: BTreeSet<NodeId>,
    /// Who lags by little, voters and learners.
    pub caught_up: BTreeSet<NodeId>,
    /// Who was heard of lately.
    pub alive: BTreeSet<NodeId>,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The group is as it should be.
    Nothing,
    /// Ask again later.
    Wait(Why),
    /// Let this node follow.
    AddLearner(NodeId),
    /// Let these vote, by one joint change. Who does not vote any more may go on following.
    SetVoters(BTreeSet<NodeId>),
    /// Let this node follow no longer.
    RemoveLearner(NodeId),
    /// Let this voter lead.
    HandOver(NodeId),
}

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// This node is catching up.
    CatchingUp(NodeId),
    /// This node should take part and is not heard of.
    NotAlive(NodeId),
    /// Of the voters to be, too few are there and caught up.
    NoMajority,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CatchingUp(id) => write!(f, "node {} is catching up", node_number(*id)),
            Self::NotAlive(id) => write!(f, "node {} is not heard of", node_number(*id)),
            Self::NoMajority => f.write_str("too few of the future voters are there and caught up"),
        }
    }
}

/// The next step from `actual` to `target`.
#[must_use]
pub fn next_step(actual: &Actual, target: &Target) -> Step {
    let wanted: BTreeSet<NodeId> = target.voters.iter().copied().collect();
    if wanted.is_empty() {
        return Step::Nothing;
    }
    if let Some(newcomer) = missing(actual, target).find(|id| actual.alive.contains(id)) {
        return Step::AddLearner(newcomer);
    }
    match next_voters(actual, &wanted) {
        Err(why) => return Step::Wait(why),
        Ok(voters) if voters != actual.voters || actual.joint => {
            return if actual.is_safe(&voters) {
                Step::SetVoters(voters)
            } else {
                Step::Wait(Why::NoMajority)
            };
        }
        Ok(_) => {}
    }
    if !wanted.contains(&actual.me) {
        let heir = target.voters.iter().find(|id| actual.can_lead(**id));
        return heir.map_or(Step::Wait(Why::NoMajority), |id| Step::HandOver(*id));
    }
    let left_over = |id: &&NodeId| !wanted.contains(id) && !target.learners.contains(id);
    if let Some(id) = actual.learners.iter().find(left_over) {
        return Step::RemoveLearner(*id);
    }
    if let Some(preferred) = target.voters.first().filter(|id| **id != actual.me && actual.can_lead(**id)) {
        return Step::HandOver(*preferred);
    }
    let mut voteless = wanted.difference(&actual.voters).copied();
    let absent = voteless.find(|id| !actual.is_alive(*id)).or_else(|| missing(actual, target).next());
    absent.map_or(Step::Nothing, |id| Step::Wait(Why::NotAlive(id)))
}

/// Who should take part and does not, voters first.
fn missing<'a>(actual: &'a Actual, target: &'a Target) -> impl Iterator<Item = NodeId> + 'a {
    let takes_part = |id: &NodeId| actual.voters.contains(id) || actual.learners.contains(id);
    target.voters.iter().chain(&target.learners).copied().filter(move |id| !takes_part(id))
}

/// Who should vote next: those wanted, and me while I am not. In the place of one that is wanted but dead, and has no vote
/// yet, one goes on voting that is not wanted; only where there is none to spare the present voters stay.
fn next_voters(actual: &Actual, wanted: &BTreeSet<NodeId>) -> Result<BTreeSet<NodeId>, Why> {
    let coming = || wanted.difference(&actual.voters);
    if let Some(late) = coming().find(|id| actual.is_alive(**id) && !actual.is_ready(**id)) {
        return Err(Why::CatchingUp(*late));
    }
    let dead: BTreeSet<NodeId> = coming().filter(|id| !actual.is_alive(**id)).copied().collect();
    let mut next: BTreeSet<NodeId> = wanted.difference(&dead).copied().collect();
    let replaced = |id: &NodeId| next.iter().any(|other| node_number(*other) == node_number(*id));
    let mut spare: Vec<NodeId> =
        actual.voters.difference(wanted).copied().filter(|id| !replaced(id)).collect();
    spare.sort_by_key(|id| (*id != actual.me, !actual.is_ready(*id), *id));
    if spare.len() < dead.len() {
        let late = dead.first().copied().filter(|_| actual.joint);
        return late.map_or_else(|| Ok(actual.voters.clone()), |id| Err(Why::NotAlive(id)));
    }
    next.extend(spare.into_iter().take(dead.len()));
    next.insert(actual.me);
    Ok(next)
}

impl Actual {
    fn is_alive(&self, id: NodeId) -> bool {
        id == self.me || self.alive.contains(&id)
    }

    fn is_ready(&self, id: NodeId) -> bool {
        id == self.me || self.alive.contains(&id) && self.caught_up.contains(&id)
    }

    /// Whether a majority of `voters` is there and caught up.
    fn is_safe(&self, voters: &BTreeSet<NodeId>) -> bool {
        2 * voters.iter().filter(|id| self.is_ready(**id)).count() > voters.len()
    }

    fn can_lead(&self, id: NodeId) -> bool {
        self.voters.contains(&id) && self.is_ready(id)
    }
}

#[cfg(test)]
#[path = "reconcile_test.rs"]
mod test;
