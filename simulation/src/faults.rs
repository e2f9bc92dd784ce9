//! What breaks, and when it is whole again: a plan made from the seed before the run begins.

use std::ops::Range;
use std::time::Duration;

use crate::dice::Dice;
use crate::machine::HEALTHY_DISK_MS;

/// Nothing breaks before the nodes have begun, or after this.
pub(crate) const HEALED_AT: Duration = Duration::from_secs(60);
const BEGINS_MS: u64 = 2_000;
/// Between two faults at most, most of the time less.
const PAUSE_MS: Range<u64> = 200..5_000;
/// Wall clocks go wrong this seldom, so that what one jump does to a shard's time is made good before the next.
const BETWEEN_JUMPS_MS: u64 = 10_000;
/// How long a wall clock is wrong.
const JUMP_MS: u64 = 3_000;
/// A disk that hangs.
const HUNG_MS: Range<u64> = 800..2_000;
const HOUR_MS: i64 = 3_600_000;

/// One thing that happens to the world.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Step {
    /// A node's power goes.
    Crash(usize),
    /// It comes back.
    Start(usize),
    /// A disk takes so many milliseconds.
    Disk(usize, Range<u64>),
    /// A wall clock is so many milliseconds wrong.
    Wall(usize, i64),
    /// Clients lose so many of their messages.
    Loss(f64),
}

/// Everything that happens in one run, in order of time, ending with all being well.
pub(crate) fn plan(nodes: usize, dice: &Dice) -> Vec<(Duration, Step)> {
    let mut plan = Plan { nodes, dice, steps: Vec::new(), jumps_from_ms: 0 };
    let end_ms = HEALED_AT.as_millis() as u64;
    let mut at_ms = BEGINS_MS;
    while at_ms < end_ms {
        plan.fault(at_ms);
        at_ms += dice.within(PAUSE_MS);
    }
    let mut steps: Vec<_> = plan.steps.into_iter().map(|(at_ms, step)| (at_ms.min(end_ms), step)).collect();
    // Some runs end in the dark, so that what a start finds is all that there is to go on with.
    if dice.chance(0.5) {
        steps.extend((0..nodes).map(|node| (end_ms, Step::Crash(node))));
    }
    for node in 0..nodes {
        steps.extend([
            (end_ms, Step::Disk(node, HEALTHY_DISK_MS)),
            (end_ms, Step::Wall(node, 0)),
            (end_ms, Step::Start(node)),
        ]);
    }
    steps.push((end_ms, Step::Loss(0.0)));
    // Stable, so that what begins at one instant keeps its order.
    steps.sort_by_key(|(at_ms, _)| *at_ms);
    steps.into_iter().map(|(at_ms, step)| (Duration::from_millis(at_ms), step)).collect()
}

struct Plan<'a> {
    nodes: usize,
    dice: &'a Dice,
    steps: Vec<(u64, Step)>,
    jumps_from_ms: u64,
}

impl Plan<'_> {
    fn fault(&mut self, at_ms: u64) {
        let node = self.dice.within(0..self.nodes as u64) as usize;
        match self.dice.weighted(&[0.35, 0.1, 0.25, 0.15, 0.15]) {
            0 => self.crash(node..node + 1, at_ms),
            1 => self.crash(0..self.nodes, at_ms),
            2 => {
                let least_ms = self.dice.within(5..400);
                let slow_ms = least_ms..least_ms + self.dice.within(1..400);
                self.lasting(at_ms, 200..6_000, Step::Disk(node, slow_ms), Step::Disk(node, HEALTHY_DISK_MS));
            }
            3 if at_ms >= self.jumps_from_ms => {
                self.jumps_from_ms = at_ms + BETWEEN_JUMPS_MS;
                let off_ms = *self.dice.pick(&[HOUR_MS, -HOUR_MS, 5_000, -5_000]);
                self.lasting(at_ms, 500..JUMP_MS, Step::Wall(node, off_ms), Step::Wall(node, 0));
            }
            _ => {
                let loss = self.dice.within(5..50) as f64 / 100.0;
                self.lasting(at_ms, 200..4_000, Step::Loss(loss), Step::Loss(0.0));
            }
        }
    }

    fn lasting(&mut self, at_ms: u64, for_ms: Range<u64>, begin: Step, end: Step) {
        let for_ms = self.dice.within(for_ms);
        self.steps.extend([(at_ms, begin), (at_ms + for_ms, end)]);
    }

    /// Most are back soon, some only after their holds have ended. Some disks hang before, so that much is lost.
    fn crash(&mut self, nodes: Range<usize>, at_ms: u64) {
        let hanging = self.dice.chance(0.5);
        let crash_ms = at_ms + if hanging { self.dice.within(50..700) } else { 0 };
        for node in nodes {
            if hanging {
                self.steps.extend([
                    (at_ms, Step::Disk(node, HUNG_MS)),
                    (crash_ms, Step::Disk(node, HEALTHY_DISK_MS)),
                ]);
            }
            let down_ms = if self.dice.chance(0.7) { 20..1_500 } else { 1_500..9_000 };
            self.lasting(crash_ms, down_ms, Step::Crash(node), Step::Start(node));
        }
    }
}
