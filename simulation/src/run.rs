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
use crate::faults::{GATEWAY, HEALTHY_LATENCY, LATE, MACHINES};
use crate::judge::{self, Verdict};
use crate::machine::{CALM_AFTER, Kind, Machine};
use crate::node::{self, World};
use crate::provider::Provider;
use crate::stage::Stage;
use crate::trace::{Trace, fingerprint_of};
use crate::troubles::Troubles;
use crate::{audit, buyers, clock, entropy, faults, network, replicas};

/// Then buyers begin nothing new; what they have begun meets the last of the faults.
const BUYERS_LEAVE_BEFORE: Duration = Duration::from_secs(2);
/// No run takes longer than this, in its own time.
const LONGEST: Duration = Duration::from_secs(240);
const BUYERS: u32 = 12;
/// How often nobody stays to bring to an end what was begun.
const ALL_GONE_AT_ONCE: f64 = 0.4;
/// A host's step: everything that is planned within it happens before the next host's.
const TICK: Duration = Duration::from_millis(1);
/// A way between nodes that a lost message has broken is whole again after so many more.
const REPAIRED: f64 = 0.05;
/// More than are ever on their way over one connection.
const MESSAGES: usize = 1 << 16;

/// As much as a process gives its first thread.
const STACK: usize = 8 << 20;

/// What is simulated.
#[derive(Debug, Clone, Copy)]
pub struct Scenario {
    /// Where all its randomness comes from.
    pub seed: u64,
    /// For so long things break.
    pub faults: Duration,
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

/// Runs `scenario`, the only one of this process: in a thread of its own, since what this one has drawn before, as a logger
/// does, is of the machine's randomness and stays with the thread.
///
/// # Errors
/// When the world cannot be built; what goes wrong in it is in the report.
pub fn run(scenario: Scenario) -> anyhow::Result<Report> {
    entropy::seed(scenario.seed);
    count_panics();
    let thread = std::thread::Builder::new().name("simulation".to_owned()).stack_size(STACK);
    let ran = thread.spawn(move || trial(scenario))?.join();
    ran.map_err(|_| anyhow!("seed {} has panicked: {:?}", scenario.seed, panics()))?
}

fn trial(scenario: Scenario) -> anyhow::Result<Report> {
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
    client: Rc<Client>,
    world: World,
    verdict: Rc<RefCell<Option<Verdict>>>,
    troubles: Troubles,
}

impl Trial {
    fn new(scenario: Scenario, scratch: &Path) -> anyhow::Result<Self> {
        let Scenario { seed, faults } = scenario;
        let sim = turmoil::Builder::new()
            .rng_seed(seed)
            .tick_duration(TICK)
            .simulation_duration(LONGEST)
            .min_message_latency(Duration::ZERO)
            .max_message_latency(HEALTHY_LATENCY)
            .repair_rate(REPAIRED)
            .tcp_capacity(MESSAGES)
            .enable_random_order()
            .build();
        let stage = Rc::new(Stage::new(BUYERS)?);
        let machines = machines(seed, scratch);
        let world = World { stage: stage.clone(), provider: Provider::new(seed), trace: Trace::default() };
        let net = Rc::new(Net { loss: Cell::new(0.0) });
        let plan = faults::plan(faults, stage.events.len(), &Dice::of(seed, 2));
        let troubles = Troubles::new(plan, machines.clone(), net.clone(), stage.clone(), world.trace.clone());
        let client = Rc::new(Client {
            history: audit::new_history(&stage),
            stage,
            machines: machines.clone(),
            net,
            dice: Dice::of(seed, 1),
            keys: Cell::new(0),
            gone_from: Cell::new(Duration::MAX),
        });
        let mut trial = Self { scenario, sim, machines, client, world, verdict: Rc::default(), troubles };
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
        let closing = self.scenario.faults.saturating_sub(BUYERS_LEAVE_BEFORE);
        let at_rest = self.scenario.faults + CALM_AFTER;
        let all_gone = Dice::of(self.scenario.seed, 3).chance(ALL_GONE_AT_ONCE);
        self.sim.client("buyers", async move {
            let watch = tokio::task::spawn_local(audit::watch(client.clone()));
            buyers::visit(&client, closing, all_gone).await;
            tokio::time::sleep(at_rest.saturating_sub(clock::elapsed())).await;
            watch.abort();
            let mut wrong = audit::until_settled(&client, &judge::limits(), false).await;
            wrong.extend(buyers::probe(&client).await);
            wrong.extend(audit::until_settled(&client, &judge::limits(), true).await);
            wrong.extend(replicas::compare(&client.machines).await);
            let mut judged = judge::judge(&client, &provider);
            judged.violations.extend(wrong);
            *verdict.borrow_mut() = Some(judged);
            Ok(())
        });
    }

    fn go(&mut self) -> turmoil::Result {
        loop {
            self.troubles.take_due(&mut self.sim);
            if self.sim.step()? {
                return Ok(());
            }
            self.troubles.see_owners(self.sim.elapsed());
        }
    }

    fn report(self, ran: turmoil::Result, took: Duration) -> Report {
        let mut verdict = self.verdict.take().unwrap_or_default();
        if let Err(error) = ran {
            verdict.violations.push(format!("the run ended early: {error}"));
        }
        verdict.violations.extend(panics());
        verdict.violations.extend(self.troubles.seen());
        verdict.violations.extend(self.world.trace.contradictions());
        let simulated = self.sim.elapsed().as_secs_f64();
        let fingerprint =
            format!("{} {}", fingerprint_of(&*self.client.history.borrow()), self.world.trace.fingerprint());
        let Verdict { violations, operations, unknown, holds, bookings } = verdict;
        let summary = format!(
            "seed {}: {} violations; {operations} operations ({unknown} of unknown fate), {holds} holds, {bookings} \
             bookings, {} crashes; {simulated:.0} s simulated in {:.1} s ({:.0} a second); {fingerprint}",
            self.scenario.seed,
            violations.len(),
            self.troubles.crashes(),
            took.as_secs_f64(),
            simulated / took.as_secs_f64(),
        );
        Report { violations, summary, fingerprint }
    }
}

fn machines(seed: u64, scratch: &Path) -> Vec<Rc<Machine>> {
    let machine = |place: usize| {
        let number = |place: usize| place as u64 + 1;
        let kind = match place {
            0 => Kind::Founder,
            GATEWAY => Kind::Gateway,
            _ => Kind::Storage,
        };
        // The late one is not there yet: who asked it to be let in would wait for nobody.
        let others = (0..GATEWAY).filter(|other| *other != place);
        let others = others.map(|other| network::address_of(number(other))).collect();
        let dir = scratch.join(format!("node-{}", number(place)));
        let machine = Machine::new(number(place), kind, others, dir, seed);
        machine.is_there.set(place != LATE);
        machine
    };
    (0..MACHINES).map(machine).collect()
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
