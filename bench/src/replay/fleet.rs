//! Nodes that the replay runs itself, so that it can kill them, and the shards that it moves between them.
//!
//! Owns: what is done to which node when; all of it follows from a seed. Hazard: the next thing is done only when the
//! node that was killed before is ready again, else a majority would be killed and nothing could be sold.

use super::NodesOptions;
use super::admin::{Admin, Move};
use super::caller::Caller;
use super::incident::{Disturbance, Incident, Scene};
use super::node::Node;
use crate::progress::Progress;
use crate::rng::Rng;
use anyhow::{Context, bail};
use futures_util::future::BoxFuture;

/// The nodes, and what is to be done to them.
pub(super) struct Fleet {
    nodes: Vec<Node>,
    admin: Option<Admin>,
    /// What is done, in this order.
    acts: Vec<Act>,
    rng: Rng,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Kill,
    Move,
}

impl Fleet {
    /// Starts the nodes one after the other and waits until they have shared their replicas out.
    pub(super) async fn start(
        options: &NodesOptions,
        operator: Option<(&str, &str)>,
        caller: &Caller,
        progress: &dyn Progress,
    ) -> anyhow::Result<Self> {
        let targets = caller.client.targets();
        let mut nodes = Vec::with_capacity(options.commands.len());
        for (number, command) in options.commands.iter().enumerate() {
            nodes.push(Node::start(command, options.log.as_deref(), number, caller).await?);
            progress.note(&format!("node {} of {} is up", number + 1, options.commands.len()));
        }
        let admin = match (&options.admin[..], operator) {
            ([], _) if options.moves > 0 => bail!("moves are ordered at an admin listener; say where one is"),
            ([], _) if nodes.len() > targets => {
                bail!(
                    "{} nodes, but {targets} targets: without an admin listener nobody hears of the others",
                    nodes.len()
                );
            }
            ([], _) => None,
            (_, None) => bail!("only an operator who logs in may ask an admin listener"),
            (urls, Some((username, password))) => Some(Admin::open(urls, username, password).await?),
        };
        let mut rng = Rng::new(options.seed);
        if let Some(admin) = &admin {
            let cluster = admin.until_settled(nodes.len(), |_| {}).await?;
            progress.note(&format!("all {} groups have their replicas", cluster.groups()));
            if options.moves > 0 {
                // What cannot be should not be found out in the middle of a long run.
                cluster.move_of(cluster.any_shard(&mut rng), &mut rng)?;
            }
        }
        let acts = shuffled(options.kills, options.moves, &mut rng);
        Ok(Self { nodes, admin, acts, rng })
    }

    /// Kills the nodes for good.
    pub(super) async fn stop(self) {
        for node in self.nodes {
            node.stop().await;
        }
    }

    async fn kill_one(&mut self, scene: &Scene<'_>) -> anyhow::Result<Incident> {
        // Those beyond the targets have no buyers; they are there to be moved to.
        let killable = self.nodes.len().min(scene.caller.client.targets());
        let number = self.rng.below(killable as u64) as usize;
        let node = self.nodes.get_mut(number).context("there is no node to kill")?;
        let at_s = scene.now_s();
        node.restart(scene.caller).await?;
        let pause_s = scene.now_s() - at_s;
        scene.progress.note(&format!("killed node {}; it was back after {pause_s:.2} s", number + 1));
        Ok(Incident::Killed { node: number as u32 + 1, at_s, pause_s })
    }

    async fn move_one(&mut self, scene: &Scene<'_>) -> anyhow::Result<Incident> {
        let admin = self.admin.as_ref().context("there is no admin listener to order a move at")?;
        let cluster = admin.cluster().await?;
        let wanted = cluster.move_of(cluster.any_shard(&mut self.rng), &mut self.rng)?;
        let at_s = scene.now_s();
        admin.move_shard(wanted).await?;
        let took_s = scene.now_s() - at_s;
        let Move { shard, from, to } = wanted;
        scene
            .progress
            .note(&format!("moved shard {shard} from node {from} to node {to} within {took_s:.2} s"));
        Ok(Incident::Moved { shard, from, to, at_s, took_s })
    }
}

impl Disturbance for Fleet {
    fn disturb<'a>(&'a mut self, scene: &'a Scene<'a>) -> BoxFuture<'a, anyhow::Result<Vec<Incident>>> {
        Box::pin(async move {
            let acts = std::mem::take(&mut self.acts);
            let mut done = Vec::with_capacity(acts.len());
            for (number, act) in acts.iter().enumerate() {
                scene.until_share((number + 1) as f64 / (acts.len() + 1) as f64).await;
                done.push(match act {
                    Act::Kill => self.kill_one(scene).await?,
                    Act::Move => self.move_one(scene).await?,
                });
            }
            Ok(done)
        })
    }
}

/// So many of both, in an order of the generator's own.
fn shuffled(kills: u32, moves: u32, rng: &mut Rng) -> Vec<Act> {
    let mut acts = vec![Act::Kill; kills as usize];
    acts.resize(acts.len() + moves as usize, Act::Move);
    for last in (1..acts.len()).rev() {
        acts.swap(last, rng.below(last as u64 + 1) as usize);
    }
    acts
}

#[cfg(test)]
mod test {
    use super::{Act, shuffled};
    use crate::rng::Rng;

    #[test]
    fn the_order_follows_from_the_seed_and_nothing_is_left_out() {
        let order = |seed| shuffled(4, 3, &mut Rng::new(seed));
        assert_eq!(order(1), order(1));
        assert!((2..20).any(|seed| order(seed) != order(1)));
        assert_eq!(order(1).iter().filter(|act| **act == Act::Kill).count(), 4);
        assert_eq!(order(1).len(), 7);
        assert!(shuffled(0, 0, &mut Rng::new(1)).is_empty());
    }
}
