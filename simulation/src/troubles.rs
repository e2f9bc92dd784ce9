//! Lets happen what is planned: crashes, cuts and orders, at their times, and their ends.
//!
//! Owns what is due when. Looks on the way at who owns what: two owners of one event at one instant are one too many,
//! whatever comes of it.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use turmoil::Sim;

use crate::client::Net;
use crate::clock;
use crate::faults::{Crash, GATEWAY, HEALTHY_LATENCY, LATE, MACHINES, Step, Way, Whom};
use crate::machine::{Deed, HEALTHY_DISK_MS, Machine};
use crate::stage::Stage;
use crate::trace::Trace;

/// How often owners are counted.
const COUNT_EVERY_MS: u128 = 10;
/// One is enough to be sure.
const MOST_SEEN: usize = 5;

/// What is due, and what was seen on the way.
pub(crate) struct Troubles {
    /// In order of time, and then of planning.
    agenda: BTreeMap<(Duration, u64), Step>,
    planned: u64,
    machines: Vec<Rc<Machine>>,
    net: Rc<Net>,
    stage: Rc<Stage>,
    trace: Trace,
    crashes: u32,
    seen: Vec<String>,
}

impl Troubles {
    pub(crate) fn new(
        plan: Vec<(Duration, Step)>,
        machines: Vec<Rc<Machine>>,
        net: Rc<Net>,
        stage: Rc<Stage>,
        trace: Trace,
    ) -> Self {
        let (agenda, seen) = (BTreeMap::new(), Vec::new());
        let mut troubles = Self { agenda, planned: 0, machines, net, stage, trace, crashes: 0, seen };
        plan.into_iter().for_each(|(at, step)| troubles.plan(at, step));
        troubles
    }

    fn plan(&mut self, at: Duration, step: Step) {
        self.planned += 1;
        self.agenda.insert((at, self.planned), step);
    }

    /// How often a node has crashed.
    pub(crate) fn crashes(&self) -> u32 {
        self.crashes
    }

    /// What was seen that must not be.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.clone()
    }

    /// Lets everything happen whose time has come.
    pub(crate) fn take_due(&mut self, sim: &mut Sim<'_>) {
        let now = sim.elapsed();
        while let Some(entry) = self.agenda.first_entry().filter(|entry| entry.key().0 <= now) {
            let step = entry.remove();
            tracing::info!(at_ms = now.as_millis(), ?step, "happens");
            self.take(step, sim);
        }
    }

    /// Counts the owners of every event, now and then.
    pub(crate) fn see_owners(&mut self, now: Duration) {
        if !now.as_millis().is_multiple_of(COUNT_EVERY_MS) || self.seen.len() >= MOST_SEEN {
            return;
        }
        for event in &self.stage.events {
            let owners = self.machines.iter().filter(|machine| machine.owns(*event));
            let owners: Vec<u64> = owners.map(|machine| machine.number).collect();
            if owners.len() > 1 {
                self.seen.push(format!("at {} ms {event} has several owners: {owners:?}", now.as_millis()));
            }
        }
    }

    fn whom(&self, whom: Whom) -> Option<usize> {
        match whom {
            Whom::Machine(place) => Some(place),
            Whom::Owner(event) => {
                let event = *self.stage.events.get(event)?;
                self.machines.iter().position(|machine| machine.owns(event))
            }
        }
    }

    fn take(&mut self, step: Step, sim: &mut Sim<'_>) {
        match step {
            Step::Crash(crash) => self.crash(crash, sim),
            Step::Start(node) => self.start(node, sim),
            Step::Disk(node, takes_ms) => {
                self.disturb(node, sim);
                *self.machines[node].disk_ms.borrow_mut() = takes_ms;
            }
            Step::Wall(node, off_ms) => self.machines[node].wall_error.set_ms(off_ms),
            Step::Loss(loss) => self.net.loss.set(loss),
            Step::LinkLoss(loss) => {
                self.disturb_all(sim);
                sim.set_fail_rate(loss);
            }
            Step::Latency(most) => {
                self.disturb_all(sim);
                sim.set_max_message_latency(most);
            }
            Step::Way(from, to, way) => self.way(from, to, way, sim),
            Step::Isolate(whom, way, lasting) => self.isolate(whom, way, lasting, sim),
            Step::Do(whom, deed) => self.order(whom, deed),
            Step::Upgrade(node) => self.machines[node].is_upgraded.set(true),
            Step::Grow => self.machines[LATE].is_there.set(true),
            Step::Heal => self.heal(sim),
        }
    }

    fn disturb(&self, node: usize, sim: &Sim<'_>) {
        self.machines[node].disturbed.set(sim.elapsed());
    }

    fn disturb_all(&self, sim: &Sim<'_>) {
        (0..MACHINES).for_each(|node| self.disturb(node, sim));
    }

    fn crash(&mut self, crash: Crash, sim: &mut Sim<'_>) {
        let Some(node) = self.whom(crash.whom) else { return };
        let machine = self.machines[node].clone();
        if !machine.is_there.get() || !sim.is_host_running(machine.name()) {
            return;
        }
        self.disturb(node, sim);
        let back = sim.elapsed() + crash.down;
        if crash.silent {
            self.isolate(Whom::Machine(node), Way::Cut, crash.down, sim);
        }
        sim.crash(machine.name());
        machine.lose_power();
        self.crashes += 1;
        // Whoever has not joined yet has nothing to lose, and a gateway has nothing that matters.
        if crash.for_good
            && machine.belongs.get()
            && let Err(error) = machine.lose_disk()
        {
            self.seen.push(format!("the files of node {} cannot be removed: {error}", machine.number));
        }
        self.trace.note(format_args!("crash of {}", machine.number));
        self.plan(back, Step::Start(node));
    }

    fn start(&mut self, node: usize, sim: &mut Sim<'_>) {
        self.disturb(node, sim);
        let machine = &self.machines[node];
        if !sim.is_host_running(machine.name()) {
            sim.bounce(machine.name());
        }
    }

    fn way(&self, from: usize, to: usize, way: Way, sim: &Sim<'_>) {
        self.disturb(from, sim);
        self.disturb(to, sim);
        let (from, to) = (self.machines[from].name(), self.machines[to].name());
        match way {
            // Released too, since what was held may be held still.
            Way::Whole => sim.release(from, to),
            Way::Cut => sim.partition(from, to),
            Way::Mute => sim.partition_oneway(from, to),
            Way::Deaf => sim.partition_oneway(to, from),
            Way::Held => sim.hold(from, to),
        }
    }

    fn isolate(&mut self, whom: Whom, way: Way, lasting: Duration, sim: &Sim<'_>) {
        let Some(node) = self.whom(whom) else { return };
        let until = sim.elapsed() + lasting;
        for other in (0..MACHINES).filter(|other| *other != node) {
            self.way(node, other, way, sim);
            self.plan(until, Step::Way(node, other, Way::Whole));
        }
    }

    fn order(&self, whom: Whom, deed: Deed) {
        let place = self.whom(whom).unwrap_or(GATEWAY);
        self.machines[place].deeds.borrow_mut().push_back(deed);
    }

    fn heal(&mut self, sim: &mut Sim<'_>) {
        self.agenda.clear();
        self.net.loss.set(0.0);
        sim.set_fail_rate(0.0);
        sim.set_max_message_latency(HEALTHY_LATENCY);
        for node in 0..MACHINES {
            *self.machines[node].disk_ms.borrow_mut() = HEALTHY_DISK_MS;
            self.machines[node].wall_error.set_ms(0);
            (0..node).for_each(|other| self.way(node, other, Way::Whole, sim));
            self.start(node, sim);
        }
        self.trace.note(format_args!("healed at {} ms", clock::elapsed().as_millis()));
    }
}
