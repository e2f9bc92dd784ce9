//! Just enough of a client to make a catalogue.

use anyhow::{Context, bail};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{Request, StatusCode, Uri};
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

/// Talks to one node.
pub(super) struct Client {
    base: String,
    authorization: Option<String>,
    pool: Pool<HttpConnector, Full<Bytes>>,
}

impl Client {
    pub(super) fn new(base: &str) -> anyhow::Result<Self> {
        base.parse::<Uri>().context("the node's address")?;
        let pool = Pool::builder(TokioExecutor::new()).build_http();
        Ok(Self { base: base.to_owned(), authorization: None, pool })
    }

    pub(super) async fn login(mut self, username: &str, password: &str) -> anyhow::Result<Self> {
        let body = json!({ "username": username, "password": password });
        let answer = self.post("/users/login", &body, StatusCode::OK).await?;
        let token = answer["accessToken"].as_str().context("the login has no token")?;
        self.authorization = Some(format!("Bearer {token}"));
        Ok(self)
    }

    /// Creates something; its id.
    pub(super) async fn create(&self, path: &str, body: &Value) -> anyhow::Result<String> {
        let answer = self.post(path, body, StatusCode::CREATED).await?;
        Ok(answer["id"].as_str().context("what was created has no id")?.to_owned())
    }

    async fn post(&self, path: &str, body: &Value, wanted: StatusCode) -> anyhow::Result<Value> {
        let mut request =
            Request::post(format!("{}{path}", self.base)).header("content-type", "application/json");
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization);
        }
        let request = request.body(Full::from(serde_json::to_vec(body)?))?;
        let response = self.pool.request(request).await.with_context(|| format!("POST {path}"))?;
        let status = response.status();
        let bytes = response.into_body().collect().await?.to_bytes();
        if status != wanted {
            bail!("POST {path}: {status} {}", String::from_utf8_lossy(&bytes));
        }
        Ok(serde_json::from_slice(&bytes)?)
    }
}
