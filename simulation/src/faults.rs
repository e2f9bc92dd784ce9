//! What breaks, and when it is whole again: a plan made from the seed before the run begins. What depends on how things
//! then are, such as who owns an event, is found out when it happens.

use std::ops::Range;
use std::time::Duration;

use cluster::LayoutOrder;

use crate::dice::Dice;
use crate::machine::{Deed, HEALTHY_DISK_MS};

/// Nothing breaks before the nodes have found each other.
pub(crate) const BEGINS: Duration = Duration::from_secs(6);
/// Between two faults at most, most of the time less.
const PAUSE_MS: Range<u64> = 200..4_500;
/// Now and then all is quiet for so long that the nodes come to rest.
const REST_MS: Range<u64> = 6_000..10_000;
/// Wall clocks go wrong this seldom, so that what one jump does to a shard's time is made good before the next.
const BETWEEN_JUMPS_MS: u64 = 10_000;
/// How long a wall clock is wrong.
const JUMP_MS: u64 = 3_000;
/// A disk that hangs.
const HUNG_MS: Range<u64> = 800..2_000;
const HOUR_MS: i64 = 3_600_000;

/// The machines: storage nodes first, then the gateway, and one more storage node, which is bought later or never.
pub(crate) const STORAGE: usize = 3;
/// Where the gateway is among them.
pub(crate) const GATEWAY: usize = STORAGE;
/// Where the late one is.
pub(crate) const LATE: usize = STORAGE + 1;
/// All of them.
pub(crate) const MACHINES: usize = STORAGE + 2;

/// Who is meant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Whom {
    /// This machine.
    Machine(usize),
    /// Whoever owns this event then.
    Owner(usize),
}

/// What may be wrong with the way from one machine to another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Way {
    /// Nothing.
    Whole,
    /// Nothing gets through in either direction.
    Cut,
    /// Nothing gets through in this direction.
    Mute,
    /// Nothing gets through in the other direction.
    Deaf,
    /// Everything is kept back, and comes when the way is whole again.
    Held,
}

/// A crash.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Crash {
    pub(crate) whom: Whom,
    /// Its connections are not closed: the others find out by the silence.
    pub(crate) silent: bool,
    /// Its disk is lost with it.
    pub(crate) for_good: bool,
    pub(crate) down: Duration,
}

/// One thing that happens to the world.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Step {
    /// A node's power goes, and comes back after a while.
    Crash(Crash),
    /// It comes back.
    Start(usize),
    /// A disk takes so many milliseconds.
    Disk(usize, Range<u64>),
    /// A wall clock is so many milliseconds wrong.
    Wall(usize, i64),
    /// Clients lose so many of their messages.
    Loss(f64),
    /// So many messages between nodes break the way that they go.
    LinkLoss(f64),
    /// Messages between nodes take up to so long.
    Latency(Duration),
    /// The way between two machines.
    Way(usize, usize, Way),
    /// The ways between one machine and all others are so for a while.
    Isolate(Whom, Way, Duration),
    /// An operator gives an order to a node.
    Do(Whom, Deed),
    /// A fourth storage node is bought.
    Grow,
    /// From its next start on a machine runs the next version of the program.
    Upgrade(usize),
    /// All is well from now on.
    Heal,
}

/// Everything that happens in one run up to `healed`, in order of time, ending with all being well.
pub(crate) fn plan(healed: Duration, events: usize, dice: &Dice) -> Vec<(Duration, Step)> {
    let end_ms = healed.as_millis() as u64;
    let wipes = dice.chance(0.4);
    let mut plan = Plan { dice, events, steps: Vec::new(), jumps_from_ms: 0, may_wipe: wipes };
    let mut at_ms = BEGINS.as_millis() as u64;
    if dice.chance(0.5) {
        plan.steps.push((dice.within(at_ms..end_ms / 2 + at_ms), Step::Grow));
    }
    if dice.chance(0.5) {
        plan.upgrade(at_ms, end_ms);
    }
    while at_ms < end_ms {
        plan.fault(at_ms);
        at_ms += if dice.chance(0.1) { dice.within(REST_MS) } else { dice.within(PAUSE_MS) };
    }
    // Some runs end in the dark, so that what a start finds is all that there is to go on with.
    if dice.chance(0.3) {
        (0..STORAGE).for_each(|node| plan.crash(Whom::Machine(node), end_ms.saturating_sub(700)));
    }
    let mut steps: Vec<_> = plan.steps.into_iter().filter(|(at_ms, _)| *at_ms < end_ms).collect();
    steps.push((end_ms, Step::Heal));
    // Stable, so that what begins at one instant keeps its order.
    steps.sort_by_key(|(at_ms, _)| *at_ms);
    steps.into_iter().map(|(at_ms, step)| (Duration::from_millis(at_ms), step)).collect()
}

struct Plan<'a> {
    dice: &'a Dice,
    events: usize,
    steps: Vec<(u64, Step)>,
    jumps_from_ms: u64,
    /// A second disk lost before the first is made good may be one too many.
    may_wipe: bool,
}

impl Plan<'_> {
    fn fault(&mut self, at_ms: u64) {
        match self.dice.weighted(&[0.22, 0.04, 0.05, 0.06, 0.14, 0.08, 0.05, 0.08, 0.1, 0.05, 0.05, 0.08]) {
            0 => self.crash(self.whom(), at_ms),
            1 => (0..STORAGE).for_each(|node| self.crash(Whom::Machine(node), at_ms)),
            2 => (0..2).for_each(|_| self.crash(self.whom(), at_ms)),
            3 => self.leave(at_ms),
            4 => self.slow_disk(at_ms),
            5 if at_ms >= self.jumps_from_ms => self.jump(at_ms),
            6 => {
                let loss = self.dice.within(5..50) as f64 / 100.0;
                self.lasting(at_ms, 200..4_000, Step::Loss(loss), Step::Loss(0.0));
            }
            7 => self.part(at_ms),
            8 => {
                let step = Step::Isolate(self.whom(), self.way(), self.dice.ms(200..7_000));
                self.steps.push((at_ms, step));
            }
            9 => {
                let loss = self.dice.within(1..20) as f64 / 1_000.0;
                self.lasting(at_ms, 500..5_000, Step::LinkLoss(loss), Step::LinkLoss(0.0));
            }
            10 => {
                let slow = Step::Latency(self.dice.ms(20..400));
                self.lasting(at_ms, 500..5_000, slow, Step::Latency(HEALTHY_LATENCY));
            }
            _ => self.order(at_ms),
        }
    }

    fn machine(&self) -> usize {
        self.dice.within(0..MACHINES as u64) as usize
    }

    fn whom(&self) -> Whom {
        if self.dice.chance(0.5) {
            return Whom::Owner(self.dice.within(0..self.events as u64) as usize);
        }
        Whom::Machine(self.machine())
    }

    fn lasting(&mut self, at_ms: u64, for_ms: Range<u64>, begin: Step, end: Step) {
        let for_ms = self.dice.within(for_ms);
        self.steps.extend([(at_ms, begin), (at_ms + for_ms, end)]);
    }

    fn slow_disk(&mut self, at_ms: u64) {
        let node = self.machine();
        let least_ms = self.dice.within(5..400);
        let slow_ms = least_ms..least_ms + self.dice.within(1..400);
        // Or all of them, as where they share their storage, and an owner dies meanwhile: the next one leads for a while
        // before it knows what was committed.
        let all = self.dice.chance(0.3);
        let ends_ms = at_ms + self.dice.within(200..6_000);
        for node in if all { 0..STORAGE } else { node..node + 1 } {
            let slow = (at_ms, Step::Disk(node, slow_ms.clone()));
            self.steps.extend([slow, (ends_ms, Step::Disk(node, HEALTHY_DISK_MS))]);
        }
        if all {
            let owner = Whom::Owner(self.dice.within(0..self.events as u64) as usize);
            self.crash(owner, self.dice.within(at_ms..ends_ms));
        }
    }

    fn jump(&mut self, at_ms: u64) {
        self.jumps_from_ms = at_ms + BETWEEN_JUMPS_MS;
        let (node, off_ms) = (self.machine(), *self.dice.pick(&[HOUR_MS, -HOUR_MS, 5_000, -5_000]));
        self.lasting(at_ms, 500..JUMP_MS, Step::Wall(node, off_ms), Step::Wall(node, 0));
        // Whoever owns something may have to leave it to the one whose clock is wrong.
        if self.dice.chance(0.4) {
            let owner = Whom::Owner(self.dice.within(0..self.events as u64) as usize);
            self.crash(owner, at_ms + self.dice.within(50..1_000));
        }
        // And that one may have to start with such a clock.
        if self.dice.chance(0.5) {
            let (whom, down) = (Whom::Machine(node), self.dice.ms(20..1_000));
            let crash = Crash { whom, silent: self.dice.chance(0.5), for_good: false, down };
            self.steps.push((at_ms + self.dice.within(10..500), Step::Crash(crash)));
        }
    }

    fn part(&mut self, at_ms: u64) {
        let from = self.machine();
        let to = (from + self.dice.within(1..MACHINES as u64) as usize) % MACHINES;
        let way = self.way();
        self.lasting(at_ms, 200..7_000, Step::Way(from, to, way), Step::Way(from, to, Way::Whole));
    }

    fn way(&self) -> Way {
        *self.dice.pick(&[Way::Cut, Way::Mute, Way::Deaf, Way::Held])
    }

    /// Most are back soon, even before the others have noticed, some only after their holds have ended. Some disks hang
    /// before, so that much is lost.
    fn crash(&mut self, whom: Whom, at_ms: u64) {
        let mut crash_ms = at_ms;
        if let Whom::Machine(node) = whom
            && self.dice.chance(0.4)
        {
            crash_ms += self.dice.within(50..700);
            self.steps
                .extend([(at_ms, Step::Disk(node, HUNG_MS)), (crash_ms, Step::Disk(node, HEALTHY_DISK_MS))]);
        }
        let down = if self.dice.chance(0.7) { self.dice.ms(20..2_000) } else { self.dice.ms(2_000..9_000) };
        let for_good = self.dice.chance(0.2) && std::mem::take(&mut self.may_wipe);
        let silent = self.dice.chance(0.5);
        self.steps.push((crash_ms, Step::Crash(Crash { whom, silent, for_good, down })));
    }

    /// A node is stopped as it should be; now and then it no longer hears what comes of it.
    fn leave(&mut self, at_ms: u64) {
        let whom = Whom::Machine(self.machine());
        let down = self.dice.ms(100..3_000);
        let stop_ms = at_ms + self.dice.within(300..2_000);
        let crash = Crash { whom, silent: false, for_good: false, down };
        self.steps.extend([(at_ms, Step::Do(whom, Deed::HandOver)), (stop_ms, Step::Crash(crash))]);
        if self.dice.chance(0.3) {
            let step = Step::Isolate(whom, Way::Deaf, self.dice.ms(200..2_000));
            self.steps.push((at_ms + self.dice.within(0..150), step));
        }
    }

    /// The nodes are upgraded one after the other; now and then only some of them before all is judged.
    fn upgrade(&mut self, from_ms: u64, end_ms: u64) {
        let upgraded = self.dice.within(1..MACHINES as u64 + 1);
        let between_ms = (end_ms - from_ms) / (upgraded + 1);
        for place in 1..=upgraded {
            let (node, at_ms) = (place as usize - 1, from_ms + place * between_ms);
            let down = self.dice.ms(100..1_500);
            let crash = Crash { whom: Whom::Machine(node), silent: false, for_good: false, down };
            self.steps.extend([
                (at_ms, Step::Upgrade(node)),
                (at_ms, Step::Do(Whom::Machine(node), Deed::HandOver)),
                (at_ms + 700, Step::Crash(crash)),
            ]);
        }
    }

    fn order(&mut self, at_ms: u64) {
        let number = |node: usize| node as u32 + 1;
        let node = *self.dice.pick(&[0, 1, 2, LATE]);
        let order = match self.dice.weighted(&[0.3, 0.3, 0.3, 0.1]) {
            0 => LayoutOrder::Rebalance,
            1 => LayoutOrder::Move { shard: self.dice.within(0..2) as u16, from: None, to: number(node) },
            2 => LayoutOrder::Drain(number(node)),
            _ => LayoutOrder::Abort(self.dice.within(1..4)),
        };
        self.steps.push((at_ms, Step::Do(self.whom(), Deed::Order(order))));
    }
}

/// What messages between healthy nodes take at most.
pub(crate) const HEALTHY_LATENCY: Duration = Duration::from_millis(4);
