//! Step ⑥, for the rest of the node: reads what is committed and applied here.
//!
//! Owns nothing. Hazard: whoever reads holds the lock that every commit of the group needs.

use domain::account::Registry;
use domain::catalogue::Catalogue;
use domain::event::{Sale, Stamped};
use domain::ids::EventId;
use domain::ports::JournalFault;
use domain::time::SharedTime;
use openraft::LogIdOptionExt;
use tokio::sync::watch;

use crate::error::ClusterError;
use crate::groups::Cluster;
use crate::journal::{LogDisk, archive};
use crate::placement::layout::Layout;
use crate::raft::touched::{Mark, Touched};

impl<D: LogDisk> Cluster<D> {
    /// How many entries of the directory are applied here.
    #[must_use]
    pub fn directory_applied(&self) -> u64 {
        self.here.directory.group.read(|state| state.applied.next_index())
    }

    /// How many entries of the accounts are applied here; a gateway has none.
    #[must_use]
    pub fn accounts_applied(&self) -> Option<u64> {
        Some(self.here.accounts.as_ref()?.group.read(|state| state.applied.next_index()))
    }

    /// Changes whenever something is applied here.
    #[must_use]
    pub fn progress(&self) -> watch::Receiver<u64> {
        self.here.progress()
    }

    /// The time of the shard of `event`; `None` where there is no replica of it.
    #[must_use]
    pub fn time(&self, event: EventId) -> Option<SharedTime> {
        Some(self.home(event)?.timekeeper.time.clone())
    }

    /// Reads the committed sale of `event`, while its shard is locked: `read` must be quick. Without a replica of the shard
    /// there is none.
    pub fn with_sale<T>(&self, event: EventId, read: impl FnOnce(Option<&Sale>) -> T) -> T {
        match self.home(event) {
            Some(home) => home.group.read(|state| read(state.machine.sales.get(&event).map(AsRef::as_ref))),
            None => read(None),
        }
    }

    /// How many facts of `event` are committed here.
    #[must_use]
    pub fn facts(&self, event: EventId) -> u64 {
        self.with_sale(event, |sale| sale.map_or(0, Sale::facts))
    }

    /// Shows every committed sale on this node, one shard after the other.
    pub fn for_each_sale(&self, mut see: impl FnMut(EventId, &Sale)) {
        for (_, shard) in self.here.shards() {
            shard.group.read(|state| state.machine.sales.iter().for_each(|(event, sale)| see(*event, sale)));
        }
    }

    /// Shows every committed sale of which this node is the owner.
    pub fn for_each_sale_owned(&self, mut see: impl FnMut(EventId, &Sale)) {
        for (_, shard) in self.here.shards() {
            if shard.group.leased_term().is_some() {
                shard
                    .group
                    .read(|state| state.machine.sales.iter().for_each(|(event, sale)| see(*event, sale)));
            }
        }
    }

    /// Every fact of `event` that is committed here, with its number, in order. Reads the disk: not for a busy thread.
    ///
    /// # Errors
    /// When the archive cannot be read or is damaged.
    pub fn history(&self, event: EventId) -> Result<Vec<(u64, Stamped)>, ClusterError> {
        // First what is not archived: what moves meanwhile is then found twice, and not never.
        let recent = self.home(event).map(|home| home.group.read(|state| state.unarchived(event)));
        Ok(archive::history(&self.journal, event, &recent.unwrap_or_default())?)
    }

    /// Reads the committed catalogue, while it is locked: `read` must be quick.
    pub fn with_catalogue<T>(&self, read: impl FnOnce(&Catalogue) -> T) -> T {
        self.here.directory.group.read(|state| read(&state.machine.catalogue))
    }

    /// What has changed in the catalogue after `since`, `None` where that is not remembered; up to where that is, and how many
    /// entries of the directory are applied with it.
    #[must_use]
    pub fn catalogue_changes(&self, since: Option<&Mark>) -> (Option<Vec<Touched>>, Mark, u64) {
        self.here.directory.group.read(|state| {
            let recent = &state.machine.recent;
            (since.and_then(|mark| recent.since(mark)), recent.mark(), state.applied.next_index())
        })
    }

    /// Reads the layout of the cluster, while it is locked: `read` must be quick.
    pub fn with_layout<T>(&self, read: impl FnOnce(&Layout) -> T) -> T {
        self.here.directory.group.read(|state| read(&state.machine.layout))
    }

    /// Reads the committed accounts, while they are locked: `read` must be quick. A gateway has none.
    ///
    /// # Errors
    /// [`JournalFault::Closed`] where they cannot be read.
    pub fn with_accounts<T>(&self, read: impl FnOnce(&dyn Registry) -> T) -> Result<T, JournalFault> {
        match &self.here.accounts {
            Some(accounts) => accounts.read(|accounts| read(accounts)),
            None => Ok(read(&self.no_accounts)),
        }
    }
}
