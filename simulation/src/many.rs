//! Many seeds, each in a process of its own, a few at a time.
//!
//! Owns the children: their seeds, their number, their deadline, and what is made of their exit. A child is this same
//! program with `ONSALE_SEED` set. Hazard: a child that hangs would hang the parent; it is ended at its deadline.

use std::collections::BTreeMap;
use std::ops::Range;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::Context as _;
use bench::progress::Progress;
use tokio::process::Command;
use tokio::task::JoinSet;

/// No seed takes longer than this on a busy machine.
const DEADLINE: Duration = Duration::from_secs(300);

/// What a child said.
#[derive(Debug, Clone)]
pub struct Child {
    /// Its seed.
    pub seed: u64,
    /// Whether every promise was kept.
    pub clean: bool,
    /// Everything it printed.
    pub said: String,
}

/// Which seeds, and how.
#[derive(Debug, Clone)]
pub struct Many {
    /// The seeds.
    pub seeds: Range<u64>,
    /// For how many simulated seconds things break.
    pub seconds: u16,
    /// How many at the same time.
    pub jobs: usize,
    /// The bug to plant.
    pub plant: Option<&'static str>,
    /// No more seeds after the first that breaks a promise.
    pub until_found: bool,
}

impl Many {
    /// Runs them and gives those that broke a promise, by seed.
    ///
    /// # Errors
    /// When a child cannot be started.
    pub async fn run(&self, progress: &dyn Progress) -> anyhow::Result<Vec<Child>> {
        let phase = self.plant.unwrap_or("seeds");
        progress.begin(phase, self.seeds.end - self.seeds.start);
        let mut left = self.seeds.clone();
        let mut running = JoinSet::new();
        let mut failed = BTreeMap::new();
        let mut done = 0;
        loop {
            while running.len() < self.jobs && (failed.is_empty() || !self.until_found) {
                let Some(seed) = left.next() else { break };
                running.spawn(child(seed, self.seconds, self.plant));
            }
            let Some(ended) = running.join_next().await else { break };
            let child = ended??;
            done += 1;
            if !child.clean {
                if !self.until_found {
                    progress.note(&format!("seed {} broke a promise", child.seed));
                }
                failed.insert(child.seed, child);
            }
            progress.at(done, &format!("{} failed", failed.len()));
        }
        progress.end("");
        Ok(failed.into_values().collect())
    }
}

/// Runs one seed in a process of its own.
///
/// # Errors
/// When it cannot be started.
pub async fn child(seed: u64, seconds: u16, plant: Option<&'static str>) -> anyhow::Result<Child> {
    let program = std::env::current_exe().context("this program cannot find itself")?;
    let mut command = Command::new(program);
    command.env("ONSALE_SEED", seed.to_string()).stdin(Stdio::null()).kill_on_drop(true);
    command.args(["--seconds", &seconds.to_string()]);
    command.args(plant.iter().flat_map(|bug| ["--plant", bug]));
    let ended = tokio::time::timeout(DEADLINE, command.output()).await;
    let Ok(output) = ended else {
        let said = format!("seed {seed}: not done after {DEADLINE:?}\n");
        return Ok(Child { seed, clean: false, said });
    };
    let output = output.context("a seed's process cannot be started")?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    Ok(Child { seed, clean: ExitStatus::success(&output.status), said })
}
