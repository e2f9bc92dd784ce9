//! The addresses that organizers have told of what happens to their events: who asked for it, where it goes, and what
//! they want to hear.
//!
//! Owns how many an organizer may have. Hazard: the secret that signs is not in here, and in no backup: every node
//! derives it from the cluster's secret, the endpoint's id and its generation.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Catalogue, CatalogueFact};
use crate::ids::{EndpointId, UserId};
use crate::time::UnixMillis;

/// Endpoints that one organizer may have.
pub const MAX_ENDPOINTS: usize = 10;

/// What an endpoint can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum WebhookKind {
    /// Seats were sold.
    BookingConfirmed,
    /// Tickets were given back, or taken back with their event.
    BookingCancelled,
    /// An event was called off.
    EventCancelled,
    /// Money was given back.
    PaymentRefunded,
    /// A ticket is for another seat.
    BookingChanged,
}

/// Where an organizer is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Its id.
    pub id: EndpointId,
    /// Whose events it is told of.
    pub organizer: UserId,
    /// Where it is.
    pub url: String,
    /// What it is told; in order, none twice.
    pub kinds: Vec<WebhookKind>,
    /// Counts its secrets, from 1.
    pub generation: u32,
    /// When it got its newest secret.
    pub rotated_at: UnixMillis,
    /// When it was made.
    pub created_at: UnixMillis,
    /// When it has answered that it is gone; it is told nothing from then on.
    pub gone_at: Option<UnixMillis>,
}

/// Why a wish about an endpoint is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndpointRefusal {
    /// The organizer has [`MAX_ENDPOINTS`] already.
    TooMany,
    /// There is no such endpoint.
    NotFound,
}

type Decided<T> = Result<(Vec<CatalogueFact>, T), EndpointRefusal>;

impl WebhookKind {
    /// All of them, in order.
    pub const ALL: [Self; 5] = [
        Self::BookingConfirmed,
        Self::BookingCancelled,
        Self::EventCancelled,
        Self::PaymentRefunded,
        Self::BookingChanged,
    ];

    /// As the contract writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::BookingConfirmed => "booking.confirmed",
            Self::BookingCancelled => "booking.cancelled",
            Self::EventCancelled => "event.cancelled",
            Self::PaymentRefunded => "payment.refunded",
            Self::BookingChanged => "booking.changed",
        }
    }
}

impl Endpoint {
    /// Whether it is to be told of `kind`.
    #[must_use]
    pub fn hears_of(&self, kind: WebhookKind) -> bool {
        self.gone_at.is_none() && self.kinds.contains(&kind)
    }
}

impl Catalogue {
    /// The endpoint of `organizer` with this id.
    #[must_use]
    pub fn endpoint(&self, organizer: UserId, id: EndpointId) -> Option<&Arc<Endpoint>> {
        self.endpoints.get(&(organizer, id))
    }

    /// The endpoints of `organizer`, in the order of their ids.
    pub fn endpoints_of(&self, organizer: UserId) -> impl Iterator<Item = &Arc<Endpoint>> {
        let all = (organizer, EndpointId::new(0))..=(organizer, EndpointId::new(u64::MAX));
        self.endpoints.range(all).map(|(_, endpoint)| endpoint)
    }

    pub(super) fn set_endpoint(&mut self, endpoint: &Arc<Endpoint>) {
        self.endpoints.insert((endpoint.organizer, endpoint.id), Arc::clone(endpoint));
    }

    pub(super) fn remove_endpoint(&mut self, organizer: UserId, id: EndpointId) {
        self.endpoints.remove(&(organizer, id));
    }
}

/// A new endpoint; its fields have been checked.
///
/// # Errors
/// [`EndpointRefusal::TooMany`].
pub fn add_endpoint(catalogue: &Catalogue, endpoint: Endpoint) -> Decided<Arc<Endpoint>> {
    if catalogue.endpoints_of(endpoint.organizer).count() >= MAX_ENDPOINTS {
        return Err(EndpointRefusal::TooMany);
    }
    Ok(set(endpoint))
}

/// Another secret for the endpoint.
///
/// # Errors
/// [`EndpointRefusal::NotFound`].
pub fn rotate_endpoint(
    catalogue: &Catalogue,
    organizer: UserId,
    id: EndpointId,
    now: UnixMillis,
) -> Decided<Arc<Endpoint>> {
    change(catalogue, organizer, id, |endpoint| {
        endpoint.generation = endpoint.generation.saturating_add(1);
        endpoint.rotated_at = now;
    })
}

/// The endpoint is told nothing more, at its own wish.
///
/// # Errors
/// [`EndpointRefusal::NotFound`].
pub fn end_endpoint(
    catalogue: &Catalogue,
    organizer: UserId,
    id: EndpointId,
    now: UnixMillis,
) -> Decided<Arc<Endpoint>> {
    change(catalogue, organizer, id, |endpoint| {
        endpoint.gone_at.get_or_insert(now);
    })
}

/// Forgets the endpoint.
///
/// # Errors
/// [`EndpointRefusal::NotFound`].
pub fn remove_endpoint(catalogue: &Catalogue, organizer: UserId, id: EndpointId) -> Decided<()> {
    catalogue.endpoint(organizer, id).ok_or(EndpointRefusal::NotFound)?;
    Ok((vec![CatalogueFact::EndpointRemoved { organizer, id }], ()))
}

fn change(
    catalogue: &Catalogue,
    organizer: UserId,
    id: EndpointId,
    change: impl FnOnce(&mut Endpoint),
) -> Decided<Arc<Endpoint>> {
    let mut endpoint = catalogue.endpoint(organizer, id).ok_or(EndpointRefusal::NotFound)?.as_ref().clone();
    change(&mut endpoint);
    Ok(set(endpoint))
}

fn set(endpoint: Endpoint) -> (Vec<CatalogueFact>, Arc<Endpoint>) {
    let endpoint = Arc::new(endpoint);
    (vec![CatalogueFact::EndpointSet { endpoint: Arc::clone(&endpoint) }], endpoint)
}

#[cfg(test)]
mod test {
    use super::*;

    const ANNA: UserId = UserId::new(1);
    const BEN: UserId = UserId::new(2);

    fn endpoint(organizer: UserId, id: u64) -> Endpoint {
        Endpoint {
            id: EndpointId::new(id),
            organizer,
            url: "https://example.com/hooks".into(),
            kinds: vec![WebhookKind::BookingConfirmed],
            generation: 1,
            rotated_at: UnixMillis::new(5),
            created_at: UnixMillis::new(5),
            gone_at: None,
        }
    }

    fn make<T>(catalogue: &mut Catalogue, decided: Decided<T>) -> T {
        let (facts, answer) = decided.expect("it is allowed");
        facts.iter().for_each(|fact| catalogue.apply(fact));
        answer
    }

    #[test]
    fn an_organizer_has_their_own_and_not_too_many() {
        let mut catalogue = Catalogue::default();
        for id in 0..MAX_ENDPOINTS as u64 {
            let added = add_endpoint(&catalogue, endpoint(ANNA, id));
            make(&mut catalogue, added);
        }
        assert_eq!(add_endpoint(&catalogue, endpoint(ANNA, 99)).unwrap_err(), EndpointRefusal::TooMany);
        let added = add_endpoint(&catalogue, endpoint(BEN, u64::MAX));
        make(&mut catalogue, added);
        assert_eq!(catalogue.endpoints_of(ANNA).count(), MAX_ENDPOINTS);
        assert_eq!(catalogue.endpoints_of(BEN).count(), 1);
        let foreign = rotate_endpoint(&catalogue, BEN, EndpointId::new(3), UnixMillis::new(9));
        assert_eq!(foreign.unwrap_err(), EndpointRefusal::NotFound);
    }

    #[test]
    fn an_endpoint_gets_new_secrets_is_ended_once_and_goes() {
        let mut catalogue = Catalogue::default();
        let (id, now) = (EndpointId::new(3), UnixMillis::new(9));
        let added = add_endpoint(&catalogue, endpoint(ANNA, 3));
        make(&mut catalogue, added);
        let rotated = rotate_endpoint(&catalogue, ANNA, id, now);
        let rotated = make(&mut catalogue, rotated);
        assert_eq!((rotated.generation, rotated.rotated_at), (2, now));
        assert!(rotated.hears_of(WebhookKind::BookingConfirmed));
        assert!(!rotated.hears_of(WebhookKind::EventCancelled));
        for at in [now, UnixMillis::new(20)] {
            let ended = end_endpoint(&catalogue, ANNA, id, at);
            let ended = make(&mut catalogue, ended);
            assert_eq!(ended.gone_at, Some(now));
            assert!(!ended.hears_of(WebhookKind::BookingConfirmed));
        }
        let removed = remove_endpoint(&catalogue, ANNA, id);
        make(&mut catalogue, removed);
        assert_eq!(remove_endpoint(&catalogue, ANNA, id).unwrap_err(), EndpointRefusal::NotFound);
    }
}
