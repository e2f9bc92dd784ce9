//! A program of somebody else's that takes requests over HTTP: remembers each, and answers by its script.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

use crate::support::eventually;

const WITHIN: Duration = Duration::from_secs(30);

/// What it does with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reply {
    /// Answers with this status.
    Status(u16),
    /// Has it and breaks the connection.
    Hangs,
    /// Has it and never answers.
    Silent,
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) path: String,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        found.unwrap_or_else(|| panic!("no {name} in {:?}", self.headers))
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }
}

/// Runs until the test's process ends. Says 204 when its script is at an end.
#[derive(Clone)]
pub(crate) struct Receiver {
    port: u16,
    script: Arc<Mutex<VecDeque<Reply>>>,
    received: Arc<Mutex<Vec<Request>>>,
}

impl Receiver {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let receiver = Self { port, script: Arc::default(), received: Arc::default() };
        let serving = receiver.clone();
        std::thread::spawn(move || {
            let mut silent = Vec::new();
            for stream in listener.incoming().map_while(Result::ok) {
                // A sender that goes is what some of the tests are about.
                if let Ok(Some(kept)) = serving.answer(stream) {
                    silent.push(kept);
                }
            }
        });
        receiver
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hooks", self.port)
    }

    /// These answers come next.
    pub(crate) fn play(&self, script: &[Reply]) {
        self.script.lock().expect("nobody has panicked").extend(script);
    }

    pub(crate) fn received(&self) -> Vec<Request> {
        self.received.lock().expect("nobody has panicked").clone()
    }

    /// The requests, once there are so many.
    #[track_caller]
    pub(crate) fn wait_for(&self, count: usize) -> Vec<Request> {
        eventually(&format!("{count} requests"), WITHIN, || {
            Some(self.received()).filter(|received| received.len() >= count)
        })
    }

    fn answer(&self, mut stream: TcpStream) -> std::io::Result<Option<TcpStream>> {
        let request = read(&stream)?;
        let reply =
            self.script.lock().expect("nobody has panicked").pop_front().unwrap_or(Reply::Status(204));
        self.received.lock().expect("nobody has panicked").push(request);
        match reply {
            Reply::Hangs => Ok(None),
            Reply::Silent => Ok(Some(stream)),
            Reply::Status(status) => {
                write!(stream, "HTTP/1.1 {status} so\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")?;
                Ok(None)
            }
        }
    }
}

fn read(stream: &TcpStream) -> std::io::Result<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length.and_then(|(_, value)| value.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Request { path, headers, body })
}
