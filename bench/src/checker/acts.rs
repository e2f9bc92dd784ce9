//! First pass: operations that share an idempotency key are one act.
//!
//! Owns: which of their outcomes counts, and the promise that a retry gives the same success.

use super::findings::{Findings, Kind};
use crate::history::{Account, History, Key, Operation, Outcome};
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// Everything that was done under one key.
pub(super) struct Act<'h> {
    /// The operation whose outcome counts: the first acknowledged one, else the first whose fate is unknown.
    pub(super) op: &'h Operation,
    /// When it was sent for the first time.
    pub(super) invoked_us: u64,
    /// When it was last heard of, be it as an answer or by giving up.
    pub(super) last_us: u64,
    /// Whether the node may have done it.
    pub(super) maybe: bool,
}

impl Act<'_> {
    /// When the outcome that counts was there.
    pub(super) fn ended_us(&self) -> u64 {
        self.op.ended_us
    }

    pub(super) fn acknowledged(&self) -> bool {
        self.op.outcome.is_acknowledged()
    }

    /// The code of a refusal.
    pub(super) fn refusal(&self) -> Option<&str> {
        match &self.op.outcome {
            Outcome::Refused { code, .. } => Some(code),
            _ => None,
        }
    }
}

/// The acts of a history in order of their first sending.
pub(super) fn joined<'h>(history: &'h History, findings: &mut Findings<'h>) -> Vec<Act<'h>> {
    let mut acts: Vec<Act<'h>> = Vec::with_capacity(history.operations.len());
    let mut by_key: HashMap<(Account, Key), usize> = HashMap::with_capacity(history.operations.len());
    for op in history.operations.iter().filter(|op| op.attempts > 0) {
        if let Outcome::Malformed { why } = &op.outcome {
            findings.add(Kind::WrongAnswer, op.ended_us, |names| {
                format!("{} by {}: {why}", op.call.word(), names.buyer(op.account))
            });
        }
        let (invoked_us, last_us) = (op.invoked_us, op.ended_us);
        match by_key.entry((op.account, op.key)) {
            Entry::Vacant(entry) => {
                entry.insert(acts.len());
                acts.push(Act { op, invoked_us, last_us, maybe: op.may_have_happened() });
            }
            Entry::Occupied(entry) => join(&mut acts[*entry.get()], op, findings),
        }
    }
    acts.sort_by_key(|act| act.invoked_us);
    acts
}

fn join<'h>(act: &mut Act<'h>, op: &'h Operation, findings: &mut Findings<'h>) {
    let known = act.op;
    let both_acknowledged = known.outcome.is_acknowledged() && op.outcome.is_acknowledged();
    if both_acknowledged && known.outcome != op.outcome {
        findings.add(Kind::KeyExecutedTwice, op.ended_us, |names| {
            format!(
                "{} by {} under key {}: first {:?}, then {:?}",
                op.call.word(),
                names.buyer(op.account),
                op.key.0,
                known.outcome,
                op.outcome
            )
        });
    }
    let better = match (known.outcome.is_acknowledged(), op.outcome.is_acknowledged()) {
        (true, true) => op.ended_us < known.ended_us,
        (false, true) => true,
        (true, false) => false,
        (false, false) => op.may_have_happened() && !known.may_have_happened(),
    };
    if better {
        act.op = op;
    }
    act.invoked_us = act.invoked_us.min(op.invoked_us);
    act.last_us = act.last_us.max(op.ended_us);
    act.maybe |= op.may_have_happened();
}
