//! What has happened to the catalogue: the unit of the directory's journal.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Endpoint, Event, Performer, Venue};
use crate::ids::{EndpointId, EventId, PerformerId, UserId, VenueId};

/// Something that has happened to the catalogue. Stored: variants are only ever added at the end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum CatalogueFact {
    /// There is a new venue.
    VenueAdded {
        /// All of it.
        venue: Arc<Venue>,
    },
    /// There is a new performer.
    PerformerAdded {
        /// All of them.
        performer: Arc<Performer>,
    },
    /// There is a new event.
    EventAdded {
        /// All of it.
        event: Arc<Event>,
    },
    /// An organizer is to be told somewhere: a new place, or a change of one.
    EndpointSet {
        /// All of it.
        endpoint: Arc<Endpoint>,
    },
    /// And no longer.
    EndpointRemoved {
        /// Whose.
        organizer: UserId,
        /// Which.
        id: EndpointId,
    },
    /// A venue is otherwise.
    VenueChanged {
        /// All of it, as it is now.
        venue: Arc<Venue>,
    },
    /// A venue is gone; no event refers to it.
    VenueRemoved {
        /// Which.
        venue: VenueId,
    },
    /// A performer is otherwise.
    PerformerChanged {
        /// All of them, as they are now.
        performer: Arc<Performer>,
    },
    /// A performer is gone; no event refers to them.
    PerformerRemoved {
        /// Who.
        performer: PerformerId,
    },
    /// An event is otherwise, or is called off.
    EventChanged {
        /// All of it, as it is now.
        event: Arc<Event>,
    },
    /// An event is gone; it had no bookings.
    EventRemoved {
        /// Which.
        event: EventId,
    },
}
