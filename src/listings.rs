//! ② The directory, as the owners of events need it: terms and seat maps from the committed catalogue.

use std::sync::Arc;

use cluster::Cluster;
use cluster::journal::{LogDisk, Writer};
use domain::catalogue::Standing;
use domain::event::SaleTerms;
use domain::ids::EventId;
use domain::ports::{BoxFuture, Clock, JournalFault, Listing, Listings};

use crate::dispatch::edge::OnSale;

/// Listings from the cluster's directory group.
pub struct Directory<D: LogDisk = Writer>(Arc<Cluster<D>>);

/// What the directory says of sales, by this node's clock.
pub struct Sales {
    cluster: Arc<Cluster>,
    clock: Arc<dyn Clock>,
}

impl Sales {
    /// Of this cluster.
    #[must_use]
    pub fn new(cluster: Arc<Cluster>, clock: Arc<dyn Clock>) -> Self {
        Self { cluster, clock }
    }
}

impl OnSale for Sales {
    fn is_on_sale(&self, event: EventId, ttl_ms: Option<u64>) -> bool {
        let now = self.clock.read().wall;
        let allows = |terms: &SaleTerms| {
            terms.opens_at.is_none_or(|opens_at| now >= opens_at)
                && now < terms.starts_at
                && !terms.paused
                && ttl_ms.is_none_or(|ttl_ms| (1..=terms.hold_ms).contains(&ttl_ms))
        };
        self.cluster.with_catalogue(|catalogue| {
            catalogue
                .event(event)
                .is_some_and(|event| event.standing == Standing::Planned && allows(&event.terms))
        })
    }
}

impl<D: LogDisk> Directory<D> {
    /// Of this cluster.
    #[must_use]
    pub fn new(cluster: Arc<Cluster<D>>) -> Self {
        Self(cluster)
    }
}

impl<D: LogDisk> Listings for Directory<D> {
    fn listing(&self, event: EventId) -> BoxFuture<Result<Option<Listing>, JournalFault>> {
        let listing = self.0.with_catalogue(|catalogue| catalogue.listing(event));
        Box::pin(std::future::ready(Ok(listing)))
    }

    fn latest(&self, event: EventId) -> BoxFuture<Result<Option<Listing>, JournalFault>> {
        let cluster = self.0.clone();
        Box::pin(async move {
            cluster.follow_directory().await?;
            Ok(cluster.with_catalogue(|catalogue| catalogue.listing(event)))
        })
    }

    fn revision(&self, event: EventId) -> Option<u64> {
        self.0.with_catalogue(|catalogue| catalogue.event(event).map(|event| event.revision))
    }
}
