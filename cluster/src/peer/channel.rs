//! The calling side: finds or opens the connection for a call, and sees that the call ends in time.
//!
//! Hazard: a call that ran out of time before it had a connection was not sent; after that it may have taken effect.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::ports::BoxFuture;
use tokio::runtime::Handle;
use tokio::time::{Instant, timeout_at};

use super::dial::{Addresses, Dial};
use super::link::Link;
use super::me::{Me, named};
use super::now::now;
use super::sample::{Sample, estimate};
use super::slot::{Slot, Way};
use super::{Bytes, CallError, Calls, Lane, Messages, Service};
use crate::raft::types::NodeId;

/// The first connection for commands is busy enough for a second at so many calls.
const BUSY: usize = 64;

/// The way to other nodes, over h2.
#[derive(Clone)]
pub struct Channel(Arc<Shared>);

struct Shared {
    me: Arc<Me>,
    dial: Arc<dyn Dial>,
    addresses: Arc<dyn Addresses>,
    runtime: Handle,
    peers: Mutex<BTreeMap<NodeId, Arc<Peer>>>,
}

/// The connections to one peer.
#[derive(Default)]
struct Peer {
    raft: Arc<Slot>,
    commands: [Arc<Slot>; 2],
    bulk: Arc<Slot>,
}

impl Peer {
    fn slot(&self, lane: Lane) -> &Arc<Slot> {
        match lane {
            Lane::Raft => &self.raft,
            Lane::Bulk => &self.bulk,
            Lane::Commands => {
                let [first, second] = &self.commands;
                let is_busy = first.open_link().is_some_and(|link| link.in_flight() >= BUSY);
                if is_busy { second } else { first }
            }
        }
    }

    fn samples(&self) -> Vec<Sample> {
        let [first, second] = &self.commands;
        let links = [&self.raft, first, second, &self.bulk].into_iter().filter_map(|slot| slot.open_link());
        links.filter_map(|link| link.sample()).collect()
    }
}

impl Channel {
    /// A channel whose connections run on the runtime that it is made in. Dials when it is first asked.
    ///
    /// # Panics
    /// Outside a runtime.
    #[must_use]
    pub fn new(me: Arc<Me>, dial: Arc<dyn Dial>, addresses: Arc<dyn Addresses>) -> Self {
        Self(Arc::new(Shared { me, dial, addresses, runtime: Handle::current(), peers: Mutex::default() }))
    }

    /// Asks the node at `address`, whichever it is, over a connection of its own; gives up `within`. For joining.
    #[must_use]
    pub fn call_address(
        &self,
        address: &str,
        service: Service,
        body: Bytes,
        within: Duration,
    ) -> BoxFuture<Result<Bytes, CallError>> {
        let shared = self.0.clone();
        let address = address.to_owned();
        let deadline = now() + within;
        Box::pin(async move {
            check_size(service, &body)?;
            let way = shared.way(address, service.lane, None);
            // The connection's own tasks belong to the channel's runtime, whoever asks.
            let opening = shared.runtime.spawn(async move { way.open().await });
            let opened = timeout_at(deadline, opening).await.map_err(|_| too_late_to_send())?;
            let link = opened.map_err(|_| stopping())?.map_err(CallError::Unreachable)?;
            let answer = timeout_at(deadline, link.call(service, body)).await;
            link.end();
            answer.unwrap_or_else(|_| Err(too_late(within)))
        })
    }
}

impl Shared {
    fn way(&self, address: String, lane: Lane, wants: Option<NodeId>) -> Way {
        Way { me: self.me.clone(), dial: self.dial.clone(), address, lane, wants }
    }

    fn peer(&self, node: NodeId) -> Arc<Peer> {
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        peers.entry(node).or_default().clone()
    }

    /// The connection to `to`, by `deadline`.
    async fn link(&self, to: NodeId, lane: Lane, deadline: Instant) -> Result<Arc<Link>, CallError> {
        let Some(address) = self.addresses.address_of(to) else {
            self.peers.lock().unwrap_or_else(PoisonError::into_inner).remove(&to);
            return Err(CallError::Unreachable(format!("{} is not known here", named(to))));
        };
        let peer = self.peer(to);
        let way = self.way(address, lane, Some(to));
        match timeout_at(deadline, peer.slot(lane).link(&way, &self.runtime)).await {
            Ok(opened) => opened.map_err(CallError::Unreachable),
            Err(_) => Err(too_late_to_send()),
        }
    }
}

impl Calls for Channel {
    fn call(
        &self,
        to: NodeId,
        service: Service,
        body: Bytes,
        within: Duration,
    ) -> BoxFuture<Result<Bytes, CallError>> {
        let shared = self.0.clone();
        let deadline = now() + within;
        Box::pin(async move {
            check_size(service, &body)?;
            loop {
                let link = shared.link(to, service.lane, deadline).await?;
                match timeout_at(deadline, link.call(service, body.clone())).await {
                    // It had ended unnoticed, and nothing was sent: the next one is a new one.
                    Ok(Err(CallError::Unreachable(_))) if !link.is_usable_by(&shared.me) => {}
                    Ok(answer) => return answer,
                    Err(_) => {
                        link.end_if_silent(within);
                        return Err(too_late(within));
                    }
                }
            }
        })
    }

    fn stream(
        &self,
        to: NodeId,
        service: Service,
        input: Messages,
        within: Duration,
    ) -> BoxFuture<Result<Messages, CallError>> {
        let shared = self.0.clone();
        let deadline = now() + within;
        Box::pin(async move {
            let link = shared.link(to, service.lane, deadline).await?;
            match timeout_at(deadline, link.stream(service, input, within)).await {
                Ok(opened) => opened,
                Err(_) => {
                    link.end_if_silent(within);
                    Err(too_late(within))
                }
            }
        })
    }

    fn clock_of(&self, to: NodeId) -> Option<u64> {
        let peer = self.0.peers.lock().unwrap_or_else(PoisonError::into_inner).get(&to)?.clone();
        estimate(&peer.samples(), now())
    }
}

fn check_size(service: Service, body: &Bytes) -> Result<(), CallError> {
    let limit = service.lane.limits().body;
    if body.len() <= limit {
        return Ok(());
    }
    let Service { name, lane } = service;
    Err(CallError::Declined(format!(
        "a body of {} bytes for {name} is over the limit of the lane {lane:?}, {limit} bytes",
        body.len()
    )))
}

fn too_late_to_send() -> CallError {
    CallError::Unreachable("no connection in time".to_owned())
}

fn too_late(within: Duration) -> CallError {
    CallError::Lost(format!("no answer within {} ms", within.as_millis()))
}

fn stopping() -> CallError {
    CallError::Unreachable("this node is stopping".to_owned())
}

#[cfg(test)]
#[path = "channel_test.rs"]
mod test;
