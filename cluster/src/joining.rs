//! How a node becomes a member: it asks any node of the cluster, is sent on to the one that leads the directory, and is
//! told who it is from now on. A node that starts again asks in the same way, and so makes its addresses known.
//!
//! Hazard: a node that has lost its data must not be taken for the one that it was: it would vote a second time in terms
//! in which it has voted. So it is given a new life, and never the number of a node that is alive.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::ports::{Clock, JournalFault};
use serde::{Deserialize, Serialize};

use crate::error::ClusterError;
use crate::here::Here;
use crate::journal::{GroupId, LogDisk};
use crate::peer::Channel;
use crate::peer::{CallError, Lane, OTHER_SECRET, Service, frame};
use crate::placement::layout::decide::{self, Joining, Refused};
use crate::raft::types::{Entry, NodeId};
use crate::routes::{Owner, Routes, now};

/// The version of these messages.
const VERSION: u8 = 1;
/// The one thing that a node may ask which is not a member yet.
pub(crate) const JOIN: Service = Service { name: "join", lane: Lane::Raft };

/// How long an answer is waited for; the layout has to be committed.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// How long to wait before everybody is asked again.
const AGAIN_AFTER: Duration = Duration::from_millis(500);
/// How long a node with nothing but an address keeps asking.
const JOIN_WITHIN: Duration = Duration::from_secs(60);

/// What it is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum JoinAnswer {
    /// It is a member.
    Admitted {
        cluster: u128,
        life: u32,
        shards: u16,
        /// The other nodes, with the addresses of their peer listeners.
        members: Vec<(NodeId, String)>,
    },
    /// Another node decides that; its peer listener is there.
    Elsewhere(String),
    /// Nobody can decide that now; later perhaps.
    NotNow(String),
    /// No, and why.
    Refused(String),
}

/// Asks the nodes at `seeds`, and whom they point to, until one gives an answer for good; gives up `within`.
pub(crate) async fn join(
    channel: &Channel,
    seeds: &[String],
    request: &Joining,
    within: Duration,
) -> Result<JoinAnswer, ClusterError> {
    let body = frame::encode(VERSION, request);
    let deadline = now() + within;
    loop {
        let mut last = "nobody was asked".to_owned();
        let mut asking: Vec<String> = seeds.to_vec();
        // Each points to one other at most, and nobody is asked for ever.
        for _ in 0..seeds.len() * 2 {
            let Some(address) = asking.pop() else { break };
            match ask(channel, &address, body.clone()).await {
                Ok(JoinAnswer::Elsewhere(leader)) => asking.push(leader),
                Ok(JoinAnswer::NotNow(why)) => last = format!("{address}: {why}"),
                Ok(JoinAnswer::Refused(why)) => return Err(ClusterError::NotAdmitted(why)),
                Ok(admitted @ JoinAnswer::Admitted { .. }) => return Ok(admitted),
                // It says who we are to it, which no later try will change.
                Err(CallError::Declined(why)) => {
                    return Err(ClusterError::NotAdmitted(format!("{address}: {why}")));
                }
                // A member goes on asking the others: somebody else may have the address of a node that is no more.
                Err(CallError::Unreachable(why))
                    if request.known_life.is_none() && why.ends_with(OTHER_SECRET) =>
                {
                    return Err(ClusterError::NotAdmitted(why));
                }
                Err(error) => last = format!("{address}: {error}"),
            }
        }
        if now() >= deadline {
            return Ok(JoinAnswer::NotNow(last));
        }
        tracing::info!(%last, "not admitted to the cluster yet");
        tokio::time::sleep(AGAIN_AFTER).await;
    }
}

/// How long a node with an empty data directory keeps asking.
pub(crate) const fn patience() -> Duration {
    JOIN_WITHIN
}

async fn ask(channel: &Channel, address: &str, body: Bytes) -> Result<JoinAnswer, CallError> {
    let answer = channel.call_address(address, JOIN, body, ANSWER_WITHIN).await?;
    frame::decode("the answer to a node that joins", VERSION, &answer)
        .map_err(|error| CallError::Lost(error.to_string()))
}

/// The side that admits.
pub(crate) struct Admitting<D: LogDisk> {
    pub(crate) here: Arc<Here<D>>,
    pub(crate) routes: Arc<Routes<D>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) cluster: u128,
    pub(crate) auto_rebalance: bool,
}

impl<D: LogDisk> Admitting<D> {
    pub(crate) async fn answer(&self, body: &Bytes) -> Result<Bytes, CallError> {
        let request = frame::decode("a request to join", VERSION, body);
        let request: Joining = request.map_err(|error| CallError::Declined(error.to_string()))?;
        Ok(frame::encode(VERSION, &self.admit(request).await))
    }

    /// Decides whether whoever asks is a member, if that is this node's to decide.
    pub(crate) async fn admit(&self, request: Joining) -> JoinAnswer {
        match self.routes.owner(GroupId::DIRECTORY) {
            Owner::Here => {}
            Owner::There(leader) => return self.elsewhere(leader),
            Owner::Nobody => {
                return JoinAnswer::NotNow("the directory has no leader at the moment".to_owned());
            }
        }
        let (at, alive) = (self.clock.read().wall, self.routes.table().alive(now()));
        let decided = self.here.directory.update(|directory| {
            let layout = &directory.layout;
            let is_alive =
                |number| layout.id_of(number).is_some_and(|id| alive.contains(&id) || id == self.here.me);
            let (facts, joined) = decide::join(layout, &request, is_alive, self.auto_rebalance, at)?;
            Ok::<_, Refused>(((!facts.is_empty()).then_some(Entry::Layout(facts)), joined.life))
        });
        match decided.await {
            Ok(Ok(life)) => self.admitted(life),
            Ok(Err(refused)) => JoinAnswer::Refused(refused.to_string()),
            Err(fault @ (JournalFault::NotOwner | JournalFault::Full)) => {
                JoinAnswer::NotNow(fault.to_string())
            }
            Err(JournalFault::Closed) => JoinAnswer::NotNow("the node is stopping".to_owned()),
        }
    }

    fn elsewhere(&self, leader: NodeId) -> JoinAnswer {
        match self.here.address_of(leader) {
            Some(address) => JoinAnswer::Elsewhere(address),
            None => JoinAnswer::NotNow("the leader of the directory is not known yet".to_owned()),
        }
    }

    fn admitted(&self, life: u32) -> JoinAnswer {
        let members = self.here.directory.group.read(|state| {
            let layout = &state.machine.layout;
            let members = layout.members().iter();
            let known = members
                .filter_map(|(number, member)| Some((layout.id_of(*number)?, member.addresses.peer.clone())));
            known.collect()
        });
        JoinAnswer::Admitted { cluster: self.cluster, life, shards: self.here.shard_count(), members }
    }
}
