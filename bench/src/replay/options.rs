//! What a replay is told: which buyers, which nodes, and what is done to them.
//!
//! Owns: the defaults, and what makes no sense.

use super::STALENESS_US;
use crate::checker::Limits;
use crate::plan::VenuePlan;
use crate::trace::Session;
use anyhow::bail;
use std::collections::HashMap;
use std::path::PathBuf;

/// Tokens last an hour; a run has to end before.
const LONGEST_RUN_S: f64 = 3_000.0;

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
    /// Nodes to start, and what is done to them on the way.
    pub nodes: NodesOptions,
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

/// Nodes that the replay runs itself or orders about; none and nothing by default.
#[derive(Clone, Debug, Default)]
pub struct NodesOptions {
    /// The command lines that start them, as a shell would take them, in the order of the targets. Those beyond the
    /// targets have no buyers and are not killed: they are room to move shards to.
    pub commands: Vec<String>,
    /// How often one of them is killed without warning and started again.
    pub kills: u32,
    /// How often a shard is moved. Kills and moves are spread evenly over the run.
    pub moves: u32,
    /// Admin listeners of the nodes, where moves are ordered. The run begins when the cluster there is complete.
    pub admin: Vec<String>,
    /// Which node and which shard is next follows from it.
    pub seed: u64,
    /// Where the output of all nodes goes; nowhere when not given.
    pub log: Option<PathBuf>,
}

impl NodesOptions {
    pub(super) fn are_none(&self) -> bool {
        self.commands.is_empty() && self.admin.is_empty() && self.kills == 0 && self.moves == 0
    }
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
            nodes: NodesOptions::default(),
            limits: Limits::default(),
            durability: None,
        }
    }

    pub(super) fn validate(&self) -> anyhow::Result<()> {
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
        if self.nodes.kills > 0 && self.nodes.commands.is_empty() {
            bail!("only nodes that the replay has started can be killed; say how they are started");
        }
        let Some(last_ms) = self.sessions.iter().map(|session| session.arrive_ms).max() else {
            bail!("the trace has no session")
        };
        let lasts_s = last_ms as f64 / 1_000.0 / self.speed;
        if lasts_s > LONGEST_RUN_S {
            bail!(
                "the run would last {lasts_s:.0} s, longer than a login; choose a speed that makes it {LONGEST_RUN_S:.0} s or less"
            );
        }
        Ok(())
    }

    pub(super) fn limits(&self) -> Limits {
        let staleness_us = if self.targets.len() > 1 { STALENESS_US } else { 0 };
        Limits { staleness_us, ..self.limits }
    }
}
