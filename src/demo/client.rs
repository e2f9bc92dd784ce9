//! Just enough of a client to make a catalogue.

use anyhow::{Context, bail};
use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use crate::client;

/// Talks to one node.
pub(super) struct Client {
    base: String,
    inner: client::Client,
}

impl Client {
    pub(super) fn new(base: &str) -> Self {
        Self { base: base.to_owned(), inner: client::Client::new() }
    }

    pub(super) async fn login(mut self, username: &str, password: &str) -> anyhow::Result<Self> {
        let body = json!({ "username": username, "password": password });
        let answer = self.post("/users/login", &body, StatusCode::OK).await?;
        let token = answer["accessToken"].as_str().context("the login has no token")?;
        self.inner = self.inner.with_token(token);
        Ok(self)
    }

    /// Creates something; its id.
    pub(super) async fn create(&self, path: &str, body: &Value) -> anyhow::Result<String> {
        let answer = self.post(path, body, StatusCode::CREATED).await?;
        Ok(answer["id"].as_str().context("what was created has no id")?.to_owned())
    }

    async fn post(&self, path: &str, body: &Value, wanted: StatusCode) -> anyhow::Result<Value> {
        let answer = self.inner.send(Method::POST, &self.base, path, Some(body)).await;
        let answer = answer.with_context(|| format!("POST {path}"))?;
        if answer.status != wanted {
            bail!("POST {path}: {} {}", answer.status, answer.text);
        }
        Ok(answer.body)
    }
}
