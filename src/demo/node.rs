//! A node of the demo: this program again, serving from a temporary directory.
//!
//! Hazard: a node must not outlive the demo, however that ends. So it ends with its standard input, which the demo holds
//! open, and is killed when it is dropped.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};

use super::keys::Keys;

/// How a node begins to say that it cannot have an address; it does so before it does anything else.
const PORT_TAKEN: &str = "cannot listen on";
const READY_WITHIN: Duration = Duration::from_secs(60);
const ENDS_WITHIN: Duration = Duration::from_secs(15);
const USUAL: [u16; 3] = [8080, 8081, 8082];
const ANY: [u16; 3] = [0, 0, 0];

/// How a node is started.
#[derive(Debug, Clone)]
pub(super) struct Start {
    /// Its number in the cluster.
    pub(super) number: u32,
    /// Where its data is.
    pub(super) data: PathBuf,
    /// Where the node that it joins listens for others; none for the first one.
    pub(super) join: Option<SocketAddr>,
}

/// A node that ends with the demo.
pub(super) struct DemoNode {
    start: Start,
    child: Child,
    /// What the node reads until the demo ends.
    _alive: ChildStdin,
    /// Where it serves clients, operators and other nodes.
    addresses: [SocketAddr; 3],
}

impl DemoNode {
    /// Starts it; the first one on the usual ports, unless somebody has one of those, and the others on any.
    pub(super) async fn start(start: Start, keys: &Keys) -> anyhow::Result<Self> {
        if start.join.is_some() {
            return Self::start_at(start, ANY, keys).await;
        }
        match Self::start_at(start.clone(), USUAL, keys).await {
            Err(taken) if taken.to_string().contains(PORT_TAKEN) => Self::start_at(start, ANY, keys).await,
            started => started,
        }
    }

    async fn start_at(start: Start, ports: [u16; 3], keys: &Keys) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("cannot find this program")?;
        let mut command = Command::new(program);
        command.args(["serve", "--end-with-stdin", "--node", &start.number.to_string()]);
        command.arg("--data").arg(&start.data);
        for (flag, port) in ["--http", "--admin", "--peer"].into_iter().zip(ports) {
            command.arg(flag).arg(format!("127.0.0.1:{port}"));
        }
        if let Some(peer) = start.join {
            command.arg("--join").arg(peer.to_string());
        }
        command
            .envs(keys.settings())
            .env("ONSALE_LOG__LEVEL", "error,openraft=off")
            // Ctrl-C is for the demo, which then ends its nodes in good order.
            .process_group(0)
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn().context("cannot start a node")?;
        let alive = child.stdin.take().context("the node's stdin is piped")?;
        let ready = tokio::time::timeout(READY_WITHIN, ready_line(start.number, &mut child));
        let line = ready.await.context("the node did not get ready")??;
        let address = |name: &str| {
            let found = line.split_whitespace().find_map(|word| word.strip_prefix(name));
            found.and_then(|address| address.parse().ok()).with_context(|| format!("no {name} in {line:?}"))
        };
        let addresses = [address("http=")?, address("admin=")?, address("peer=")?];
        Ok(Self { start, child, _alive: alive, addresses })
    }

    pub(super) fn number(&self) -> u32 {
        self.start.number
    }

    pub(super) fn http(&self) -> String {
        format!("http://{}", self.addresses[0])
    }

    pub(super) fn admin(&self) -> String {
        format!("http://{}", self.addresses[1])
    }

    pub(super) fn peer(&self) -> SocketAddr {
        self.addresses[2]
    }

    /// SIGKILL: nothing is flushed, nothing is said.
    pub(super) async fn kill(&mut self) -> anyhow::Result<()> {
        self.child.kill().await.context("cannot kill a node")
    }

    /// Starts it again after a kill: the same data, the same addresses.
    pub(super) async fn start_again(&mut self, keys: &Keys) -> anyhow::Result<()> {
        let ports = self.addresses.map(|address| address.port());
        *self = Self::start_at(self.start.clone(), ports, keys).await?;
        Ok(())
    }

    /// Waits until the node ends by itself, which it should not.
    pub(super) async fn ended(&mut self) -> anyhow::Result<(u32, ExitStatus)> {
        Ok((self.start.number, self.child.wait().await?))
    }

    /// Asks the node to end.
    pub(super) fn tell_to_end(&self) {
        let pid = self.child.id().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
        if let Some(pid) = pid {
            // It may have ended by itself meanwhile.
            let _gone = kill_process(pid, Signal::TERM);
        }
    }

    /// Waits until a node that was told to has ended.
    pub(super) async fn end(mut self) -> anyhow::Result<()> {
        let ended = tokio::time::timeout(ENDS_WITHIN, self.child.wait()).await;
        ended.with_context(|| format!("node {} did not end in time", self.start.number))??;
        Ok(())
    }
}

/// What a node says is for whoever watches the demo.
fn tell(node: u32, line: &str) {
    // Nobody may be listening; that is no reason to stop.
    let _unheard = writeln!(std::io::stderr(), "node {node}: {line}");
}

/// Waits for the line in which the node says that it is ready, and passes on everything it says from then on.
async fn ready_line(number: u32, child: &mut Child) -> anyhow::Result<String> {
    let stderr = child.stderr.take().context("the node's stderr is piped")?;
    let mut lines = BufReader::new(stderr).lines();
    let mut said = String::new();
    while let Some(line) = lines.next_line().await? {
        if let Some(at) = line.find("ready http=") {
            let ready = line[at..].to_owned();
            tokio::spawn(async move {
                while let Ok(Some(line)) = lines.next_line().await {
                    tell(number, &line);
                }
            });
            return Ok(ready);
        }
        said.push_str(&line);
        said.push('\n');
    }
    bail!("node {number} ended before it was ready:\n{said}")
}
