//! What is done to the nodes on purpose while buyers come.
//!
//! Owns: the words for it ([`Incident`]) and the seam for whoever does it ([`Disturbance`]): the replay's own
//! [`super::fleet`], or a program that has nodes of its own. What it cost the buyers is worked out of the history later.

use super::caller::Caller;
use crate::ambient::Clock;
use crate::progress::Progress;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tokio::time::sleep_until;

/// Something that was done to the nodes. Times are seconds since the first buyer could come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Incident {
    /// A node was killed without warning and started again on the same data.
    Killed {
        /// Which node, counted from 1.
        node: u32,
        /// When.
        at_s: f64,
        /// Seconds until it was ready again.
        pause_s: f64,
    },
    /// A replica of a shard was moved from one node to another.
    Moved {
        /// The shard.
        shard: u16,
        /// The node that had it.
        from: u32,
        /// The node that has it now.
        to: u32,
        /// When it was ordered.
        at_s: f64,
        /// Seconds until it was done.
        took_s: f64,
    },
}

/// Does things to the nodes while buyers come.
pub trait Disturbance: Send {
    /// Does them all, in time, and tells what was done. Buyers that come later are served all the same.
    fn disturb<'a>(&'a mut self, scene: &'a Scene<'a>) -> BoxFuture<'a, anyhow::Result<Vec<Incident>>>;
}

/// Leaves the nodes alone.
pub(super) struct Peace;

impl Disturbance for Peace {
    fn disturb<'a>(&'a mut self, _scene: &'a Scene<'a>) -> BoxFuture<'a, anyhow::Result<Vec<Incident>>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}

/// The run that is disturbed.
pub struct Scene<'a> {
    /// Ids of the events by the names that the trace uses.
    pub events: BTreeMap<String, String>,
    /// Where to tell what is done, as it is done.
    pub progress: &'a dyn Progress,
    pub(super) caller: &'a Caller,
    pub(super) started_us: u64,
    pub(super) lasts_us: u64,
}

impl Scene<'_> {
    /// Seconds since the first buyer could come.
    #[must_use]
    pub fn now_s(&self) -> f64 {
        self.clock().now_us().saturating_sub(self.started_us) as f64 / 1e6
    }

    /// Waits until this share of the buyers' time is over.
    pub async fn until_share(&self, share: f64) {
        let after_us = (self.lasts_us as f64 * share) as u64;
        sleep_until(self.clock().at(self.started_us + after_us)).await;
    }

    pub(super) fn clock(&self) -> Clock {
        self.caller.clock
    }
}
