//! One seed, from an empty world to its verdict.

use std::cell::{Cell, RefCell};
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::anyhow;
use onsale::clock::Stopwatch;
use turmoil::Sim;

use crate::client::{Client, Net};
use crate::dice::Dice;
use crate::faults::{self, HEALED_AT, Step};
use crate::judge::{self, Verdict};
use crate::machine::Machine;
use crate::node::{self, World};
use crate::provider::Provider;
use crate::stage::Stage;
use crate::trace::{Trace, fingerprint_of};
use crate::{audit, buyers, entropy};

/// Then buyers begin nothing new; what they have begun meets the last of the faults.
const BUYERS_LEAVE_AT: Duration = HEALED_AT.saturating_sub(Duration::from_secs(2));
/// No run takes longer than this, in its own time.
const LONGEST: Duration = Duration::from_secs(240);
const BUYERS: u32 = 12;
/// A host's step: everything that is planned within it happens before the next host's.
const TICK: Duration = Duration::from_millis(1);

/// What is simulated.
#[derive(Debug, Clone, Copy)]
pub struct Scenario {
    /// Where all its randomness comes from.
    pub seed: u64,
    /// How many nodes there are.
    pub nodes: u64,
}

/// What a run came to.
#[derive(Debug)]
pub struct Report {
    /// Every broken promise, in words.
    pub violations: Vec<String>,
    /// The run in one line.
    pub summary: String,
    /// The hashes of what the clients saw and of what the nodes did: the same whenever the seed is run again.
    pub fingerprint: String,
}

/// Runs `scenario`, the only one of this process.
///
/// # Errors
/// When the world cannot be built; what goes wrong in it is in the report.
pub fn run(scenario: Scenario) -> anyhow::Result<Report> {
    entropy::seed(scenario.seed);
    count_panics();
    let scratch = Scratch::new()?;
    let watch = Stopwatch::start();
    let mut trial = Trial::new(scenario, &scratch.0)?;
    let ran = trial.go();
    let took = watch.elapsed();
    Ok(trial.report(ran, took))
}

/// The world of one run.
struct Trial {
    scenario: Scenario,
    sim: Sim<'static>,
    machines: Vec<Rc<Machine>>,
    net: Rc<Net>,
    client: Rc<Client>,
    world: World,
    verdict: Rc<RefCell<Option<Verdict>>>,
    steps: std::iter::Peekable<std::vec::IntoIter<(Duration, Step)>>,
    crashes: u32,
}

impl Trial {
    fn new(scenario: Scenario, scratch: &Path) -> anyhow::Result<Self> {
        let Scenario { seed, nodes } = scenario;
        let sim = turmoil::Builder::new()
            .rng_seed(seed)
            .tick_duration(TICK)
            .simulation_duration(LONGEST)
            .enable_random_order()
            .build();
        let stage = Rc::new(Stage::new(BUYERS)?);
        let machine = |number: u64| Machine::new(number, scratch.join(format!("node-{number}")), seed);
        let machines: Vec<_> = (1..=nodes).map(machine).collect();
        let world = World { stage: stage.clone(), provider: Provider::new(seed), trace: Trace::default() };
        let net = Rc::new(Net { loss: Cell::new(0.0) });
        let client = Rc::new(Client {
            history: audit::new_history(&stage),
            stage,
            machines: machines.clone(),
            net: net.clone(),
            dice: Dice::of(seed, 1),
            keys: Cell::new(0),
        });
        let steps = faults::plan(machines.len(), &Dice::of(seed, 2)).into_iter().peekable();
        let mut trial =
            Self { scenario, sim, machines, net, client, world, verdict: Rc::default(), steps, crashes: 0 };
        trial.people();
        Ok(trial)
    }

    /// Puts nodes and clients into the world.
    fn people(&mut self) {
        for machine in &self.machines {
            let (machine, world) = (machine.clone(), self.world.clone());
            self.sim.host(machine.name(), move || node::run(machine.clone(), world.clone()));
        }
        let (client, provider, verdict) =
            (self.client.clone(), self.world.provider.clone(), self.verdict.clone());
        self.sim.client("buyers", async move {
            let watch = tokio::task::spawn_local(audit::watch(client.clone()));
            buyers::visit(&client, BUYERS_LEAVE_AT).await;
            watch.abort();
            let mut wrong = audit::until_settled(&client, &judge::limits(), false).await;
            wrong.extend(buyers::probe(&client).await);
            wrong.extend(audit::until_settled(&client, &judge::limits(), true).await);
            let mut judged = judge::judge(&client, &provider);
            judged.violations.extend(wrong);
            *verdict.borrow_mut() = Some(judged);
            Ok(())
        });
    }

    fn go(&mut self) -> turmoil::Result {
        loop {
            while let Some((_, step)) = self.steps.next_if(|(at, _)| *at <= self.sim.elapsed()) {
                self.take(step);
            }
            if self.sim.step()? {
                return Ok(());
            }
        }
    }

    fn take(&mut self, step: Step) {
        if let Step::Crash(node) | Step::Start(node) | Step::Disk(node, _) = step {
            self.machines[node].disturbed.set(self.sim.elapsed());
        }
        match step {
            Step::Crash(node) => {
                let machine = &self.machines[node];
                if self.sim.is_host_running(machine.name()) {
                    self.sim.crash(machine.name());
                    machine.lose_power();
                    self.crashes += 1;
                }
            }
            Step::Start(node) => {
                let machine = &self.machines[node];
                if !self.sim.is_host_running(machine.name()) {
                    if self.nobody_is_up() {
                        machine.wall_error.set_ms(0);
                    }
                    self.sim.bounce(machine.name());
                }
            }
            Step::Disk(node, takes_ms) => *self.machines[node].disk_ms.borrow_mut() = takes_ms,
            Step::Wall(_, off_ms) if off_ms != 0 && self.nobody_is_up() => {}
            Step::Wall(node, off_ms) => self.machines[node].wall_error.set_ms(off_ms),
            Step::Loss(loss) => self.net.loss.set(loss),
        }
    }

    /// Then nobody could tell a starting node how much time has passed: only a right clock can.
    fn nobody_is_up(&self) -> bool {
        self.machines.iter().all(|machine| machine.cluster().is_none())
    }

    fn report(self, ran: turmoil::Result, took: Duration) -> Report {
        let mut verdict = self.verdict.take().unwrap_or_default();
        if let Err(error) = ran {
            verdict.violations.push(format!("the run ended early: {error}"));
        }
        verdict.violations.extend(panics());
        let simulated = self.sim.elapsed().as_secs_f64();
        let fingerprint =
            format!("{} {}", fingerprint_of(&*self.client.history.borrow()), self.world.trace.fingerprint());
        let Verdict { violations, operations, unknown, holds, bookings } = verdict;
        let summary = format!(
            "seed {}: {} violations; {operations} operations ({unknown} of unknown fate), {holds} holds, {bookings} \
             bookings, {} crashes; {simulated:.0} s simulated in {:.1} s ({:.0} a second); {fingerprint}",
            self.scenario.seed,
            violations.len(),
            self.crashes,
            took.as_secs_f64(),
            simulated / took.as_secs_f64(),
        );
        Report { violations, summary, fingerprint }
    }
}

/// Where the files of the nodes lie meanwhile: in memory where the machine has such a place, for they are synced often.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> anyhow::Result<Self> {
        let memory = Path::new("/dev/shm");
        let parent = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let path = parent.join(format!("onsale-sim-{}", std::process::id()));
        fs::create_dir(&path).map_err(|error| anyhow!("cannot make {}: {error}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What is left behind is small, and in a place for such things.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A task that panics is caught by the runtime and would not be missed; here it is a broken promise.
static PANICS: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn count_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let mut kept = PANICS.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < 10 {
            kept.push(panic.to_string());
        }
    }));
}

fn panics() -> Vec<String> {
    std::mem::take(&mut *PANICS.lock().unwrap_or_else(PoisonError::into_inner))
}
