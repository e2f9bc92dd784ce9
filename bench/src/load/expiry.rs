//! Fifty thousand holds that end within one second, while other seats of the same event go on being held.
//!
//! Owns: making the holds, watching the seat map, and when each seat was seen to be free. The node's deadlines are in
//! wall-clock time of this same machine, and so is the watcher's.

mod watch;

use super::LoadOptions;
use super::contender::Contender;
use super::figures::Figures;
use super::generate::{Open, Pace};
use super::house::{Seat, Show};
use super::lane::Lane;
use super::mix::Mix;
use crate::ambient::{Clock, wall_us};
use crate::plan::{Prices, Row, SeatMap, Seats, Section, VenuePlan};
use crate::progress::Progress;
use crate::replay::wire::parse;
use anyhow::{Context, ensure};
use http_body_util::Full;
use hyper::Request;
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::task::JoinSet;
use watch::{Watched, Watcher};

/// Holds that end together.
const HOLDS: usize = 50_000;
/// From making the first of them to the second in which all end.
const AHEAD_US: u64 = 25_000_000;
const SECOND_US: u64 = 1_000_000;
const MAKERS: usize = 64;
/// The client that goes on meanwhile.
const RATE_PER_S: f64 = 1_000.0;
const CONNECTIONS: usize = 16;
const LINE: usize = 4_096;
const CALM: Duration = Duration::from_secs(4);
/// Around the second in which the holds end: so much before and after it.
const AROUND: Duration = Duration::from_secs(1);

/// What came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExpiryReport {
    /// How the node makes things durable.
    pub durability: String,
    /// How many holds ended.
    pub holds: u64,
    /// From the first deadline to the last.
    pub deadlines_within_ms: f64,
    /// From a hold's own deadline until its seat was seen to be free: half of them, 99 of 100, all.
    pub freed: Freed,
    /// From the last deadline until every seat was seen to be free.
    pub all_free_after_ms: f64,
    /// Seats seen as free before their deadline: it should be none.
    pub freed_early: u64,
    /// How often the seat map was read, on average.
    pub looked_every_ms: f64,
    /// Requests a second of the client that goes on.
    pub rate_per_s: f64,
    /// The holds of that client before the deadlines.
    pub calm: Figures,
    /// The holds of that client while the others end.
    pub meanwhile: Figures,
}

/// Delays after a deadline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Freed {
    /// Half of the seats were free by then.
    pub p50_ms: f64,
    /// 99 of 100.
    pub p99_ms: f64,
    /// All of them.
    pub max_ms: f64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Made<'a> {
    #[serde(borrow)]
    expires_at: Cow<'a, str>,
}

pub(super) async fn expiry(
    options: &LoadOptions,
    clock: Clock,
    progress: &dyn Progress,
) -> anyhow::Result<ExpiryReport> {
    let mut node = Contender::node(options, plan()?, clock, progress).await?;
    let show = node.house.show().await?;
    let (ending, others) = show.seats.split_at_checked(HOLDS).context("the venue has lost seats")?;
    let due_us = wall_us() + AHEAD_US;
    let deadlines_us = make_holds(&node, &show, ending, due_us).await?;
    progress.note(&format!("{HOLDS} holds made; they end in {:.1} s", until(due_us).as_secs_f64()));

    let orders = node.make(Mix::Hold, options, &show.id, others)?;
    node.sell(orders)?;
    let pace = Pace::Open(Open { rate_per_s: RATE_PER_S, line: LINE, seed: options.seed });
    let run = |warm_up, seconds| LoadOptions { warm_up, seconds, ..options.clone() };
    let calm = node.run(Mix::Hold, &run(AROUND, CALM), pace, CONNECTIONS, clock).await?;
    let left = until(due_us);
    ensure!(
        left > 3 * AROUND,
        "making the holds took so long that they end already; the machine is too busy"
    );
    // The generator takes a moment to connect, and then warms up until about a second before the deadlines.
    let around = run(left - 2 * AROUND, 3 * AROUND);
    let watcher = Watcher::new(&node.server.http, &show.id, deadlines_us)?;
    let (meanwhile, watched) =
        tokio::join!(node.run(Mix::Hold, &around, pace, CONNECTIONS, clock), watcher.watch(due_us),);
    let durability = node.durability.into();
    node.server.stop().await;
    let Watched { freed, all_free_after_ms, freed_early, looked_every_ms, deadlines_within_ms } = watched?;
    Ok(ExpiryReport {
        durability,
        holds: HOLDS as u64,
        deadlines_within_ms,
        freed,
        all_free_after_ms,
        freed_early,
        looked_every_ms,
        rate_per_s: RATE_PER_S,
        calm,
        meanwhile: meanwhile?,
    })
}

/// Two sections of fifty thousand: one whose holds end, one where holding goes on.
fn plan() -> anyhow::Result<VenuePlan> {
    let rows = || (1..=500).map(|row| Row { name: row.to_string(), seats: Seats::Count(100) }).collect();
    let section =
        |name: &str| Section { name: name.into(), category: "seat".into(), rows: rows(), capacity: None };
    let map = SeatMap { sections: vec![section("Ending"), section("Going on")] };
    VenuePlan::new(&map, Prices::flat(&map.categories()))
}

fn until(due_us: u64) -> Duration {
    Duration::from_micros(due_us.saturating_sub(wall_us()))
}

/// Holds every one of `seats` for itself, so that all end within the second that begins at `due_us`; their deadlines.
async fn make_holds(node: &Contender, show: &Show, seats: &[Seat], due_us: u64) -> anyhow::Result<Vec<u64>> {
    let tickets: Arc<[String]> = seats.iter().map(|seat| seat.ticket.clone()).collect();
    let next = Arc::new(AtomicUsize::new(0));
    let mut makers = JoinSet::new();
    for number in 0..MAKERS {
        let bearer = format!("Bearer {}", node.house.tokens[number % node.house.tokens.len()]);
        let maker = Maker { host: node.server.http.clone(), event: show.id.clone(), bearer, due_us };
        makers.spawn(maker.work(tickets.clone(), next.clone()));
    }
    let mut deadlines_us = vec![0; tickets.len()];
    while let Some(made) = makers.join_next().await {
        for (seat, deadline_us) in made.context("a task that makes holds failed")?? {
            deadlines_us[seat] = deadline_us;
        }
    }
    Ok(deadlines_us)
}

struct Maker {
    host: String,
    event: String,
    bearer: String,
    due_us: u64,
}

impl Maker {
    async fn work(self, tickets: Arc<[String]>, next: Arc<AtomicUsize>) -> anyhow::Result<Vec<(usize, u64)>> {
        let mut lane = Lane::new(&self.host);
        let mut made = Vec::new();
        loop {
            let seat = next.fetch_add(1, Ordering::Relaxed);
            let Some(ticket) = tickets.get(seat) else { return Ok(made) };
            let (status, body) = lane.send(self.request(ticket)?).await?;
            ensure!(status == 201, "a hold was answered {status}: {}", String::from_utf8_lossy(&body));
            let hold: Made<'_> = parse(&body).map_err(anyhow::Error::msg)?;
            made.push((seat, deadline_us(&hold.expires_at)?));
        }
    }

    fn request(&self, ticket: &str) -> anyhow::Result<Request<Full<Bytes>>> {
        let ttl_seconds = self.due_us.saturating_sub(wall_us()).div_ceil(SECOND_US).max(1);
        let body = format!(r#"{{"ticketIds":["{ticket}"],"ttlSeconds":{ttl_seconds}}}"#);
        let request = Request::post(format!("/events/{}/holds", self.event))
            .header(HOST, &self.host)
            .header(AUTHORIZATION, &self.bearer)
            .header(CONTENT_TYPE, "application/json");
        Ok(request.body(Full::new(body.into()))?)
    }
}

/// Microseconds since 1970 of an instant in an answer.
fn deadline_us(text: &str) -> anyhow::Result<u64> {
    let at = OffsetDateTime::parse(text, &Rfc3339).with_context(|| format!("{text:?} is no instant"))?;
    Ok(u64::try_from(at.unix_timestamp_nanos() / 1_000)?)
}

#[cfg(test)]
mod test {
    use super::{HOLDS, deadline_us, plan};

    #[test]
    fn there_is_room_for_those_that_end_and_those_that_go_on() {
        let map: crate::plan::SeatMap = serde_json::from_value(plan().unwrap().seat_map).unwrap();
        assert_eq!(map.capacity(), 2 * HOLDS as u64);
    }

    #[test]
    fn a_deadline_is_read_to_the_millisecond() {
        assert_eq!(deadline_us("1970-01-01T00:00:01.007Z").unwrap(), 1_007_000);
        assert!(deadline_us("soon").is_err());
    }
}
