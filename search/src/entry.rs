//! What is indexed of an event.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use domain::catalogue::{Event, Performer, Standing, Venue};

use crate::geo::Point;

/// An event, with everything of its venue and its performers that it is found by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Entry {
    /// The event's number.
    pub number: u64,
    /// Its name.
    pub name: String,
    /// What it is about.
    pub description: String,
    /// Concert, match, play.
    pub kind: String,
    /// Who is on stage.
    pub performers: Vec<String>,
    /// And what they play.
    pub genres: Vec<String>,
    /// The numbers of the performers.
    pub performer_numbers: Vec<u64>,
    /// The venue's name.
    pub venue: String,
    /// Its street.
    pub address: String,
    /// Its city.
    pub city: String,
    /// Its country.
    pub country: String,
    /// Its number.
    pub venue_number: u64,
    /// Where it is.
    pub point: Point,
    /// The name of its time zone.
    pub zone: String,
    /// When the show begins, in milliseconds since 1970.
    pub starts_at: u64,
    /// Minor units.
    pub prices: Vec<i64>,
    /// Whether it is called off.
    pub cancelled: bool,
}

impl Entry {
    /// Of `event`, which takes place at `venue` with `performers`.
    #[must_use]
    pub fn of(event: &Event, venue: &Venue, performers: &[Arc<Performer>]) -> Self {
        Self {
            number: event.id.number(),
            name: event.name.clone(),
            description: event.description.clone(),
            kind: event.kind.trim().to_owned(),
            performers: performers.iter().map(|performer| performer.name.clone()).collect(),
            genres: performers.iter().map(|performer| performer.genre.clone()).collect(),
            performer_numbers: performers.iter().map(|performer| performer.id.number()).collect(),
            venue: venue.name.clone(),
            address: venue.address.clone(),
            city: venue.city.trim().to_owned(),
            country: venue.country.clone(),
            venue_number: venue.id.number(),
            point: Point::new(venue.lat, venue.lon),
            zone: venue.timezone.clone(),
            starts_at: event.terms.starts_at.millis(),
            prices: event.terms.prices_minor.clone(),
            cancelled: event.standing == Standing::Cancelled,
        }
    }

    /// A number that is another one when anything of it is otherwise.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        let mut hash = DefaultHasher::new();
        self.hash(&mut hash);
        hash.finish()
    }
}
