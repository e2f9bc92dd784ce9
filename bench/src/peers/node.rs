//! A node of onsale of our own: started, listened to until it can serve, ended.
//!
//! Owns: the node's process, its address and its operator's login. Not: what it is asked.

use super::process::{Home, Server};
use crate::ambient::unique_prefix;
use anyhow::{Context, bail};
use rustix::process::Signal;
use std::path::{Path, PathBuf};

const OPERATOR: &str = "operator";
const READY: &str = "ready http=";

/// A durable node that serves on loopback.
pub(super) struct Node {
    server: Server,
    url: String,
    password: String,
}

/// The node's program: the one that was named, or the one beside this program.
///
/// # Errors
/// Says how to get one when there is none.
pub(super) fn program(named: Option<&Path>) -> anyhow::Result<PathBuf> {
    let file = match named {
        Some(named) => named.to_owned(),
        None => std::env::current_exe().context("cannot find this program")?.with_file_name("onsale"),
    };
    if !file.is_file() {
        bail!("there is no node at {}: run `cargo build --release`, or say --node PATH", file.display());
    }
    file.canonicalize().with_context(|| format!("cannot find {}", file.display()))
}

impl Node {
    /// Starts `program` on a new data directory in `parent`, and waits until it can serve.
    pub(super) async fn start(program: &Path, parent: &Path) -> anyhow::Result<Self> {
        let home = Home::new(parent, &[])?;
        let password = unique_prefix()? + &unique_prefix()? + &unique_prefix()?;
        let mut command = home.command(program);
        command.arg("serve").arg("--data").arg(home.path().join("data"));
        for listener in ["--http", "--admin", "--peer"] {
            command.args([listener, "127.0.0.1:0"]);
        }
        command.env("ONSALE_AUTH__OPERATOR_USERNAME", OPERATOR);
        command.env("ONSALE_AUTH__OPERATOR_PASSWORD", &password);
        command.env("ONSALE_LOG__LEVEL", "warn");
        let mut server = Server::spawn("onsale", home, command)?;
        let url = server.until(async |said| address(said)).await?;
        Ok(Self { server, url, password })
    }

    /// Where it serves.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Name and password of its operator.
    pub(super) fn operator(&self) -> (&str, &str) {
        (OPERATOR, &self.password)
    }

    /// Ends it in good order and removes its data.
    pub(super) async fn stop(self) -> anyhow::Result<()> {
        self.server.stop(Signal::TERM).await
    }
}

/// The address in the line in which a node says that it can serve.
fn address(said: &str) -> Option<String> {
    let (_, ready) = said.split_once(READY)?;
    let (address, _) = ready.split_once(char::is_whitespace)?;
    Some(format!("http://{address}"))
}

#[cfg(test)]
mod test {
    use super::{address, program};

    #[test]
    fn a_node_is_ready_when_its_line_is_whole() {
        assert_eq!(address("starting\nready http=127.0.0.1:80"), None);
        let said = "starting\nready http=127.0.0.1:8080 admin=127.0.0.1:1 peer=127.0.0.1:2\n";
        assert_eq!(address(said).as_deref(), Some("http://127.0.0.1:8080"));
    }

    #[test]
    fn a_missing_node_comes_with_a_way_to_get_one() {
        let said = program(Some("no/such/onsale".as_ref())).unwrap_err().to_string();
        assert!(said.contains("no/such/onsale") && said.contains("cargo build --release"), "{said}");
    }
}
