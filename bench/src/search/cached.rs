//! How many searches a second a node answers that many make, against a constant answer of the same size from a bare server.
//!
//! Owns: a node with a few dozen events, the turns of the two, and the verdict. Hazard: whoever asks shares the cores with
//! whoever answers; that is the same for both.

use crate::ambient::Clock;
use crate::load::Programs;
use crate::load::lane::Lane;
use crate::load::servers::{OPERATOR, Server};
use crate::progress::Progress;
use crate::replay::http::{Ask, Client};
use crate::stats::Spread;
use anyhow::{Context, ensure};
use futures_util::future::try_join_all;
use http_body_util::Full;
use hyper::{Method, Request, body::Bytes};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::time::Duration;

/// What the node is to reach.
pub const LEAST_RATIO: f64 = 0.8;
/// What many ask for.
const ASKED: [&str; 4] = [
    "/events/search?keyword=velvet&pageSize=2",
    "/events/search?keyword=vlevet%20night&pageSize=2",
    "/search?term=velvet&location=Munich&pageSize=2",
    "/events/search?lat=48.1&lon=11.5&sort=distance&pageSize=2",
];
const EVENTS: usize = 40;

/// How it is measured.
#[derive(Clone, Debug)]
pub struct CachedOptions {
    /// What is started.
    pub programs: Programs,
    /// How long a turn takes.
    pub turn: Duration,
    /// How often each of the two has its turn.
    pub rounds: u32,
    /// Connections.
    pub clients: usize,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CachedReport {
    /// Bytes of an answer.
    pub bytes: usize,
    /// Searches a second, of each round.
    pub searches_per_second: Vec<f64>,
    /// Constant answers a second, of each round.
    pub constants_per_second: Vec<f64>,
}

impl CachedReport {
    /// Searches for each constant answer.
    pub fn ratio(&self) -> f64 {
        let ratios = Spread::of_ratios(&self.searches_per_second, &self.constants_per_second);
        ratios.map_or(0.0, |ratios| ratios.median)
    }

    /// Whether that is enough.
    pub fn is_enough(&self) -> bool {
        self.ratio() >= LEAST_RATIO
    }

    /// For people.
    pub fn text(&self) -> String {
        let median = |values: &[f64]| Spread::of(values.iter().copied()).map_or(0.0, |spread| spread.median);
        format!(
            "cached searches: {:.0} a second; a constant of {} bytes: {:.0} a second; ratio {:.2} ({} {LEAST_RATIO})\n",
            median(&self.searches_per_second),
            self.bytes,
            median(&self.constants_per_second),
            self.ratio(),
            if self.is_enough() { "at least" } else { "below" },
        )
    }
}

/// Measures.
///
/// # Errors
/// When the node cannot be started or answers otherwise than it should.
pub async fn run(options: &CachedOptions, progress: &dyn Progress) -> anyhow::Result<CachedReport> {
    options.programs.check_node()?;
    let node = Server::node(&options.programs).await?;
    fill(&node).await?;
    let client = Client::new(&[format!("http://{}", node.http)], 1)?;
    let found = client.lane().await.send(&Ask::new(Method::GET, ASKED[0])).await?;
    ensure!(found.status == 200, "a search was answered with {}", found.status);
    let bytes = found.body.len();
    let constant = Server::constant(&options.programs, 200, bytes).await?;
    let mut report =
        CachedReport { bytes, searches_per_second: Vec::new(), constants_per_second: Vec::new() };
    for round in 1..=options.rounds {
        progress.note(&format!("round {round} of {}", options.rounds));
        report.searches_per_second.push(ask_for(&node.http, options).await?);
        report.constants_per_second.push(ask_for(&constant.http, options).await?);
    }
    constant.stop().await;
    node.stop().await;
    Ok(report)
}

/// Answers a second, over so many connections that each ask again and again.
async fn ask_for(authority: &str, options: &CachedOptions) -> anyhow::Result<f64> {
    let clock = Clock::start();
    let each = (0..options.clients).map(|number| async move {
        let mut lane = Lane::new(authority);
        let mut answers = 0_u64;
        while u128::from(clock.now_us()) < options.turn.as_micros() {
            let path = ASKED[(number + answers as usize) % ASKED.len()];
            let request = Request::get(path).header("host", authority).body(Full::new(Bytes::new()))?;
            let (status, _) = lane.send(request).await?;
            ensure!(status == 200, "a search was answered with {status}");
            answers += 1;
        }
        Ok::<_, anyhow::Error>(answers)
    });
    let answers: u64 = try_join_all(each).await?.into_iter().sum();
    Ok(answers as f64 / (clock.now_us() as f64 / 1e6))
}

/// Makes a hall in Munich and events there.
async fn fill(node: &Server) -> anyhow::Result<()> {
    let client = Client::new(&[format!("http://{}", node.http)], 1)?;
    let login = json!({"username": OPERATOR, "password": node.operator_password});
    let answer = client.lane().await.send(&Ask::new(Method::POST, "/users/login").json(&login)).await?;
    let login: Value = serde_json::from_slice(&answer.body)?;
    let token = login["accessToken"].as_str().context("the operator cannot log in")?;
    let make = async |path: &str, body: Value| -> anyhow::Result<Value> {
        let ask = Ask::new(Method::POST, path).bearer(token).json(&body);
        let answer = client.lane().await.send(&ask).await?;
        ensure!(answer.status == 201, "{path}: {}", String::from_utf8_lossy(&answer.body));
        Ok(serde_json::from_slice(&answer.body)?)
    };
    let rows = json!([{"name": "A", "category": "floor", "rows": [{"name": "1", "seats": 50}]}]);
    let venue = json!({
        "name": "Isar Hall", "address": "Main Street 1", "city": "Munich", "country": "DE",
        "location": {"lat": 48.14, "lon": 11.58}, "timezone": "Europe/Berlin", "seatMap": {"sections": rows},
    });
    let venue = make("/venues", venue).await?["id"].clone();
    for number in 0..EVENTS {
        let event = json!({
            "name": format!("Velvet Night {number}"), "description": "", "type": "concert", "performerIds": [],
            "venueId": venue, "startsAt": "2098-06-01T19:00:00Z", "currency": "EUR", "prices": {"floor": 5000},
        });
        make("/events", event).await?;
    }
    Ok(())
}
