//! What a cluster of nodes does: how fast it sells, how soon it sells again after a death, and what moving costs.
//!
//! Owns: the scenes and their options. Every scene starts its own nodes as processes of this machine, on free ports of
//! loopback and with temporary data, and ends them. Hazard: three nodes and their clients share the machine's cores;
//! ratios within a run say something, single figures say what this machine does with all of them.

mod availability;
mod connections;
mod crowd;
mod failover;
mod growth;
mod moves;
mod node;
mod open_files;
mod plot;
mod promise;
mod refusals;
mod report;
mod text;
mod throughput;
mod town;
mod view;
mod visit;

pub use report::{ClusterReport, Figure, Goal, Picture, SceneReport};

use crate::ambient::Clock;
use crate::load::{LoadOptions, Mix, Programs, Question};
use crate::progress::Progress;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What an acknowledgement of three nodes means.
const THREE_VOTERS: &str = "fdatasync on two of three voters before every acknowledgement";
/// Accounts that buyers share in turn.
const ACCOUNTS: u32 = 64;

/// Something to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scene {
    /// Durable holds on three nodes against one.
    Throughput,
    /// Refusals of booked seats at a gateway, against a constant.
    Refusals,
    /// How long nobody sells after the owner was killed.
    Failover,
    /// How long nobody sells while a shard moves.
    Move,
    /// What a fourth node moves.
    Growth,
    /// How much is answered while nodes are killed.
    Availability,
    /// Ten thousand buyers at once.
    Connections,
}

impl Scene {
    /// All of them, the quick ones first.
    pub const ALL: [Self; 7] = [
        Self::Throughput,
        Self::Refusals,
        Self::Move,
        Self::Growth,
        Self::Connections,
        Self::Failover,
        Self::Availability,
    ];

    /// What the command line and the report call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Throughput => "throughput",
            Self::Refusals => "refusals",
            Self::Failover => "failover",
            Self::Move => "move",
            Self::Growth => "growth",
            Self::Availability => "availability",
            Self::Connections => "connections",
        }
    }
}

/// How it is measured.
#[derive(Clone, Debug)]
pub struct ClusterOptions {
    /// What is measured, one after the other.
    pub scenes: Vec<Scene>,
    /// How long a run of throughput, refusals or connections is measured.
    pub seconds: Duration,
    /// How often everybody takes a turn in throughput and refusals.
    pub rounds: u32,
    /// Connections of throughput and refusals.
    pub clients: usize,
    /// How often the owner is killed.
    pub kills: u32,
    /// How often a shard is moved.
    pub moves: u32,
    /// How long nodes are killed while availability is counted.
    pub lasts: Duration,
    /// Between two kills of availability.
    pub kill_every: Duration,
    /// Concurrent connections of buyers.
    pub connections: usize,
    /// What is started.
    pub programs: Programs,
}

impl ClusterOptions {
    /// How the generator of [`crate::load`] is set for a mix.
    fn load(&self, mix: Mix) -> LoadOptions {
        LoadOptions {
            question: Question::Compare,
            mixes: vec![mix],
            party: 1,
            batch: 1,
            has_keys: mix == Mix::Hold,
            connections: self.clients,
            overload_connections: self.clients,
            rate_per_s: None,
            seconds: self.seconds,
            warm_up: Duration::from_secs(2).min(self.seconds),
            rounds: self.rounds,
            threads: 1,
            accounts: ACCOUNTS,
            seed: 1,
            programs: self.programs.clone(),
        }
    }
}

/// Plays the scenes, one after the other, and says what came of them.
///
/// # Errors
/// When a program cannot be found or started, or the cluster does something else than it was asked for.
pub async fn run(options: &ClusterOptions, progress: &dyn Progress) -> anyhow::Result<ClusterReport> {
    let clock = Clock::start();
    let mut scenes = Vec::new();
    for scene in &options.scenes {
        progress.note(&format!("-- {}", scene.name()));
        scenes.push(match scene {
            Scene::Throughput => throughput::throughput(options, clock, progress).await?,
            Scene::Refusals => refusals::refusals(options, clock, progress).await?,
            Scene::Failover => failover::failover(options, clock, progress).await?,
            Scene::Move => moves::moves(options, clock, progress).await?,
            Scene::Growth => growth::growth(options, clock, progress).await?,
            Scene::Availability => availability::availability(options, clock, progress).await?,
            Scene::Connections => connections::connections(options, clock, progress).await?,
        });
    }
    Ok(ClusterReport::of(options, scenes))
}
