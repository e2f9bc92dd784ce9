//! Step ②: tells every other node of this one, and hears what they answer.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use tokio::task::JoinSet;

use crate::beats::{ALIVE, Beat, EVERY};
use crate::here::Here;
use crate::identity::DataDir;
use crate::journal::LogDisk;
use crate::journal::format::v1::{IdentityRecord, MemberRecord};
use crate::peer::frame;
use crate::peer::{CallError, Calls, Lane, Service};
use crate::raft::types::{NodeId, node_number};
use crate::routes::Routes;

/// The version of these messages.
const VERSION: u8 = 1;
/// What a node says of itself, and is answered with the same.
pub(crate) const BEAT: Service = Service { name: "beat", lane: Lane::Raft };

/// Tells the others until it is dropped.
pub(crate) struct Beating<D: LogDisk> {
    pub(crate) here: Arc<Here<D>>,
    pub(crate) routes: Arc<Routes<D>>,
    pub(crate) calls: Arc<dyn Calls>,
    pub(crate) data: Arc<DataDir>,
    /// As they are kept in the data directory.
    pub(crate) identity: IdentityRecord,
    pub(crate) member: MemberRecord,
}

impl<D: LogDisk> Beating<D> {
    pub(crate) async fn run(mut self) {
        let mut changes = self.routes.changes();
        let mut under_way = JoinSet::new();
        let mut waiting = BTreeSet::new();
        loop {
            let body = encode(&self.routes.beat());
            for peer in self.peers() {
                // A peer that has not answered the last one is not asked again before it has, or has not for too long.
                if waiting.insert(peer) {
                    under_way.spawn(tell(self.calls.clone(), self.routes.clone(), peer, body.clone()));
                }
            }
            self.remember();
            let pause = tokio::time::sleep(EVERY);
            tokio::pin!(pause);
            loop {
                tokio::select! {
                    biased;
                    Some(told) = under_way.join_next() => if let Ok(peer) = told { waiting.remove(&peer); },
                    // Who leads something new says so at once.
                    Ok(()) = changes.changed() => break,
                    () = &mut pause => break,
                }
            }
        }
    }

    fn peers(&self) -> Vec<NodeId> {
        self.here.members().into_iter().filter(|peer| *peer != self.here.me).collect()
    }

    /// Keeps the addresses of the others where a start finds them that has lost all else.
    fn remember(&mut self) {
        let me = node_number(self.here.me);
        let peers = self.here.directory.group.read(|state| {
            let others = state.machine.layout.members().iter().filter(|(number, _)| **number != me);
            others.map(|(_, member)| member.addresses.peer.clone()).collect::<Vec<_>>()
        });
        if !peers.is_empty() && self.member.peers != peers {
            self.member.peers = peers;
            if let Err(error) = self.data.save_member(&self.member) {
                tracing::warn!(%error, "the addresses of the other nodes could not be kept");
            }
        }
        // From the first entry on, an empty directory is a lost one.
        if !self.identity.formed && self.here.directory.group.read(|state| state.applied.is_some()) {
            self.identity.formed = true;
            if let Err(error) = self.data.save(self.identity) {
                tracing::warn!(%error, "the identity of this node could not be kept");
            }
        }
    }
}

fn encode(beat: &Beat) -> Bytes {
    frame::encode(VERSION, beat)
}

/// Tells one peer, and hears its answer; gives the peer back.
async fn tell<D: LogDisk>(
    calls: Arc<dyn Calls>,
    routes: Arc<Routes<D>>,
    peer: NodeId,
    beat: Bytes,
) -> NodeId {
    match calls.call(peer, BEAT, beat, ALIVE).await {
        Ok(answer) => match frame::decode("a beat", VERSION, &answer) {
            Ok(beat) => routes.hear(peer, beat),
            Err(error) => tracing::warn!(peer, %error, "a beat cannot be read"),
        },
        Err(error) => tracing::debug!(peer, %error, "a node does not answer"),
    }
    peer
}

/// Answers the beat of `peer`.
pub(crate) fn answer<D: LogDisk>(routes: &Routes<D>, peer: NodeId, body: &Bytes) -> Result<Bytes, CallError> {
    let beat =
        frame::decode("a beat", VERSION, body).map_err(|error| CallError::Declined(error.to_string()))?;
    routes.hear(peer, beat);
    Ok(encode(&routes.beat()))
}
