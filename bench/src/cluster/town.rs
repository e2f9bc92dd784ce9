//! The nodes of a scene, and their operator.
//!
//! Owns: forming the cluster, waiting until it has settled, orders to it, and who owns an event. Which shard an event
//! belongs to is seen from outside: it is the one that has one sale more after the event's first hold.

use super::node::{Common, Node};
use super::view::{OperationView, Ordered, View};
use crate::ambient::{Clock, unique_prefix};
use crate::load::house::{CONNECTIONS, House, Show};
use crate::load::servers::{OPERATOR, Programs};
use crate::plan::VenuePlan;
use crate::progress::Progress;
use crate::replay::caller::Caller;
use crate::replay::http::{Ask, Client};
use crate::replay::setup::{log_in, seen_everywhere};
use crate::replay::wire::parse;
use anyhow::{Context, anyhow, bail};
use hyper::Method;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::sleep;

/// A cluster that has not settled by then has a fault.
const SETTLED_WITHIN_US: u64 = 120_000_000;
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// An operation that moves replicas takes no longer.
const OPERATION_WITHIN_US: u64 = 300_000_000;
/// A new sale shows in the operator's view within that.
const SHOWN_WITHIN_US: u64 = 10_000_000;
const SECRET_WORDS: usize = 8;

/// A running cluster.
pub(super) struct Town {
    pub(super) clock: Clock,
    pub(super) nodes: Vec<Node>,
    common: Common,
    /// The operator's token, good at every node.
    token: String,
}

/// An event, and where it is sold.
pub(super) struct Placed {
    pub(super) show: Show,
    pub(super) shard: u16,
    pub(super) owner: u32,
}

impl Town {
    /// Starts so many nodes, numbered from 1, then so many gateways, and waits until all is settled.
    pub(super) async fn open(
        programs: &Programs,
        storage: u32,
        gateways: u32,
        clock: Clock,
        progress: &dyn Progress,
    ) -> anyhow::Result<Self> {
        programs.check_node()?;
        let drawn = (0..SECRET_WORDS).map(|_| unique_prefix()).collect::<anyhow::Result<String>>();
        let password = format!("password-{}", unique_prefix()?);
        let common = Common { programs: programs.clone(), secret: drawn?, password };
        let first = Node::start(&common, 1, Vec::new(), false).await?;
        let caller = caller_of(std::slice::from_ref(&first.addresses().http), clock)?;
        let token = log_in(&caller, OPERATOR, &common.password).await?.access_token;
        let mut town = Self { clock, nodes: vec![first], common, token };
        for number in 2..=storage + gateways {
            town.add(number > storage).await?;
        }
        let took_us = town.settled().await?;
        progress.note(&format!(
            "{} nodes and {gateways} gateways run; settled {:.1} s after the last had joined",
            storage,
            took_us as f64 / 1e6
        ));
        Ok(town)
    }

    /// One node more; its number.
    pub(super) async fn add(&mut self, is_gateway: bool) -> anyhow::Result<u32> {
        let number = self.nodes.len() as u32 + 1;
        let joins = self.nodes.iter().map(|node| node.addresses().peer.clone()).collect();
        let node = Node::start(&self.common, number, joins, is_gateway).await;
        self.nodes.push(node.with_context(|| format!("node {number} did not join"))?);
        Ok(number)
    }

    pub(super) fn node(&mut self, number: u32) -> anyhow::Result<&mut Node> {
        self.nodes.iter_mut().find(|node| node.number == number).with_context(|| format!("no node {number}"))
    }

    /// The public address of a node.
    pub(super) fn http(&self, number: u32) -> anyhow::Result<String> {
        let node = self.nodes.iter().find(|node| node.number == number);
        node.map(|node| node.addresses().http.clone()).with_context(|| format!("no node {number}"))
    }

    /// The public addresses of all nodes.
    pub(super) fn all_http(&self) -> Vec<String> {
        self.nodes.iter().map(|node| node.addresses().http.clone()).collect()
    }

    /// Accounts and a venue, made through the first node.
    pub(super) async fn house(
        &self,
        buyers: u32,
        plan: VenuePlan,
        progress: &dyn Progress,
    ) -> anyhow::Result<House> {
        let caller = caller_of(&self.all_http()[..1], self.clock)?;
        House::open(caller, &self.common.password, buyers, plan, progress).await
    }

    /// Another event that every node knows, with the last of its seats held, and who owns it.
    pub(super) async fn show(&self, house: &mut House) -> anyhow::Result<Placed> {
        let before = self.view().await?;
        let mut show = house.show().await?;
        let last = show.seats.pop().context("the venue has no seats")?;
        house.hold(&show, &[last]).await?;
        seen_everywhere(&caller_of(&self.all_http(), self.clock)?, &show.id).await?;
        let give_up_us = self.clock.now_us() + SHOWN_WITHIN_US;
        let shard = loop {
            if let Some(shard) = self.view().await?.grown_since(&before) {
                break shard;
            }
            if self.clock.now_us() > give_up_us {
                bail!("no shard of GET /admin/cluster shows the new sale");
            }
            sleep(LOOK_EVERY).await;
        };
        Ok(Placed { show, shard, owner: self.leader_of(shard).await? })
    }

    /// Who leads a shard, waited for.
    pub(super) async fn leader_of(&self, shard: u16) -> anyhow::Result<u32> {
        let give_up_us = self.clock.now_us() + SETTLED_WITHIN_US;
        loop {
            if let Some(leader) = self.view().await?.shard(shard).and_then(|shard| shard.leader) {
                return Ok(leader);
            }
            if self.clock.now_us() > give_up_us {
                bail!("nobody leads shard {shard}");
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// The cluster as the first running node sees it.
    pub(super) async fn view(&self) -> anyhow::Result<View> {
        let asked = self.nodes.iter().find(|node| node.server().is_ok()).context("no node runs")?;
        self.view_of(asked).await
    }

    async fn view_of(&self, node: &Node) -> anyhow::Result<View> {
        self.ask(node, Method::GET, "/admin/cluster", None).await
    }

    /// Waits until every running node sees every running node alive and every shard as it is to be; how long it took.
    pub(super) async fn settled(&self) -> anyhow::Result<u64> {
        let since_us = self.clock.now_us();
        let running: Vec<&Node> = self.nodes.iter().filter(|node| node.server().is_ok()).collect();
        let numbers: Vec<u32> = running.iter().map(|node| node.number).collect();
        for node in running {
            loop {
                let view = self.view_of(node).await?;
                if view.is_settled(&numbers) {
                    break;
                }
                if self.clock.now_us() - since_us > SETTLED_WITHIN_US {
                    bail!("the cluster has not settled in time; node {} sees {view:?}", node.number);
                }
                sleep(LOOK_EVERY).await;
            }
        }
        Ok(self.clock.now_us() - since_us)
    }

    /// Moves a shard's replica and waits until that is done; how long it took.
    pub(super) async fn move_shard(&self, shard: u16, from: u32, to: u32) -> anyhow::Result<u64> {
        let path = format!("/admin/shards/{shard}/move");
        let (_, took_us) = self.order(&path, json!({ "from": from, "to": to })).await?;
        Ok(took_us)
    }

    /// Spreads the replicas over all nodes; how many the plan moved, and how long that took.
    pub(super) async fn rebalance(&self) -> anyhow::Result<(usize, u64)> {
        self.order("/admin/cluster/rebalance", json!({})).await
    }

    /// Gives an order and waits until it is carried out.
    async fn order(&self, path: &str, body: Value) -> anyhow::Result<(usize, u64)> {
        let first = self.nodes.first().context("a town has nodes")?;
        let since_us = self.clock.now_us();
        let ordered: Ordered = self.ask(first, Method::POST, path, Some(body)).await?;
        let Some(id) = ordered.operation_id else { bail!("POST {path} found nothing to do") };
        loop {
            let path = format!("/admin/operations/{id}");
            let operation: OperationView = self.ask(first, Method::GET, &path, None).await?;
            match operation.state.as_str() {
                "done" => return Ok((ordered.moves.len(), self.clock.now_us() - since_us)),
                "aborted" => bail!("operation {id} was aborted"),
                _ if self.clock.now_us() - since_us > OPERATION_WITHIN_US => {
                    bail!("operation {id} is not done in time")
                }
                _ => sleep(LOOK_EVERY).await,
            }
        }
    }

    /// Asks a node's admin listener.
    async fn ask<T: DeserializeOwned>(
        &self,
        node: &Node,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> anyhow::Result<T> {
        let caller = caller_of(std::slice::from_ref(&node.addresses().admin), self.clock)?;
        let mut ask = Ask::new(method, path).bearer(&self.token);
        if let Some(body) = body {
            ask = ask.json(&body);
        }
        let answer = caller.must(&ask).await?;
        parse(&answer.body).map_err(|what| anyhow!("{path} of node {}: {what}", node.number))
    }

    /// Ends every process and waits until it is gone.
    pub(super) async fn stop(mut self) {
        for node in &mut self.nodes {
            node.kill().await;
        }
    }
}

fn caller_of(addresses: &[String], clock: Clock) -> anyhow::Result<Caller> {
    Ok(Caller::new(Client::new(addresses, CONNECTIONS)?, clock))
}
