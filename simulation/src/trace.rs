//! The fingerprint of a run: a hash of everything that every node committed, and when. Two runs of a seed must have the
//! same one, and where they have not it says that something real has got in.

use std::fmt::{self, Write as _};
use std::sync::{Arc, Mutex, PoisonError};

use cluster::CommitObserver;
use domain::event::{Sale, Stamped};
use domain::ids::EventId;
use sha2::{Digest, Sha256};

use crate::clock;

/// A running hash; its clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Trace(Arc<Mutex<Sha256>>);

impl Trace {
    /// Takes in what has happened.
    pub(crate) fn note(&self, what: fmt::Arguments<'_>) {
        let mut line = String::new();
        // Writing into a string cannot fail.
        let _ = writeln!(line, "{} {what}", clock::now_us());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).update(line);
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
    }
}
