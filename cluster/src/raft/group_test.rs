//! Three nodes in one process, over a network that loses, delays and breaks what it is told to. Time is paused: it goes
//! on when all wait.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Mutex;

use domain::event::Stamped;
use domain::ids::EventId;
use openraft::ChangeMembers;
use tokio::time::timeout;

use super::*;
use crate::SnapshotSettings;
use crate::journal::{LogDisk, MemoryDisk, archive, keys};
use crate::peer::local::LocalPeers;
use crate::peer::{Answers, Bytes, CallError, Messages};
use crate::raft::answering::{GroupsHere, RaftAnswers, RaftGroup};
use crate::raft::machines::Shard;
use crate::raft::network::{APPEND, PRE_VOTE, SNAPSHOT};
use crate::raft::settings::settings;
use crate::raft::types::SaleBatch;
use crate::testing::facts;

const GROUP: GroupId = GroupId::shard(3);
const EVENT: EventId = EventId::new(7);
const OTHER: EventId = EventId::new(8);
/// Long enough for anything that is to happen at all.
const SOON: Duration = Duration::from_secs(60);

type Shard3 = Group<Shard, MemoryDisk>;

/// What a node runs; it starts with nothing.
struct Here {
    context: GroupContext<MemoryDisk>,
    group: Mutex<Option<Shard3>>,
}

impl GroupsHere for Arc<Here> {
    fn group(&self, id: GroupId) -> Option<Arc<dyn RaftGroup>> {
        assert_eq!(id, GROUP);
        self.group.lock().unwrap().clone().map(|group| Arc::new(group) as _)
    }

    fn start(&self, id: GroupId) -> domain::ports::BoxFuture<io::Result<Arc<dyn RaftGroup>>> {
        let here = self.clone();
        Box::pin(async move {
            let group = Group::open(id, &here.context).await?;
            let kept = here.group.lock().unwrap().get_or_insert(group).clone();
            Ok(Arc::new(kept) as _)
        })
    }
}

impl Answers for RaftAnswers {
    fn call(
        &self,
        _from: NodeId,
        service: &str,
        body: Bytes,
    ) -> domain::ports::BoxFuture<Result<Bytes, CallError>> {
        Self::call(self, service, &body).unwrap()
    }

    fn stream(
        &self,
        _from: NodeId,
        service: &str,
        input: Messages,
    ) -> domain::ports::BoxFuture<Result<Messages, CallError>> {
        let answers = Self::stream(self, service, input).unwrap_or_else(|_| panic!("{service}"));
        Box::pin(async { Ok(answers) })
    }
}

struct Node {
    here: Arc<Here>,
    dir: tempfile::TempDir,
}

impl Node {
    fn group(&self) -> Shard3 {
        self.here.group.lock().unwrap().clone().expect("the replica runs")
    }

    fn disk(&self) -> &MemoryDisk {
        &self.here.context.disk
    }

    fn history(&self, event: EventId) -> Vec<Stamped> {
        let recent = self.group().read(|state| state.unarchived(event));
        let history = archive::history(self.disk(), event, &recent).unwrap();
        history.into_iter().map(|(_, fact)| fact).collect()
    }

    fn facts(&self, event: EventId) -> u64 {
        self.group().read(|state| state.machine.facts(event))
    }

    fn files(&self) -> Vec<String> {
        let names = std::fs::read_dir(self.dir.path()).unwrap();
        let mut names: Vec<_> = names.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    async fn has(&self, event: EventId, count: u64) {
        let wait = async {
            while self.here.group.lock().unwrap().is_none() || self.facts(event) < count {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(SOON, wait).await.unwrap_or_else(|_| panic!("{count} facts are awaited"));
        assert_eq!(self.facts(event), count);
    }

    /// Writes `count` facts of `event` behind those there are, one entry each, as the leader.
    async fn commit(&self, event: EventId, count: u64) {
        let group = self.group();
        let term = group.confirm().await.unwrap();
        let base = self.facts(event);
        for base in base..base + count {
            let batch = SaleBatch { event, base, facts: facts(base, 1).into() };
            let applied = group.write(term, Entry::Sales([batch].into())).await.unwrap();
            assert_eq!(applied, Applied::Sales(vec![true]));
        }
    }

    async fn snapshot(&self) {
        let group = self.group();
        let applied = group.status().applied;
        group.trigger_snapshot().await;
        let wait = group.raft.wait(Some(SOON));
        wait.metrics(|metrics| metrics.purged.map(|id| id.index) == applied, "purged").await.unwrap();
    }
}

/// Nodes 1 to 3.
struct World {
    peers: LocalPeers,
    nodes: BTreeMap<NodeId, Node>,
}

fn context(node: NodeId, dir: &Path, peers: &LocalPeers, bytes_per_second: u64) -> GroupContext<MemoryDisk> {
    let keep_none = SnapshotSettings { every_entries: 1_000_000, keep_entries: 0, ..Default::default() };
    GroupContext {
        node,
        disk: MemoryDisk::new(),
        snapshots: dir.to_owned(),
        config: settings(keep_none).unwrap(),
        peers: peers.of(node),
        throttle: Arc::new(Throttle::new(bytes_per_second)),
        observer: Arc::new(()),
        blocking: Blocking::InPlace,
    }
}

impl World {
    /// Node 1 leads alone; the others have nothing.
    async fn alone(bytes_per_second: u64) -> Self {
        let peers = LocalPeers::default();
        let mut nodes = BTreeMap::new();
        for id in 1..=3 {
            let dir = tempfile::tempdir().unwrap();
            let context = context(id, dir.path(), &peers, bytes_per_second);
            let here = Arc::new(Here { context, group: Mutex::default() });
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
    async fn of_three() -> Self {
        let world = Self::alone(0).await;
        world.grow().await;
        world
    }

    /// From one voter to three in one step.
    async fn grow(&self) {
        for id in [2, 3] {
            self.learn(id).await;
        }
        let raft = self.nodes[&1].group().raft;
        raft.change_membership(ChangeMembers::AddVoterIds(BTreeSet::from([2, 3])), false).await.unwrap();
    }

    async fn learn(&self, id: NodeId) {
        let raft = self.nodes[&1].group().raft;
        timeout(SOON, raft.add_learner(id, Peer::default(), true)).await.unwrap().unwrap();
    }

    /// The node, other than those cut off, that leads.
    async fn leader(&self, except: Option<NodeId>) -> NodeId {
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

    async fn all_equal(&self, event: EventId, count: u64) {
        for node in self.nodes.values() {
            node.has(event, count).await;
            assert_eq!(node.history(event), facts(0, count));
        }
        let states: Vec<_> =
            self.nodes.values().map(|node| node.group().read(|state| state.machine.clone())).collect();
        assert!(states.windows(2).all(|pair| pair[0] == pair[1]), "replicas differ");
    }

    async fn shutdown(self) {
        for node in self.nodes.values() {
            let group = node.here.group.lock().unwrap().take();
            if let Some(group) = group {
                group.shutdown().await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn one_voter_becomes_three_and_all_have_the_same() {
    let world = World::alone(0).await;
    world.nodes[&1].commit(EVENT, 20).await;
    world.grow().await;
    world.nodes[&1].commit(EVENT, 30).await;
    world.nodes[&1].commit(OTHER, 3).await;
    world.all_equal(OTHER, 3).await;
    world.all_equal(EVENT, 50).await;
    let voters = world.nodes[&3].group().raft.voter_ids().collect::<Vec<_>>();
    assert_eq!(voters, [1, 2, 3]);
    assert_eq!(world.peers.carried(SNAPSHOT), 0);
    world.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_is_cut_off_is_replaced_and_follows_when_it_is_back() {
    let world = World::of_three().await;
    world.nodes[&1].commit(EVENT, 5).await;
    world.peers.isolate(1, true);
    let old = world.nodes[&1].group();
    let term = old.term().unwrap();
    let batch = SaleBatch { event: EVENT, base: 5, facts: facts(5, 1).into() };
    let lost = tokio::spawn(async move { old.write(term, Entry::Sales([batch].into())).await });
    let leader = world.leader(Some(1)).await;
    assert_eq!(world.nodes[&1].group().leased_term(), None, "its lease ended before");
    world.nodes[&leader].commit(EVENT, 7).await;
    world.peers.isolate(1, false);
    world.all_equal(EVENT, 12).await;
    assert_eq!(lost.await.unwrap(), Err(JournalFault::NotOwner));
    world.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_node_that_is_cut_off_does_not_raise_the_term() {
    let world = World::of_three().await;
    world.peers.isolate(3, true);
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert!(world.peers.carried(PRE_VOTE) > 0, "it would like to lead");
    world.peers.isolate(3, false);
    tokio::time::sleep(Duration::from_secs(10)).await;
    let terms: BTreeSet<_> = world.nodes.values().map(|node| node.group().status().term).collect();
    assert_eq!(terms.len(), 1);
    assert_eq!(world.leader(None).await, 1);
    assert_eq!(world.nodes[&1].group().term(), Some(1));
    world.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_dead_follower_slows_no_commit() {
    let world = World::of_three().await;
    world.nodes[&1].commit(EVENT, 1).await;
    let took = async |count| {
        let began = tokio::time::Instant::now();
        world.nodes[&1].commit(EVENT, count).await;
        began.elapsed()
    };
    let healthy = took(200).await;
    world.peers.isolate(3, true);
    let with_one_dead = took(200).await;
    assert!(with_one_dead <= healthy.mul_f32(1.2), "{healthy:?} became {with_one_dead:?}");
    world.peers.isolate(3, false);
    world.all_equal(EVENT, 401).await;
    assert_eq!(world.peers.carried(SNAPSHOT), 0, "its log was enough");
    world.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn many_entries_are_under_way_at_once() {
    let world = World::of_three().await;
    world.peers.delay(Duration::from_millis(50));
    let group = world.nodes[&1].group();
    let term = group.confirm().await.unwrap();
    let began = tokio::time::Instant::now();
    let writes = (0..100).map(|base| {
        let batch = SaleBatch { event: EVENT, base, facts: facts(base, 1).into() };
        group.write(term, Entry::Sales([batch].into()))
    });
    futures_util::future::try_join_all(writes).await.unwrap();
    // One after the other they would take a hundred times there and back.
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    world.all_equal(EVENT, 100).await;
    world.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn leadership_is_handed_over_without_a_gap_to_speak_of() {
    let world = World::of_three().await;
    world.nodes[&1].commit(EVENT, 10).await;
    world.all_equal(EVENT, 10).await;
    let began = tokio::time::Instant::now();
    world.nodes[&1].group().raft.trigger().transfer_leader(2).await.unwrap();
    assert_eq!(world.leader(Some(1)).await, 2);
    world.nodes[&2].commit(EVENT, 1).await;
    assert!(began.elapsed() < Duration::from_millis(300), "{:?}", began.elapsed());
    world.all_equal(EVENT, 11).await;
    world.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_brings_the_archive_along() {
    let world = World::alone(0).await;
    let leader = &world.nodes[&1];
    leader.commit(EVENT, 300).await;
    leader.commit(OTHER, 2).await;
    leader.snapshot().await;
    leader.commit(EVENT, 50).await;
    world.grow().await;
    world.nodes[&1].commit(EVENT, 1).await;
    assert!(world.peers.carried(SNAPSHOT) > 0);
    world.all_equal(EVENT, 351).await;
    world.all_equal(OTHER, 2).await;
    let archived = |node: &Node| archive::archived(node.disk(), EVENT).unwrap();
    assert_eq!(world.nodes.values().map(archived).collect::<Vec<_>>(), [300, 300, 300]);

    // One that lags is sent only what it has not.
    world.peers.isolate(3, true);
    leader.commit(EVENT, 9).await;
    leader.snapshot().await;
    let before = world.nodes[&3].disk().scan(&keys::archive(EVENT)).unwrap();
    world.peers.isolate(3, false);
    world.all_equal(EVENT, 360).await;
    let mut after = world.nodes[&3].disk().scan(&keys::archive(EVENT)).unwrap();
    after.truncate(before.len());
    assert_eq!(after, before);
    assert_eq!(
        world.nodes[&3].files(),
        [format!("shard-3.{:020}.snapshot", snapshot_of(&world.nodes[&3]) + 1)]
    );
    world.shutdown().await;
}

fn snapshot_of(node: &Node) -> u64 {
    node.group().status().snapshot.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_transfer_that_breaks_anywhere_is_made_again() {
    for messages in 1..12 {
        let world = World::alone(0).await;
        let leader = &world.nodes[&1];
        // More than one piece of archive: each of these facts has its own event.
        for event in 100..110 {
            leader.commit(EventId::new(event), 40).await;
        }
        leader.commit(EVENT, 20).await;
        leader.snapshot().await;
        world.peers.break_after(SNAPSHOT, messages);
        world.learn(2).await;
        world.nodes[&2].has(EVENT, 20).await;
        assert_eq!(world.nodes[&2].history(EVENT), facts(0, 20));
        assert_eq!(world.nodes[&2].history(EventId::new(109)), facts(0, 40));
        assert_eq!(world.nodes[&2].files().len(), 1, "{:?}", world.nodes[&2].files());
        world.shutdown().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_damaged_snapshot_is_not_installed() {
    let world = World::alone(0).await;
    let leader = &world.nodes[&1];
    leader.commit(EVENT, 20).await;
    leader.snapshot().await;
    let path = leader.dir.path().join(&leader.files()[0]);
    let mut bytes = std::fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let raft = leader.group().raft;
    raft.add_learner(2, Peer::default(), false).await.unwrap();
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(world.peers.carried(SNAPSHOT) > 10, "it is tried again and again");
    assert_eq!(world.nodes[&2].group().status().snapshot, None);
    assert_eq!(world.nodes[&2].files(), Vec::<String>::new());
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    world.nodes[&2].has(EVENT, 20).await;
    assert_eq!(world.nodes[&2].history(EVENT), facts(0, 20));
    world.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_damaged_archive_is_made_whole_by_a_snapshot() {
    let world = World::alone(0).await;
    let leader = &world.nodes[&1];
    leader.commit(EVENT, 300).await;
    leader.snapshot().await;
    world.learn(2).await;
    world.nodes[&2].has(EVENT, 300).await;
    world.peers.isolate(2, true);
    let disk = world.nodes[&2].disk();
    let rows = disk.scan(&keys::archive(EVENT)).unwrap();
    assert!(rows.len() > 1);
    disk.tamper(&rows[0].0, |value| value[30] ^= 1);
    leader.commit(EVENT, 5).await;
    leader.snapshot().await;
    world.peers.isolate(2, false);
    world.nodes[&2].has(EVENT, 305).await;
    assert_eq!(world.nodes[&2].history(EVENT), facts(0, 305));
    world.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn snapshots_leave_no_faster_than_they_may() {
    let world = World::alone(1024).await;
    let leader = &world.nodes[&1];
    leader.commit(EVENT, 100).await;
    leader.snapshot().await;
    let size = std::fs::metadata(leader.dir.path().join(&leader.files()[0])).unwrap().len();
    let began = tokio::time::Instant::now();
    world.learn(2).await;
    assert!(began.elapsed() >= Duration::from_millis(size * 1000 / 1024), "{size} in {:?}", began.elapsed());
    world.nodes[&2].has(EVENT, 100).await;
    world.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_replica_is_started_by_a_leader_and_never_by_a_candidate() {
    let world = World::alone(0).await;
    let calls = world.peers.of(1);
    let ballot = (GROUP, crate::raft::wire::Ballot::new(openraft::Vote::new(4, 1), None));
    let body = Bytes::from(crate::raft::wire::Message::encode(&ballot).unwrap());
    for service in [PRE_VOTE, crate::raft::network::VOTE] {
        let answer = calls.call(2, service, body.clone(), SOON).await;
        assert!(matches!(answer, Err(CallError::Declined(_))), "{answer:?}");
    }
    assert!(world.nodes[&2].here.group.lock().unwrap().is_none());
    for garbage in [&b""[..], b"nonsense", &[1; 4000]] {
        for service in [PRE_VOTE, crate::raft::network::HEARTBEAT, crate::raft::network::TRANSFER] {
            let answer = calls.call(2, service, Bytes::copy_from_slice(garbage), SOON).await;
            assert!(matches!(answer, Err(CallError::Declined(_))), "{answer:?}");
        }
        for service in [APPEND, SNAPSHOT] {
            let input: Messages =
                Box::pin(futures_util::stream::iter([Ok(Bytes::from([garbage, &[1]].concat()))]));
            let mut answers = calls.stream(2, service, input, SOON).await.unwrap();
            let answer = futures_util::StreamExt::next(&mut answers).await;
            assert!(matches!(answer, Some(Err(CallError::Declined(_)))), "{answer:?}");
        }
    }
    world.shutdown().await;
}
