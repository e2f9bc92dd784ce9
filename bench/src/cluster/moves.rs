//! An event's shard moves from node to node while its seats are held: how long its writers wait.

use super::crowd::{Crowd, Habits};
use super::report::{Goal, Picture, SceneReport};
use super::town::Town;
use super::{ACCOUNTS, ClusterOptions, Scene, THREE_VOTERS, promise};
use crate::ambient::Clock;
use crate::progress::Progress;
use crate::stadium;
use anyhow::Context;
use std::time::Duration;
use tokio::time::sleep;

/// One more than a shard has replicas: there is always one to move to.
const STORAGE: u32 = 4;
const HABITS: Habits = Habits { clients: 16, think: Duration::from_millis(5), pays_every: 0 };
const STEADY: Duration = Duration::from_secs(1);
const SEATS_A_MOVE: usize = 25_000;

pub(super) async fn moves(
    options: &ClusterOptions,
    clock: Clock,
    progress: &dyn Progress,
) -> anyhow::Result<SceneReport> {
    let town = Town::open(&options.programs, STORAGE, 0, clock, progress).await?;
    let mut house = town.house(ACCOUNTS, stadium::plan()?, progress).await?;
    let first = town.show(&mut house).await?;
    let mut shard = first.shard;
    let crowd = Crowd::start(&town.all_http(), &house, vec![first], HABITS, clock)?;
    sleep(STEADY).await;
    let (mut gaps_ms, mut took_s, mut quiet_ms) = (Vec::new(), Vec::new(), Vec::new());
    progress.begin("moves", u64::from(options.moves));
    for number in 1..=options.moves {
        if crowd.left() < SEATS_A_MOVE {
            let next = town.show(&mut house).await?;
            shard = next.shard;
            crowd.sell(vec![next]);
        }
        let calm_us = clock.now_us();
        sleep(STEADY).await;
        let view = town.view().await?;
        let voters = &view.shard(shard).context("the shard is shown")?.voters;
        let to = (1..=STORAGE).find(|node| !voters.contains(node)).context("a node has no replica")?;
        let from = town.leader_of(shard).await?;
        let since_us = clock.now_us();
        took_s.push(town.move_shard(shard, from, to).await? as f64 / 1e6);
        town.settled().await?;
        sleep(STEADY).await;
        let (quiet_us, gap_us) = crowd.with_log(|log| {
            (log.longest_gap_us(calm_us, since_us), log.longest_gap_us(since_us, clock.now_us()))
        });
        quiet_ms.push(quiet_us as f64 / 1e3);
        gaps_ms.push(gap_us as f64 / 1e3);
        progress.at(u64::from(number), &format!("longest gap {:.1} ms", gap_us as f64 / 1e3));
    }
    progress.end("");
    let log = crowd.end().await?;
    let kept = promise::check(&house, &log).await?;
    town.stop().await;
    let conditions = format!(
        "four nodes, {} moves of the leading replica of the event that {} clients at all nodes hold seats of",
        options.moves, HABITS.clients
    );
    let mut report = SceneReport::new(Scene::Move, conditions, THREE_VOTERS);
    let longest = gaps_ms.iter().copied().fold(0.0, f64::max);
    report.figure("longest gap of a move", "ms", gaps_ms.clone(), None);
    report.figure("longest gap of all moves", "ms", [longest], Goal::at_most(300.0, 50.0));
    report.figure("longest gap of a quiet second before", "ms", quiet_ms.clone(), None);
    report.figure("longest wait of one writer", "ms", [log.longest_us as f64 / 1e3], None);
    report.figure("order to done", "s", took_s, None);
    report.promise(&kept);
    report.attempts(&log.attempts);
    report.picture = Some(Picture::Columns {
        unit: "longest gap, ms".into(),
        columns: vec![("a quiet second".into(), quiet_ms), ("a move".into(), gaps_ms)],
    });
    Ok(report)
}
