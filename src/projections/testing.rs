//! Nodes for these tests, in paused time: sources over sales that are made up, and calls to them that are carried out at
//! once, or not at all.

use std::collections::{BTreeMap, BTreeSet};
use std::future::ready;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cluster::Owner;
use cluster::peer::{Bytes, CallError, Calls, Messages, Service};
use cluster::raft::types::NodeId;
use domain::event::{Counts, SeatStatus};
use domain::ids::{EventId, SeatIndex};
use domain::ports::{BoxFuture, Clock};
use domain::time::{Reading, UnixMillis};
use futures_util::StreamExt;
use tokio::sync::watch;

use super::counts::answer;
use super::replicas::{Replicas, Seats};
use super::source::Source;
use super::statuses::Statuses;
use crate::clock::Moment;
use crate::dispatch::ways::{State, Ways};

pub(crate) const EVENT: EventId = EventId::new(7);

/// The replicas of one node.
#[derive(Default)]
pub(crate) struct Sales {
    sales: Mutex<BTreeMap<EventId, Seats>>,
    owned: Mutex<bool>,
}

impl Sales {
    /// The sale of `event` with so many seats, all free.
    pub(crate) fn open(&self, event: EventId, seats: u32) {
        let statuses = Statuses::all_free(seats);
        self.sales.lock().unwrap().insert(event, Seats { facts: 1, version: 0, statuses });
    }

    /// One more fact.
    pub(crate) fn set(&self, event: EventId, seat: u32, status: SeatStatus) {
        let mut sales = self.sales.lock().unwrap();
        let seats = sales.get_mut(&event).expect("it is open");
        (seats.facts, seats.version) = (seats.facts + 1, seats.version + 1);
        seats.statuses.set(SeatIndex::new(seat), status);
    }

    pub(crate) fn own(&self, owned: bool) {
        *self.owned.lock().unwrap() = owned;
    }

    pub(crate) fn forget(&self, event: EventId) {
        self.sales.lock().unwrap().remove(&event);
    }
}

impl Replicas for Sales {
    fn facts(&self, event: EventId) -> Option<u64> {
        self.sales.lock().unwrap().get(&event).map(|seats| seats.facts)
    }

    fn seats(&self, event: EventId) -> Seats {
        self.sales.lock().unwrap().get(&event).cloned().unwrap_or_default()
    }

    fn counts(&self, event: EventId) -> Option<Counts> {
        let seats = self.seats(event);
        (seats.facts > 0).then(|| seats.statuses.counts())
    }

    fn unled(&self, _event: EventId) -> Duration {
        Duration::ZERO
    }

    fn lists(&self, event: EventId) -> bool {
        self.sales.lock().unwrap().contains_key(&event)
    }

    fn owns(&self, _event: EventId) -> bool {
        *self.owned.lock().unwrap()
    }
}

/// Its own for every node: they have nothing in common.
#[derive(Clone, Copy)]
pub(crate) struct TestClock {
    started: Moment,
    node: NodeId,
}

impl TestClock {
    pub(crate) fn new(node: NodeId) -> Self {
        Self { started: Moment::now(), node }
    }
}

impl Clock for TestClock {
    fn read(&self) -> Reading {
        let passed = self.started.age().as_millis() as u64;
        Reading { wall: UnixMillis::new(passed), monotonic_ms: 10_000 + passed + 5_000 * self.node }
    }
}

/// What happens between the nodes.
#[derive(Default)]
pub(crate) struct Net {
    nodes: Mutex<BTreeMap<NodeId, (Arc<Sales>, Source)>>,
    /// Whatever is asked or said there is never heard.
    pub(crate) silent: Mutex<BTreeSet<NodeId>>,
    /// Streams and calls, and to whom.
    pub(crate) asked: Mutex<Vec<(&'static str, NodeId)>>,
}

impl Net {
    /// A node with these replicas.
    pub(crate) fn add(&self, node: NodeId) -> Arc<Sales> {
        let sales = Arc::<Sales>::default();
        let source = Source::new(sales.clone(), Arc::new(TestClock::new(node)));
        self.nodes.lock().unwrap().insert(node, (sales.clone(), source));
        sales
    }

    pub(crate) fn asked(&self) -> Vec<(&'static str, NodeId)> {
        self.asked.lock().unwrap().clone()
    }

    fn is_silent(&self, node: NodeId) -> bool {
        self.silent.lock().unwrap().contains(&node)
    }

    fn node(&self, node: NodeId, service: Service) -> Result<(Arc<Sales>, Source), CallError> {
        self.asked.lock().unwrap().push((service.name, node));
        let found = self.nodes.lock().unwrap().get(&node).cloned();
        found.ok_or_else(|| CallError::Unreachable("no such node".to_owned()))
    }
}

/// The calls of node 9.
pub(crate) struct FromGateway(pub(crate) Arc<Net>);

impl Calls for FromGateway {
    fn call(
        &self,
        to: NodeId,
        service: Service,
        body: Bytes,
        _: Duration,
    ) -> BoxFuture<Result<Bytes, CallError>> {
        let answered = match self.0.node(to, service) {
            Ok(_) if self.0.is_silent(to) => Err(CallError::Lost("silent".to_owned())),
            Ok((sales, _)) => answer(&*sales, &body),
            Err(error) => Err(error),
        };
        Box::pin(ready(answered))
    }

    fn stream(
        &self,
        to: NodeId,
        service: Service,
        input: Messages,
        _: Duration,
    ) -> BoxFuture<Result<Messages, CallError>> {
        let opened = self.0.node(to, service).and_then(|(_, source)| source.stream(9, input));
        let net = self.0.clone();
        let heard = opened.map(|said| Box::pin(said.filter(move |_| ready(!net.is_silent(to)))) as Messages);
        Box::pin(ready(heard))
    }

    fn clock_of(&self, _to: NodeId) -> Option<u64> {
        None
    }
}

/// What the gateway believes.
pub(crate) struct TestWays {
    replicas: Mutex<Vec<NodeId>>,
    changed: watch::Sender<u64>,
}

impl TestWays {
    pub(crate) fn new(replicas: &[NodeId]) -> Arc<Self> {
        Arc::new(Self { replicas: Mutex::new(replicas.to_vec()), changed: watch::Sender::new(0) })
    }

    /// From now on these have replicas, the owner first.
    pub(crate) fn believe(&self, replicas: &[NodeId]) {
        *self.replicas.lock().unwrap() = replicas.to_vec();
        self.changed.send_modify(|times| *times += 1);
    }
}

impl Ways for TestWays {
    fn me(&self) -> NodeId {
        9
    }

    fn is_gateway(&self) -> bool {
        true
    }

    fn owner(&self, _of: State) -> Owner {
        self.replicas.lock().unwrap().first().map_or(Owner::Nobody, |node| Owner::There(*node))
    }

    fn learn_owner(&self, _event: EventId, _owner: NodeId) {}

    fn changed(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    fn members(&self) -> Vec<NodeId> {
        self.replicas.lock().unwrap().clone()
    }

    fn replicas(&self, _event: EventId) -> Vec<NodeId> {
        self.members()
    }

    fn covers(&self, _nodes: &[NodeId]) -> bool {
        false
    }

    fn applied(&self, _of: State) -> Option<u64> {
        None
    }

    fn progress(&self, _of: State) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }
}

pub(crate) async fn pass(ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await;
}
