//! Who may change or remove what is in the catalogue, and how: pure functions from the state to facts, or to why not.
//!
//! Hazard: a sale rests on the venue's seats and on the currency, so neither changes under an event. Whether an event has
//! bookings is not known here: its sale is asked, and closed, before the event is removed.

use std::sync::Arc;

use super::decide::checked;
use super::{
    Author, Catalogue, CatalogueFact, ChargesDraft, Event, EventDraft, Performer, PerformerDraft, Standing,
    Venue, VenueDraft,
};
use crate::event::Caller;
use crate::ids::{EventId, PerformerId, UserId, VenueId};
use crate::invalid::Invalid;

/// Why nothing changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CatalogueRefusal {
    /// There is no such thing.
    NotFound,
    /// It is another organizer's.
    Forbidden,
    /// Something refers to it; the text says what.
    InUse(&'static str),
    /// The event is called off, which cannot be taken back.
    EventCancelled,
    /// Every field that breaks its rule.
    Invalid(Vec<Invalid>),
}

impl From<Vec<Invalid>> for CatalogueRefusal {
    fn from(found: Vec<Invalid>) -> Self {
        Self::Invalid(found)
    }
}

type Decided<T> = Result<(Vec<CatalogueFact>, Arc<T>), CatalogueRefusal>;

fn require(right: bool, refusal: CatalogueRefusal) -> Result<(), CatalogueRefusal> {
    if right { Ok(()) } else { Err(refusal) }
}

/// What `by` may change: their own, or anything as an operator.
fn own<T>(
    found: Option<&Arc<T>>,
    organizer: impl Fn(&T) -> UserId,
    by: Caller,
) -> Result<&Arc<T>, CatalogueRefusal> {
    let found = found.ok_or(CatalogueRefusal::NotFound)?;
    require(by.runs_event_of(organizer(found)), CatalogueRefusal::Forbidden)?;
    Ok(found)
}

/// The fact that says `after`, unless nothing is otherwise.
fn changed<T: PartialEq>(
    before: &T,
    after: T,
    fact: impl Fn(Arc<T>) -> CatalogueFact,
) -> (Vec<CatalogueFact>, Arc<T>) {
    let same = *before == after;
    let after = Arc::new(after);
    (if same { Vec::new() } else { vec![fact(after.clone())] }, after)
}

/// A venue as `draft` has it from now on.
///
/// # Errors
/// [`CatalogueRefusal`]; other seats, while an event refers to it, are in use.
pub fn change_venue(catalogue: &Catalogue, id: VenueId, draft: &VenueDraft, by: Caller) -> Decided<Venue> {
    let before = own(catalogue.venue(id), |venue| venue.organizer, by)?;
    draft.check()?;
    let other_seats = before.seat_map != draft.seat_map;
    require(
        !(other_seats && catalogue.has_event_at(id)),
        CatalogueRefusal::InUse("Events take place there."),
    )?;
    let author = Author { organizer: before.organizer, at: before.created_at };
    let after = Venue { external_id: before.external_id.clone(), ..draft.made(id, author) };
    Ok(changed(before, after, |venue| CatalogueFact::VenueChanged { venue }))
}

/// No such venue from now on.
///
/// # Errors
/// [`CatalogueRefusal`]; in use while an event refers to it.
pub fn remove_venue(catalogue: &Catalogue, id: VenueId, by: Caller) -> Decided<Venue> {
    let before = own(catalogue.venue(id), |venue| venue.organizer, by)?;
    require(!catalogue.has_event_at(id), CatalogueRefusal::InUse("Events take place there."))?;
    Ok((vec![CatalogueFact::VenueRemoved { venue: id }], before.clone()))
}

/// A performer as `draft` has them from now on.
///
/// # Errors
/// [`CatalogueRefusal`].
pub fn change_performer(
    catalogue: &Catalogue,
    id: PerformerId,
    draft: &PerformerDraft,
    by: Caller,
) -> Decided<Performer> {
    let before = own(catalogue.performer(id), |performer| performer.organizer, by)?;
    draft.check()?;
    let after = Performer {
        id,
        name: draft.name.clone(),
        genre: draft.genre.clone(),
        bio: draft.bio.clone(),
        organizer: before.organizer,
        created_at: before.created_at,
        external_id: before.external_id.clone(),
    };
    Ok(changed(before, after, |performer| CatalogueFact::PerformerChanged { performer }))
}

/// No such performer from now on.
///
/// # Errors
/// [`CatalogueRefusal`]; in use while they are on stage at an event.
pub fn remove_performer(catalogue: &Catalogue, id: PerformerId, by: Caller) -> Decided<Performer> {
    let before = own(catalogue.performer(id), |performer| performer.organizer, by)?;
    let on_stage = catalogue.events().any(|event| event.performers.contains(&id));
    require(!on_stage, CatalogueRefusal::InUse("Events name the performer."))?;
    Ok((vec![CatalogueFact::PerformerRemoved { performer: id }], before.clone()))
}

/// An event as `draft` has it from now on, and whether it is put off.
///
/// # Errors
/// [`CatalogueRefusal`]; another venue or currency is in use, as its sale rests on them.
pub fn change_event(
    catalogue: &Catalogue,
    id: EventId,
    draft: &EventDraft,
    postponed: bool,
    by: Caller,
) -> Decided<Event> {
    let before = own(catalogue.event(id), |event| event.terms.organizer, by)?;
    require(before.standing != Standing::Cancelled, CatalogueRefusal::EventCancelled)?;
    let same_venue = draft.venue == before.venue;
    require(
        same_venue,
        CatalogueRefusal::InUse("The event's seats are those of its venue; make another event."),
    )?;
    let same_currency = draft.currency == before.terms.currency;
    require(
        same_currency,
        CatalogueRefusal::InUse("The event is sold in its currency; make another event."),
    )?;
    let mut terms = checked(catalogue, draft, before.terms.organizer)?;
    terms.paused = postponed;
    let after = Event {
        id,
        name: draft.name.clone(),
        description: draft.description.clone(),
        kind: draft.kind.clone(),
        performers: draft.performers.clone(),
        venue: before.venue,
        image_url: draft.image_url.clone(),
        terms,
        revision: before.revision,
        created_at: before.created_at,
        standing: if postponed { Standing::Postponed } else { Standing::Planned },
        external_id: before.external_id.clone(),
    };
    Ok(revised(before, after))
}

/// An event that will not take place.
///
/// # Errors
/// [`CatalogueRefusal`]. One that is called off already stays so.
pub fn cancel_event(catalogue: &Catalogue, id: EventId, by: Caller) -> Decided<Event> {
    let before = own(catalogue.event(id), |event| event.terms.organizer, by)?;
    let after = Event { standing: Standing::Cancelled, ..Event::clone(before) };
    Ok(revised(before, after))
}

/// No such event from now on. Its sale is closed before, and has no bookings.
///
/// # Errors
/// [`CatalogueRefusal`].
pub fn remove_event(catalogue: &Catalogue, id: EventId, by: Caller) -> Decided<Event> {
    let before = own(catalogue.event(id), |event| event.terms.organizer, by)?;
    Ok((vec![CatalogueFact::EventRemoved { event: id }], before.clone()))
}

/// Counts the change, if there is one.
fn revised(before: &Event, mut after: Event) -> (Vec<CatalogueFact>, Arc<Event>) {
    if *before != after {
        after.revision += 1;
    }
    changed(before, after, |event| CatalogueFact::EventChanged { event })
}

impl Catalogue {
    fn has_event_at(&self, venue: VenueId) -> bool {
        self.events().any(|event| event.venue == venue)
    }

    /// The event as its author would write it again, for a change of some of it.
    #[must_use]
    pub fn draft_of(&self, event: &Event) -> Option<EventDraft> {
        let map = &self.venue(event.venue)?.seat_map;
        let terms = &event.terms;
        let prices = map.categories().iter().cloned().zip(terms.prices_minor.iter().copied());
        Some(EventDraft {
            name: event.name.clone(),
            description: event.description.clone(),
            kind: event.kind.clone(),
            performers: event.performers.clone(),
            venue: event.venue,
            starts_at: terms.starts_at,
            opens_at: terms.opens_at,
            currency: terms.currency,
            prices_minor: prices.collect(),
            image_url: event.image_url.clone(),
            per_customer: terms.per_customer,
            hold_seconds: u32::try_from(terms.hold_ms / 1000).unwrap_or(u32::MAX),
            cancellation: super::CancellationDraft::of(terms),
            charges: ChargesDraft::of(terms.charges.as_deref(), map),
            external_id: event.external_id.clone(),
        })
    }
}

#[cfg(test)]
#[path = "change_test.rs"]
mod test;
