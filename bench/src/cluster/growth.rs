//! A fourth node: how much moves to it, against the quarter that has to, and how long that takes.

use super::crowd::{Crowd, Habits};
use super::report::{Goal, SceneReport};
use super::town::Town;
use super::{ACCOUNTS, ClusterOptions, Scene, THREE_VOTERS, promise};
use crate::ambient::Clock;
use crate::progress::Progress;
use crate::stadium;
use std::time::Duration;
use tokio::time::sleep;

const STORAGE: u32 = 3;
const SHOWS: usize = 4;
const HABITS: Habits = Habits { clients: 16, think: Duration::from_millis(20), pays_every: 4 };
/// Selling goes on for so long before the node comes.
const STEADY: Duration = Duration::from_secs(3);

pub(super) async fn growth(
    options: &ClusterOptions,
    clock: Clock,
    progress: &dyn Progress,
) -> anyhow::Result<SceneReport> {
    let mut town = Town::open(&options.programs, STORAGE, 0, clock, progress).await?;
    let mut house = town.house(ACCOUNTS, stadium::plan()?, progress).await?;
    let mut shows = Vec::new();
    for _ in 0..SHOWS {
        shows.push(town.show(&mut house).await?);
    }
    let crowd = Crowd::start(&town.all_http(), &house, shows, HABITS, clock)?;
    sleep(STEADY).await;
    town.add(false).await?;
    town.settled().await?;
    let before = town.view().await?.replicas();
    let since_us = clock.now_us();
    let (planned, took_us) = town.rebalance().await?;
    town.settled().await?;
    let settled_us = clock.now_us();
    let after = town.view().await?.replicas();
    let moved = after.difference(&before).count();
    let log = crowd.end().await?;
    let kept = promise::check(&house, &log).await?;
    town.stop().await;
    let quarter = before.len() as f64 / f64::from(STORAGE + 1);
    let conditions = format!(
        "a fourth node added to three and `rebalance`, {} replicas, {SHOWS} events that {} clients hold seats of",
        before.len(),
        HABITS.clients
    );
    let mut report = SceneReport::new(Scene::Growth, conditions, THREE_VOTERS);
    report.figure("replicas moved", "", [moved as f64], None);
    report.figure("replicas the plan moved", "", [planned as f64], None);
    report.figure("moved / a quarter", "x", [moved as f64 / quarter], Goal::at_most(1.3, 1.05));
    report.figure("order to done", "s", [took_us as f64 / 1e6], None);
    report.figure("order to settled leaders", "s", [(settled_us - since_us) as f64 / 1e6], None);
    let gap_us = log.longest_gap_us(since_us, settled_us);
    report.figure("longest gap of all writers meanwhile", "ms", [gap_us as f64 / 1e3], None);
    report.figure("longest wait of one writer", "ms", [log.longest_us as f64 / 1e3], None);
    report.promise(&kept);
    report.attempts(&log.attempts);
    Ok(report)
}
