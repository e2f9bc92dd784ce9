//! One node of the cluster that is measured: a process with a data directory that outlives it.
//!
//! Owns: starting it, killing it with SIGKILL, and starting it again at the same addresses on the same data. It ends
//! by its own handle, never by name.

use crate::load::servers::{OPERATOR, Programs, Server};
use anyhow::Context;
use std::time::Duration;
use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::sleep;

const ANY_PORT: &str = "127.0.0.1:0";
/// An address may be held for a moment by a connection that somebody made meanwhile.
const STARTS: u32 = 5;
const BETWEEN_STARTS: Duration = Duration::from_millis(200);
/// Tokens live longer than any scene.
const TOKEN_SECONDS: &str = "14400";

/// What all nodes of a cluster share.
#[derive(Clone)]
pub(super) struct Common {
    pub(super) programs: Programs,
    pub(super) secret: String,
    pub(super) password: String,
}

/// A node, running or killed.
pub(super) struct Node {
    pub(super) number: u32,
    is_gateway: bool,
    /// Peer listeners of the nodes that it entered by; none of the first.
    joins: Vec<String>,
    addresses: Addresses,
    /// Before the directory, so that a node is killed before its data goes.
    server: Option<Server>,
    data: TempDir,
    common: Common,
}

/// Where a node listens.
#[derive(Clone)]
pub(super) struct Addresses {
    pub(super) http: String,
    pub(super) admin: String,
    pub(super) peer: String,
}

impl Node {
    /// Starts a node with an empty data directory.
    pub(super) async fn start(
        common: &Common,
        number: u32,
        joins: Vec<String>,
        is_gateway: bool,
    ) -> anyhow::Result<Self> {
        let data = tempfile::Builder::new().prefix("onsale-cluster-").tempdir_in(&common.programs.data);
        let any = || ANY_PORT.to_owned();
        let mut node = Self {
            number,
            is_gateway,
            joins,
            addresses: Addresses { http: any(), admin: any(), peer: any() },
            server: None,
            data: data.context("cannot make a folder for a node's data")?,
            common: common.clone(),
        };
        node.run().await?;
        Ok(node)
    }

    pub(super) fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// The process, while it runs.
    pub(super) fn server(&self) -> anyhow::Result<&Server> {
        self.server.as_ref().with_context(|| format!("node {} is not running", self.number))
    }

    /// SIGKILL: nothing is flushed, nothing handed over.
    pub(super) async fn kill(&mut self) {
        if let Some(server) = self.server.take() {
            server.stop().await;
        }
    }

    /// Starts it again after a kill, and waits until it serves.
    pub(super) async fn restart(&mut self) -> anyhow::Result<()> {
        for _ in 1..STARTS {
            if self.run().await.is_ok() {
                return Ok(());
            }
            sleep(BETWEEN_STARTS).await;
        }
        self.run().await
    }

    async fn run(&mut self) -> anyhow::Result<()> {
        let mut command = Command::new(&self.common.programs.node);
        command.args(["serve", "--node", &self.number.to_string()]);
        command.arg("--data").arg(self.data.path().join("data"));
        let Addresses { http, admin, peer } = &self.addresses;
        command.args(["--http", http, "--admin", admin, "--peer", peer]);
        for address in &self.joins {
            command.args(["--join", address]);
        }
        if self.is_gateway {
            command.arg("--gateway");
        }
        command
            .env("ONSALE_AUTH__OPERATOR_USERNAME", OPERATOR)
            .env("ONSALE_AUTH__OPERATOR_PASSWORD", &self.common.password)
            .env("ONSALE_AUTH__TOKEN_TTL_SECONDS", TOKEN_SECONDS)
            .env("ONSALE_CLUSTER__SECRET", &self.common.secret)
            .env("ONSALE_LOG__LEVEL", "error");
        let server = Server::start(command, None, self.common.password.clone()).await?;
        let said = |address: &Option<String>, what| {
            address.clone().with_context(|| format!("node {} did not say its {what} address", self.number))
        };
        self.addresses = Addresses {
            http: server.http.clone(),
            admin: said(&server.admin, "admin")?,
            peer: said(&server.peer, "peer")?,
        };
        self.server = Some(server);
        Ok(())
    }
}
