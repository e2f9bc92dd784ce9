//! A client of the HTTP contract that tells answers from surprises.

use std::time::Duration;

use serde_json::Value;

const DEADLINE: Duration = Duration::from_secs(40);
/// How often, and after which pause, a patient client asks again.
const PATIENCE: (u32, Duration) = (100, Duration::from_millis(200));

/// Talks to one listener, as one person or nobody.
#[derive(Clone)]
pub struct Client {
    base: String,
    token: Option<String>,
    patient: bool,
    agent: ureq::Agent,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub bytes: Vec<u8>,
    asked: String,
}

impl Client {
    pub fn new(base: &str) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(DEADLINE))
            .max_redirects(0)
            .build();
        Self { base: base.to_owned(), token: None, patient: false, agent: config.into() }
    }

    /// The same client, which asks again after a 503, as the contract says that it may: an owner changes when a machine
    /// is so busy that beats come late, and most tests are about something else.
    pub fn patient(self) -> Self {
        Self { patient: true, ..self }
    }

    /// The same client, logged in.
    pub fn login(&self, username: &str, password: &str) -> Self {
        let body = serde_json::json!({"username": username, "password": password});
        let answer = self.post("/users/login", &body).expect(200);
        Self { token: Some(answer["accessToken"].as_str().expect("a token").to_owned()), ..self.clone() }
    }

    /// Somebody new of this name, logged in.
    pub fn sign_up(&self, name: &str) -> Self {
        let (email, password) = (format!("{name}@example.org"), "correct horse");
        let body = serde_json::json!({"name": name, "email": email, "username": name, "password": password});
        self.post("/users", &body).expect(201);
        self.login(name, password)
    }

    /// The same person at another listener.
    pub fn at(&self, other: &Self) -> Self {
        Self { base: other.base.clone(), ..self.clone() }
    }

    /// Host and port of the listener.
    pub fn address(&self) -> &str {
        self.base.strip_prefix("http://").expect("plain HTTP")
    }

    /// The same as a URL.
    pub fn url(&self) -> String {
        self.base.clone()
    }

    pub fn token(&self) -> &str {
        self.token.as_deref().expect("logged in")
    }

    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], None)
    }

    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.json("POST", path, &[], body)
    }

    pub fn put(&self, path: &str, body: &Value) -> Answer {
        self.json("PUT", path, &[], body)
    }

    pub fn patch(&self, path: &str, body: &Value) -> Answer {
        self.json("PATCH", path, &[], body)
    }

    pub fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, &[], None)
    }

    /// `POST` under an idempotency key.
    pub fn post_keyed(&self, path: &str, key: &str, body: &Value) -> Answer {
        self.json("POST", path, &[("idempotency-key", key)], body)
    }

    fn json(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
        let mut headers = headers.to_vec();
        headers.push(("content-type", "application/json"));
        self.send(method, path, &headers, Some(body.to_string().as_bytes()))
    }

    /// Any request at all.
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&[u8]>) -> Answer {
        let once = || {
            self.try_send(method, path, headers, body)
                .unwrap_or_else(|error| panic!("{method} {path} at {}: {error}", self.base))
        };
        let mut answer = once();
        let (mut tries, pause) = PATIENCE;
        while self.patient && answer.status == 503 && tries > 0 {
            std::thread::sleep(pause);
            (answer, tries) = (once(), tries - 1);
        }
        answer
    }

    /// Any request, which may meet a dead node.
    pub fn try_send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Result<Answer, ureq::Error> {
        let mut request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.unwrap_or_default().to_vec()).expect("a request");
        let mut response = self.agent.run(request)?;
        // What is streamed has no end that could be waited for.
        let streams = response.headers().get("content-type").is_some_and(|kind| kind == "text/event-stream");
        let headers = response.headers().iter();
        let headers =
            headers.map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into()));
        Ok(Answer {
            status: response.status().as_u16(),
            headers: headers.collect(),
            bytes: if streams {
                Vec::new()
            } else {
                response.body_mut().with_config().limit(200 << 20).read_to_vec()?
            },
            asked: format!("{method} {path}"),
        })
    }
}

impl Answer {
    /// The JSON of an answer that must have this status.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        let text = String::from_utf8_lossy(&self.bytes);
        assert_eq!(self.status, status, "{}: {text}", self.asked);
        self.json()
    }

    /// The same for a problem of this code.
    #[track_caller]
    pub fn expect_problem(&self, status: u16, code: &str) -> Value {
        let problem = self.expect(status);
        assert_eq!(problem["code"], code, "{}: {problem}", self.asked);
        assert_eq!(problem["type"], format!("urn:onsale:problem:{code}"), "{}", self.asked);
        assert_eq!(problem["status"], status, "{}", self.asked);
        assert!(problem["title"].is_string() && problem["detail"].is_string(), "{}: {problem}", self.asked);
        assert_eq!(problem["requestId"].as_str(), self.header("x-request-id"), "{}", self.asked);
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{}", self.asked);
        problem
    }

    pub fn json(&self) -> Value {
        if self.bytes.is_empty() { Value::Null } else { serde_json::from_slice(&self.bytes).expect("JSON") }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}
