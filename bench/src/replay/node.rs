//! A node that the replay runs itself, so that it can kill it.
//!
//! Owns: the process. It is started, killed with SIGKILL, started again on the same command line (and so on the same
//! data), and killed at the end: a node must not need a goodbye.

use super::caller::Caller;
use super::http::Ask;
use anyhow::{Context, bail};
use hyper::Method;
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

const READY_WITHIN_US: u64 = 60_000_000;
const POLL: Duration = Duration::from_millis(20);
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);

/// The node's process.
pub(super) struct Node {
    command: String,
    log: Option<PathBuf>,
    /// Which target it is; none when buyers do not come to it.
    target: Option<usize>,
    child: Child,
}

impl Node {
    /// Starts the node with this place among the targets and waits until it can serve. Whether one that is no target can
    /// is for others to find out.
    pub(super) async fn start(
        command: &str,
        log: Option<&Path>,
        place: usize,
        caller: &Caller,
    ) -> anyhow::Result<Self> {
        let mut node = Self {
            command: command.to_owned(),
            log: log.map(Path::to_owned),
            target: Some(place).filter(|place| *place < caller.client.targets()),
            child: spawn(command, log)?,
        };
        node.ready(caller).await?;
        Ok(node)
    }

    /// Kills the node without warning, starts it again, and waits until it can serve.
    pub(super) async fn restart(&mut self, caller: &Caller) -> anyhow::Result<()> {
        self.child.kill().await.context("cannot kill the node")?;
        self.child = spawn(&self.command, self.log.as_deref())?;
        self.ready(caller).await
    }

    /// Kills the node for good.
    pub(super) async fn stop(mut self) {
        // It may be gone already; then there is nothing to do.
        let _ = self.child.kill().await;
    }

    async fn ready(&mut self, caller: &Caller) -> anyhow::Result<()> {
        let Some(target) = self.target else { return Ok(()) };
        let ask = Ask::new(Method::GET, "/readyz");
        let give_up_us = caller.clock.now_us() + READY_WITHIN_US;
        while caller.clock.now_us() < give_up_us {
            if let Some(status) = self.child.try_wait()? {
                bail!("the node ended by itself ({status}) before it was ready: {}", self.command);
            }
            let probe = async { caller.client.lane_to(target).await.send(&ask).await };
            if let Ok(Ok(answer)) = timeout(PROBE_TIMEOUT, probe).await
                && answer.status == 200
            {
                return Ok(());
            }
            sleep(POLL).await;
        }
        bail!("the node was not ready within {} s: {}", READY_WITHIN_US / 1_000_000, self.command)
    }
}

fn spawn(command: &str, log: Option<&Path>) -> anyhow::Result<Child> {
    let output = || match log {
        None => Ok(Stdio::null()),
        Some(path) => {
            let log = OpenOptions::new().create(true).append(true).open(path);
            log.map(Stdio::from).with_context(|| format!("cannot write {}", path.display()))
        }
    };
    // The shell takes the command line apart and gives its process to the node, so that killing it kills the node.
    Command::new("sh")
        .arg("-c")
        .arg(format!("exec {command}"))
        .stdin(Stdio::null())
        .stdout(output()?)
        .stderr(output()?)
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("cannot start the node: {command}"))
}
