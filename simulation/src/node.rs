//! A node's process, from its start to the crash that ends it: what `onsale::wiring` does for a real one, without HTTP.

use std::rc::Rc;
use std::sync::{Arc, Weak};
use std::time::Duration;

use actors::{Observer, Owners, Shell};
use cluster::journal::MemoryDisk;
use cluster::peer::{Answers, Bytes, CallError, Messages, PeerSecret, SPOKEN};
use cluster::placement::layout::Addresses;
use cluster::raft::types::NodeId;
use cluster::{ClusterConfig, ClusterError, Owner, SnapshotSettings};
use domain::ports::{BoxFuture, NoCourier};
use onsale::clock::SystemRandom;
use onsale::dispatch::edge::{Edge, EdgeObserver, OnSale};
use onsale::dispatch::{Dispatch, Parts};
use onsale::listings::Directory;
use onsale::projections::Feeds;
use tokio::sync::mpsc;
use tokio::task::spawn_local;
use tokio::time::sleep;

use crate::clock::SimClock;
use crate::door::{self, Request};
use crate::executor::Here;
use crate::machine::{Deed, Kind, Machine, SimCluster};
use crate::network::{self, SimDial};
use crate::provider::Provider;
use crate::stage::Stage;
use crate::trace::{Commits, Trace};

/// Few, so that raft's own traffic does not drown what is to be seen.
pub(crate) const SHARDS: u16 = 2;
const REPLICATION: u16 = 3;
/// Snapshots come often, so that many crashes meet one.
const SNAPSHOTS: SnapshotSettings =
    SnapshotSettings { every_entries: 40, keep_entries: 10, send_bytes_per_second: 1 << 20 };
const QUEUE: usize = 64;
/// A payment that takes longer is answered as pending.
pub(crate) const PENDING_AFTER: Duration = Duration::from_secs(2);
/// Nobody waits longer for an answer, and no command is decided later than this after its coming.
pub(crate) const PATIENCE: Duration = Duration::from_secs(4);
/// Between two tries to start, and two looks at what is to be done.
const AGAIN: Duration = Duration::from_millis(1_000);
const LOOK: Duration = Duration::from_millis(50);
const HAND_OVER_WITHIN: Duration = Duration::from_secs(2);

/// What every node's process has to do with.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) stage: Rc<Stage>,
    pub(crate) provider: Provider,
    pub(crate) trace: Trace,
}

/// Runs the node of `machine`. A node that is not let in is started again, as by whoever looks after its process.
pub(crate) async fn run(machine: Rc<Machine>, world: World) -> turmoil::Result {
    while !machine.is_there.get() {
        sleep(LOOK).await;
    }
    let disk = machine.boot();
    spawn_local(sync(machine.clone(), disk.clone()));
    let clock = Arc::new(SimClock::start(machine.wall_error.clone()));
    loop {
        match SimCluster::open_here(config(&machine, &world, clock.clone())?, disk.clone()).await {
            Ok(cluster) => {
                machine.belongs.set(true);
                return serve(machine, world, clock, Arc::new(cluster)).await;
            }
            Err(ClusterError::NotAdmitted(why)) => {
                world.trace.note(format_args!("{} is not admitted: {why}", machine.number));
                sleep(AGAIN).await;
            }
            Err(fault) => return Err(format!("node {} does not start: {fault}", machine.number).into()),
        }
    }
}

async fn serve(
    machine: Rc<Machine>,
    world: World,
    clock: Arc<SimClock>,
    cluster: Arc<SimCluster>,
) -> turmoil::Result {
    spawn_local(network::serve_peers(network::listen().await?, cluster.clone()));
    let shell = Shell {
        journal: cluster.clone(),
        listings: Arc::new(Directory::new(cluster.clone())),
        courier: Arc::new(NoCourier),
        gateway: Arc::new(world.provider.clone()),
        clock: clock.clone(),
        random: Arc::new(SystemRandom),
        observer: Arc::new(Nobody),
        mailbox_capacity: 64,
    };
    let owners = Arc::new(Owners::new(shell, Arc::new(Here::start())));
    let feeds = Feeds::new(cluster.clone(), cluster.calls());
    let dispatch = Arc::new(Dispatch::new(Parts {
        owners: owners.clone(),
        ways: cluster.clone(),
        calls: cluster.calls(),
        clock,
        pending_after: PENDING_AFTER,
        patience: PATIENCE,
        edge: Edge::new(feeds, Arc::new(NoEdge), Arc::new(NoEdge)),
    }));
    let supervising = owners.clone();
    spawn_local(async move { supervising.supervise().await });
    spawn_local(look_around(cluster.clone(), owners));
    cluster.ready().await;
    cluster.answer_with(Arc::new(Commands(Arc::downgrade(&dispatch))));
    spawn_local(open_house(cluster.clone(), world.stage));
    spawn_local(obey(machine.clone(), cluster.clone(), world.trace));
    let (door, requests) = door::open();
    machine.admit(Arc::downgrade(&cluster), door);
    answer(dispatch, requests).await;
    Ok(())
}

fn config(machine: &Machine, world: &World, clock: Arc<SimClock>) -> turmoil::Result<ClusterConfig> {
    let number = machine.number;
    // Whatever it is, no fault of this world may cause it: the run fails by the panic.
    let on_fatal = Arc::new(move |message| panic!("node {number} has failed: {message}"));
    let nowhere = || "nowhere".to_owned();
    let forms = machine.kind == Kind::Founder && !machine.belongs.get();
    Ok(ClusterConfig {
        node: u32::try_from(number)?,
        shards: SHARDS,
        replication: REPLICATION,
        addresses: Addresses { http: nowhere(), admin: nowhere(), peer: network::address_of(number) },
        join: if forms { Vec::new() } else { machine.others.clone() },
        gateway: machine.kind == Kind::Gateway,
        secret: PeerSecret::new(b"known to every node of this world").map_err(|short| short.to_string())?,
        spoken: *SPOKEN.start()..=*SPOKEN.end() + u16::from(machine.is_upgraded.get()),
        dial: Arc::new(SimDial),
        snapshots: SNAPSHOTS,
        queue_capacity: QUEUE,
        journal_capacity: QUEUE,
        random: Arc::new(SystemRandom),
        clock,
        commits: Arc::new(Commits { node: number, trace: world.trace.clone() }),
        ..ClusterConfig::alone(machine.data_dir.clone(), on_fatal)
    })
}

/// The platters: makes durable what somebody waits for, after the time that the disk takes.
async fn sync(machine: Rc<Machine>, disk: MemoryDisk) {
    loop {
        disk.wanted().await;
        let takes = machine.dice.ms(machine.disk_ms.borrow().clone());
        sleep(takes).await;
        disk.sync();
    }
}

/// Has sales that this node has begun to own looked after at once.
async fn look_around(cluster: Arc<SimCluster>, owners: Arc<Owners>) {
    let mut changes = cluster.route_changes();
    while changes.changed().await.is_ok() {
        owners.look_around();
    }
}

/// Has the events put into the catalogue by whichever node leads it.
async fn open_house(cluster: Arc<SimCluster>, stage: Rc<Stage>) {
    while !stage.is_set(&cluster) {
        if cluster.directory_owner() == Owner::Here {
            // Where it is not possible now another look will tell.
            let _ = stage.set_up(&cluster).await;
        }
        sleep(LOOK).await;
    }
}

/// Does what the operator says.
async fn obey(machine: Rc<Machine>, cluster: Arc<SimCluster>, trace: Trace) {
    loop {
        sleep(LOOK).await;
        let deed = machine.deeds.borrow_mut().pop_front();
        match deed {
            Some(Deed::Order(order)) => {
                let ordered = cluster.order("the operator", order.clone(), false).await;
                trace.note(format_args!("{order:?} at {}: {:?}", machine.number, ordered.is_ok()));
            }
            Some(Deed::HandOver) => cluster.hand_over(HAND_OVER_WITHIN).await,
            None => {}
        }
    }
}

async fn answer(dispatch: Arc<Dispatch>, mut requests: mpsc::Receiver<Request>) {
    while let Some(Request { event, command, caller, key, answer }) = requests.recv().await {
        let dispatch = dispatch.clone();
        spawn_local(async move {
            let reply = dispatch.command(event, command, caller, key).await;
            // A client that has given up is not told.
            let _ = answer.send(reply);
        });
    }
}

/// Answers what other nodes forward. Weak, since what answers has the cluster, which has this: a process that has ended
/// must leave nothing behind.
struct Commands(Weak<Dispatch>);

impl Answers for Commands {
    fn call(&self, _from: NodeId, service: &str, body: Bytes) -> BoxFuture<Result<Bytes, CallError>> {
        let answer = match service {
            "commands" => Dispatch::answer_call(&body),
            other => Err(CallError::Declined(format!("no such service: {other}"))),
        };
        Box::pin(std::future::ready(answer))
    }

    fn stream(&self, from: NodeId, service: &str, input: Messages) -> BoxFuture<Result<Messages, CallError>> {
        let answer = match (service, self.0.upgrade()) {
            ("commands", Some(dispatch)) => Ok(dispatch.answer_stream(from, input)),
            (other, _) => Err(CallError::Declined(format!("no such service: {other}"))),
        };
        Box::pin(std::future::ready(answer))
    }
}

/// Counts nothing.
struct Nobody;

impl Observer for Nobody {
    fn decided(&self, _kind: &'static str, _outcome: &'static str) {}
    fn entered_mailbox(&self, _commands: usize) {}
    fn left_mailbox(&self, _commands: usize) {}
}

/// Refuses nothing: what is to be judged is what owners decide.
struct NoEdge;

impl OnSale for NoEdge {
    fn is_on_sale(&self, _event: domain::ids::EventId, _ttl_ms: Option<u64>) -> bool {
        false
    }
}

impl EdgeObserver for NoEdge {
    fn refused_at_the_edge(&self) {}
}
