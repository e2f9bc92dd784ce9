//! The replay: lets a trace's buyers come to a node, when the trace says and whatever became of the others.
//!
//! Owns: the order of a run (set the stage, play, audit, judge) and its options. The load is open-loop: a slow node
//! does not keep anybody from arriving, and latency counts from when a call was meant to be made.
//! Not: what is right; the history goes to [`crate::checker`].

mod audit;
mod buyer;
pub(crate) mod caller;
pub(crate) mod http;
mod node;
pub(crate) mod setup;
mod stage;
pub(crate) mod wire;

pub use node::Restart;

use crate::ambient::{Clock, unique_prefix};
use crate::checker::{Limits, check, settled_at_us};
use crate::history::History;
use crate::plan::VenuePlan;
use crate::progress::Progress;
use crate::report::{Context as ReportContext, Report};
use crate::trace::Session;
use anyhow::{Context, bail};
use caller::Caller;
use http::Client;
use node::Node;
use stage::Stage;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{sleep, sleep_until};

/// Tokens last an hour; a run has to end before.
const LONGEST_RUN_S: f64 = 3_000.0;
/// Another node than the one that made a change shows it within this time.
const STALENESS_US: u64 = 1_000_000;
const TICK: Duration = Duration::from_millis(200);

/// How to replay a trace, and against what.
#[derive(Clone, Debug)]
pub struct ReplayOptions {
    /// What the report calls the run.
    pub title: String,
    /// Nodes' public addresses, taken in turn.
    pub targets: Vec<String>,
    /// The buyers.
    pub sessions: Vec<Session>,
    /// The venue of events that are made for the run.
    pub plan: VenuePlan,
    /// Ids of events by the names that the trace uses; names that are neither here nor ids are made.
    pub events: HashMap<String, String>,
    /// Who may make events and see the owners of seats.
    pub operator: Operator,
    /// How many times faster than the trace; thinking is sped up as well, deadlines are not.
    pub speed: f64,
    /// Accounts that buyers share in turn, so that password hashing does not measure the replay.
    pub accounts: u32,
    /// What every hold asks for.
    pub ttl_seconds: u32,
    /// How often a refused buyer asks in all.
    pub attempts: u32,
    /// Connections to each target at most.
    pub connections: usize,
    /// A node to start, and to kill on the way.
    pub node: Option<NodeOptions>,
    /// What the nodes' settings leave them; how old a read may be follows from the number of targets.
    pub limits: Limits,
    /// How the target makes things durable, in words for the report.
    pub durability: Option<String>,
}

/// Who the replay is, besides its buyers.
#[derive(Clone, Debug)]
pub enum Operator {
    /// Nobody: events must exist, and the audit cannot see who owns a seat.
    Absent,
    /// Holder of a token.
    Token(String),
    /// Logs in.
    Login {
        /// User name or e-mail.
        username: String,
        /// Password.
        password: String,
    },
}

/// A node that the replay runs itself.
#[derive(Clone, Debug)]
pub struct NodeOptions {
    /// The command line that starts it, as a shell would take it.
    pub command: String,
    /// How often it is killed without warning and started again, spread evenly over the run.
    pub kills: u32,
    /// Where its output goes; nowhere when not given.
    pub log: Option<PathBuf>,
}

/// What a replay came to.
#[derive(Clone, Debug)]
pub struct ReplayOutcome {
    /// Figures and verdict.
    pub report: Report,
    /// Everything that happened.
    pub history: History,
}

impl ReplayOptions {
    /// The usual options for these sessions against these nodes.
    pub fn new(targets: Vec<String>, sessions: Vec<Session>, plan: VenuePlan) -> Self {
        Self {
            title: "replay".into(),
            targets,
            sessions,
            plan,
            events: HashMap::new(),
            operator: Operator::Absent,
            speed: 1.0,
            accounts: 64,
            ttl_seconds: 30,
            attempts: 1,
            connections: 256,
            node: None,
            limits: Limits::default(),
            durability: None,
        }
    }

    fn validate(&self) -> anyhow::Result<()> {
        if !(self.speed.is_finite() && self.speed > 0.0) {
            bail!("the speed must be more than 0");
        }
        for (what, value, most) in [
            ("the number of accounts", self.accounts as usize, 100_000),
            ("the time to live", self.ttl_seconds as usize, 1_800),
            ("the number of attempts", self.attempts as usize, 1_000),
            ("the number of connections", self.connections, 10_000),
        ] {
            if !(1..=most).contains(&value) {
                bail!("{what} must be from 1 to {most}, not {value}");
            }
        }
        let Some(last) = self.sessions.last() else { bail!("the trace has no session") };
        let lasts_s = last.arrive_ms as f64 / 1_000.0 / self.speed;
        if lasts_s > LONGEST_RUN_S {
            bail!(
                "the run would last {lasts_s:.0} s, longer than a login; choose a speed that makes it {LONGEST_RUN_S:.0} s or less"
            );
        }
        Ok(())
    }

    fn limits(&self) -> Limits {
        let staleness_us = if self.targets.len() > 1 { STALENESS_US } else { 0 };
        Limits { staleness_us, ..self.limits }
    }
}

/// Runs a replay from setting the stage to the verdict.
///
/// # Errors
/// When the options make no sense, the stage cannot be set, the node cannot be started, or the audit cannot be read.
/// Violations are no errors: they are in the outcome.
pub async fn run(mut options: ReplayOptions, progress: Arc<dyn Progress>) -> anyhow::Result<ReplayOutcome> {
    options.sessions.sort_by_key(|session| session.arrive_ms);
    options.validate()?;
    let clock = Clock::start();
    let caller = Caller::new(Client::new(&options.targets, options.connections)?, clock);
    let mut node = match &options.node {
        Some(node) => Some(Node::start(node, &caller).await?),
        None => None,
    };
    let prefix = unique_prefix()?;
    let stage = Arc::new(setup::set(caller, &mut options, &prefix, progress.as_ref()).await?);
    let started_us = clock.now_us();
    let restarts = play(&stage, &options, node.as_mut(), started_us, &progress).await?;
    let played_us = clock.now_us();

    let limits = options.limits();
    let mut history = stage.history();
    sleep(Duration::from_micros(limits.staleness_us)).await;
    let settled_us = settled_at_us(&history, &limits);
    if settled_us > clock.now_us() {
        history.audits.push(audit::read(&stage, &history, false, progress.as_ref()).await?);
        let wait_s = settled_us.saturating_sub(clock.now_us()) as f64 / 1e6;
        progress.note(&format!("waiting {wait_s:.0} s for the last holds to reach their deadlines"));
        sleep_until(clock.at(settled_us)).await;
    }
    history.audits.push(audit::read(&stage, &history, true, progress.as_ref()).await?);
    if let Some(node) = node {
        node.stop().await;
    }
    progress.note("judging the history");
    let verdict = check(&history, &limits);
    let context = ReportContext {
        title: options.title,
        targets: options.targets,
        sessions: options.sessions.len() as u64,
        speed: options.speed,
        ttl_seconds: options.ttl_seconds,
        durability: options.durability,
        started_us,
        played_us,
        retries: stage.caller.retries.load(Ordering::Relaxed),
        broken_attempts: stage.caller.broken.load(Ordering::Relaxed),
        restarts,
    };
    let report = Report::new(context, &history, verdict);
    Ok(ReplayOutcome { report, history })
}

/// Lets everybody come, and kills the node on the way; ends when the last buyer has left.
async fn play(
    stage: &Arc<Stage>,
    options: &ReplayOptions,
    node: Option<&mut Node>,
    started_us: u64,
    progress: &Arc<dyn Progress>,
) -> anyhow::Result<Vec<Restart>> {
    progress.begin("buyers", options.sessions.len() as u64);
    let last_ms = options.sessions.last().map_or(0, |session| session.arrive_ms);
    let lasts_us = (last_ms as f64 * 1_000.0 / options.speed) as u64;
    let killing = async {
        match node {
            Some(node) => node.kill_on_the_way(&stage.caller, started_us, lasts_us, progress.as_ref()).await,
            None => Ok(Vec::new()),
        }
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
    let played = tokio::try_join!(arrivals(stage, options, started_us), killing);
    ticking.abort();
    progress.end(&format!("with {}", stage.tally.text()));
    played.map(|((), restarts)| restarts)
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
