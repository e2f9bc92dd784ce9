//! Batches on their way to a node. One that got lost is sent again: what it has added is there before, the second time.

use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use super::entries::Entries;
use super::report::{Count, Report};
use crate::client::{Answer, Client, NoAnswer};
use crate::config::{AuthConfig, ConfigError};
use crate::fault::NodeFault;

/// How often a batch is sent until the node takes it.
const TRIES: u32 = 20;
const BETWEEN_TRIES: std::time::Duration = std::time::Duration::from_millis(500);

/// A logged-in operator.
pub(super) struct Upload {
    client: Client,
    base: String,
}

impl Upload {
    /// Logs in at `http`.
    pub(super) async fn open(http: &str, auth: &AuthConfig) -> Result<Self, NodeFault> {
        let password = auth.operator_password.as_ref().ok_or_else(|| {
            NodeFault::Config(ConfigError::new(
                "the operator's password is not set: give it as ONSALE_AUTH__OPERATOR_PASSWORD; a node that has made \
                 its own keeps it as operator_password in secrets.toml in its data directory",
            ))
        })?;
        let base = format!("http://{http}");
        let body = json!({"username": auth.operator_username, "password": password.reveal()});
        let sent = Client::new().send(Method::POST, &base, "/users/login", Some(&body)).await;
        let answer = sent.map_err(|no_answer| unreached(&base, &no_answer))?;
        match answer.body["accessToken"].as_str() {
            Some(token) => Ok(Self { client: Client::new().with_token(token), base }),
            None => Err(NodeFault::failed(format!(
                "node at {base} does not let {} in: {}",
                auth.operator_username,
                detail(&answer)
            ))),
        }
    }

    /// Sends `entries`, if there are any, until a node has taken them.
    pub(super) async fn send(&self, entries: Entries, report: &mut Report) -> Result<(), NodeFault> {
        if entries.is_empty() {
            return Ok(());
        }
        let Entries { venues, performers, events, .. } = entries;
        let body = json!({"venues": venues, "performers": performers, "events": events});
        let answer = self.taken(&body).await?;
        count(&answer.body["venues"], &body["venues"], &mut report.venues, &mut Vec::new());
        count(&answer.body["performers"], &body["performers"], &mut report.performers, &mut Vec::new());
        let mut refused = Vec::new();
        count(&answer.body["events"], &body["events"], &mut report.events, &mut refused);
        refused.iter().for_each(|(id, why)| report.skip(why, id));
        Ok(())
    }

    async fn taken(&self, body: &Value) -> Result<Answer, NodeFault> {
        for turn in 1.. {
            let sent = self.client.send(Method::POST, &self.base, "/catalogue/batch", Some(body)).await;
            let why = match sent {
                Ok(answer) if answer.status == StatusCode::OK => return Ok(answer),
                Ok(answer) if answer.status != StatusCode::SERVICE_UNAVAILABLE => {
                    return Err(NodeFault::failed(format!("node at {}: {}", self.base, detail(&answer))));
                }
                Ok(answer) => NodeFault::failed(format!("node at {}: {}", self.base, detail(&answer))),
                Err(no_answer) => unreached(&self.base, &no_answer),
            };
            if turn == TRIES {
                return Err(why);
            }
            tokio::time::sleep(BETWEEN_TRIES).await;
        }
        Err(NodeFault::failed("nothing was sent"))
    }
}

/// Counts what came of entries, and tells which were refused and why.
fn count(outcomes: &Value, sent: &Value, count: &mut Count, refused: &mut Vec<(String, String)>) {
    let (outcomes, sent) = (outcomes.as_array(), sent.as_array());
    for (outcome, sent) in outcomes.into_iter().flatten().zip(sent.into_iter().flatten()) {
        match outcome["outcome"].as_str() {
            Some("added") => count.added += 1,
            Some("known") => count.known += 1,
            _ => {
                count.refused += 1;
                let first = &outcome["errors"][0];
                let why = format!(
                    "is refused: {} {}",
                    first["pointer"].as_str().unwrap_or_default(),
                    first["message"].as_str().unwrap_or("for an unknown reason")
                );
                refused.push((sent["externalId"].as_str().unwrap_or_default().to_owned(), why));
            }
        }
    }
}

fn unreached(base: &str, no_answer: &NoAnswer) -> NodeFault {
    NodeFault::failed(format!(
        "no node answers at {base}: {no_answer}; start one, or name the public listener of another with --http ADDR"
    ))
}

/// What a problem says to people.
fn detail(answer: &Answer) -> String {
    let detail = answer.body["detail"].as_str().map(str::to_owned);
    detail.unwrap_or_else(|| format!("status {}", answer.status))
}
