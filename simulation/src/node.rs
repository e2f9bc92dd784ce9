//! A node's process, from its start to the crash that ends it: what `onsale::wiring` does for a real one, without HTTP.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actors::{CurrentThread, Observer, Owners, Shell};
use cluster::journal::MemoryDisk;
use cluster::{ClusterConfig, SnapshotSettings};
use domain::ids::EventId;
use domain::ports::{BoxFuture, JournalFault, Listing, Listings};
use onsale::clock::SystemRandom;
use onsale::dispatch::{Dispatch, Parts};
use tokio::sync::mpsc;
use tokio::task::spawn_local;

use crate::clock::SimClock;
use crate::door::{self, Request};
use crate::machine::{Machine, SimCluster};
use crate::provider::Provider;
use crate::stage::Stage;
use crate::trace::{Commits, Trace};

/// Few, so that raft's own traffic does not drown what is to be seen.
const SHARDS: u16 = 2;
/// Snapshots come often, so that many crashes meet one.
const SNAPSHOTS: SnapshotSettings =
    SnapshotSettings { every_entries: 40, keep_entries: 10, send_bytes_per_second: 1 << 20 };
const QUEUE: usize = 64;
/// A payment that takes longer is answered as pending.
pub(crate) const PENDING_AFTER: Duration = Duration::from_secs(2);
/// Nobody waits longer for an answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// What every node's process has to do with.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) stage: Rc<Stage>,
    pub(crate) provider: Provider,
    pub(crate) trace: Trace,
}

/// Runs the node of `machine`.
pub(crate) async fn run(machine: Rc<Machine>, world: World) -> turmoil::Result {
    let disk = machine.boot();
    spawn_local(sync(machine.clone(), disk.clone()));
    let clock = Arc::new(SimClock::start(machine.wall_error.clone()));
    let config = config(&machine, &world, clock.clone());
    let cluster = Arc::new(SimCluster::open_here(config, disk).await?);
    world.stage.set_up(&cluster).await?;
    let shell = Shell {
        journal: cluster.clone(),
        listings: Arc::new(Directory(cluster.clone())),
        gateway: Arc::new(world.provider.clone()),
        clock: clock.clone(),
        random: Arc::new(SystemRandom),
        observer: Arc::new(Nobody),
        mailbox_capacity: 64,
    };
    let owners = Arc::new(Owners::new(shell, Arc::new(CurrentThread)));
    let dispatch = Dispatch::new(Parts {
        owners: owners.clone(),
        ways: cluster.clone(),
        calls: cluster.calls(),
        clock,
        pending_after: PENDING_AFTER,
        patience: PATIENCE,
    });
    spawn_local(async move { owners.supervise().await });
    let (door, requests) = door::open();
    machine.admit(Arc::downgrade(&cluster), door);
    serve(dispatch, requests).await;
    Ok(())
}

fn config(machine: &Machine, world: &World, clock: Arc<SimClock>) -> ClusterConfig {
    let number = machine.number;
    // Whatever it is, no fault of this world may cause it: the run fails by the panic.
    let on_fatal = Arc::new(move |message| panic!("node {number} has failed: {message}"));
    ClusterConfig {
        node: number as u32,
        shards: SHARDS,
        snapshots: SNAPSHOTS,
        queue_capacity: QUEUE,
        journal_capacity: QUEUE,
        random: Arc::new(SystemRandom),
        clock,
        commits: Arc::new(Commits { node: number, trace: world.trace.clone() }),
        ..ClusterConfig::alone(machine.data_dir.clone(), on_fatal)
    }
}

/// The platters: makes durable what somebody waits for, after the time that the disk takes.
async fn sync(machine: Rc<Machine>, disk: MemoryDisk) {
    loop {
        disk.wanted().await;
        let takes = machine.dice.ms(machine.disk_ms.borrow().clone());
        tokio::time::sleep(takes).await;
        disk.sync();
    }
}

async fn serve(dispatch: Dispatch, mut requests: mpsc::Receiver<Request>) {
    while let Some(Request { event, command, caller, key, answer }) = requests.recv().await {
        let dispatch = dispatch.clone();
        spawn_local(async move {
            let reply = dispatch.command(event, command, caller, key).await;
            // A client that has given up is not told.
            let _ = answer.send(reply);
        });
    }
}

/// Listings from the node's own directory.
struct Directory(Arc<SimCluster>);

impl Listings for Directory {
    fn listing(&self, event: EventId) -> BoxFuture<Result<Option<Listing>, JournalFault>> {
        let listing = self.0.with_catalogue(|catalogue| catalogue.listing(event));
        Box::pin(std::future::ready(Ok(listing)))
    }
}

/// Counts nothing.
struct Nobody;

impl Observer for Nobody {
    fn decided(&self, _kind: &'static str, _outcome: &'static str) {}
    fn entered_mailbox(&self, _commands: usize) {}
    fn left_mailbox(&self, _commands: usize) {}
}
