//! ④ What the actor decides in one go: a turn is proposed as one, and released as one by its commit.
//!
//! Owns running ahead, and what follows a turn once it is on disk. Hazard: a place in the journal is taken before anything is
//! decided that needs one, so that nothing decided is ever turned away.

use std::collections::BTreeSet;

use actix::Context;
use domain::event::{Decision, Fact, Outcome, Stamped};
use domain::planted::{self, Bug};
use domain::ports::{Place, Proposal};
use domain::time::UnixMillis;
use tokio::sync::oneshot;

use super::EventActor;
use crate::answer::{Answer, Answered, Fault, Release};

/// Sales up to this size check all their invariants after every decision in debug builds; the check is linear in the
/// seats and would bring larger ones to a halt.
const VALIDATED_SEATS: u32 = 2_000;

/// Facts that one proposal carries at most, so that a flood of deadlines does not become one endless entry.
const MOST_FACTS: usize = 4_096;

/// A turn that is being taken.
pub(super) struct Turn {
    pub(super) now: UnixMillis,
    /// Facts of the event before this turn's.
    base: u64,
    facts: Vec<Stamped>,
    /// Taken before anything is decided that needs it.
    place: Option<Place>,
    pub(super) release: Release,
}

impl EventActor {
    pub(super) fn begin_turn(&self, now: UnixMillis) -> Turn {
        let release = Release::new(&self.lost);
        Turn { now, base: self.sale.facts(), facts: Vec::new(), place: None, release }
    }

    /// Makes sure that whatever is decided next can be proposed.
    pub(super) fn make_room(&mut self, turn: &mut Turn, ctx: &mut Context<Self>) -> Result<(), Fault> {
        if turn.facts.len() >= MOST_FACTS {
            let next = self.begin_turn(turn.now);
            self.end_turn(std::mem::replace(turn, next), ctx);
        }
        if turn.place.is_none() {
            turn.place = Some(self.shell.journal.reserve(self.sale.event())?);
        }
        Ok(())
    }

    /// Runs ahead with a decision; whoever waits for it is released by the turn's commit.
    pub(super) fn carry_out(
        &mut self,
        decision: Decision,
        asked: Option<oneshot::Sender<Answered>>,
        turn: &mut Turn,
    ) {
        for (booking, reply) in decision.settled {
            turn.release.settled.extend(self.waiting.remove(&booking).map(|waiters| (waiters, reply)));
        }
        let answer = match decision.outcome {
            Outcome::Reply(reply) => Some(Answer::Reply(reply)),
            Outcome::Nothing => None,
            Outcome::Settling { booking, joined } => {
                let (sender, settled) = oneshot::channel();
                self.waiting.entry(booking).or_default().push(sender);
                Some(Answer::Settling { booking, joined, settled })
            }
        };
        turn.release.asked.extend(asked.zip(answer));
        decision.facts.into_iter().for_each(|fact| self.happen(fact, turn));
        self.check();
    }

    /// Runs ahead with a fact, and with the one that somebody is to be told of it.
    pub(super) fn happen(&mut self, fact: Fact, turn: &mut Turn) {
        let stamped = Stamped { at: turn.now, fact };
        self.sale.apply(&stamped);
        let due = self.due(&stamped.fact);
        turn.facts.push(stamped);
        if let Some(due) = due {
            self.happen(due, turn);
        }
    }

    /// Proposes what was decided, if anything was.
    pub(super) fn end_turn(&mut self, turn: Turn, ctx: &mut Context<Self>) {
        let Turn { base, facts, place, mut release, .. } = turn;
        let Some(place) = place else { return release.nothing_waits() };
        if planted::is(Bug::AnswerBeforeCommit) {
            release.answer_all();
        }
        let worked_on: BTreeSet<_> = facts.iter().filter_map(|stamped| stamped.fact.booking()).collect();
        let work = self.take_up(worked_on);
        if !work.is_empty() {
            let mut on_disk = release.on_disk();
            let at_once = planted::is(Bug::ChargeBeforeCommit);
            let begin = async move { at_once || on_disk.wait_for(|done| *done).await.is_ok() };
            self.have_done(work, begin, ctx);
        }
        self.tell_later(&facts, &mut release, ctx);
        let proposal = Proposal { event: self.sale.event(), term: self.term, base, facts };
        place(proposal, Box::new(move |result| release.run(result)));
    }

    /// A broken invariant ends this actor, not the node: the next one starts from the replicated state.
    fn check(&self) {
        let checked = cfg!(debug_assertions) && self.sale.seats() <= VALIDATED_SEATS;
        if checked && let Err(broken) = self.sale.validate() {
            panic!("{} breaks an invariant: {broken}", self.sale.event());
        }
    }
}
