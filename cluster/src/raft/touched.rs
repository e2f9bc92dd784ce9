//! ⑧ What of the catalogue has changed lately, for those of this node that follow it.
//!
//! Owns a bounded memory of it, which is no part of the replicated state: a replica that was just opened or was given a
//! snapshot remembers nothing, and who was elsewhere longer than it remembers looks at everything again.

use std::collections::VecDeque;
use std::sync::Arc;

use domain::catalogue::CatalogueFact;
use domain::ids::{EventId, PerformerId, VenueId};

/// So many changes are remembered.
const CAPACITY: usize = 65_536;

/// Something in the catalogue that was added, changed or removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Touched {
    /// An event.
    Event(EventId),
    /// A venue.
    Venue(VenueId),
    /// A performer.
    Performer(PerformerId),
}

/// Up to where somebody knows the changes.
#[derive(Debug, Clone)]
pub struct Mark {
    memory: Arc<()>,
    told: u64,
}

/// The changes that are remembered, the latest last.
#[derive(Debug, Clone, Default)]
pub(crate) struct Recent {
    /// Another one for every memory.
    memory: Arc<()>,
    told: u64,
    changes: VecDeque<Touched>,
}

/// What is remembered makes no difference to what is.
impl PartialEq for Recent {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Recent {
    /// Remembers `fact`.
    pub(crate) fn note(&mut self, fact: &CatalogueFact) {
        let touched = match fact {
            CatalogueFact::VenueAdded { venue } | CatalogueFact::VenueChanged { venue } => {
                Touched::Venue(venue.id)
            }
            CatalogueFact::VenueRemoved { venue } => Touched::Venue(*venue),
            CatalogueFact::PerformerAdded { performer } | CatalogueFact::PerformerChanged { performer } => {
                Touched::Performer(performer.id)
            }
            CatalogueFact::PerformerRemoved { performer } => Touched::Performer(*performer),
            CatalogueFact::EventAdded { event } | CatalogueFact::EventChanged { event } => {
                Touched::Event(event.id)
            }
            CatalogueFact::EventRemoved { event } => Touched::Event(*event),
            CatalogueFact::EndpointSet { .. } | CatalogueFact::EndpointRemoved { .. } => return,
        };
        if self.changes.len() == CAPACITY {
            self.changes.pop_front();
        }
        self.changes.push_back(touched);
        self.told += 1;
    }

    /// Up to where it is told now.
    pub(crate) fn mark(&self) -> Mark {
        Mark { memory: self.memory.clone(), told: self.told }
    }

    /// What has changed after `mark`; `None` where that is not remembered.
    pub(crate) fn since(&self, mark: &Mark) -> Option<Vec<Touched>> {
        if !Arc::ptr_eq(&mark.memory, &self.memory) {
            return None;
        }
        let missed = usize::try_from(self.told.checked_sub(mark.told)?).ok()?;
        let first = self.changes.len().checked_sub(missed)?;
        Some(self.changes.range(first..).copied().collect())
    }
}

#[cfg(test)]
mod test {
    use super::*;

    fn removed(event: u64) -> CatalogueFact {
        CatalogueFact::EventRemoved { event: EventId::new(event) }
    }

    #[test]
    fn changes_are_told_once_as_long_as_they_are_remembered() {
        let mut recent = Recent::default();
        let start = recent.mark();
        assert_eq!(recent.since(&start), Some(Vec::new()));
        recent.note(&removed(1));
        recent.note(&CatalogueFact::VenueRemoved { venue: VenueId::new(2) });
        let venue = Touched::Venue(VenueId::new(2));
        assert_eq!(recent.since(&start), Some(vec![Touched::Event(EventId::new(1)), venue]));
        let later = recent.mark();
        (0..CAPACITY as u64).for_each(|event| recent.note(&removed(event)));
        assert_eq!(recent.since(&start), None, "forgotten");
        assert_eq!(recent.since(&later).map(|changes| changes.len()), Some(CAPACITY));
        assert_eq!(Recent::default().since(&later), None, "another memory");
    }
}
