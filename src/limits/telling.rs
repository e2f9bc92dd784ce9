//! What a node has counted, told to all others four times a second, so that a limit holds for the cluster within one.
//!
//! Owns the message and its bounds. Hazard: what is lost on the way is lost; for that long the limit is the node's own.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use cluster::Cluster;
use cluster::peer::{CallError, Lane, Service};
use cluster::wire::{Counted, decode, encode};
use futures_util::future::join_all;
use serde::{Deserialize, Serialize};

use super::{Kind, Limits};

/// What it is told as.
pub const SERVICE: &str = "limits";
const LIMITS: Service = Service { name: SERVICE, lane: Lane::Commands };
const EVERY: Duration = Duration::from_millis(250);
/// How long one node is waited for.
const PATIENCE: Duration = Duration::from_millis(500);
/// Keys that are told of at a time; others are counted here only.
const MOST: usize = 2_048;

/// So often, since the last message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Count {
    kind: u8,
    pub(super) key: u128,
    pub(super) times: u32,
}

type Message = Counted<Count, 0, MOST>;

impl Count {
    pub(super) fn kind(&self) -> Option<Kind> {
        [Kind::Address, Kind::Caller, Kind::SignUp, Kind::FailedLogin]
            .into_iter()
            .find(|kind| *kind as u8 == self.kind)
    }
}

/// What the others have not been told yet.
#[derive(Default)]
pub(super) struct Told(Mutex<BTreeMap<(Kind, u128), u32>>);

impl Told {
    fn open(&self) -> MutexGuard<'_, BTreeMap<(Kind, u128), u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn count(&self, kind: Kind, key: u128) {
        let mut open = self.open();
        if let Some(times) = open.get_mut(&(kind, key)) {
            *times = times.saturating_add(1);
        } else if open.len() < MOST {
            open.insert((kind, key), 1);
        }
    }

    fn take(&self) -> Vec<Count> {
        let open = std::mem::take(&mut *self.open());
        open.into_iter().map(|((kind, key), times)| Count { kind: kind as u8, key, times }).collect()
    }
}

impl Limits {
    /// Counts what another node tells.
    ///
    /// # Errors
    /// [`CallError::Declined`] where it cannot be read.
    pub fn told(&self, message: &Bytes) -> Result<Bytes, CallError> {
        let counts = decode::<Message>(message);
        let counts = counts.map_err(|error| CallError::Declined(format!("no counts: {error}")))?;
        counts.as_slice().iter().for_each(|count| self.also(count));
        Ok(Bytes::new())
    }

    /// What there is to tell, if there is anything.
    pub(super) fn to_tell(&self) -> Option<Bytes> {
        let counts = Message::new(self.told.take()).filter(|counts| !counts.as_slice().is_empty())?;
        Some(encode(&counts).into())
    }
}

/// Tells all other nodes of `cluster` what is counted here, for as long as the node runs.
pub async fn tell_others(limits: Arc<Limits>, cluster: Arc<Cluster>) {
    let calls = cluster.calls();
    loop {
        tokio::time::sleep(EVERY).await;
        let Some(message) = limits.to_tell() else { continue };
        let telling =
            cluster.others().into_iter().map(|node| calls.call(node, LIMITS, message.clone(), PATIENCE));
        for untold in join_all(telling).await.into_iter().filter_map(Result::err) {
            tracing::debug!(%untold, "a node does not hear what is counted here");
        }
    }
}

#[cfg(test)]
pub(super) mod testing {
    use super::*;

    /// A message of these, each a kind, a key, and how often.
    pub(in crate::limits) fn message<const N: usize>(counts: [(u8, u128, u32); N]) -> Bytes {
        let count = |(kind, key, times)| Count { kind, key, times };
        encode(&Message::new(counts.map(count).to_vec()).unwrap()).into()
    }
}
