//! Whom the command talks to: the node it was told, then any other that it has heard of.
//!
//! Reads are tried at every known node for a while; an order is given once, because whether one that got lost was taken
//! has to be looked up.

use std::time::Duration;

use hyper::{Method, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::output::tell;
use crate::client::{Answer, Client, NoAnswer};
use crate::config::{AuthConfig, ConfigError, Secret};
use crate::fault::NodeFault;
use crate::http::admin::bodies::{ClusterBody, OperationBody, OrderedBody};

/// A node that takes longer to say how things are is taken for dead.
const READ_WITHIN: Duration = Duration::from_secs(5);
/// Between two rounds of asking every node.
const BETWEEN_ROUNDS: Duration = Duration::from_millis(500);
/// So many rounds are longer than it takes the others to notice that a node has died.
const ROUNDS: u32 = 60;

/// A logged-in operator.
pub(crate) struct Session {
    client: Client,
    username: String,
    password: Secret,
    /// Admin listeners; the one to ask next first.
    nodes: Vec<String>,
}

/// Something to be done.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Order {
    method: Method,
    path: String,
    body: Value,
}

impl Order {
    pub(super) fn rebalance(dry_run: bool) -> Self {
        Self::new(Method::POST, "/admin/cluster/rebalance".to_owned(), json!({ "dryRun": dry_run }))
    }

    pub(super) fn drain(node: u32, dry_run: bool) -> Self {
        Self::new(Method::POST, format!("/admin/nodes/{node}/drain"), json!({ "dryRun": dry_run }))
    }

    pub(super) fn remove(node: u32, dry_run: bool) -> Self {
        Self::new(Method::DELETE, format!("/admin/nodes/{node}"), json!({ "dryRun": dry_run }))
    }

    pub(super) fn move_shard(shard: u16, from: Option<u32>, to: u32, dry_run: bool) -> Self {
        let body = json!({ "from": from, "to": to, "dryRun": dry_run });
        Self::new(Method::POST, format!("/admin/shards/{shard}/move"), body)
    }

    pub(super) fn abort(operation: u64, dry_run: bool) -> Self {
        Self::new(Method::DELETE, format!("/admin/operations/{operation}"), json!({ "dryRun": dry_run }))
    }

    fn new(method: Method, path: String, body: Value) -> Self {
        Self { method, path, body }
    }
}

impl Session {
    /// Logs in at `admin`.
    pub(crate) async fn open(admin: &str, auth: &AuthConfig) -> Result<Self, NodeFault> {
        let password = auth.operator_password.clone().ok_or_else(|| {
            NodeFault::Config(ConfigError::new(
                "the operator's password is not set: give it as ONSALE_AUTH__OPERATOR_PASSWORD; a node that has made \
                 its own keeps it as operator_password in secrets.toml in its data directory",
            ))
        })?;
        let (username, nodes) = (auth.operator_username.clone(), vec![admin.to_owned()]);
        let mut session = Self { client: Client::new(), username, password, nodes };
        session.log_in(admin).await?;
        Ok(session)
    }

    /// The state of the cluster, as it was sent and as it is understood.
    pub(crate) async fn cluster(&mut self) -> Result<(String, ClusterBody), NodeFault> {
        let (raw, cluster): (String, ClusterBody) = self.read("/admin/cluster").await?;
        for node in cluster.nodes.iter().filter(|node| node.alive && !node.admin_addr.is_empty()) {
            if !self.nodes.contains(&node.admin_addr) {
                self.nodes.push(node.admin_addr.clone());
            }
        }
        Ok((raw, cluster))
    }

    /// How far an operation is.
    pub(super) async fn operation(&mut self, id: u64) -> Result<OperationBody, NodeFault> {
        Ok(self.read(&format!("/admin/operations/{id}")).await?.1)
    }

    /// Gives `order` once.
    pub(super) async fn order(&mut self, order: &Order) -> Result<(String, OrderedBody), NodeFault> {
        let node = self.nodes[0].clone();
        let mut answer = self.send_order(&node, order).await?;
        if answer.status == StatusCode::UNAUTHORIZED {
            // Not taken: the token had run out.
            self.log_in(&node).await?;
            answer = self.send_order(&node, order).await?;
        }
        understood(&node, answer)
    }

    async fn send_order(&self, node: &str, order: &Order) -> Result<Answer, NodeFault> {
        let Order { method, path, body } = order;
        let sent = self.client.send(method.clone(), &base(node), path, Some(body)).await;
        sent.map_err(|no_answer| match no_answer {
            NoAnswer::Lost(why) => NodeFault::failed(format!(
                "node at {node}: {why}; whether the order was taken is not known: see `onsale cluster status`, and \
                 give it again if it was not"
            )),
            other => unreachable_node(node, &other),
        })
    }

    /// Reads from any node that answers.
    pub(crate) async fn read<T: DeserializeOwned>(&mut self, path: &str) -> Result<(String, T), NodeFault> {
        let mut why = NodeFault::failed("no node is known");
        for round in 0..ROUNDS {
            for _ in 0..self.nodes.len() {
                let node = self.nodes[0].clone();
                match self.read_from(&node, path).await {
                    Ok(answer) => return understood(&node, answer),
                    Err(fault) => why = fault,
                }
                self.nodes.rotate_left(1);
                if let [next, _, ..] = &self.nodes[..] {
                    tell(&format!("asking {next} instead: {why}"));
                }
            }
            if round + 1 < ROUNDS {
                tokio::time::sleep(BETWEEN_ROUNDS).await;
            }
        }
        Err(why)
    }

    /// An answer that says something, good or bad; not that the node cannot say it now.
    async fn read_from(&mut self, node: &str, path: &str) -> Result<Answer, NodeFault> {
        let mut answer = self.get(node, path).await?;
        if answer.status == StatusCode::UNAUTHORIZED {
            self.log_in(node).await?;
            answer = self.get(node, path).await?;
        }
        if answer.status == StatusCode::SERVICE_UNAVAILABLE {
            return Err(NodeFault::failed(format!("node at {node}: {}", detail(&answer))));
        }
        Ok(answer)
    }

    async fn get(&self, node: &str, path: &str) -> Result<Answer, NodeFault> {
        let base = base(node);
        let sent = tokio::time::timeout(READ_WITHIN, self.client.send(Method::GET, &base, path, None)).await;
        let late = |_| Err(NoAnswer::Lost(format!("no answer within {} s", READ_WITHIN.as_secs())));
        sent.unwrap_or_else(late).map_err(|no_answer| unreachable_node(node, &no_answer))
    }

    async fn log_in(&mut self, node: &str) -> Result<(), NodeFault> {
        let body = json!({ "username": self.username, "password": self.password.reveal() });
        let sent = Client::new().send(Method::POST, &base(node), "/users/login", Some(&body)).await;
        let answer = sent.map_err(|no_answer| unreachable_node(node, &no_answer))?;
        let token = answer.body["accessToken"].as_str();
        let (StatusCode::OK, Some(token)) = (answer.status, token) else {
            return Err(self.not_logged_in(node, &answer));
        };
        self.client = self.client.with_token(token);
        Ok(())
    }

    fn not_logged_in(&self, node: &str, answer: &Answer) -> NodeFault {
        let name = &self.username;
        NodeFault::failed(match answer.status {
            StatusCode::UNAUTHORIZED => format!(
                "node at {node} does not let {name} in with the password of ONSALE_AUTH__OPERATOR_PASSWORD: {} Set \
                 the name with ONSALE_AUTH__OPERATOR_USERNAME if it is another one",
                detail(answer)
            ),
            StatusCode::NOT_FOUND => not_an_admin_listener(node),
            _ => format!("node at {node} lets nobody in now: {}", detail(answer)),
        })
    }
}

fn base(node: &str) -> String {
    format!("http://{node}")
}

/// The answer as what was asked for, or what is said instead.
fn understood<T: DeserializeOwned>(node: &str, answer: Answer) -> Result<(String, T), NodeFault> {
    if answer.status == StatusCode::OK {
        let Answer { text, body, .. } = answer;
        let read = serde_json::from_value(body);
        return read.map(|read| (text, read)).map_err(|error| {
            NodeFault::failed(format!(
                "the answer of the node at {node} is not understood: {error}; use the same version of onsale as it"
            ))
        });
    }
    let is_unknown_path = detail(&answer).contains("no such path");
    if answer.status == StatusCode::NOT_FOUND && is_unknown_path {
        return Err(NodeFault::failed(not_an_admin_listener(node)));
    }
    Err(NodeFault::failed(detail(&answer)))
}

/// What a problem says to people.
fn detail(answer: &Answer) -> String {
    let detail = answer.body["detail"].as_str().map(str::to_owned);
    detail.unwrap_or_else(|| format!("status {}", answer.status))
}

fn not_an_admin_listener(node: &str) -> String {
    format!(
        "{node} is not the admin listener of an onsale node; give the one after admin= in the line that the node says \
         when it is ready, with --admin ADDR"
    )
}

fn unreachable_node(node: &str, no_answer: &NoAnswer) -> NodeFault {
    NodeFault::failed(match no_answer {
        NoAnswer::NotOurs(why) => format!("{} ({why})", not_an_admin_listener(node)),
        NoAnswer::NotReached(why) | NoAnswer::Lost(why) => format!(
            "no node answers at {node}: {why}; start it, or name the admin listener of another node with --admin ADDR"
        ),
    })
}

#[cfg(test)]
#[path = "session_test.rs"]
mod test;
