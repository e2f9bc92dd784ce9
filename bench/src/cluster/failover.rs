//! The owner of an event dies under load: how long until somebody's new hold is acknowledged.

use super::crowd::{Crowd, Habits};
use super::report::{Goal, Picture, SceneReport};
use super::town::Town;
use super::{ACCOUNTS, ClusterOptions, Scene, THREE_VOTERS, promise};
use crate::ambient::Clock;
use crate::progress::Progress;
use crate::report::Collector;
use crate::stadium;
use std::time::Duration;
use tokio::time::sleep;

const STORAGE: u32 = 3;
const HABITS: Habits = Habits { clients: 16, think: Duration::from_millis(20), pays_every: 0 };
/// Selling goes on for so long between two kills.
const STEADY: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(60);
/// Enough seats for one kill and what follows.
const SEATS_A_KILL: usize = 20_000;
const BUCKET: Duration = Duration::from_millis(200);

/// What the kills came to, one after the other.
#[derive(Default)]
struct Deaths {
    at_s: Vec<f64>,
    gaps_ms: Vec<f64>,
    /// From the first new acknowledgement until the killed node runs again and leads what it is to lead.
    healed_s: Vec<f64>,
}

pub(super) async fn failover(
    options: &ClusterOptions,
    clock: Clock,
    progress: &dyn Progress,
) -> anyhow::Result<SceneReport> {
    let mut town = Town::open(&options.programs, STORAGE, 0, clock, progress).await?;
    let mut house = town.house(ACCOUNTS, stadium::plan()?, progress).await?;
    let first = town.show(&mut house).await?;
    let mut shard = first.shard;
    let crowd = Crowd::start(&town.all_http(), &house, vec![first], HABITS, clock)?;
    let started_us = clock.now_us();
    let (mut deaths, mut took) = (Deaths::default(), Collector::new());
    progress.begin("kills", u64::from(options.kills));
    for kill in 1..=options.kills {
        if crowd.left() < SEATS_A_KILL {
            let next = town.show(&mut house).await?;
            shard = next.shard;
            crowd.sell(vec![next]);
        }
        sleep(STEADY).await;
        let owner = town.leader_of(shard).await?;
        let killed_us = clock.now_us();
        town.node(owner)?.kill().await;
        let first_us = crowd.first_after(killed_us, PATIENCE).await?;
        town.node(owner)?.restart().await?;
        town.settled().await?;
        took.add(first_us - killed_us);
        deaths.at_s.push((killed_us - started_us) as f64 / 1e6);
        deaths.gaps_ms.push((first_us - killed_us) as f64 / 1e3);
        deaths.healed_s.push((clock.now_us() - first_us) as f64 / 1e6);
        progress.at(u64::from(kill), &format!("{:.0} ms", (first_us - killed_us) as f64 / 1e3));
    }
    progress.end("");
    let log = crowd.end().await?;
    let kept = promise::check(&house, &log).await?;
    town.stop().await;
    let conditions = format!(
        "three nodes, {} kills with SIGKILL of the owner of the event that {} clients at all nodes hold seats of",
        options.kills, HABITS.clients
    );
    let mut report = SceneReport::new(Scene::Failover, conditions, THREE_VOTERS);
    report.latency("kill to the first new hold", &took.latency(), Goal::at_most(3_000.0, 1_000.0));
    report.figure("until the node leads again", "s", deaths.healed_s, None);
    report.promise(&kept);
    report.attempts(&log.attempts);
    report.picture = Some(Picture::Course {
        unit: "holds a second".into(),
        points: log.course(started_us, BUCKET),
        marks: deaths.at_s,
    });
    report.notes.push(format!(
        "every kill, in ms: {}",
        deaths.gaps_ms.iter().map(|gap| format!("{gap:.0}")).collect::<Vec<_>>().join(" ")
    ));
    Ok(report)
}
