//! A node that the replay runs itself, so that it can kill it.
//!
//! Owns: the process. It is started, killed with SIGKILL at planned instants, started again on the same command line
//! (and so on the same data), and killed at the end: a node must not need a goodbye.

use super::NodeOptions;
use super::caller::Caller;
use super::http::Ask;
use crate::progress::Progress;
use anyhow::{Context, bail};
use hyper::Method;
use serde::{Deserialize, Serialize};
use std::fs::OpenOptions;
use std::process::Stdio;
use std::time::Duration;
use tokio::process::{Child, Command};
use tokio::time::{sleep, sleep_until, timeout};

const READY_WITHIN_US: u64 = 60_000_000;
const POLL: Duration = Duration::from_millis(20);
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);

/// The node's process.
pub(super) struct Node {
    options: NodeOptions,
    child: Child,
}

/// A kill and what it cost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Restart {
    /// Seconds into the run.
    pub at_s: f64,
    /// Seconds until the node was ready again.
    pub pause_s: f64,
}

impl Node {
    /// Starts the node and waits until it can serve.
    pub(super) async fn start(options: &NodeOptions, caller: &Caller) -> anyhow::Result<Self> {
        let mut node = Self { options: options.clone(), child: spawn(options)? };
        node.ready(caller).await?;
        Ok(node)
    }

    /// Kills the node as often as the options say, spread over a run that starts at `started_us`.
    pub(super) async fn kill_on_the_way(
        &mut self,
        caller: &Caller,
        started_us: u64,
        lasts_us: u64,
        progress: &dyn Progress,
    ) -> anyhow::Result<Vec<Restart>> {
        let kills = u64::from(self.options.kills);
        let mut restarts = Vec::new();
        for number in 1..=kills {
            sleep_until(caller.clock.at(started_us + lasts_us * number / (kills + 1))).await;
            let killed_us = caller.clock.now_us();
            self.child.kill().await.context("cannot kill the node")?;
            self.child = spawn(&self.options)?;
            self.ready(caller).await?;
            let restart = Restart {
                at_s: (killed_us - started_us) as f64 / 1e6,
                pause_s: (caller.clock.now_us() - killed_us) as f64 / 1e6,
            };
            progress.note(&format!("killed the node; it was back after {:.2} s", restart.pause_s));
            restarts.push(restart);
        }
        Ok(restarts)
    }

    /// Kills the node for good.
    pub(super) async fn stop(mut self) {
        // It may be gone already; then there is nothing to do.
        let _ = self.child.kill().await;
    }

    async fn ready(&mut self, caller: &Caller) -> anyhow::Result<()> {
        let ask = Ask::new(Method::GET, "/readyz");
        let give_up_us = caller.clock.now_us() + READY_WITHIN_US;
        while caller.clock.now_us() < give_up_us {
            if let Some(status) = self.child.try_wait()? {
                bail!("the node ended by itself ({status}) before it was ready: {}", self.options.command);
            }
            let probe = async { caller.client.lane_to(0).await.send(&ask).await };
            if let Ok(Ok(answer)) = timeout(PROBE_TIMEOUT, probe).await
                && answer.status == 200
            {
                return Ok(());
            }
            sleep(POLL).await;
        }
        bail!("the node was not ready within {} s: {}", READY_WITHIN_US / 1_000_000, self.options.command)
    }
}

fn spawn(options: &NodeOptions) -> anyhow::Result<Child> {
    let output = || match &options.log {
        None => Ok(Stdio::null()),
        Some(path) => {
            let log = OpenOptions::new().create(true).append(true).open(path);
            log.map(Stdio::from).with_context(|| format!("cannot write {}", path.display()))
        }
    };
    // The shell takes the command line apart and gives its process to the node, so that killing it kills the node.
    Command::new("sh")
        .arg("-c")
        .arg(format!("exec {}", options.command))
        .stdin(Stdio::null())
        .stdout(output()?)
        .stderr(output()?)
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("cannot start the node: {}", options.command))
}
