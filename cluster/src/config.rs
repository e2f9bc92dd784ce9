//! What a node's part of the cluster is told when it begins.
//!
//! Owns the settings, whether they can be, and whether they agree with what lies in the data directory.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;

use domain::ports::{Clock, Random, StoppedClock};
use domain::time::Reading;
use tokio::sync::watch;

use crate::caretaker::Care;
use crate::error::ClusterError;
use crate::identity::DataDir;
use crate::journal::format::v1::{IdentityRecord, MemberRecord};
use crate::journal::{GroupId, JournalObserver, OnFatal};
use crate::peer::{Channel, Dial, Me, PeerSecret, SPOKEN, TcpDial};
use crate::placement::layout::Addresses;
use crate::placement::layout::decide::Joining;
use crate::raft::group::GroupContext;
use crate::raft::settings::{SnapshotSettings, settings};
use crate::raft::state_machine::CommitObserver;
use crate::raft::transfer::throttle::Throttle;
use crate::raft::types::{NodeId, node_number};
use crate::thread::Blocking;

/// How a node takes part in the cluster.
pub struct ClusterConfig {
    /// Where its data lies; made if missing.
    pub data_dir: PathBuf,
    /// Its number; stays with the data directory.
    pub node: u32,
    /// How many shards the events are spread over; fixed when a cluster is formed.
    pub shards: u16,
    /// How many replicas each shard is to have, once there are as many nodes.
    pub replication: u16,
    /// Where it can be reached.
    pub addresses: Addresses,
    /// Peer listeners of a cluster that it is to join with an empty data directory; none: it forms a cluster of one.
    pub join: Vec<String>,
    /// It is to have no replicas.
    pub gateway: bool,
    /// How much it is to have, beside others.
    pub weight: u32,
    /// Whether nodes beyond the replication factor are given replicas at once.
    pub auto_rebalance: bool,
    /// How groups are looked after.
    pub care: Care,
    /// What nodes of one cluster know.
    pub secret: PeerSecret,
    /// The protocol versions that it speaks with them: those of this program, but in a simulation of an upgrade.
    pub spoken: RangeInclusive<u16>,
    /// Connects to other nodes.
    pub dial: Arc<dyn Dial>,
    /// When logs are cut.
    pub snapshots: SnapshotSettings,
    /// How many proposals may wait for each shard; more are refused.
    pub queue_capacity: usize,
    /// How many writes of raft groups may wait for the journal thread; more slow the groups down.
    pub journal_capacity: usize,
    /// Free space on the disk, in bytes, that nothing is written into: a store that met a full disk could not be trusted.
    pub reserve_bytes: u64,
    /// What nobody can guess.
    pub random: Arc<dyn Random>,
    /// What time it is; the owners of events are to have the same one.
    pub clock: Arc<dyn Clock>,
    /// Sees what is committed.
    pub commits: Arc<dyn CommitObserver>,
    /// Sees every flush.
    pub flushes: Arc<dyn JournalObserver>,
    /// Called at most once, when nothing more will be acknowledged: the process is to print the message and end.
    pub on_fatal: OnFatal,
}

/// What a node that is alone has for randomness.
struct Sevens;

impl Random for Sevens {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

impl ClusterConfig {
    /// A node that is alone and stays so, with 16 shards, a clock that stands still and no secret worth the name: for
    /// measurements and tests of what one node does.
    #[must_use]
    pub fn alone(data_dir: PathBuf, on_fatal: OnFatal) -> Self {
        let nowhere = || "nowhere".to_owned();
        Self {
            data_dir,
            node: 1,
            shards: 16,
            replication: 3,
            addresses: Addresses { http: nowhere(), admin: nowhere(), peer: nowhere() },
            join: Vec::new(),
            gateway: false,
            weight: 1,
            auto_rebalance: false,
            care: Care::default(),
            secret: PeerSecret::new(&[7; 32]).expect("32 bytes are long enough"),
            spoken: SPOKEN,
            dial: Arc::new(TcpDial),
            snapshots: SnapshotSettings::default(),
            queue_capacity: 4_096,
            journal_capacity: 4_096,
            reserve_bytes: 0,
            random: Arc::new(Sevens),
            clock: Arc::new(StoppedClock(Reading::default())),
            commits: Arc::new(()),
            flushes: Arc::new(()),
            on_fatal,
        }
    }

    pub(crate) fn check(&self) -> Result<(), ClusterError> {
        if self.shards == 0 || self.shards > GroupId::MAX_SHARDS {
            let (shards, most) = (self.shards, GroupId::MAX_SHARDS);
            return Err(ClusterError::Setting(format!("{shards} shards cannot be; choose 1 to {most}")));
        }
        Ok(())
    }

    pub(crate) fn agrees(
        &self,
        identity: &IdentityRecord,
        member: &MemberRecord,
    ) -> Result<(), ClusterError> {
        if identity.shards != self.shards && member.peers.is_empty() {
            return Err(ClusterError::OtherShards { stored: identity.shards, wanted: self.shards });
        }
        let stored = node_number(identity.node);
        if stored != self.node {
            return Err(ClusterError::OtherNode { stored, wanted: self.node });
        }
        if member.gateway != self.gateway {
            return Err(ClusterError::OtherKind { gateway: member.gateway });
        }
        Ok(())
    }

    /// A cluster that begins here.
    pub(crate) fn founding(&self, data: &DataDir) -> Result<MemberRecord, ClusterError> {
        let mut drawn = [0; 16];
        self.random.fill(&mut drawn);
        let member =
            MemberRecord { cluster: u128::from_le_bytes(drawn), gateway: self.gateway, peers: Vec::new() };
        data.save_member(&member)?;
        Ok(member)
    }

    /// This node as its peers will see it, before it belongs anywhere.
    pub(crate) fn me(&self) -> Arc<Me> {
        Me::speaking(self.spoken.clone(), self.secret.clone(), self.random.clone())
    }

    /// What this node says when it asks to be let in; `life` is the one that its data is of.
    pub(crate) fn request(&self, life: Option<u32>) -> Joining {
        Joining {
            number: self.node,
            known_life: life,
            addresses: self.addresses.clone(),
            gateway: self.gateway,
            weight: self.weight,
        }
    }

    /// What every group is to share.
    pub(crate) fn context<D>(
        &self,
        node: NodeId,
        snapshots: PathBuf,
        disk: D,
        blocking: Blocking,
        channel: &Arc<Channel>,
    ) -> Result<GroupContext<D>, ClusterError> {
        Ok(GroupContext {
            node,
            disk,
            snapshots,
            config: settings(self.snapshots).map_err(|error| ClusterError::Setting(error.to_string()))?,
            peers: channel.clone(),
            throttle: Arc::new(Throttle::new(self.snapshots.send_bytes_per_second)),
            observer: self.commits.clone(),
            progress: watch::Sender::new(0),
            blocking,
        })
    }
}
