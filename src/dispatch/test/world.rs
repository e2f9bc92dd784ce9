//! Nodes for these tests: real dispatch and real owners over a journal in memory, between them calls that are carried
//! out at once, break when told to, and are counted. In paused time.

use std::collections::{BTreeMap, BTreeSet};
use std::future::ready;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actors::{CurrentThread, Executor, Observer, Owners, Shell, Start};
use bytes::Bytes;
use cluster::peer::{CallError, Calls, Messages, Service};
use cluster::raft::types::NodeId;
use domain::account::Role;
use domain::event::{Caller, Cancellation, Command, PaymentMethod, PaymentTerms, Sale, SaleTerms, apply};
use domain::ids::{EventId, SeatIndex, UserId};
use domain::ports::{
    BoxFuture, Clock, Journal, JournalFault, Listing, Listings, NoCourier, Opened, Place, Random, Term,
};
use domain::seat_map::{Plan, PlanLayout, PlanSection, SeatMap};
use domain::time::{Reading, ShardTime, SharedTime, UnixMillis};
use futures_util::{StreamExt, stream};
use tokio::sync::{Notify, mpsc, watch};

use crate::dispatch::edge::{Edge, EdgeObserver, OnSale};
use crate::dispatch::ways::{State, Ways};
use crate::dispatch::wire::Batch;
use crate::dispatch::{Dispatch, Parts};
use crate::gateway::TestProvider;
use crate::projections::Feeds;
use cluster::Owner;

pub(super) const EVENT: EventId = EventId::new(7);
pub(super) const BEN: Caller = Caller { user: UserId::new(9), role: Role::Customer };
const START_MS: u64 = 1_000_000;
/// The monotonic clocks of the nodes have nothing in common.
const APART_MS: u64 = 50_000;

#[derive(Clone, Copy)]
pub(super) struct TestClock {
    started: tokio::time::Instant,
    node: NodeId,
}

impl Clock for TestClock {
    fn read(&self) -> Reading {
        #[allow(clippy::disallowed_methods, reason = "tokio's paused clock is the test's clock")]
        let passed = tokio::time::Instant::now().duration_since(self.started).as_millis() as u64;
        let wall = UnixMillis::new(START_MS + passed);
        Reading { wall, monotonic_ms: passed + self.node * APART_MS }
    }
}

struct Zeros;

impl Random for Zeros {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

struct Always;

impl OnSale for Always {
    fn is_on_sale(&self, _event: EventId, _ttl_ms: Option<u64>) -> bool {
        true
    }
}

struct Nobody;

impl EdgeObserver for Nobody {
    fn refused_at_the_edge(&self) {}
}

impl Observer for Nobody {
    fn decided(&self, _kind: &'static str, _outcome: &'static str) {}
    fn entered_mailbox(&self, _commands: usize) {}
    fn left_mailbox(&self, _commands: usize) {}
}

/// Runs actors on the test's thread, wherever they are asked for.
struct There(mpsc::Sender<Start>);

impl Executor for There {
    fn spawn(&self, _event: EventId, start: Start) {
        self.0.try_send(start).map_err(drop).expect("a test has few actors");
    }
}

fn executor() -> There {
    let (sender, mut starts) = mpsc::channel::<Start>(16);
    tokio::task::spawn_local(async move {
        while let Some(start) = starts.recv().await {
            CurrentThread.spawn(EVENT, start);
        }
    });
    There(sender)
}

struct OneEvent;

impl Listings for OneEvent {
    fn listing(&self, _event: EventId) -> BoxFuture<Result<Option<Listing>, JournalFault>> {
        let far = UnixMillis::new(START_MS + 1_000_000_000);
        let terms = SaleTerms {
            organizer: UserId::new(1),
            currency: "EUR".parse().expect("a currency"),
            prices_minor: vec![2_500],
            opens_at: None,
            starts_at: far,
            hold_ms: 600_000,
            per_customer: None,
            cancellation: Cancellation { until: far, fee_percent: 10 },
            charges: None,
            paused: false,
        };
        let layout = PlanLayout::Standing(600);
        let section = PlanSection { name: "Pit".into(), category: "standing".into(), layout };
        let map = SeatMap::build(Plan { sections: vec![section] }).expect("a right plan");
        Box::pin(ready(Ok(Some(Listing { terms, map: Arc::new(map), revision: 1, cancelled: false }))))
    }

    fn revision(&self, _event: EventId) -> Option<u64> {
        Some(1)
    }
}

/// Folds facts at once and calls them committed. A sale opens when the gate is open.
#[derive(Clone)]
pub(super) struct Memory {
    sale: Arc<Mutex<Option<Sale>>>,
    time: SharedTime,
    gate: watch::Receiver<bool>,
}

impl Memory {
    pub(super) fn facts(&self) -> u64 {
        self.sale.lock().unwrap().as_ref().map_or(0, Sale::facts)
    }

    pub(super) fn holds(&self) -> usize {
        self.sale.lock().unwrap().as_ref().map_or(0, Sale::open_holds)
    }
}

impl Journal for Memory {
    fn reserve(&self, _event: EventId) -> Result<Place, JournalFault> {
        let memory = self.clone();
        Ok(Box::new(move |proposal, done| {
            let mut sale = memory.sale.lock().unwrap();
            proposal.facts.iter().for_each(|fact| apply(&mut sale, proposal.event, fact));
            drop(sale);
            done(Ok(()));
        }))
    }

    fn open(&self, _event: EventId) -> BoxFuture<Result<Opened, JournalFault>> {
        let mut memory = self.clone();
        Box::pin(async move {
            memory.gate.wait_for(|open| *open).await.map_err(|_| JournalFault::Closed)?;
            let sale = memory.sale.lock().unwrap().clone();
            Ok(Opened { term: Term(1), sale, time: memory.time.clone() })
        })
    }

    fn term(&self, _event: EventId) -> Option<Term> {
        Some(Term(1))
    }

    fn busy(&self) -> Vec<EventId> {
        Vec::new()
    }
}

/// What a node believes.
pub(super) struct TestWays {
    me: NodeId,
    owner: Mutex<Owner>,
    changed: watch::Sender<u64>,
    /// Where it only follows: how many facts it has.
    behind: Mutex<Option<u64>>,
    progress: watch::Sender<u64>,
    memory: Memory,
    pub(super) learnt: Mutex<Vec<NodeId>>,
}

impl TestWays {
    pub(super) fn believe(&self, owner: Owner) {
        *self.owner.lock().unwrap() = owner;
        self.changed.send_modify(|times| *times += 1);
    }

    pub(super) fn follow(&self, facts: u64) {
        *self.behind.lock().unwrap() = Some(facts);
        self.progress.send_modify(|times| *times += 1);
    }
}

impl Ways for TestWays {
    fn me(&self) -> NodeId {
        self.me
    }

    fn is_gateway(&self) -> bool {
        false
    }

    fn owner(&self, _of: State) -> Owner {
        *self.owner.lock().unwrap()
    }

    fn learn_owner(&self, _event: EventId, owner: NodeId) {
        self.learnt.lock().unwrap().push(owner);
        self.believe(Owner::There(owner));
    }

    fn changed(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    fn members(&self) -> Vec<NodeId> {
        Vec::new()
    }

    fn replicas(&self, _event: EventId) -> Vec<NodeId> {
        Vec::new()
    }

    fn covers(&self, _nodes: &[NodeId]) -> bool {
        true
    }

    fn applied(&self, _of: State) -> Option<u64> {
        Some(self.behind.lock().unwrap().unwrap_or_else(|| self.memory.facts()))
    }

    fn progress(&self, _of: State) -> watch::Receiver<u64> {
        self.progress.subscribe()
    }
}

/// What happens between the nodes.
#[derive(Default)]
pub(super) struct Net {
    nodes: Mutex<BTreeMap<NodeId, (Dispatch, TestClock)>>,
    /// Cannot be reached.
    pub(super) down: Mutex<BTreeSet<NodeId>>,
    /// Streams are opened only once this is set and told.
    pub(super) held: AtomicBool,
    pub(super) release: Notify,
    /// Whatever is sent arrives, and no answer ever comes back: the stream breaks.
    pub(super) deaf: AtomicBool,
    /// Commands in each batch, as they were sent, and to whom.
    pub(super) sent: Mutex<Vec<(NodeId, usize)>>,
    pub(super) pings: AtomicUsize,
}

struct From(NodeId, Arc<Net>);

impl Net {
    fn node(&self, id: NodeId) -> Result<Dispatch, CallError> {
        let reachable = !self.down.lock().unwrap().contains(&id);
        let node = self.nodes.lock().unwrap().get(&id).map(|(dispatch, _)| dispatch.clone());
        node.filter(|_| reachable).ok_or_else(|| CallError::Unreachable("not there".to_owned()))
    }

    fn count(&self, to: NodeId, message: &Bytes) {
        let batch = Batch::decode(message).expect("a batch");
        let commands =
            batch.requests.as_slice().iter().map(|request| request.commands.as_slice().len()).sum();
        self.sent.lock().unwrap().push((to, commands));
    }
}

impl Calls for From {
    fn call(&self, to: NodeId, _: Service, body: Bytes, _: Duration) -> BoxFuture<Result<Bytes, CallError>> {
        self.1.pings.fetch_add(1, Ordering::SeqCst);
        Box::pin(ready(self.1.node(to).and_then(|_| Dispatch::answer_call(&body))))
    }

    fn stream(
        &self,
        to: NodeId,
        _: Service,
        input: Messages,
        _: Duration,
    ) -> BoxFuture<Result<Messages, CallError>> {
        let (from, net) = (self.0, self.1.clone());
        Box::pin(async move {
            if net.held.load(Ordering::SeqCst) {
                net.release.notified().await;
            }
            let node = net.node(to)?;
            let (counting, net) = (net.clone(), net);
            let input = input.inspect(move |message| counting.count(to, message.as_ref().expect("sent")));
            let mut answers = node.answer_stream(from, Box::pin(input));
            if !net.deaf.load(Ordering::SeqCst) {
                return Ok(answers);
            }
            let broken = stream::once(async move {
                let _unheard = answers.next().await;
                Err(CallError::Lost("broken".to_owned()))
            });
            Ok(Box::pin(broken) as Messages)
        })
    }

    fn clock_of(&self, to: NodeId) -> Option<u64> {
        if self.1.pings.load(Ordering::SeqCst) == 0 {
            return None;
        }
        self.1.nodes.lock().unwrap().get(&to).map(|(_, clock)| clock.read().monotonic_ms)
    }
}

pub(super) struct Node {
    pub(super) dispatch: Dispatch,
    pub(super) ways: Arc<TestWays>,
    pub(super) memory: Memory,
    pub(super) clock: TestClock,
    /// Whether sales open.
    pub(super) gate: watch::Sender<bool>,
}

/// Plays `play` with nodes 1, 2 and 3, of which nobody owns anything.
pub(super) fn nodes<F: Future<Output = ()>>(play: impl FnOnce([Node; 3], Arc<Net>) -> F) {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let net = Arc::<Net>::default();
        let nodes = [1, 2, 3].map(|id| node(id, &net));
        tokio::time::timeout(Duration::from_secs(3_600), play(nodes, net)).await.expect("the scene ends");
    });
}

fn node(id: NodeId, net: &Arc<Net>) -> Node {
    #[allow(clippy::disallowed_methods, reason = "tokio's paused clock is the test's clock")]
    let clock = TestClock { started: tokio::time::Instant::now(), node: id };
    let gate = watch::Sender::new(true);
    let reading = clock.read();
    let time = Arc::new(Mutex::new(ShardTime::resume(reading.wall, reading)));
    let memory = Memory { sale: Arc::default(), time, gate: gate.subscribe() };
    let shell = Shell {
        journal: Arc::new(memory.clone()),
        listings: Arc::new(OneEvent),
        courier: Arc::new(NoCourier),
        gateway: Arc::new(TestProvider),
        clock: Arc::new(clock),
        random: Arc::new(Zeros),
        observer: Arc::new(Nobody),
        mailbox_capacity: 4_096,
    };
    let ways = Arc::new(TestWays {
        me: id,
        owner: Mutex::new(Owner::Nobody),
        changed: watch::Sender::new(0),
        behind: Mutex::default(),
        progress: watch::Sender::new(0),
        memory: memory.clone(),
        learnt: Mutex::default(),
    });
    let calls = Arc::new(From(id, net.clone()));
    let edge = Edge::new(Feeds::new(ways.clone(), calls.clone()), Arc::new(Always), Arc::new(Nobody));
    let dispatch = Dispatch::new(Parts {
        edge,
        owners: Arc::new(Owners::new(shell, Arc::new(executor()))),
        ways: ways.clone(),
        calls,
        clock: Arc::new(clock),
        pending_after: Duration::from_secs(10),
        patience: Duration::from_secs(30),
    });
    net.nodes.lock().unwrap().insert(id, (dispatch.clone(), clock));
    Node { dispatch, ways, memory, clock, gate }
}

pub(super) fn hold(seat: u32) -> Command {
    Command::HoldExact { seats: vec![SeatIndex::new(seat)], ttl_ms: None }
}

/// Hold and pay, with a card that takes twelve seconds.
pub(super) fn buy_slowly(seat: u32) -> Command {
    let method = PaymentMethod { provider: "test".to_owned(), token: "tok_slow".to_owned() };
    let payment = PaymentTerms { method, timeout_ms: 30_000 };
    Command::HoldAndBook { seats: vec![SeatIndex::new(seat)], payment }
}

/// Lets everything run that can.
pub(super) async fn settle() {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
}
