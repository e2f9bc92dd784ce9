//! The demo's node: this program again, serving from a temporary directory.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};

const READY_WITHIN: Duration = Duration::from_secs(60);
const ENDS_WITHIN: Duration = Duration::from_secs(15);

/// A node that ends with the demo.
pub(super) struct DemoNode {
    child: Child,
    data: TempDir,
    http: String,
    admin: String,
}

impl DemoNode {
    /// Starts it, on the usual ports where they are free.
    pub(super) async fn start(username: &str, password: &str) -> anyhow::Result<Self> {
        let data = tempfile::Builder::new().prefix("onsale-demo-").tempdir()?;
        let program = std::env::current_exe().context("cannot find this program")?;
        let mut command = Command::new(program);
        command.arg("serve").arg("--data").arg(data.path().join("data"));
        for (flag, port) in [("--http", 8080), ("--admin", 8081), ("--peer", 8082)] {
            command.arg(flag).arg(free_address(port));
        }
        command
            .env("ONSALE_AUTH__OPERATOR_USERNAME", username)
            .env("ONSALE_AUTH__OPERATOR_PASSWORD", password)
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

    /// Until Ctrl-C or SIGTERM, or until the node ends by itself, which is a fault.
    pub(super) async fn until_told_to_end(&mut self) -> anyhow::Result<()> {
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => interrupted.context("cannot wait for Ctrl-C"),
            _ = terminate.recv() => Ok(()),
            ended = self.child.wait() => bail!("the node ended by itself: {}", ended?),
        }
    }

    pub(super) async fn stop(mut self) -> anyhow::Result<()> {
        if let Some(pid) = self.child.id() {
            let terminated = Command::new("kill").arg("-TERM").arg(pid.to_string()).status().await;
            if terminated.is_ok_and(|status| status.success()) {
                let ended = tokio::time::timeout(ENDS_WITHIN, self.child.wait()).await;
                ended.context("the node did not end in time")??;
            }
        }
        Ok(())
    }
}

/// The address of `port` on this machine, or of any port when somebody has that one.
fn free_address(port: u16) -> String {
    let free = std::net::TcpListener::bind(("127.0.0.1", port)).is_ok();
    format!("127.0.0.1:{}", if free { port } else { 0 })
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
                    tracing::warn!("node: {line}");
                }
            });
            return Ok(ready);
        }
        said.push_str(&line);
        said.push('\n');
    }
    bail!("the node ended before it was ready:\n{said}")
}
