//! What buyers were shown of their own holds.
//!
//! Owns: the rule that a look at a hold sees everything that was acknowledged before it was asked for, and nothing that
//! was not. That it may not be denied before its time, nor be there after it, is judged with everything else in `lines`.

use super::acts::Act;
use super::claims::ends;
use super::findings::{Findings, Kind};
use super::lines::HoldLine;
use crate::history::{Call, Outcome, Ticket};

impl<'h> HoldLine<'h> {
    /// Judges one look at the hold.
    pub(super) fn judge_shown(&self, look: &Act<'_>, findings: &mut Findings<'h>) {
        let Outcome::Held { tickets, .. } = &look.op.outcome else { return };
        let over = |act: &&&Act<'_>| ends(act) && act.ended_us() < look.invoked_us;
        if let Some(end) = self.later.iter().find(over) {
            findings.add(Kind::HoldPastDeadline, look.ended_us(), |names| {
                let (call, buyer) = (end.op.call.word(), names.buyer(self.created.op.account));
                let late_ms = (look.invoked_us - end.ended_us()) / 1_000;
                format!("hold {} of {buyer} is shown {late_ms} ms after its {call}", self.id)
            });
        }
        let mut shown = tickets.clone();
        shown.sort_unstable();
        let fits = match self.certainly_at(look) {
            Some(certain) => shown == certain,
            None => {
                let ever = self.ever();
                shown.iter().all(|ticket| ever.binary_search(ticket).is_ok())
            }
        };
        if !fits {
            findings.add(Kind::WrongAnswer, look.ended_us(), |names| {
                let (buyer, seats) = (names.buyer(self.created.op.account), names.seats(&shown));
                format!("hold {} of {buyer} is shown with other seats: {seats}", self.id)
            });
        }
    }

    /// Its tickets at a look, in order, where no change may have been decided while or after it, or in two orders.
    fn certainly_at(&self, look: &Act<'_>) -> Option<Vec<Ticket>> {
        let mut tickets = self.tickets.to_vec();
        let mut known_us = self.created.ended_us();
        for act in self.later.iter().filter(|act| act.maybe && act.invoked_us < look.ended_us()) {
            let Call::Change { add, remove, .. } = &act.op.call else { continue };
            if !act.acknowledged() || act.invoked_us < known_us || act.ended_us() > look.invoked_us {
                return None;
            }
            known_us = act.ended_us();
            tickets.retain(|ticket| !remove.contains(ticket));
            tickets.extend_from_slice(add);
        }
        tickets.sort_unstable();
        Some(tickets)
    }
}
