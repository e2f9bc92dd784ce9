//! ② The directory, as the owners of events need it: terms and seat maps from the committed catalogue.

use std::sync::Arc;

use cluster::Cluster;
use domain::ids::EventId;
use domain::ports::{BoxFuture, JournalFault, Listing, Listings};

/// Listings from the cluster's directory group.
pub struct Directory(Arc<Cluster>);

impl Directory {
    /// Of this cluster.
    #[must_use]
    pub fn new(cluster: Arc<Cluster>) -> Self {
        Self(cluster)
    }
}

impl Listings for Directory {
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
