//! ② The directory, as the owners of events need it: terms and seat maps from the committed catalogue.

use std::sync::Arc;

use cluster::Cluster;
use cluster::journal::{LogDisk, Writer};
use domain::ids::EventId;
use domain::ports::{BoxFuture, JournalFault, Listing, Listings};

/// Listings from the cluster's directory group.
pub struct Directory<D: LogDisk = Writer>(Arc<Cluster<D>>);

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
}
