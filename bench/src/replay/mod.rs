//! The replay: lets a trace's buyers come to nodes, when the trace says and whatever became of the others.
//!
//! Owns: the order of a run (set the stage, play, audit, judge). The load is open-loop: a slow node
//! does not keep anybody from arriving, and latency counts from when a call was meant to be made.
//! Not: what is right; the history goes to [`crate::checker`].

mod admin;
mod audit;
mod buyer;
pub(crate) mod caller;
mod fleet;
pub(crate) mod http;
mod incident;
mod node;
mod options;
pub(crate) mod setup;
mod stage;
pub(crate) mod wire;

pub use admin::{Admin, ClusterState, Move, NodeState, ShardState};
pub use incident::{Disturbance, Incident, Scene};
pub use options::{NodesOptions, Operator, ReplayOptions};

use crate::ambient::{Clock, unique_prefix};
use crate::checker::{Limits, check, settled_at_us};
use crate::history::History;
use crate::progress::Progress;
use crate::report::{Context as ReportContext, Report};
use anyhow::Context;
use caller::{Caller, Counts};
use fleet::Fleet;
use http::Client;
use incident::Peace;
use stage::Stage;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{sleep, sleep_until};

/// Another node than the one that made a change shows it within this time.
const STALENESS_US: u64 = 1_000_000;
const TICK: Duration = Duration::from_millis(200);

/// What a replay came to.
#[derive(Clone, Debug)]
pub struct ReplayOutcome {
    /// Figures and verdict.
    pub report: Report,
    /// Everything that happened.
    pub history: History,
}

/// Runs a replay from setting the stage to the verdict.
///
/// # Errors
/// When the options make no sense, the stage cannot be set, a node cannot be started or a shard moved, or the audit cannot
/// be read. Violations are no errors: they are in the outcome.
pub async fn run(options: ReplayOptions, progress: Arc<dyn Progress>) -> anyhow::Result<ReplayOutcome> {
    options.validate()?;
    let caller = caller(&options)?;
    if options.nodes.are_none() {
        return run_over(caller, options, &mut Peace, progress).await;
    }
    let operator = match &options.operator {
        Operator::Login { username, password } => Some((username.as_str(), password.as_str())),
        Operator::Absent | Operator::Token(_) => None,
    };
    let mut fleet = Fleet::start(&options.nodes, operator, &caller, progress.as_ref()).await?;
    let outcome = run_over(caller, options, &mut fleet, progress).await;
    fleet.stop().await;
    outcome
}

/// The same over nodes that somebody else runs and disturbs.
///
/// # Errors
/// As [`run`], and whatever `disturbance` comes to.
pub async fn run_disturbed(
    options: ReplayOptions,
    disturbance: &mut dyn Disturbance,
    progress: Arc<dyn Progress>,
) -> anyhow::Result<ReplayOutcome> {
    options.validate()?;
    run_over(caller(&options)?, options, disturbance, progress).await
}

fn caller(options: &ReplayOptions) -> anyhow::Result<Caller> {
    Ok(Caller::new(Client::new(&options.targets, options.connections)?, Clock::start()))
}

async fn run_over(
    caller: Caller,
    mut options: ReplayOptions,
    disturbance: &mut dyn Disturbance,
    progress: Arc<dyn Progress>,
) -> anyhow::Result<ReplayOutcome> {
    options.sessions.sort_by_key(|session| session.arrive_ms);
    let clock = caller.clock;
    let prefix = unique_prefix()?;
    let stage = Arc::new(setup::set(caller, &mut options, &prefix, progress.as_ref()).await?);
    let (started_us, before) = (clock.now_us(), stage.caller.counts());
    let incidents = play(&stage, &options, disturbance, started_us, &progress).await?;
    let (played_us, counts) = (clock.now_us(), stage.caller.counts().since(before));

    let limits = options.limits();
    let history = audited(&stage, &limits, progress.as_ref()).await?;
    progress.note("judging the history");
    let verdict = check(&history, &limits);
    let context = context(options, started_us, played_us, counts, incidents);
    let report = Report::new(context, &history, verdict);
    Ok(ReplayOutcome { report, history })
}

/// Everything that happened, and what the nodes show afterwards: now, and when no hold can be alive.
async fn audited(stage: &Stage, limits: &Limits, progress: &dyn Progress) -> anyhow::Result<History> {
    let clock = stage.clock();
    let mut history = stage.history();
    sleep(Duration::from_micros(limits.staleness_us)).await;
    let settled_us = settled_at_us(&history, limits);
    if settled_us > clock.now_us() {
        history.audits.push(audit::read(stage, &history, false, progress).await?);
        let wait_s = settled_us.saturating_sub(clock.now_us()) as f64 / 1e6;
        progress.note(&format!("waiting {wait_s:.0} s for the last holds to reach their deadlines"));
        sleep_until(clock.at(settled_us)).await;
    }
    history.audits.push(audit::read(stage, &history, true, progress).await?);
    Ok(history)
}

fn context(
    options: ReplayOptions,
    started_us: u64,
    played_us: u64,
    counts: Counts,
    incidents: Vec<Incident>,
) -> ReportContext {
    ReportContext {
        title: options.title,
        targets: options.targets,
        sessions: options.sessions.len() as u64,
        speed: options.speed,
        ttl_seconds: options.ttl_seconds,
        durability: options.durability,
        started_us,
        played_us,
        attempts: counts.attempts,
        retries: counts.retries,
        broken_attempts: counts.broken,
        busy_answers: counts.busy,
        incidents,
    }
}

/// Lets everybody come, and the nodes be disturbed on the way; ends when the last buyer has left.
async fn play(
    stage: &Arc<Stage>,
    options: &ReplayOptions,
    disturbance: &mut dyn Disturbance,
    started_us: u64,
    progress: &Arc<dyn Progress>,
) -> anyhow::Result<Vec<Incident>> {
    progress.begin("buyers", options.sessions.len() as u64);
    let last_ms = options.sessions.last().map_or(0, |session| session.arrive_ms);
    let scene = Scene {
        events: stage.events.iter().map(|(name, event)| (name.clone(), event.id.clone())).collect(),
        progress: progress.as_ref(),
        caller: &stage.caller,
        started_us,
        lasts_us: (last_ms as f64 * 1_000.0 / options.speed) as u64,
    };
    let ticking = tokio::spawn({
        let (stage, progress) = (stage.clone(), progress.clone());
        async move {
            loop {
                sleep(TICK).await;
                progress.at(stage.tally.left(), &format!("gone; {}", stage.tally.text()));
            }
        }
    });
    let played = tokio::try_join!(arrivals(stage, options, started_us), disturbance.disturb(&scene));
    ticking.abort();
    progress.end(&format!("with {}", stage.tally.text()));
    played.map(|((), incidents)| incidents)
}

/// Starts every visit when it is due.
async fn arrivals(stage: &Arc<Stage>, options: &ReplayOptions, started_us: u64) -> anyhow::Result<()> {
    let mut visits = JoinSet::new();
    for (number, session) in options.sessions.iter().enumerate() {
        let due_us = started_us + (session.arrive_ms as f64 * 1_000.0 / options.speed) as u64;
        if due_us > stage.clock().now_us() {
            sleep_until(stage.clock().at(due_us)).await;
        }
        visits.spawn(buyer::visit(stage.clone(), number, session.clone(), due_us));
        while let Some(left) = visits.try_join_next() {
            left.context("a buyer's task failed")?;
        }
    }
    while let Some(left) = visits.join_next().await {
        left.context("a buyer's task failed")?;
    }
    Ok(())
}
