//! ④ Tells owners what the directory says of their events.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use domain::ids::EventId;
use domain::ports::Listing;

use super::{Owner, Owners};
use crate::event::Listed;

impl Owner {
    /// Tells the actor what the directory says of its event; whether it has taken that.
    pub(super) async fn list(&self, listing: Option<Listing>) -> bool {
        let revision = listing.as_ref().map(|listing| listing.revision);
        let taken = matches!(self.address.send(Listed(listing)).await, Ok(Ok(())));
        if let Some(revision) = revision.filter(|_| taken) {
            self.revision.store(revision, Ordering::Relaxed);
        }
        taken
    }
}

impl Owners {
    /// Tells the owner of `event`, if it is here, what the directory says of it now. It takes effect before whatever is asked
    /// of the owner after this.
    pub async fn listed(&self, event: EventId) {
        let Some(owner) = self.live_owner(event) else { return };
        if self.shell.listings.revision(event) == Some(owner.revision.load(Ordering::Relaxed)) {
            return;
        }
        let taken = match self.shell.listings.listing(event).await {
            Ok(listing) => owner.list(listing).await,
            Err(_) => false,
        };
        if !taken {
            self.behind.store(true, Ordering::Relaxed);
        }
    }

    /// The same for all owners here.
    pub async fn all_listed(&self) {
        self.behind.store(false, Ordering::Relaxed);
        let events: Vec<EventId> = {
            let owners = self.owners.read().unwrap_or_else(PoisonError::into_inner);
            owners.keys().copied().collect()
        };
        for event in events {
            self.listed(event).await;
        }
    }

    /// Whether some owner is still to be told what the directory says of its event.
    #[must_use]
    pub fn are_behind(&self) -> bool {
        self.behind.load(Ordering::Relaxed)
    }
}
