//! The catalogue: venues, performers and events, as the directory's committed facts made them.
//!
//! Owns what is said about an event; who has its seats belongs to its sale. Everything is shared by `Arc`, so that a
//! reader takes what it needs and lets go of the lock.

mod batch;
mod change;
mod charges;
mod decide;
mod fact;
mod rules;
mod webhooks;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::event::SaleTerms;
use crate::ids::{EndpointId, EventId, PerformerId, UserId, VenueId};
use crate::ports::Listing;
use crate::seat_map::SeatMap;
use crate::time::UnixMillis;

pub use batch::{Batch, BatchOutcome, Imported, add_batch};
pub use change::{
    CatalogueRefusal, cancel_event, change_event, change_performer, change_venue, remove_event,
    remove_performer, remove_venue,
};
pub use charges::{ChargesDraft, PriceTypeDraft};
pub use decide::{Author, add_event, add_performer, add_venue};
pub use fact::CatalogueFact;
pub use rules::{CancellationDraft, EventDraft, MAX_HOLD_SECONDS, PerformerDraft, VenueDraft};
pub use webhooks::{
    Endpoint, EndpointRefusal, MAX_ENDPOINTS, WebhookKind, add_endpoint, end_endpoint, remove_endpoint,
    rotate_endpoint,
};

/// A place with seats.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Venue {
    /// Its id.
    pub id: VenueId,
    /// Its name.
    pub name: String,
    /// Street and number.
    pub address: String,
    /// Where it is.
    pub city: String,
    /// Where that is.
    pub country: String,
    /// Degrees north.
    pub lat: f64,
    /// Degrees east.
    pub lon: f64,
    /// IANA name of its time zone.
    pub timezone: String,
    /// Its manifest, shared with every sale there.
    pub seat_map: Arc<SeatMap>,
    /// Who made it.
    pub organizer: UserId,
    /// When.
    pub created_at: UnixMillis,
    /// What it is called where it was imported from.
    pub external_id: Option<String>,
}

/// Somebody on stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Performer {
    /// Their id.
    pub id: PerformerId,
    /// Their name.
    pub name: String,
    /// What they play.
    pub genre: String,
    /// Who they are.
    pub bio: String,
    /// Who made the entry.
    pub organizer: UserId,
    /// When.
    pub created_at: UnixMillis,
    /// What they are called where they were imported from.
    pub external_id: Option<String>,
}

/// An event (the show), without who has its seats.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Its id.
    pub id: EventId,
    /// Its name.
    pub name: String,
    /// What it is about.
    pub description: String,
    /// Concert, match, play: a word of the organizer's.
    pub kind: String,
    /// Who is on stage.
    pub performers: Vec<PerformerId>,
    /// Where.
    pub venue: VenueId,
    /// A picture of it.
    pub image_url: Option<String>,
    /// Times, prices and rules.
    pub terms: SaleTerms,
    /// Counts the changes, from 1.
    pub revision: u64,
    /// When it was made.
    pub created_at: UnixMillis,
    /// Whether it takes place.
    pub standing: Standing,
    /// What it is called where it was imported from.
    pub external_id: Option<String>,
}

/// Whether an event takes place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Standing {
    /// As it was announced.
    #[default]
    Planned,
    /// At a time that is not known yet.
    Postponed,
    /// Never.
    Cancelled,
}

/// What a visitor reads about an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventStatus {
    /// The sale opens later.
    Scheduled,
    /// Seats can be had.
    Onsale,
    /// The show is put off; seats that are sold stay so.
    Postponed,
    /// The show is called off.
    Cancelled,
    /// The show has begun.
    Ended,
}

impl Event {
    /// What a visitor reads about it at `now`.
    #[must_use]
    pub fn status(&self, now: UnixMillis) -> EventStatus {
        match self.standing {
            Standing::Planned => {}
            Standing::Postponed => return EventStatus::Postponed,
            Standing::Cancelled => return EventStatus::Cancelled,
        }
        if now >= self.terms.starts_at {
            EventStatus::Ended
        } else if self.terms.opens_at.is_some_and(|opens_at| now < opens_at) {
            EventStatus::Scheduled
        } else {
            EventStatus::Onsale
        }
    }
}

/// Everything there is to see.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Catalogue {
    venues: BTreeMap<VenueId, Arc<Venue>>,
    /// Oldest first: a list that grows keeps its pages.
    venue_order: Vec<VenueId>,
    performers: BTreeMap<PerformerId, Arc<Performer>>,
    performer_order: Vec<PerformerId>,
    events: BTreeMap<EventId, Arc<Event>>,
    by_start: BTreeSet<(UnixMillis, EventId)>,
    endpoints: BTreeMap<(UserId, EndpointId), Arc<Endpoint>>,
}

impl Catalogue {
    /// The venue with this id.
    #[must_use]
    pub fn venue(&self, id: VenueId) -> Option<&Arc<Venue>> {
        self.venues.get(&id)
    }

    /// The performer with this id.
    #[must_use]
    pub fn performer(&self, id: PerformerId) -> Option<&Arc<Performer>> {
        self.performers.get(&id)
    }

    /// The event with this id.
    #[must_use]
    pub fn event(&self, id: EventId) -> Option<&Arc<Event>> {
        self.events.get(&id)
    }

    /// All venues, oldest first.
    pub fn venues(&self) -> impl ExactSizeIterator<Item = &Arc<Venue>> {
        self.venue_order.iter().map(|id| &self.venues[id])
    }

    /// All performers, oldest first.
    pub fn performers(&self) -> impl ExactSizeIterator<Item = &Arc<Performer>> {
        self.performer_order.iter().map(|id| &self.performers[id])
    }

    /// Every event, in no useful order.
    pub fn events(&self) -> impl ExactSizeIterator<Item = &Arc<Event>> {
        self.events.values()
    }

    /// The events that have not begun at `now`, soonest first.
    pub fn upcoming(&self, now: UnixMillis) -> impl Iterator<Item = &Arc<Event>> {
        self.by_start.range((now.plus_ms(1), EventId::new(0))..).map(|(_, id)| &self.events[id])
    }

    /// The events from `first` on, soonest first: by when they begin, and then by id.
    pub fn events_from(&self, first: (UnixMillis, EventId)) -> impl Iterator<Item = &Arc<Event>> {
        self.by_start.range(first..).map(|(_, id)| &self.events[id])
    }

    /// What the owner of the event's sale needs to know.
    #[must_use]
    pub fn listing(&self, id: EventId) -> Option<Listing> {
        let event = self.event(id)?;
        let map = Arc::clone(&self.venue(event.venue)?.seat_map);
        let cancelled = event.standing == Standing::Cancelled;
        Some(Listing { terms: event.terms.clone(), map, revision: event.revision, cancelled })
    }

    /// Makes `fact` so. Total: what is there already is replaced and keeps its place.
    pub fn apply(&mut self, fact: &CatalogueFact) {
        match fact {
            CatalogueFact::VenueAdded { venue } | CatalogueFact::VenueChanged { venue } => {
                if self.venues.insert(venue.id, Arc::clone(venue)).is_none() {
                    self.venue_order.push(venue.id);
                }
            }
            CatalogueFact::PerformerAdded { performer } | CatalogueFact::PerformerChanged { performer } => {
                if self.performers.insert(performer.id, Arc::clone(performer)).is_none() {
                    self.performer_order.push(performer.id);
                }
            }
            CatalogueFact::VenueRemoved { venue } => {
                self.venues.remove(venue);
                self.venue_order.retain(|known| known != venue);
            }
            CatalogueFact::PerformerRemoved { performer } => {
                self.performers.remove(performer);
                self.performer_order.retain(|known| known != performer);
            }
            CatalogueFact::EventRemoved { event } => {
                if let Some(gone) = self.events.remove(event) {
                    self.by_start.remove(&(gone.terms.starts_at, gone.id));
                }
            }
            CatalogueFact::EventAdded { event } | CatalogueFact::EventChanged { event } => {
                if let Some(before) = self.events.insert(event.id, Arc::clone(event)) {
                    self.by_start.remove(&(before.terms.starts_at, before.id));
                }
                self.by_start.insert((event.terms.starts_at, event.id));
            }
            CatalogueFact::EndpointSet { endpoint } => self.set_endpoint(endpoint),
            CatalogueFact::EndpointRemoved { organizer, id } => self.remove_endpoint(*organizer, *id),
        }
    }
}

#[cfg(test)]
#[path = "catalogue_test.rs"]
mod test;
