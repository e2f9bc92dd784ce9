//! Three nodes in one process for tests, over a network that loses, delays and breaks what it is told to. Time is meant
//! to be paused: then it goes on when all wait.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::event::Stamped;
use domain::ids::EventId;
use domain::ports::BoxFuture;
use openraft::ChangeMembers;
use tokio::time::{Instant, timeout};

use super::answering::{GroupsHere, RaftAnswers, RaftGroup};
use super::group::{Group, GroupContext};
use super::machines::Shard;
use super::settings::settings;
use super::transfer::throttle::Throttle;
use super::types::{Applied, Entry, NodeId, Peer, SaleBatch};
use crate::SnapshotSettings;
use crate::journal::{GroupId, MemoryDisk, archive};
use crate::peer::local::LocalPeers;
use crate::peer::{Answers, Bytes, CallError, Messages};
use crate::testing::facts;
use crate::thread::Blocking;

/// The paused time.
#[allow(clippy::disallowed_methods, reason = "a test measures the time that it lets pass")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

pub(crate) const GROUP: GroupId = GroupId::shard(3);
pub(crate) const EVENT: EventId = EventId::new(7);
pub(crate) const OTHER: EventId = EventId::new(8);
/// Long enough for anything that is to happen at all.
pub(crate) const SOON: Duration = Duration::from_secs(60);

pub(crate) type Shard3 = Group<Shard, MemoryDisk>;

/// What a node runs; it starts with nothing.
pub(crate) struct Here {
    pub(crate) context: GroupContext<MemoryDisk>,
    pub(crate) group: Mutex<Option<Shard3>>,
    starting: tokio::sync::Mutex<()>,
}

impl GroupsHere for Arc<Here> {
    fn group(&self, id: GroupId) -> Option<Arc<dyn RaftGroup>> {
        assert_eq!(id, GROUP);
        self.group.lock().unwrap().clone().map(|group| Arc::new(group) as _)
    }

    fn start(&self, id: GroupId) -> BoxFuture<io::Result<Arc<dyn RaftGroup>>> {
        let here = self.clone();
        Box::pin(async move {
            let _turn = here.starting.lock().await;
            if let Some(group) = here.group(id) {
                return Ok(group);
            }
            let group = Group::open(id, &here.context).await?;
            *here.group.lock().unwrap() = Some(group.clone());
            Ok(Arc::new(group) as _)
        })
    }
}

impl Answers for RaftAnswers {
    fn call(&self, _from: NodeId, service: &str, body: Bytes) -> BoxFuture<Result<Bytes, CallError>> {
        Self::call(self, service, &body).unwrap()
    }

    fn stream(
        &self,
        _from: NodeId,
        service: &str,
        input: Messages,
    ) -> BoxFuture<Result<Messages, CallError>> {
        let answers = Self::stream(self, service, input).unwrap_or_else(|_| panic!("{service}"));
        Box::pin(async { Ok(answers) })
    }
}

pub(crate) struct Node {
    pub(crate) here: Arc<Here>,
    pub(crate) dir: tempfile::TempDir,
}

impl Node {
    pub(crate) fn group(&self) -> Shard3 {
        self.here.group.lock().unwrap().clone().expect("the replica runs")
    }

    pub(crate) fn disk(&self) -> &MemoryDisk {
        &self.here.context.disk
    }

    pub(crate) fn history(&self, event: EventId) -> Vec<Stamped> {
        let recent = self.group().read(|state| state.unarchived(event));
        let history = archive::history(self.disk(), event, &recent).unwrap();
        history.into_iter().map(|(_, fact)| fact).collect()
    }

    pub(crate) fn facts(&self, event: EventId) -> u64 {
        self.group().read(|state| state.machine.facts(event))
    }

    pub(crate) fn files(&self) -> Vec<String> {
        let names = std::fs::read_dir(self.dir.path()).unwrap();
        let mut names: Vec<_> = names.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    pub(crate) async fn has(&self, event: EventId, count: u64) {
        let wait = async {
            while self.here.group.lock().unwrap().is_none() || self.facts(event) < count {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(SOON, wait).await.unwrap_or_else(|_| panic!("{count} facts are awaited"));
        assert_eq!(self.facts(event), count);
    }

    /// Writes `count` facts of `event` behind those there are, one entry each, as the leader.
    pub(crate) async fn commit(&self, event: EventId, count: u64) {
        let group = self.group();
        let term = group.confirm().await.unwrap();
        let base = self.facts(event);
        for base in base..base + count {
            let batch = SaleBatch { event, base, facts: facts(base, 1).into() };
            let applied = group.write(term, Entry::Sales([batch].into())).await.unwrap();
            assert_eq!(applied, Applied::Sales(vec![true]));
        }
    }

    pub(crate) async fn snapshot(&self) {
        let group = self.group();
        let applied = group.status().applied;
        group.trigger_snapshot().await;
        let wait = group.raft.wait(Some(SOON));
        wait.metrics(|metrics| metrics.purged.map(|id| id.index) == applied, "purged").await.unwrap();
    }
}

/// Nodes 1 to 3.
pub(crate) struct World {
    pub(crate) peers: LocalPeers,
    pub(crate) nodes: BTreeMap<NodeId, Node>,
}

pub(crate) fn context(
    node: NodeId,
    dir: &Path,
    peers: &LocalPeers,
    bytes_per_second: u64,
) -> GroupContext<MemoryDisk> {
    let keep_none = SnapshotSettings { every_entries: 1_000_000, keep_entries: 0, ..Default::default() };
    GroupContext {
        node,
        disk: MemoryDisk::new(),
        snapshots: dir.to_owned(),
        config: settings(keep_none).unwrap(),
        peers: peers.of(node),
        throttle: Arc::new(Throttle::new(bytes_per_second)),
        observer: Arc::new(()),
        progress: tokio::sync::watch::Sender::new(0),
        blocking: Blocking::InPlace,
    }
}

impl World {
    /// Node 1 leads alone; the others have nothing.
    pub(crate) async fn alone(bytes_per_second: u64) -> Self {
        let peers = LocalPeers::default();
        let mut nodes = BTreeMap::new();
        for id in 1..=3 {
            let dir = tempfile::tempdir().unwrap();
            let context = context(id, dir.path(), &peers, bytes_per_second);
            let here =
                Arc::new(Here { context, group: Mutex::default(), starting: tokio::sync::Mutex::default() });
            peers.join(id, Arc::new(RaftAnswers { groups: Arc::new(here.clone()) }));
            nodes.insert(id, Node { here, dir });
        }
        peers.delay(Duration::from_millis(1));
        let world = Self { peers, nodes };
        let here = &world.nodes[&1].here;
        let group = Shard3::open(GROUP, &here.context).await.unwrap();
        group.form().await.unwrap();
        group.lead_alone().await.unwrap();
        *here.group.lock().unwrap() = Some(group);
        world
    }

    /// All three vote; node 1 leads.
    pub(crate) async fn of_three() -> Self {
        let world = Self::alone(0).await;
        world.grow().await;
        world
    }

    /// From one voter to three in one step.
    pub(crate) async fn grow(&self) {
        for id in [2, 3] {
            self.learn(id).await;
        }
        let raft = self.nodes[&1].group().raft;
        raft.change_membership(ChangeMembers::AddVoterIds(BTreeSet::from([2, 3])), false).await.unwrap();
    }

    pub(crate) async fn learn(&self, id: NodeId) {
        let raft = self.nodes[&1].group().raft;
        timeout(SOON, raft.add_learner(id, Peer::default(), true)).await.unwrap().unwrap();
    }

    /// The node, other than those cut off, that leads.
    pub(crate) async fn leader(&self, except: Option<NodeId>) -> NodeId {
        let others = || self.nodes.iter().filter(|(id, _)| Some(**id) != except);
        let leads = |node: &Node| node.group().leased_term().is_some();
        let wait = async {
            loop {
                if let Some((id, _)) = others().find(|(_, node)| leads(node)) {
                    return *id;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(SOON, wait).await.expect("somebody leads")
    }

    pub(crate) async fn all_equal(&self, event: EventId, count: u64) {
        for node in self.nodes.values() {
            node.has(event, count).await;
            assert_eq!(node.history(event), facts(0, count));
        }
        let states: Vec<_> =
            self.nodes.values().map(|node| node.group().read(|state| state.machine.clone())).collect();
        assert!(states.windows(2).all(|pair| pair[0] == pair[1]), "replicas differ");
    }

    pub(crate) async fn shutdown(self) {
        for node in self.nodes.values() {
            let group = node.here.group.lock().unwrap().take();
            if let Some(group) = group {
                group.shutdown().await;
            }
        }
    }
}
