//! A machine: what outlives a node's process. Its disk, its data directory, its clock, and the way in while it runs.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::ops::Range;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Weak;
use std::time::Duration;

use cluster::journal::MemoryDisk;
use cluster::{Cluster, LayoutOrder};
use domain::ids::EventId;
use domain::ports::Journal as _;
use tokio::runtime::Handle;

use crate::clock::{self, WallError};
use crate::dice::Dice;
use crate::door::Door;

/// A node's journal is in memory here.
pub(crate) type SimCluster = Cluster<MemoryDisk>;

/// How many milliseconds a healthy disk takes to sync.
pub(crate) const HEALTHY_DISK_MS: Range<u64> = 1..6;

/// By then a node has started, every shard has an owner, and what a slow disk has kept waiting is done.
pub(crate) const CALM_AFTER: Duration = Duration::from_millis(5_500);

/// What an operator has a node do.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Deed {
    /// See to it that the layout becomes another one.
    Order(LayoutOrder),
    /// Give every leadership away, because the process is about to stop.
    HandOver,
}

/// What a machine is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It forms the cluster.
    Founder,
    /// It joins the cluster.
    Storage,
    /// It joins, and has no replicas.
    Gateway,
}

/// One machine.
pub(crate) struct Machine {
    /// The node that it is for.
    pub(crate) number: u64,
    pub(crate) kind: Kind,
    pub(crate) data_dir: PathBuf,
    pub(crate) wall_error: WallError,
    /// How long a sync takes.
    pub(crate) disk_ms: RefCell<Range<u64>>,
    pub(crate) dice: Dice,
    /// When something last happened to its power or its disk.
    pub(crate) disturbed: Cell<Duration>,
    /// Where the peer listeners of all other machines are.
    pub(crate) others: Vec<String>,
    pub(crate) deeds: RefCell<VecDeque<Deed>>,
    /// Whether it has been there from the beginning, or was bought since.
    pub(crate) is_there: Cell<bool>,
    /// Whether it has ever belonged to a cluster: one that has does not form another.
    pub(crate) belongs: Cell<bool>,
    /// Whether the program on it is of the version after this one.
    pub(crate) is_upgraded: Cell<bool>,
    disk: RefCell<MemoryDisk>,
    door: RefCell<Option<Door>>,
    /// Not what keeps it alive: a process that has ended leaves nothing behind.
    cluster: RefCell<Weak<SimCluster>>,
    /// Each process has a clock of its own, by which it counts its leases.
    runtime: RefCell<Option<Handle>>,
}

impl Machine {
    /// With an empty disk.
    pub(crate) fn new(
        number: u64,
        kind: Kind,
        others: Vec<String>,
        data_dir: PathBuf,
        seed: u64,
    ) -> Rc<Self> {
        Rc::new(Self {
            number,
            kind,
            others,
            deeds: RefCell::default(),
            is_there: Cell::new(true),
            belongs: Cell::new(false),
            is_upgraded: Cell::new(false),
            data_dir,
            wall_error: WallError::default(),
            disk_ms: RefCell::new(HEALTHY_DISK_MS),
            dice: Dice::of(seed, 100 + number),
            disturbed: Cell::default(),
            disk: RefCell::default(),
            door: RefCell::default(),
            cluster: RefCell::default(),
            runtime: RefCell::default(),
        })
    }

    /// Its name on the network.
    pub(crate) fn name(&self) -> String {
        name(self.number)
    }

    /// A process begins: the disk that it finds.
    pub(crate) fn boot(&self) -> MemoryDisk {
        let disk = self.disk.borrow().clone();
        disk.hold();
        disk
    }

    /// The process is ready.
    pub(crate) fn admit(&self, cluster: Weak<SimCluster>, door: Door) {
        *self.cluster.borrow_mut() = cluster;
        *self.door.borrow_mut() = Some(door);
        *self.runtime.borrow_mut() = Some(Handle::current());
    }

    /// Whether its node owns `event` now, by its own clock.
    pub(crate) fn owns(&self, event: EventId) -> bool {
        let runtime = self.runtime.borrow();
        let (Some(runtime), Some(cluster)) = (&*runtime, self.cluster()) else { return false };
        let _there = runtime.enter();
        cluster.term(event).is_some()
    }

    /// After the process has ended: the power goes too, and a seeded part of what was not synced with it.
    pub(crate) fn lose_power(&self) {
        *self.door.borrow_mut() = None;
        *self.runtime.borrow_mut() = None;
        *self.cluster.borrow_mut() = Weak::new();
        let disk = self.disk.borrow().clone();
        let reached = self.dice.within(0..disk.unsynced() as u64 + 1);
        *self.disk.borrow_mut() = disk.crash_after(reached as usize);
    }

    /// While it is off: everything on its disk is gone for good.
    ///
    /// # Errors
    /// When the files of this machine cannot be removed.
    pub(crate) fn lose_disk(&self) -> std::io::Result<()> {
        *self.disk.borrow_mut() = MemoryDisk::new();
        if self.data_dir.exists() { std::fs::remove_dir_all(&self.data_dir) } else { Ok(()) }
    }

    /// Whether it runs, and has done so undisturbed for a while: what is due is then done at once.
    pub(crate) fn is_calm(&self) -> bool {
        let runs = self.door.borrow().is_some() || !self.is_there.get();
        runs && *self.disk_ms.borrow() == HEALTHY_DISK_MS
            && clock::elapsed() > self.disturbed.get() + CALM_AFTER
    }

    /// The way in, while the process is ready.
    pub(crate) fn door(&self) -> Option<Door> {
        self.door.borrow().clone()
    }

    /// The replicas of its node, while the process is ready.
    pub(crate) fn cluster(&self) -> Option<std::sync::Arc<SimCluster>> {
        self.cluster.borrow().upgrade()
    }
}

/// The name of a machine on the network.
pub(crate) fn name(number: u64) -> String {
    format!("node-{number}")
}
