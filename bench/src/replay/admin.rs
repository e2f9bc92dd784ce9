//! The cluster as its operators see and change it, over the admin listeners of its nodes.
//!
//! Owns: the JSON of `/admin/…` as far as a run needs it. Any listener will do: when one is dead another is asked.

use super::caller::Caller;
use super::http::{Ask, Client};
use super::setup::log_in;
use super::wire::parse;
use crate::ambient::Clock;
use crate::rng::Rng;
use anyhow::{anyhow, bail};
use hyper::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use std::time::Duration;
use tokio::time::sleep;

const CONNECTIONS: usize = 2;
const POLL: Duration = Duration::from_millis(100);
/// Growing to three replicas takes seconds; more than this means that it does not happen.
const SETTLES_WITHIN_US: u64 = 120_000_000;
const MOVES_WITHIN_US: u64 = 120_000_000;

/// A logged-in operator.
pub struct Admin {
    caller: Caller,
    token: String,
}

/// The cluster as one node sees it.
#[derive(Clone, Debug, Deserialize)]
pub struct ClusterState {
    /// How many voting replicas a shard gets where there are nodes enough.
    pub replication: usize,
    /// Its nodes.
    pub nodes: Vec<NodeState>,
    /// Its shards.
    pub shards: Vec<ShardState>,
    directory: GroupState,
    accounts: GroupState,
}

/// A node of a cluster.
#[derive(Clone, Debug, Deserialize)]
pub struct NodeState {
    /// Its number.
    pub id: u32,
    state: String,
    alive: bool,
    gateway: bool,
}

/// A shard and who has it.
#[derive(Clone, Debug, Deserialize)]
pub struct ShardState {
    /// Its number.
    pub id: u16,
    /// Who leads it, if anyone is heard to.
    pub leader: Option<u32>,
    /// How many sales it has.
    pub events: u32,
    voters: Vec<u32>,
    wanted: Vec<u32>,
}

/// A group that is no shard.
#[derive(Clone, Debug, Deserialize)]
struct GroupState {
    leader: Option<u32>,
    voters: Vec<u32>,
}

/// One replica that changes its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    /// The shard.
    pub shard: u16,
    /// The node that has it.
    pub from: u32,
    /// The node that gets it.
    pub to: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ordered {
    operation_id: Option<u64>,
}

#[derive(Deserialize)]
struct Operation {
    state: String,
}

impl Admin {
    /// Logs in at any of the admin listeners at `urls`.
    ///
    /// # Errors
    /// No listener answers, or none lets the operator in.
    pub async fn open(urls: &[String], username: &str, password: &str) -> anyhow::Result<Self> {
        let caller = Caller::new(Client::new(urls, CONNECTIONS)?, Clock::start());
        let token = log_in(&caller, username, password).await?.access_token;
        Ok(Self { caller, token })
    }

    /// The cluster now.
    ///
    /// # Errors
    /// No node answers.
    pub async fn cluster(&self) -> anyhow::Result<ClusterState> {
        self.ask(Ask::new(Method::GET, "/admin/cluster")).await
    }

    /// Waits until so many nodes are there and every group has all its voters; `tell` hears how many groups have.
    ///
    /// # Errors
    /// No node answers, or it does not happen.
    pub async fn until_settled(&self, nodes: usize, tell: impl Fn(usize)) -> anyhow::Result<ClusterState> {
        let give_up_us = self.caller.clock.now_us() + SETTLES_WITHIN_US;
        loop {
            let cluster = self.cluster().await?;
            let settled = cluster.settled(nodes);
            tell(settled);
            if settled == cluster.groups() {
                return Ok(cluster);
            }
            if self.caller.clock.now_us() > give_up_us {
                bail!(
                    "the groups of the cluster did not get all their replicas; see `onsale cluster status`"
                );
            }
            sleep(POLL).await;
        }
    }

    /// Moves a replica and waits until that is done.
    ///
    /// # Errors
    /// The cluster refuses, or it takes too long.
    pub async fn move_shard(&self, wanted: Move) -> anyhow::Result<()> {
        let body = json!({ "from": wanted.from, "to": wanted.to });
        let path = format!("/admin/shards/{}/move", wanted.shard);
        let ordered: Ordered = self.ask(Ask::new(Method::POST, path).json(&body)).await?;
        let Some(id) = ordered.operation_id else { return Ok(()) };
        let give_up_us = self.caller.clock.now_us() + MOVES_WITHIN_US;
        while self.caller.clock.now_us() < give_up_us {
            let operation: Operation =
                self.ask(Ask::new(Method::GET, format!("/admin/operations/{id}"))).await?;
            match operation.state.as_str() {
                "running" => sleep(POLL).await,
                "done" => return Ok(()),
                other => bail!("the move of shard {} ended as `{other}`", wanted.shard),
            }
        }
        bail!("shard {} had not moved after {} s", wanted.shard, MOVES_WITHIN_US / 1_000_000)
    }

    async fn ask<T: DeserializeOwned>(&self, ask: Ask) -> anyhow::Result<T> {
        let ask = ask.bearer(&self.token);
        let answer = self.caller.must(&ask).await?;
        parse(&answer.body).map_err(|what| anyhow!("{} {}: {what}", ask.method, ask.path))
    }
}

impl ClusterState {
    /// How many raft groups it has: the shards, the directory and the accounts.
    #[must_use]
    pub fn groups(&self) -> usize {
        self.shards.len() + 2
    }

    /// How many of them have a leader and all their voters, once `nodes` nodes are there.
    fn settled(&self, nodes: usize) -> usize {
        let alive = self.nodes.iter().filter(|node| node.alive).count();
        if alive < nodes {
            return 0;
        }
        let copies = self.replication.min(self.nodes.iter().filter(|node| node.has_room()).count());
        // A group grows from one voter to three at once, and has one until then.
        let copies = if copies < self.replication { 1 } else { copies };
        let is_whole = |shard: &&ShardState| {
            shard.leader.is_some() && shard.wanted.len() >= copies && {
                let (mut voters, mut wanted) = (shard.voters.clone(), shard.wanted.clone());
                voters.sort_unstable();
                wanted.sort_unstable();
                voters == wanted
            }
        };
        let others = [&self.directory, &self.accounts];
        let is_led = |group: &&&GroupState| group.leader.is_some() && group.voters.len() >= copies;
        self.shards.iter().filter(is_whole).count() + others.iter().filter(is_led).count()
    }

    /// A move of `shard` that also changes who owns its events, wherever there is room.
    ///
    /// # Errors
    /// There is no such shard, or every node has a replica of it already.
    pub fn move_of(&self, shard: u16, rng: &mut Rng) -> anyhow::Result<Move> {
        let Some(moved) = self.shards.iter().find(|other| other.id == shard) else {
            bail!("there is no shard {shard}");
        };
        let has = |node: u32| moved.wanted.contains(&node) || moved.voters.contains(&node);
        let room: Vec<u32> =
            self.nodes.iter().filter(|node| node.has_room() && !has(node.id)).map(|node| node.id).collect();
        let leader = moved.leader.filter(|leader| moved.wanted.contains(leader));
        let (Some(from), false) = (leader.or(moved.wanted.first().copied()), room.is_empty()) else {
            bail!(
                "shard {shard} cannot be moved: every node has a replica of it; let one more node join than there are \
                 replicas ({})",
                self.replication
            );
        };
        Ok(Move { shard, from, to: room[rng.below(room.len() as u64) as usize] })
    }

    /// A random shard of those that have sales, or of all where none has.
    #[must_use]
    pub fn any_shard(&self, rng: &mut Rng) -> u16 {
        let selling: Vec<u16> =
            self.shards.iter().filter(|shard| shard.events > 0).map(|shard| shard.id).collect();
        let all: Vec<u16> = self.shards.iter().map(|shard| shard.id).collect();
        let from = if selling.is_empty() { all } else { selling };
        from.get(rng.below(from.len() as u64) as usize).copied().unwrap_or_default()
    }
}

impl NodeState {
    /// Whether it may be given replicas.
    fn has_room(&self) -> bool {
        self.alive && !self.gateway && self.state == "active"
    }
}

#[cfg(test)]
#[path = "admin_test.rs"]
mod test;
