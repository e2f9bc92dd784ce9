//! All nodes of the demo and their data, which is removed when they have ended.

use anyhow::{Context, bail};
use bench::progress::Progress;
use bench::replay::Admin;
use futures_util::future::select_all;
use tempfile::TempDir;

use super::keys::{Keys, USERNAME};
use super::node::{DemoNode, Start};

/// The nodes. Dropping them kills them first and removes their data then.
pub(super) struct Nodes {
    all: Vec<DemoNode>,
    pub(super) keys: Keys,
    dir: TempDir,
}

impl Nodes {
    /// None yet.
    pub(super) fn none() -> anyhow::Result<Self> {
        let dir = tempfile::Builder::new().prefix("onsale-demo-").tempdir()?;
        Ok(Self { all: Vec::new(), keys: Keys::draw(), dir })
    }

    /// Starts one more, which joins the first one.
    pub(super) async fn add(&mut self, progress: &dyn Progress) -> anyhow::Result<&DemoNode> {
        let number = u32::try_from(self.all.len())? + 1;
        let start = Start {
            number,
            data: self.dir.path().join(format!("node-{number}")),
            join: self.all.first().map(DemoNode::peer),
        };
        let node = DemoNode::start(start, &self.keys).await?;
        progress.note(&format!("node {number} is up at {}", node.http()));
        self.all.push(node);
        self.all.last().context("it was just started")
    }

    /// Starts so many and waits until they have shared everything out; the operator.
    pub(super) async fn start(&mut self, count: usize, progress: &dyn Progress) -> anyhow::Result<Admin> {
        progress.note(&format!("the data of all nodes is in {}", self.dir.path().display()));
        while self.all.len() < count {
            self.add(progress).await?;
        }
        let admins: Vec<String> = self.all.iter().map(DemoNode::admin).collect();
        let admin = Admin::open(&admins, USERNAME, &self.keys.password).await?;
        if count > 1 {
            let groups = admin.cluster().await?.groups();
            progress.begin("replicas", groups as u64);
            admin.until_settled(count, |settled| progress.at(settled as u64, "groups on all nodes")).await?;
            progress.end("groups are on all nodes that they should be on");
        }
        Ok(admin)
    }

    pub(super) fn first(&self) -> anyhow::Result<&DemoNode> {
        self.all.first().context("there is no node")
    }

    pub(super) fn count(&self) -> usize {
        self.all.len()
    }

    /// Where clients reach them.
    pub(super) fn https(&self) -> Vec<String> {
        self.all.iter().map(DemoNode::http).collect()
    }

    /// The node with this number and the keys that it is started with.
    pub(super) fn node(&mut self, number: u32) -> anyhow::Result<(&mut DemoNode, &Keys)> {
        let node = self.all.iter_mut().find(|node| node.number() == number);
        Ok((node.with_context(|| format!("there is no node {number}"))?, &self.keys))
    }

    /// Waits until any of them ends by itself, which none should.
    pub(super) async fn any_ended(&mut self) -> anyhow::Result<()> {
        let ended = self.all.iter_mut().map(|node| Box::pin(node.ended()));
        let (number, status) = select_all(ended).await.0?;
        bail!("node {number} ended by itself: {status}")
    }

    /// Ends them in good order, all at a time, and removes their data.
    pub(super) async fn stop(self) -> anyhow::Result<()> {
        self.all.iter().for_each(DemoNode::tell_to_end);
        for node in self.all {
            node.end().await?;
        }
        let data = self.dir.path().to_owned();
        self.dir.close().with_context(|| format!("cannot remove {}", data.display()))
    }
}
