//! Many entries at once, as they come from another catalogue: each is added, known already, or refused for itself.
//!
//! Hazard: ids are made from what entries are called where they come from, so an id that is there is the same entry, and
//! stays as it is: whoever imports again must not undo what organizers have changed since.

use super::{
    Author, Catalogue, CatalogueFact, EventDraft, PerformerDraft, VenueDraft, add_event, add_performer,
    add_venue,
};
use crate::ids::{EventId, PerformerId, VenueId};
use crate::invalid::Invalid;

/// Entries with their ids; events may take place at venues, and have performers, of the same batch.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// Venues.
    pub venues: Vec<(VenueId, VenueDraft)>,
    /// Performers.
    pub performers: Vec<(PerformerId, PerformerDraft)>,
    /// Events.
    pub events: Vec<(EventId, EventDraft)>,
}

/// What came of one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Imported {
    /// It is there now.
    Added,
    /// It was there before, or earlier in the batch.
    Known,
    /// Every field that breaks its rule.
    Refused(Vec<Invalid>),
}

/// What came of each entry of a [`Batch`], in the same order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BatchOutcome {
    /// Of the venues.
    pub venues: Vec<Imported>,
    /// Of the performers.
    pub performers: Vec<Imported>,
    /// Of the events.
    pub events: Vec<Imported>,
}

/// Adds what is not there yet and not wrong.
#[must_use]
pub fn add_batch(catalogue: &Catalogue, batch: &Batch, author: Author) -> (Vec<CatalogueFact>, BatchOutcome) {
    let mut adding = Adding { catalogue, new: Catalogue::default(), facts: Vec::new() };
    let mut outcome = BatchOutcome::default();
    for (id, draft) in &batch.venues {
        let known = catalogue.venue(*id).or(adding.new.venue(*id)).is_some();
        let added = adding.outcome(known, || add_venue(*id, draft, author).map(|(facts, _)| facts));
        outcome.venues.push(added);
    }
    for (id, draft) in &batch.performers {
        let known = catalogue.performer(*id).or(adding.new.performer(*id)).is_some();
        let added = adding.outcome(known, || add_performer(*id, draft, author).map(|(facts, _)| facts));
        outcome.performers.push(added);
    }
    for (id, draft) in &batch.events {
        outcome.events.push(adding.event(*id, draft, author));
    }
    (adding.facts, outcome)
}

struct Adding<'a> {
    catalogue: &'a Catalogue,
    /// What is added, and what that refers to: enough to check it, without a copy of everything.
    new: Catalogue,
    facts: Vec<CatalogueFact>,
}

impl Adding<'_> {
    fn event(&mut self, id: EventId, draft: &EventDraft, author: Author) -> Imported {
        if let Some(venue) = self.catalogue.venue(draft.venue) {
            self.new.apply(&CatalogueFact::VenueAdded { venue: venue.clone() });
        }
        for performer in draft.performers.iter().filter_map(|id| self.catalogue.performer(*id)) {
            self.new.apply(&CatalogueFact::PerformerAdded { performer: performer.clone() });
        }
        let known = self.catalogue.event(id).or(self.new.event(id)).is_some();
        let added = if known {
            Ok(Vec::new())
        } else {
            add_event(&self.new, id, draft, author).map(|(facts, _)| facts)
        };
        self.outcome(known, || added)
    }

    fn outcome(
        &mut self,
        known: bool,
        add: impl FnOnce() -> Result<Vec<CatalogueFact>, Vec<Invalid>>,
    ) -> Imported {
        if known {
            return Imported::Known;
        }
        match add() {
            Ok(facts) => {
                facts.iter().for_each(|fact| self.new.apply(fact));
                self.facts.extend(facts);
                Imported::Added
            }
            Err(found) => Imported::Refused(found),
        }
    }
}

#[cfg(test)]
mod test {
    use super::super::test::{AUTHOR, catalogue, event_draft, venue_draft};
    use super::*;

    fn batch() -> Batch {
        let performer = PerformerDraft {
            name: "Twelve".into(),
            genre: String::new(),
            bio: String::new(),
            external_id: Some("p".into()),
        };
        let here = EventDraft {
            venue: VenueId::new(7),
            performers: vec![PerformerId::new(7)],
            ..event_draft(9_000)
        };
        let lost = EventDraft { venue: VenueId::new(8), ..event_draft(9_000) };
        Batch {
            venues: vec![(VenueId::new(7), venue_draft()), (VenueId::new(7), venue_draft())],
            performers: vec![(PerformerId::new(7), performer)],
            events: vec![
                (EventId::new(1), here.clone()),
                (EventId::new(2), event_draft(9_000)),
                (EventId::new(3), lost),
                (EventId::new(1), here),
            ],
        }
    }

    #[test]
    fn each_entry_comes_to_something_of_its_own_and_a_second_time_to_nothing() {
        let mut catalogue = catalogue();
        let (facts, outcome) = add_batch(&catalogue, &batch(), AUTHOR);
        assert_eq!(outcome.venues, [Imported::Added, Imported::Known]);
        assert_eq!(outcome.performers, [Imported::Added]);
        let [Imported::Added, Imported::Added, Imported::Refused(found), Imported::Known] =
            &outcome.events[..]
        else {
            panic!("{outcome:?}");
        };
        assert_eq!(found[0].pointer, "/venueId");
        assert_eq!(facts.len(), 4);
        facts.iter().for_each(|fact| catalogue.apply(fact));
        let (facts, again) = add_batch(&catalogue, &batch(), AUTHOR);
        assert!(facts.is_empty());
        assert_eq!(again.events[..2], [Imported::Known, Imported::Known]);
    }
}
