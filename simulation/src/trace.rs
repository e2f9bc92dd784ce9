//! The fingerprint of a run: a hash of everything that every node committed, and when. Two runs of a seed must have the
//! same one, and where they have not it says that something real has got in.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::sync::{Arc, Mutex, PoisonError};

use cluster::CommitObserver;
use domain::event::{Sale, Stamped};
use domain::ids::EventId;
use sha2::{Digest, Sha256};

use crate::clock;

/// One is enough to be sure, and a few help to see what has happened.
const MOST_CONTRADICTIONS: usize = 5;

/// A running hash; its clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Trace(Arc<Mutex<Sha256>>, Arc<Mutex<Ledger>>);

/// The facts of every event, as the first node to commit them did, and every node that has committed others.
#[derive(Default)]
struct Ledger {
    facts: BTreeMap<EventId, Vec<String>>,
    contradictions: Vec<String>,
}

impl Ledger {
    fn take(&mut self, node: u64, event: EventId, facts: &[Stamped], sale: &Sale) {
        let known = self.facts.entry(event).or_default();
        let Some(base) = (sale.facts() as usize).checked_sub(facts.len()) else { return };
        for (place, fact) in (base..).zip(facts) {
            let fact = fingerprint_of(fact);
            match known.get(place) {
                Some(before) if *before == fact => {}
                None if known.len() == place => known.push(fact),
                _ => self.contradictions.push(format!("node {node} commits another fact {place} of {event}")),
            }
        }
    }
}

impl Trace {
    /// Takes in what has happened.
    pub(crate) fn note(&self, what: fmt::Arguments<'_>) {
        let mut line = String::new();
        // Writing into a string cannot fail.
        let _ = writeln!(line, "{} {what}", clock::now_us());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).update(line);
    }

    /// Where nodes have committed different facts.
    pub(crate) fn contradictions(&self) -> Vec<String> {
        let ledger = self.1.lock().unwrap_or_else(PoisonError::into_inner);
        ledger.contradictions.iter().take(MOST_CONTRADICTIONS).cloned().collect()
    }

    /// The hash so far, in short.
    pub(crate) fn fingerprint(&self) -> String {
        short(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

/// The fingerprint of anything that can be written down.
pub(crate) fn fingerprint_of(what: &impl fmt::Debug) -> String {
    short(Sha256::new().chain_update(format!("{what:?}")))
}

fn short(hash: Sha256) -> String {
    let digest = hash.finalize();
    digest.iter().take(8).fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// Notes what one node commits.
pub(crate) struct Commits {
    pub(crate) node: u64,
    pub(crate) trace: Trace,
}

impl CommitObserver for Commits {
    fn committed(&self, event: EventId, facts: &[Stamped], sale: &Sale) {
        self.trace.note(format_args!("{} {event} {} {facts:?}", self.node, sale.facts()));
        let mut ledger = self.trace.1.lock().unwrap_or_else(PoisonError::into_inner);
        ledger.take(self.node, event, facts, sale);
    }
}
