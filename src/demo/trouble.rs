//! What happens to the nodes in the middle of the sale: the event's owner is killed and comes back, and its shard moves.
//!
//! Owns: the order and what was seen of it. What it cost the buyers is in the report of the sale.

use std::time::Duration;

use anyhow::Context;
use bench::replay::{Admin, Disturbance, Incident, Scene};
use bench::rng::Rng;
use cluster::placement::ShardRing;
use domain::ids::EventId;
use futures_util::future::BoxFuture;
use hyper::{Method, StatusCode};
use tokio::time::sleep;

use super::nodes::Nodes;
use crate::client::Client;

/// Part of the time that is over when the owner is killed: in the rush, while there are seats.
const KILL_AFTER: f64 = 0.1;
/// The same for the move of the shard: abandoned seats are on sale again then.
const MOVE_AFTER: f64 = 0.4;
const POLL: Duration = Duration::from_millis(50);
/// Far more than an election and catching up take.
const WITHIN: Duration = Duration::from_secs(60);

/// Kills and moves; knows afterwards what it has seen.
pub(super) struct Trouble<'a> {
    pub(super) nodes: &'a mut Nodes,
    pub(super) admin: &'a Admin,
    /// The event by the name that the sale uses.
    pub(super) event: &'static str,
    pub(super) seen: Seen,
}

/// What cannot be told from the sale alone. Seconds since the first buyer could come.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Seen {
    /// The node that owned the event after the one that was killed.
    pub(super) heir: u32,
    /// When the node that was killed knew everything again.
    pub(super) caught_up_s: f64,
}

impl Disturbance for Trouble<'_> {
    fn disturb<'a>(&'a mut self, scene: &'a Scene<'a>) -> BoxFuture<'a, anyhow::Result<Vec<Incident>>> {
        Box::pin(async move {
            let id = scene.events.get(self.event).context("the event is not on sale")?.clone();
            scene.until_share(KILL_AFTER).await;
            let killed = self.kill_the_owner(scene, &id).await?;
            scene.until_share(MOVE_AFTER).await;
            let moved = self.move_the_shard(scene, &id).await?;
            Ok(vec![killed, moved])
        })
    }
}

impl Trouble<'_> {
    async fn kill_the_owner(&mut self, scene: &Scene<'_>, event: &str) -> anyhow::Result<Incident> {
        let owner = self.owner(event, None).await?;
        let at_s = scene.now_s();
        self.nodes.node(owner)?.0.kill().await?;
        scene.progress.note(&format!("{at_s:.1} s: killed node {owner}, which owned the event"));
        self.seen.heir = self.owner(event, Some(owner)).await?;
        scene.progress.note(&format!("{:.1} s: node {} owns the event", scene.now_s(), self.seen.heir));
        let (node, keys) = self.nodes.node(owner)?;
        node.start_again(keys).await?;
        let pause_s = scene.now_s() - at_s;
        self.until_caught_up(event, owner, self.seen.heir).await?;
        self.seen.caught_up_s = scene.now_s();
        scene.progress.note(&format!("{:.1} s: node {owner} is back and has caught up", scene.now_s()));
        Ok(Incident::Killed { node: owner, at_s, pause_s })
    }

    async fn move_the_shard(&mut self, scene: &Scene<'_>, event: &str) -> anyhow::Result<Incident> {
        let shard = self.shard(event).await?;
        if self.nodes.count() <= self.admin.cluster().await?.replication {
            // Everybody has a replica of everything: there is nowhere to move to yet.
            self.nodes.add(scene.progress).await?;
            self.admin.until_settled(self.nodes.count(), |_| {}).await?;
        }
        let wanted = self.admin.cluster().await?.move_of(shard, &mut Rng::new(u64::from(shard)))?;
        let at_s = scene.now_s();
        self.admin.move_shard(wanted).await?;
        let took_s = scene.now_s() - at_s;
        let bench::replay::Move { shard, from, to } = wanted;
        scene.progress.note(&format!(
            "{:.1} s: shard {shard}, the event's, moved from node {from} to node {to}",
            scene.now_s()
        ));
        Ok(Incident::Moved { shard, from, to, at_s, took_s })
    }

    async fn shard(&self, event: &str) -> anyhow::Result<u16> {
        let shards = u16::try_from(self.admin.cluster().await?.shards.len())?;
        let event: EventId = event.parse().context("the event has no id")?;
        Ok(ShardRing::new(shards).shard_of(event))
    }

    /// Who owns the event, waiting until it is somebody else than `not`.
    async fn owner(&self, event: &str, not: Option<u32>) -> anyhow::Result<u32> {
        let shard = self.shard(event).await?;
        let looking = async {
            loop {
                let cluster = self.admin.cluster().await?;
                let leader =
                    cluster.shards.iter().find(|other| other.id == shard).and_then(|shard| shard.leader);
                if let Some(leader) = leader.filter(|leader| Some(*leader) != not) {
                    return Ok(leader);
                }
                sleep(POLL).await;
            }
        };
        tokio::time::timeout(WITHIN, looking).await.context("nobody came to own the event")?
    }

    /// Waits until `late` shows what `owner` shows now.
    async fn until_caught_up(&mut self, event: &str, late: u32, owner: u32) -> anyhow::Result<()> {
        let client = Client::new();
        let [late, owner] = [self.nodes.node(late)?.0.http(), self.nodes.node(owner)?.0.http()];
        let catching_up = async {
            let mut wanted = None;
            loop {
                if wanted.is_none() {
                    wanted = version(&client, &owner, event).await;
                }
                if wanted.is_some() && version(&client, &late, event).await >= wanted {
                    return;
                }
                sleep(POLL).await;
            }
        };
        tokio::time::timeout(WITHIN, catching_up).await.context("the node that was killed did not catch up")
    }
}

/// The version of the event's seats at a node; no house seats are kept back, so that the list is empty.
async fn version(client: &Client, node: &str, event: &str) -> Option<u64> {
    let path = format!("/events/{event}/seats?status=blocked");
    let answer = client.send(Method::GET, node, &path, None).await.ok()?;
    (answer.status == StatusCode::OK).then(|| answer.body["version"].as_u64()).flatten()
}
