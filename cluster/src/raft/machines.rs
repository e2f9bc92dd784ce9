//! Step ⑥: what a committed entry means, per kind of group. Pure: the same entries give the same state on every replica.
//!
//! Fencing ends here: a batch of sales carries the number of facts that its owner had seen, and is skipped where that
//! is not the number applied. So facts of an owner that was replaced never mix with those of its successor.

use std::collections::{BTreeMap, btree_map};
use std::fmt::Display;
use std::io;
use std::sync::Arc;

use domain::account::Accounts;
use domain::event::{Sale, apply};
use domain::ids::EventId;
use domain::planted::{self, Bug};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::types::{Applied, Entry, SaleBatch};
use crate::journal::format;

/// The state that a group replicates.
pub(crate) trait Machine:
    Clone + Default + Serialize + DeserializeOwned + Send + Sync + 'static
{
    /// Folds `entry` into the state and shows `seen` each batch of sales with the sale right after it. Total: what does
    /// not fit changes nothing.
    fn apply(&mut self, entry: &Entry, seen: &mut dyn FnMut(&SaleBatch, &Sale)) -> Applied;

    /// Reads the state from a snapshot, of this version or an older one.
    fn decode(what: &dyn Display, bytes: &[u8]) -> io::Result<Self> {
        format::decode_bare(what, bytes)
    }

    /// How many facts of each event the state comes from, where they are archived.
    fn archived_facts(&self) -> Vec<(EventId, u64)> {
        Vec::new()
    }
}

/// The sales of a shard. Each is shared with a snapshot being written, and copied when it changes meanwhile.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Shard {
    pub(crate) sales: BTreeMap<EventId, Arc<Sale>>,
}

impl Shard {
    /// How many facts of `event` were applied: the base of its next batch.
    pub(crate) fn facts(&self, event: EventId) -> u64 {
        self.sales.get(&event).map_or(0, |sale| sale.facts())
    }

    /// The sale after `batch`, or `None` where the base is wrong or nothing is on sale yet.
    fn apply_batch(&mut self, batch: &SaleBatch) -> Option<&Sale> {
        if self.facts(batch.event) != batch.base && !planted::is(Bug::SkipBaseCheck) {
            return None;
        }
        match self.sales.entry(batch.event) {
            btree_map::Entry::Occupied(known) => {
                let sale = Arc::make_mut(known.into_mut());
                let times = if planted::is(Bug::ApplyTwice) { 2 } else { 1 };
                (0..times).for_each(|_| batch.facts.iter().for_each(|fact| sale.apply(fact)));
                Some(sale)
            }
            btree_map::Entry::Vacant(unknown) => {
                let (first, rest) = batch.facts.split_first()?;
                let mut opened = None;
                apply(&mut opened, batch.event, first);
                let mut sale = opened?;
                rest.iter().for_each(|fact| sale.apply(fact));
                Some(unknown.insert(Arc::new(sale)))
            }
        }
    }

    fn apply_or_check(&mut self, batch: &SaleBatch, seen: &mut dyn FnMut(&SaleBatch, &Sale)) -> bool {
        if batch.facts.is_empty() {
            return self.facts(batch.event) == batch.base;
        }
        match self.apply_batch(batch) {
            Some(sale) => {
                seen(batch, sale);
                true
            }
            None => false,
        }
    }
}

impl Machine for Shard {
    fn apply(&mut self, entry: &Entry, seen: &mut dyn FnMut(&SaleBatch, &Sale)) -> Applied {
        let Entry::Sales(batches) = entry else { return Applied::Foreign };
        Applied::Sales(batches.iter().map(|batch| self.apply_or_check(batch, seen)).collect())
    }

    fn archived_facts(&self) -> Vec<(EventId, u64)> {
        self.sales.iter().map(|(event, sale)| (*event, sale.facts())).collect()
    }
}

impl Machine for Accounts {
    fn apply(&mut self, entry: &Entry, _seen: &mut dyn FnMut(&SaleBatch, &Sale)) -> Applied {
        let Entry::Accounts(facts) = entry else { return Applied::Foreign };
        facts.iter().for_each(|fact| self.apply(fact));
        Applied::Whole
    }
}

#[cfg(test)]
#[path = "machines_test.rs"]
mod test;
