//! What has happened to the catalogue: the unit of the directory's journal.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Endpoint, Event, Performer, Venue};
use crate::ids::{EndpointId, UserId};

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
}
