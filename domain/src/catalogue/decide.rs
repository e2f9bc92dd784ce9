//! What may enter the catalogue: pure functions from the state and a draft to facts, or to what is wrong with the draft.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{
    Catalogue, CatalogueFact, Event, EventDraft, Performer, PerformerDraft, Standing, Venue, VenueDraft,
};
use crate::event::{Cancellation, Charges, SaleTerms};
use crate::ids::{EventId, PerformerId, UserId, VenueId};
use crate::invalid::{Findings, Invalid};
use crate::time::UnixMillis;

/// Who writes, and when.
#[derive(Debug, Clone, Copy)]
pub struct Author {
    /// An organizer.
    pub organizer: UserId,
    /// Now.
    pub at: UnixMillis,
}

type Decided<T> = Result<(Vec<CatalogueFact>, Arc<T>), Vec<Invalid>>;

impl VenueDraft {
    /// What it is a draft of.
    pub(super) fn made(&self, id: VenueId, author: Author) -> Venue {
        Venue {
            id,
            name: self.name.clone(),
            address: self.address.clone(),
            city: self.city.clone(),
            country: self.country.clone(),
            lat: self.lat,
            lon: self.lon,
            timezone: self.timezone.clone(),
            seat_map: Arc::clone(&self.seat_map),
            organizer: author.organizer,
            created_at: author.at,
            external_id: self.external_id.clone(),
        }
    }
}

/// A new venue.
///
/// # Errors
/// Every field that breaks its rule.
pub fn add_venue(id: VenueId, draft: &VenueDraft, author: Author) -> Decided<Venue> {
    draft.check()?;
    let venue = Arc::new(draft.made(id, author));
    Ok((vec![CatalogueFact::VenueAdded { venue: Arc::clone(&venue) }], venue))
}

/// A new performer.
///
/// # Errors
/// Every field that breaks its rule.
pub fn add_performer(id: PerformerId, draft: &PerformerDraft, author: Author) -> Decided<Performer> {
    draft.check()?;
    let performer = Arc::new(Performer {
        id,
        name: draft.name.clone(),
        genre: draft.genre.clone(),
        bio: draft.bio.clone(),
        organizer: author.organizer,
        created_at: author.at,
        external_id: draft.external_id.clone(),
    });
    Ok((vec![CatalogueFact::PerformerAdded { performer: Arc::clone(&performer) }], performer))
}

/// A new event at a known venue.
///
/// # Errors
/// Every field that breaks its rule, references to what is not there included.
pub fn add_event(catalogue: &Catalogue, id: EventId, draft: &EventDraft, author: Author) -> Decided<Event> {
    let terms = checked(catalogue, draft, author.organizer)?;
    let event = Arc::new(Event {
        id,
        name: draft.name.clone(),
        description: draft.description.clone(),
        kind: draft.kind.clone(),
        performers: draft.performers.clone(),
        venue: draft.venue,
        image_url: draft.image_url.clone(),
        terms,
        revision: 1,
        created_at: author.at,
        standing: Standing::Planned,
        external_id: draft.external_id.clone(),
    });
    Ok((vec![CatalogueFact::EventAdded { event: Arc::clone(&event) }], event))
}

/// The terms of a draft in which nothing is wrong.
pub(super) fn checked(
    catalogue: &Catalogue,
    draft: &EventDraft,
    organizer: UserId,
) -> Result<SaleTerms, Vec<Invalid>> {
    let mut findings = Findings::default();
    draft.check(&mut findings);
    check_performers(catalogue, draft, &mut findings);
    let venue = catalogue.venue(draft.venue);
    findings.check(venue.is_some(), "/venueId", "there is no such venue");
    let priced = venue.map(|venue| {
        let prices = draft.prices_for(&venue.seat_map, &mut findings);
        (prices, draft.charges.resolved(&venue.seat_map, &mut findings))
    });
    findings.into_result()?;
    let (prices_minor, charges) = priced.unwrap_or_default();
    Ok(terms(draft, prices_minor, charges, organizer))
}

fn check_performers(catalogue: &Catalogue, draft: &EventDraft, findings: &mut Findings) {
    let mut seen = BTreeSet::new();
    for (at, id) in draft.performers.iter().enumerate() {
        let pointer = format!("/performerIds/{at}");
        findings.check(catalogue.performer(*id).is_some(), &pointer, "there is no such performer");
        findings.check(seen.insert(*id), &pointer, "is there already");
    }
}

fn terms(
    draft: &EventDraft,
    prices_minor: Vec<i64>,
    charges: Option<Charges>,
    organizer: UserId,
) -> SaleTerms {
    let cancellation = match draft.cancellation {
        Some(rule) => Cancellation { until: rule.until, fee_percent: rule.fee_percent },
        None => Cancellation { until: draft.starts_at, fee_percent: 0 },
    };
    SaleTerms {
        organizer,
        currency: draft.currency,
        prices_minor,
        opens_at: draft.opens_at,
        starts_at: draft.starts_at,
        hold_ms: u64::from(draft.hold_seconds) * 1000,
        per_customer: draft.per_customer,
        cancellation,
        charges: charges.map(Arc::new),
        paused: false,
    }
}
