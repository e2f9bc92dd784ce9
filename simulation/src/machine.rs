//! A machine: what outlives a node's process. Its disk, its data directory, its clock, and the way in while it runs.

use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Weak;
use std::time::Duration;

use cluster::Cluster;
use cluster::journal::MemoryDisk;

use crate::clock::{self, WallError};
use crate::dice::Dice;
use crate::door::Door;

/// A node's journal is in memory here.
pub(crate) type SimCluster = Cluster<MemoryDisk>;

/// How many milliseconds a healthy disk takes to sync.
pub(crate) const HEALTHY_DISK_MS: Range<u64> = 1..6;

/// By then a node has started, and what a slow disk has kept waiting is done.
const CALM_AFTER: Duration = Duration::from_millis(1_500);

/// One machine.
pub(crate) struct Machine {
    /// The node that it is for.
    pub(crate) number: u64,
    pub(crate) data_dir: PathBuf,
    pub(crate) wall_error: WallError,
    /// How long a sync takes.
    pub(crate) disk_ms: RefCell<Range<u64>>,
    pub(crate) dice: Dice,
    /// When something last happened to its power or its disk.
    pub(crate) disturbed: Cell<Duration>,
    disk: RefCell<MemoryDisk>,
    door: RefCell<Option<Door>>,
    /// Not what keeps it alive: a process that has ended leaves nothing behind.
    cluster: RefCell<Weak<SimCluster>>,
}

impl Machine {
    /// With an empty disk.
    pub(crate) fn new(number: u64, data_dir: PathBuf, seed: u64) -> Rc<Self> {
        Rc::new(Self {
            number,
            data_dir,
            wall_error: WallError::default(),
            disk_ms: RefCell::new(HEALTHY_DISK_MS),
            dice: Dice::of(seed, 100 + number),
            disturbed: Cell::default(),
            disk: RefCell::default(),
            door: RefCell::default(),
            cluster: RefCell::default(),
        })
    }

    /// Its name on the network.
    pub(crate) fn name(&self) -> String {
        format!("node-{}", self.number)
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
    }

    /// After the process has ended: the power goes too, and a seeded part of what was not synced with it.
    pub(crate) fn lose_power(&self) {
        *self.door.borrow_mut() = None;
        *self.cluster.borrow_mut() = Weak::new();
        let disk = self.disk.borrow().clone();
        let reached = self.dice.within(0..disk.unsynced() as u64 + 1);
        *self.disk.borrow_mut() = disk.crash_after(reached as usize);
    }

    /// Whether it runs, and has done so undisturbed for a while: what is due is then done at once.
    pub(crate) fn is_calm(&self) -> bool {
        let healthy = *self.disk_ms.borrow() == HEALTHY_DISK_MS && self.door.borrow().is_some();
        healthy && clock::elapsed() > self.disturbed.get() + CALM_AFTER
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
