//! A kill every minute: how much is answered, and whether every acknowledgement is kept.

use super::crowd::{Attempts, Crowd, Habits};
use super::report::{Goal, Picture, SceneReport};
use super::town::{Placed, Town};
use super::{ACCOUNTS, ClusterOptions, Scene, THREE_VOTERS, promise};
use crate::ambient::Clock;
use crate::load::house::House;
use crate::progress::Progress;
use crate::stadium;
use std::time::Duration;
use tokio::time::{sleep, sleep_until};

const STORAGE: u32 = 3;
/// Spread over the shards as chance has it, so that a death hits some of them.
const SHOWS: usize = 6;
const HABITS: Habits = Habits { clients: 24, think: Duration::from_millis(100), pays_every: 4 };
/// Whoever looks after the node takes so long to start it again.
const DOWN: Duration = Duration::from_secs(1);
const SEATS_A_KILL: usize = 30_000;
const BUCKET: Duration = Duration::from_secs(1);

pub(super) async fn availability(
    options: &ClusterOptions,
    clock: Clock,
    progress: &dyn Progress,
) -> anyhow::Result<SceneReport> {
    let mut town = Town::open(&options.programs, STORAGE, 0, clock, progress).await?;
    let mut house = town.house(ACCOUNTS, stadium::plan()?, progress).await?;
    let first = shows(&town, &mut house).await?;
    let crowd = Crowd::start(&town.all_http(), &house, first, HABITS, clock)?;
    let started_us = clock.now_us();
    let every_us = options.kill_every.as_micros() as u64;
    let kills = options.lasts.as_micros() as u64 / every_us;
    let (mut at_s, mut healed_s) = (Vec::new(), Vec::new());
    progress.begin("kills", kills);
    for kill in 0..kills {
        if crowd.left() < SEATS_A_KILL {
            crowd.sell(shows(&town, &mut house).await?);
        }
        // In the middle of its minute, so that the last one is followed by selling as well.
        sleep_until(clock.at(started_us + kill * every_us + every_us / 2)).await;
        let victim = (kill % u64::from(STORAGE)) as u32 + 1;
        let killed_us = clock.now_us();
        at_s.push((killed_us - started_us) as f64 / 1e6);
        town.node(victim)?.kill().await;
        sleep(DOWN).await;
        town.node(victim)?.restart().await?;
        town.settled().await?;
        healed_s.push((clock.now_us() - killed_us) as f64 / 1e6);
        progress.at(kill + 1, &spoken(&crowd.with_log(|log| log.attempts.clone())));
    }
    progress.end("");
    sleep_until(clock.at(started_us + kills * every_us)).await;
    let log = crowd.end().await?;
    let kept = promise::check(&house, &log).await?;
    town.stop().await;
    let conditions = format!(
        "three nodes, a SIGKILL every {} s for {} s in turn, {} clients at all nodes, {SHOWS} events, one hold in {} paid",
        options.kill_every.as_secs(),
        options.lasts.as_secs(),
        HABITS.clients,
        HABITS.pays_every
    );
    let mut report = SceneReport::new(Scene::Availability, conditions, THREE_VOTERS);
    let share = share(&log.attempts) * 100.0;
    report.figure("answers that are what was asked for", "%", [share], Goal::at_least(99.0, 99.9));
    report.figure("kill to settled, started again after 1 s", "s", healed_s, None);
    report.figure("longest wait of one buyer", "ms", [log.longest_us as f64 / 1e3], None);
    report.promise(&kept);
    report.attempts(&log.attempts);
    report.picture = Some(Picture::Course {
        unit: "holds a second".into(),
        points: log.course(started_us, BUCKET),
        marks: at_s,
    });
    Ok(report)
}

async fn shows(town: &Town, house: &mut House) -> anyhow::Result<Vec<Placed>> {
    let mut shows = Vec::new();
    for _ in 0..SHOWS {
        shows.push(town.show(house).await?);
    }
    Ok(shows)
}

fn share(attempts: &Attempts) -> f64 {
    attempts.answered as f64 / attempts.all().max(1) as f64
}

fn spoken(attempts: &Attempts) -> String {
    format!("{:.3} % answered", share(attempts) * 100.0)
}
