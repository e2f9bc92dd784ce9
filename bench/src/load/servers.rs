//! The processes that are compared.
//!
//! Owns: starting them on free ports of this machine, waiting until they say that they are ready, and ending them: by
//! dropping them, which kills. Each has a data directory of its own that goes with it.

use anyhow::{Context, bail};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};
use tokio::time::timeout;

const READY_WITHIN: Duration = Duration::from_secs(60);
const ANY_PORT: &str = "127.0.0.1:0";
/// Who runs the node, for as long as it lives.
pub(crate) const OPERATOR: &str = "load-operator";

/// Where the programs are, and where nodes may keep their data.
#[derive(Clone, Debug)]
pub struct Programs {
    /// `onsale`.
    pub node: PathBuf,
    /// The example `in_memory_node`.
    pub memory_node: PathBuf,
    /// `onsale-bench`.
    pub bench: PathBuf,
    /// Below this, temporary data directories are made.
    pub data: PathBuf,
}

impl Programs {
    /// Those beside this program, as cargo lays them out, and the system's temporary directory.
    ///
    /// # Errors
    /// When this program cannot be found.
    pub fn beside_this() -> anyhow::Result<Self> {
        let bench = std::env::current_exe().context("cannot find this program")?;
        let folder = bench.parent().map(Path::to_path_buf).unwrap_or_default();
        Ok(Self {
            node: folder.join("onsale"),
            memory_node: folder.join("examples/in_memory_node"),
            bench,
            data: std::env::temp_dir(),
        })
    }

    pub(crate) fn check_node(&self) -> anyhow::Result<()> {
        if !self.node.is_file() {
            let path = self.node.display();
            bail!(
                "no node at {path}; build it (cargo build --release) or say where it is with --node PATH (--node-binary PATH for cluster)"
            );
        }
        Ok(())
    }

    pub(crate) fn check_memory_node(&self) -> anyhow::Result<()> {
        if !self.memory_node.is_file() {
            bail!(
                "no node without a journal at {}; build it (cargo build --release -p onsale --example \
                 in_memory_node) or say where it is with --memory-node PATH",
                self.memory_node.display()
            );
        }
        Ok(())
    }
}

/// A running process.
pub(crate) struct Server {
    child: Child,
    pub(crate) pid: u32,
    /// Host and port of its public listener.
    pub(crate) http: String,
    /// The same of its admin listener, if it has one.
    pub(crate) admin: Option<String>,
    /// The same of its listener for other nodes.
    pub(crate) peer: Option<String>,
    pub(crate) operator_password: String,
    /// Dropped after the child, which is killed before.
    _data: Option<TempDir>,
}

impl Server {
    /// The node as it is sold.
    pub(crate) async fn node(programs: &Programs) -> anyhow::Result<Self> {
        programs.check_node()?;
        let mut command = Command::new(&programs.node);
        command.arg("serve");
        Self::start_node(command, programs).await
    }

    /// The same, giving free memory back at once, so that what it has is what it uses.
    pub(crate) async fn frugal_node(programs: &Programs) -> anyhow::Result<Self> {
        programs.check_node()?;
        let mut command = Command::new(&programs.node);
        command.arg("serve").env("_RJEM_MALLOC_CONF", "dirty_decay_ms:0");
        Self::start_node(command, programs).await
    }

    /// The node whose sales have no journal.
    pub(crate) async fn memory_node(programs: &Programs) -> anyhow::Result<Self> {
        programs.check_memory_node()?;
        Self::start_node(Command::new(&programs.memory_node), programs).await
    }

    /// The constant, with this status and size.
    pub(crate) async fn constant(programs: &Programs, status: u16, bytes: usize) -> anyhow::Result<Self> {
        let mut command = Command::new(&programs.bench);
        command.args(["constant", "--http", ANY_PORT]);
        command.arg("--status").arg(status.to_string()).arg("--bytes").arg(bytes.to_string());
        Self::start(command, None, String::new()).await
    }

    async fn start_node(mut command: Command, programs: &Programs) -> anyhow::Result<Self> {
        let data = tempfile::Builder::new().prefix("onsale-load-").tempdir_in(&programs.data);
        let data = data.with_context(|| format!("cannot make a folder in {}", programs.data.display()))?;
        let password = format!("password-{}", crate::ambient::unique_prefix()?);
        command.arg("--data").arg(data.path().join("data"));
        for flag in ["--http", "--admin", "--peer"] {
            command.args([flag, ANY_PORT]);
        }
        command
            .env("ONSALE_AUTH__OPERATOR_USERNAME", OPERATOR)
            .env("ONSALE_AUTH__OPERATOR_PASSWORD", &password)
            .env("ONSALE_LOG__LEVEL", "warn");
        Self::start(command, Some(data), password).await
    }

    /// Starts `command` and waits until it says where it serves; `data` goes with it.
    pub(crate) async fn start(
        mut command: Command,
        data: Option<TempDir>,
        operator_password: String,
    ) -> anyhow::Result<Self> {
        let what = command.as_std().get_program().display().to_string();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().with_context(|| format!("cannot start {what}"))?;
        let stderr = child.stderr.take().context("the child's standard error is piped")?;
        let mut lines = BufReader::new(stderr).lines();
        let ready = timeout(READY_WITHIN, ready_line(&mut lines)).await;
        let line = ready.with_context(|| format!("{what} did not get ready"))?;
        let line = line.with_context(|| format!("{what} did not start"))?;
        // Read on: a child that cannot write its log would stand still.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self {
            pid: child.id().with_context(|| format!("{what} has ended"))?,
            http: address(&line, "http=").with_context(|| format!("no address in {line:?}"))?,
            admin: address(&line, "admin="),
            peer: address(&line, "peer="),
            child,
            operator_password,
            _data: data,
        })
    }

    /// Ends it and waits until it is gone.
    pub(crate) async fn stop(mut self) {
        // It may be gone already; then there is nothing to do.
        let _ = self.child.kill().await;
    }
}

async fn ready_line(lines: &mut Lines<BufReader<ChildStderr>>) -> anyhow::Result<String> {
    let mut said = String::new();
    while let Some(line) = lines.next_line().await? {
        if line.starts_with("ready ") {
            return Ok(line);
        }
        said.push_str(&line);
        said.push('\n');
    }
    bail!("it ended before it was ready:\n{said}")
}

fn address(line: &str, name: &str) -> Option<String> {
    line.split_whitespace().find_map(|word| word.strip_prefix(name)).map(str::to_owned)
}

#[cfg(test)]
mod test {
    use super::address;

    #[test]
    fn addresses_are_read_from_the_line_that_says_ready() {
        let line = "ready http=127.0.0.1:1 admin=127.0.0.1:2 peer=127.0.0.1:3";
        assert_eq!(address(line, "admin=").as_deref(), Some("127.0.0.1:2"));
        assert_eq!(address("ready http=127.0.0.1:1", "admin="), None);
    }
}
