//! How many log-ins a node does, against what the password hash alone allows on the same machine in the same run.
//!
//! Owns: the turns of the two, and the verdict. The node is started here, on free ports with temporary data, and hashes as
//! many passwords at a time as it does by itself: one for every core but one. Hazard: both take all they can get of the
//! machine, so nothing else may run meanwhile.

use crate::ambient::Clock;
use crate::load::Programs;
use crate::load::servers::Server;
use crate::progress::Progress;
use crate::replay::http::{Ask, Client};
use crate::stats::Spread;
use anyhow::{Context, ensure};
use argon2::{Algorithm, Argon2, Params, Version};
use futures_util::future::try_join_all;
use hyper::Method;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::time::Duration;

/// What the node is to reach.
pub const LEAST_RATIO: f64 = 0.8;
/// The cost that a node has by default.
const COST: (u32, u32, u32) = (19_456, 2, 1);
const PASSWORD: &str = "the password of everybody here";

/// How it is measured.
#[derive(Clone, Debug)]
pub struct LoginOptions {
    /// What is started.
    pub programs: Programs,
    /// How long a turn takes.
    pub turn: Duration,
    /// How often each of the two has its turn.
    pub rounds: u32,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LoginReport {
    /// Passwords hashed at a time.
    pub at_a_time: usize,
    /// Hashes a second without a node, of each round.
    pub bare_per_second: Vec<f64>,
    /// Log-ins a second at the node, of each round.
    pub logins_per_second: Vec<f64>,
}

impl LoginReport {
    /// Log-ins for each hash that the machine could have made.
    pub fn ratio(&self) -> f64 {
        median(&self.logins_per_second) / median(&self.bare_per_second)
    }

    /// Whether that is enough.
    pub fn is_enough(&self) -> bool {
        self.ratio() >= LEAST_RATIO
    }

    /// For people.
    pub fn text(&self) -> String {
        format!(
            "log-ins: {:.1} a second; argon2id alone: {:.1} a second, {} at a time; ratio {:.2} ({} {LEAST_RATIO})\n",
            median(&self.logins_per_second),
            median(&self.bare_per_second),
            self.at_a_time,
            self.ratio(),
            if self.is_enough() { "at least" } else { "below" },
        )
    }
}

/// Measures.
///
/// # Errors
/// When the node cannot be started or answers otherwise than it should.
pub async fn run(options: &LoginOptions, progress: &dyn Progress) -> anyhow::Result<LoginReport> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let at_a_time = cores.saturating_sub(1).max(1);
    options.programs.check_node()?;
    let node = Server::node(&options.programs).await?;
    // Enough wait for their turn at any moment, and none is turned away.
    let clients = at_a_time * 8;
    let client = Client::new(&[format!("http://{}", node.http)], clients)?;
    sign_up(&client).await?;
    let mut report = LoginReport { at_a_time, bare_per_second: Vec::new(), logins_per_second: Vec::new() };
    for round in 1..=options.rounds {
        progress.note(&format!("round {round} of {}", options.rounds));
        let turn = options.turn;
        let bare = tokio::task::spawn_blocking(move || hash_for(turn, at_a_time)).await?;
        report.bare_per_second.push(bare);
        report.logins_per_second.push(log_in_for(&client, clients, turn).await?);
    }
    node.stop().await;
    Ok(report)
}

async fn sign_up(client: &Client) -> anyhow::Result<()> {
    let body = json!({"name": "Ann", "email": "ann@example.org", "username": "ann", "password": PASSWORD});
    let answer = client.lane().await.send(&Ask::new(Method::POST, "/users").json(&body)).await?;
    ensure!(answer.status == 201, "nobody can sign up: {}", String::from_utf8_lossy(&answer.body));
    Ok(())
}

/// Hashes a second, on so many threads.
fn hash_for(turn: Duration, threads: usize) -> f64 {
    let clock = Clock::start();
    let hashes: u64 = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(|| hash_until(clock, turn))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or(0)).sum()
    });
    hashes as f64 / seconds(clock.now_us())
}

fn hash_until(clock: Clock, turn: Duration) -> u64 {
    let (memory, passes, lanes) = COST;
    let params = Params::new(memory, passes, lanes, None).expect("the default cost is one that argon2 has");
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let (mut hashes, mut hash) = (0_u64, [0; 32]);
    while u128::from(clock.now_us()) < turn.as_micros() {
        let hashed =
            argon2.hash_password_into(PASSWORD.as_bytes(), &hashes.to_le_bytes().repeat(2), &mut hash);
        hashed.expect("a salt of sixteen bytes is long enough");
        hashes += 1;
    }
    hashes
}

/// Log-ins a second, with so many clients that log in again and again.
async fn log_in_for(client: &Client, clients: usize, turn: Duration) -> anyhow::Result<f64> {
    let clock = Clock::start();
    let ask = Ask::new(Method::POST, "/users/login").json(&json!({"username": "ann", "password": PASSWORD}));
    let each = (0..clients).map(|_| async {
        let mut logins = 0_u64;
        while u128::from(clock.now_us()) < turn.as_micros() {
            let answer = client.lane().await.send(&ask).await.context("the node does not answer")?;
            ensure!(answer.status == 200, "a log-in was answered with {}", answer.status);
            logins += 1;
        }
        Ok::<_, anyhow::Error>(logins)
    });
    let logins: u64 = try_join_all(each).await?.into_iter().sum();
    Ok(logins as f64 / seconds(clock.now_us()))
}

fn median(values: &[f64]) -> f64 {
    Spread::of(values.iter().copied()).map_or(0.0, |spread| spread.median)
}

fn seconds(us: u64) -> f64 {
    us as f64 / 1e6
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn the_verdict_is_on_the_medians() {
        let report = LoginReport {
            at_a_time: 1,
            bare_per_second: vec![50.0, 10.0, 52.0],
            logins_per_second: vec![41.0, 2.0, 45.0],
        };
        assert!((report.ratio() - 0.82).abs() < 1e-9 && report.is_enough());
        assert!(report.text().contains("at least 0.8"), "{}", report.text());
    }
}
