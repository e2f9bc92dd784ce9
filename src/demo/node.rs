//! The demo's node: this program again, serving from a temporary directory.

use std::io::Write;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// How a node begins to say that it cannot have an address; it does so before it does anything else.
const PORT_TAKEN: &str = "cannot listen on";
const READY_WITHIN: Duration = Duration::from_secs(60);
const ENDS_WITHIN: Duration = Duration::from_secs(15);

/// A node that ends with the demo: dropping it kills it first and removes its data then.
pub(super) struct DemoNode {
    child: Child,
    data: TempDir,
    http: String,
    admin: String,
}

impl DemoNode {
    /// Starts it, on the usual ports, or on any where somebody has one of those.
    pub(super) async fn start(username: &str, password: &str) -> anyhow::Result<Self> {
        match Self::start_at([8080, 8081, 8082], username, password).await {
            Err(taken) if taken.to_string().contains(PORT_TAKEN) => {
                Self::start_at([0, 0, 0], username, password).await
            }
            started => started,
        }
    }

    async fn start_at(ports: [u16; 3], username: &str, password: &str) -> anyhow::Result<Self> {
        let data = tempfile::Builder::new().prefix("onsale-demo-").tempdir()?;
        let program = std::env::current_exe().context("cannot find this program")?;
        let mut command = Command::new(program);
        command.arg("serve").arg("--data").arg(data.path().join("data"));
        for (flag, port) in ["--http", "--admin", "--peer"].into_iter().zip(ports) {
            command.arg(flag).arg(format!("127.0.0.1:{port}"));
        }
        command
            .env("ONSALE_AUTH__OPERATOR_USERNAME", username)
            .env("ONSALE_AUTH__OPERATOR_PASSWORD", password)
            .env("ONSALE_LOG__LEVEL", "warn")
            // Ctrl-C is for the demo, which then ends its node in good order.
            .process_group(0)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn().context("cannot start the node")?;
        let ready = tokio::time::timeout(READY_WITHIN, ready_line(&mut child));
        let line = ready.await.context("the node did not get ready")??;
        let address = |name: &str| {
            let found = line.split_whitespace().find_map(|word| word.strip_prefix(name));
            found.map(|address| format!("http://{address}")).with_context(|| format!("no {name} in {line:?}"))
        };
        let (http, admin) = (address("http=")?, address("admin=")?);
        Ok(Self { child, data, http, admin })
    }

    pub(super) fn http(&self) -> &str {
        &self.http
    }

    pub(super) fn admin(&self) -> &str {
        &self.admin
    }

    pub(super) fn data(&self) -> &Path {
        self.data.path()
    }

    /// Waits until the node ends by itself, which it should not.
    pub(super) async fn ended(&mut self) -> anyhow::Result<ExitStatus> {
        Ok(self.child.wait().await?)
    }

    /// Ends the node in good order and removes its data.
    pub(super) async fn stop(mut self) -> anyhow::Result<()> {
        let pid = self.child.id().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
        if let Some(pid) = pid {
            kill_process(pid, Signal::TERM).context("cannot end the node")?;
            let ended = tokio::time::timeout(ENDS_WITHIN, self.child.wait()).await;
            ended.context("the node did not end in time")??;
        }
        let data = self.data.path().to_owned();
        self.data.close().with_context(|| format!("cannot remove {}", data.display()))
    }
}

/// What the node says is for whoever watches the demo.
fn tell(line: &str) {
    // Nobody may be listening; that is no reason to stop.
    let _unheard = writeln!(std::io::stderr(), "node: {line}");
}

/// Waits for the line in which the node says that it is ready, and passes on everything it says from then on.
async fn ready_line(child: &mut Child) -> anyhow::Result<String> {
    let stderr = child.stderr.take().context("the node's stderr is piped")?;
    let mut lines = BufReader::new(stderr).lines();
    let mut said = String::new();
    while let Some(line) = lines.next_line().await? {
        if let Some(at) = line.find("ready http=") {
            let ready = line[at..].to_owned();
            tokio::spawn(async move {
                while let Ok(Some(line)) = lines.next_line().await {
                    tell(&line);
                }
            });
            return Ok(ready);
        }
        said.push_str(&line);
        said.push('\n');
    }
    bail!("the node ended before it was ready:\n{said}")
}
